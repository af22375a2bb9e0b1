// One connection: reads lines, sends lines, and knows when it is over. For the sources of
// daemon/net/ only, since Asio shows here.
#pragma once

#include <asio/posix/stream_descriptor.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/posix.h"
#include "daemon/net/line_buffer.h"
#include "daemon/net/outbox.h"
#include "daemon/net/server.h"

namespace drover::daemon {

/// What the sessions of one server share. After `detached` nothing is called any more.
struct SessionOwner {
  SessionHandler handler;
  ServerLimits limits;
  std::function<void(const std::shared_ptr<Session>&)> on_gone;
  bool detached = false;
};

/// Lives from Start() until Cut(), the end of the connection or the end of both its directions.
class StreamSession final : public Session, public std::enable_shared_from_this<StreamSession> {
 public:
  /// `socket` is a connected stream socket.
  StreamSession(Loop& loop, UniqueFd socket, std::shared_ptr<SessionOwner> owner);

  void Start();

  /// Reads no more, and closes when everything queued has been sent.
  void Finish();

  /// Closes at once.
  void Cut();

  void Send(std::string line) override;
  void SendEvent(std::string line) override;
  void BeginRequest() override { ++in_flight_; }
  void EndRequest() override;
  [[nodiscard]] bool closed() const override { return !stream_; }

 private:
  enum class Phase : unsigned char {
    kOpen,       // reading and answering
    kInputOver,  // the client has shut down its sending side; answers are still owed
    kFinishing,  // only what is queued is still sent
    kLingering,  // all is sent; input is discarded for a moment, lest the client miss our answer
  };

  [[nodiscard]] bool Paused() const;
  void WaitReadable();
  void OnReadable();
  void Deliver();
  void DeliverLine(std::string_view line);
  void Resume();
  void EndOfInput();
  void WaitHangup();
  void Refuse(std::string answer);
  void Flush();
  void WaitWritable();
  void WatchProgress();
  void StartTimer(std::chrono::milliseconds delay, void (StreamSession::*on_expiry)());
  void Settle();
  void Linger();
  void Discard();

  Loop::Impl& loop_;
  std::shared_ptr<SessionOwner> owner_;
  std::optional<asio::posix::stream_descriptor> stream_;  // nothing once closed
  std::optional<asio::steady_timer> timer_;               // while sending stalls, and lingering
  LineBuffer lines_;
  Outbox outbox_;
  std::size_t in_flight_ = 0;
  int unread_ = 0;                  // bytes in the kernel, when the stall timer was started
  std::uint64_t timer_number_ = 0;  // tells the running timer from one that was replaced
  Phase phase_ = Phase::kOpen;
  bool first_line_ = true;
  bool delivering_ = false;  // inside on_line: replies are sent together afterwards
  bool reading_ = false;     // a wait for input is under way
  bool writing_ = false;     // a wait for room is under way
  bool resuming_ = false;
  bool refused_ = false;
};

}  // namespace drover::daemon
