// Answers a call from a worker: what may block is done there, the answer is given on the loop.
#pragma once

#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>

#include "base/error.h"
#include "daemon/net/loop.h"
#include "daemon/service.h"
#include "daemon/workers.h"

namespace drover::daemon {

/// Runs `make` on a worker, then `then` with its result on the loop. What either throws is the
/// answer. Call it on the loop's thread; both outlive the call.
template <class Result>
void Offload(Workers& workers, Loop& loop, const CallPtr& call, std::function<Result()> make,
             std::function<void(Result)> then) {
  workers.Post(
      [&loop, call = CallPtr(call), make = std::move(make), then = std::move(then)]() mutable {
        auto result = std::make_shared<Result>();
        auto error = std::make_shared<std::optional<Error>>();
        try {
          *result = make();
        } catch (const Error& failure) {
          *error = failure;
        } catch (const std::exception& failure) {
          *error = Error(Code::kInternal, "daemon.defect", failure.what());
        }
        // The call belongs to the loop's thread: it travels back with the answer.
        loop.Post([call = std::move(call), then = std::move(then), result, error] {
          if (*error) {
            call->Fail(**error);
          } else {
            call->Guard([&] { then(std::move(*result)); });
          }
        });
      });
}

/// Runs `make` on a worker and replies with what it returns.
inline void Offload(Workers& workers, Loop& loop, const CallPtr& call,
                    std::function<std::string()> make) {
  Offload<std::string>(workers, loop, call, std::move(make),
                       [call](const std::string& result) { call->Reply(result); });
}

/// The same for work that takes long and that nobody wants when its answer is not waited for:
/// `make` is asked to stop when the request is cancelled, its client is gone, or the daemon stops.
inline void OffloadStoppable(Service& service, const CallPtr& call,
                             std::function<std::string(const std::stop_token&)> make) {
  const std::stop_source stop;
  service.MakeCancellable(call, stop, Service::WhenLeft::kEnds);
  auto work = [make = std::move(make), stop] {
    try {
      return make(stop.get_token());
    } catch (const Error& error) {
      if (!stop.stop_requested()) throw;
      throw Error(Code::kCancelled, "interrupted", "cancelled");
    }
  };
  Offload<std::string>(service.workers(), service.loop(), call, std::move(work),
                       [&service, call](const std::string& result) {
                         service.EndCancellable(call);
                         call->Reply(result);
                       });
}

}  // namespace drover::daemon
