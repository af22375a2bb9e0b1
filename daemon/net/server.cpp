#include "daemon/net/server.h"

#include <asio/posix/stream_descriptor.hpp>
#include <asio/steady_timer.hpp>
#include <cerrno>
#include <set>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "daemon/log.h"
#include "daemon/net/loop_internal.h"
#include "daemon/net/session.h"

namespace drover::daemon {
namespace {

// One wake-up accepts at most so many, so that a flood of connections does not starve sessions.
constexpr int kAcceptsPerTurn = 64;

// Without a descriptor left, accept() fails at once and again: wait for sessions to end.
constexpr std::chrono::milliseconds kAcceptPause{100};

/// Answers a connection that gets no session.
void TurnAway(const UniqueFd& socket, Code code, std::string kind, std::string message) {
  const std::string line =
      EncodeErrorReply("null", ToBody(Error(code, std::move(kind), std::move(message))));
  (void)send(socket.get(), line.data(), line.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
}

}  // namespace

struct Server::Impl : std::enable_shared_from_this<Server::Impl> {
  Impl(Loop& loop_in, UniqueFd socket, SessionHandler handler, ServerLimits limits)
      : loop(loop_in), owner(std::make_shared<SessionOwner>()), pause(loop.impl().context) {
    owner->handler = std::move(handler);
    owner->limits = limits;
    owner->on_gone = [this](const std::shared_ptr<Session>& session) { sessions.erase(session); };
    listener.emplace(loop.impl().context, socket.get());
    (void)socket.Release();
  }

  void WaitForClients() {
    listener->async_wait(asio::posix::stream_descriptor::wait_read,
                         [self = shared_from_this()](const asio::error_code& error) {
                           if (!error && self->listener) self->AcceptAll();
                         });
  }

  void AcceptAll() {
    for (int i = 0; i < kAcceptsPerTurn; ++i) {
      UniqueFd socket(
          accept4(listener->native_handle(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
      if (socket) {
        Admit(std::move(socket));
      } else if (errno == EAGAIN) {
        break;
      } else if (errno != ECONNABORTED && errno != EINTR) {
        return PauseAccepting(errno);
      }
    }
    WaitForClients();
  }

  void PauseAccepting(int error_number) {
    Log(LogLevel::kWarning, "cannot accept a connection, trying again",
        {{"err", SystemError("accept", "a connection", error_number).message}});
    pause.expires_after(kAcceptPause);
    pause.async_wait([self = shared_from_this()](const asio::error_code& error) {
      if (!error && self->listener) self->AcceptAll();
    });
  }

  void Admit(UniqueFd socket) {
    ucred peer{};
    socklen_t size = sizeof peer;
    if (getsockopt(socket.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 ||
        (peer.uid != geteuid() && peer.uid != 0)) {
      Log(LogLevel::kWarning, "refused a connection of another user",
          {{"uid", Concat(peer.uid)}, {"pid", Concat(peer.pid)}});
      return TurnAway(socket, Code::kRefused, "protocol.peer",
                      Concat("this daemon serves user ", geteuid(), " only, not ", peer.uid));
    }
    if (sessions.size() >= owner->limits.connections) {
      return TurnAway(socket, Code::kBusy, "protocol.too_many_connections",
                      Concat("the daemon has ", sessions.size(), " connections, its limit"));
    }
    const auto session = std::make_shared<StreamSession>(loop, std::move(socket), owner);
    sessions.insert(session);
    session->Start();
  }

  void Close() {
    listener.reset();
    pause.cancel();
    // A session may end, and leave the set, in the call.
    const auto all = sessions;
    for (const auto& session : all) static_cast<StreamSession&>(*session).Finish();
  }

  void CutAll() {
    listener.reset();
    pause.cancel();
    owner->detached = true;
    for (const auto& session : sessions) static_cast<StreamSession&>(*session).Cut();
    sessions.clear();
  }

  Loop& loop;
  std::shared_ptr<SessionOwner> owner;
  std::optional<asio::posix::stream_descriptor> listener;
  asio::steady_timer pause;
  std::set<std::shared_ptr<Session>> sessions;
};

Server::Server(Loop& loop, UniqueFd listener, SessionHandler handler, ServerLimits limits)
    : impl_(std::make_shared<Impl>(loop, std::move(listener), std::move(handler), limits)) {
  impl_->WaitForClients();
}

Server::~Server() { impl_->CutAll(); }

void Server::Close() { impl_->Close(); }

std::size_t Server::sessions() const { return impl_->sessions.size(); }

}  // namespace drover::daemon
