// Answers a call from a worker: what may block is done there, the answer is given on the loop.
#pragma once

#include <exception>
#include <functional>
#include <memory>
#include <optional>
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

}  // namespace drover::daemon
