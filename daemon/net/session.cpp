#include "daemon/net/session.h"

#include <array>
#include <asio/post.hpp>
#include <cerrno>
#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <utility>

#include "base/protocol.h"
#include "base/text.h"
#include "daemon/net/loop_internal.h"

namespace drover::daemon {
namespace {

constexpr std::size_t kMaxInFlight = 256;

// Replies that wait for a client who does not read them; beyond it, its requests wait too.
constexpr std::size_t kMaxQueuedReplies = std::size_t{4} << 20;

constexpr auto kWaitRead = asio::posix::stream_descriptor::wait_read;
constexpr auto kWaitWrite = asio::posix::stream_descriptor::wait_write;
constexpr auto kWaitError = asio::posix::stream_descriptor::wait_error;

std::string TooLargeAnswer() {
  ErrorBody error;
  error.code = CodeName(Code::kInvalid);
  error.kind = "protocol.too_large";
  error.message = Concat("a request line is longer than the limit of ", kMaxRequestBytes, " bytes");
  return EncodeErrorReply("null", error);
}

/// A browser or curl was pointed at the socket: an answer that it shows to the person behind it.
std::string HttpAnswer() {
  constexpr std::string_view kText =
      "this is droverd, which speaks JSON-RPC 2.0, one message per line, and not HTTP: "
      "use the drover command\n";
  return Concat("HTTP/1.0 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: ",
                kText.size(), "\r\nConnection: close\r\n\r\n", kText);
}

bool PeerIsGone(int fd) {
  pollfd entry{.fd = fd, .events = 0, .revents = 0};
  return poll(&entry, 1, 0) > 0 && (entry.revents & (POLLHUP | POLLERR)) != 0;
}

int UnreadByPeer(int fd) {
  int bytes = 0;
  return ioctl(fd, SIOCOUTQ, &bytes) == 0 ? bytes : 0;
}

}  // namespace

StreamSession::StreamSession(Loop& loop, UniqueFd socket, std::shared_ptr<SessionOwner> owner)
    : loop_(loop.impl()), owner_(std::move(owner)), lines_(kMaxRequestBytes) {
  stream_.emplace(loop_.context, socket.get());
  (void)socket.Release();
}

void StreamSession::Start() { WaitReadable(); }

void StreamSession::Finish() {
  if (closed() || phase_ == Phase::kLingering) return;
  phase_ = Phase::kFinishing;
  Flush();
}

void StreamSession::Cut() {
  if (closed()) return;
  stream_.reset();
  timer_.reset();
  outbox_.Clear();
  const auto self = shared_from_this();
  if (owner_->detached) return;
  owner_->on_gone(self);
  // Not from here: the caller may be in the middle of a walk over its sessions.
  asio::post(loop_.context, [self] {
    const SessionOwner& owner = *self->owner_;
    if (!owner.detached && owner.handler.on_closed) owner.handler.on_closed(self);
  });
}

void StreamSession::Send(std::string line) {
  if (closed() || phase_ == Phase::kLingering) return;
  outbox_.Push(std::move(line));
  if (!delivering_) Flush();
}

void StreamSession::SendEvent(std::string line) {
  if (closed() || phase_ == Phase::kLingering) return;
  outbox_.PushEvent(std::move(line));
  if (!delivering_) Flush();
}

void StreamSession::EndRequest() {
  --in_flight_;
  if (closed() || delivering_) return;
  Resume();
  Settle();
}

bool StreamSession::Paused() const {
  return in_flight_ >= kMaxInFlight || outbox_.bytes() >= kMaxQueuedReplies;
}

void StreamSession::WaitReadable() {
  if (reading_) return;
  reading_ = true;
  stream_->async_wait(kWaitRead, [self = shared_from_this()](const asio::error_code& error) {
    self->reading_ = false;
    if (error || self->closed()) return;
    self->OnReadable();
  });
}

void StreamSession::OnReadable() {
  if (phase_ == Phase::kLingering) return Discard();
  if (phase_ != Phase::kOpen || Paused()) return;
  const ssize_t got =
      recv(stream_->native_handle(), loop_.scratch.data(), loop_.scratch.size(), MSG_DONTWAIT);
  if (got == 0) return EndOfInput();
  if (got < 0) {
    if (errno != EAGAIN && errno != EINTR) return Cut();
    return WaitReadable();
  }
  lines_.Feed({loop_.scratch.data(), static_cast<std::size_t>(got)});
  Deliver();
}

/// Hands out the lines that have come, sends what they were answered with, and reads on.
void StreamSession::Deliver() {
  delivering_ = true;
  while (phase_ == Phase::kOpen && !closed() && !Paused()) {
    const std::optional<std::string_view> line = lines_.Next();
    if (!line) break;
    DeliverLine(*line);
  }
  lines_.Hold();
  delivering_ = false;
  if (closed()) return;
  if (lines_.too_long()) Refuse(TooLargeAnswer());
  Flush();
  if (closed() || phase_ != Phase::kOpen) return;
  if (!Paused() && lines_.has_rest()) return Resume();
  if (!Paused()) WaitReadable();
}

void StreamSession::DeliverLine(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (line.empty()) return;
  if (std::exchange(first_line_, false) &&
      (line.starts_with("GET ") || line.starts_with("POST "))) {
    Refuse(HttpAnswer());
    return;
  }
  owner_->handler.on_line(shared_from_this(), line);
}

/// Continues with what was held back, from the loop: the caller is in the middle of its own work.
void StreamSession::Resume() {
  if (resuming_ || reading_ || phase_ != Phase::kOpen || Paused()) return;
  resuming_ = true;
  asio::post(loop_.context, [self = shared_from_this()] {
    self->resuming_ = false;
    if (!self->closed() && self->phase_ == Phase::kOpen) self->Deliver();
  });
}

void StreamSession::EndOfInput() {
  // People end their last line with the end of the file: printf … | socat - UNIX:…
  delivering_ = true;
  DeliverLine(lines_.TakeTail());
  delivering_ = false;
  if (closed()) return;
  if (PeerIsGone(stream_->native_handle())) return Cut();
  if (phase_ == Phase::kOpen) phase_ = Phase::kInputOver;
  Flush();
  if (!closed()) WaitHangup();
}

/// With nothing more to read, this is how a client's death is noticed before its reply is ready.
void StreamSession::WaitHangup() {
  stream_->async_wait(kWaitError, [self = shared_from_this()](const asio::error_code& error) {
    if (error || self->closed()) return;
    if (PeerIsGone(self->stream_->native_handle())) self->Cut();
  });
}

/// Sends `answer` as the last thing on this connection.
void StreamSession::Refuse(std::string answer) {
  outbox_.Push(std::move(answer));
  refused_ = true;
  phase_ = Phase::kFinishing;
}

void StreamSession::Flush() {
  if (writing_) return;
  std::array<iovec, 64> parts;
  while (!outbox_.empty()) {
    const std::span<iovec> ready = outbox_.Gather(parts);
    msghdr message{};
    message.msg_iov = ready.data();
    message.msg_iovlen = ready.size();
    const ssize_t sent = sendmsg(stream_->native_handle(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && errno == EAGAIN) return WaitWritable();
    if (sent < 0) return Cut();
    outbox_.Consume(static_cast<std::size_t>(sent));
  }
  Settle();
}

void StreamSession::WaitWritable() {
  writing_ = true;
  stream_->async_wait(kWaitWrite, [self = shared_from_this()](const asio::error_code& error) {
    self->writing_ = false;
    if (error || self->closed()) return;
    self->timer_.reset();
    self->Flush();
    if (!self->closed()) self->Resume();
  });
  unread_ = UnreadByPeer(stream_->native_handle());
  StartTimer(owner_->limits.stall, &StreamSession::WatchProgress);
}

/// The kernel reports room only when most of its buffer is empty; a slow reader is not a dead one.
void StreamSession::WatchProgress() {
  const int unread = UnreadByPeer(stream_->native_handle());
  if (unread >= unread_) return Cut();
  unread_ = unread;
  StartTimer(owner_->limits.stall, &StreamSession::WatchProgress);
}

void StreamSession::StartTimer(std::chrono::milliseconds delay,
                               void (StreamSession::*on_expiry)()) {
  timer_.emplace(loop_.context, delay);
  timer_->async_wait([self = shared_from_this(), on_expiry,
                      number = ++timer_number_](const asio::error_code& error) {
    if (error || self->closed() || !self->timer_ || number != self->timer_number_) return;
    ((*self).*on_expiry)();
  });
}

/// Closes when nothing is left to do.
void StreamSession::Settle() {
  if (delivering_ || !outbox_.empty()) return;
  if (phase_ == Phase::kFinishing) {
    if (refused_) return Linger();
    Cut();
  } else if (phase_ == Phase::kInputOver && in_flight_ == 0) {
    Cut();
  }
}

/// Closing a socket with unread input makes the kernel report a reset to the client, which may then
/// never see our answer.
void StreamSession::Linger() {
  phase_ = Phase::kLingering;
  shutdown(stream_->native_handle(), SHUT_WR);
  StartTimer(owner_->limits.linger, &StreamSession::Cut);
  WaitReadable();
}

void StreamSession::Discard() {
  const ssize_t got =
      recv(stream_->native_handle(), loop_.scratch.data(), loop_.scratch.size(), MSG_DONTWAIT);
  if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) return Cut();
  WaitReadable();
}

}  // namespace drover::daemon
