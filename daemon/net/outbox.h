// What waits to be sent to one client: replies, which are never dropped, and events, which are
// bounded. Pure: no I/O.
#pragma once

#include <cstddef>
#include <deque>
#include <span>
#include <string>
#include <sys/uio.h>

namespace drover::daemon {

inline constexpr std::size_t kMaxQueuedEvents = 256;
inline constexpr std::size_t kMaxQueuedEventBytes = std::size_t{1} << 20;

class Outbox final {
 public:
  /// Queues a reply line. One beyond kMaxReplyBytes is replaced by an error with the same id.
  void Push(std::string line);

  /// Queues an event line. When kMaxQueuedEvents or kMaxQueuedEventBytes of events would wait,
  /// all of them give way to one "overflow" event, and events are dropped until that one is sent.
  void PushEvent(std::string line);

  /// Fills `parts` with the next bytes to send, in order; returns those used. Valid until the next
  /// call of another member.
  [[nodiscard]] std::span<iovec> Gather(std::span<iovec> parts);

  /// The first `bytes` have been sent.
  void Consume(std::size_t bytes);

  void Clear();

  [[nodiscard]] bool empty() const { return items_.empty(); }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  enum class Kind : unsigned char { kReply, kEvent, kOverflow };
  struct Item {
    std::string text;
    Kind kind = Kind::kReply;
  };

  void Add(std::string text, Kind kind);
  void Overflow();

  std::deque<Item> items_;
  std::size_t sent_ = 0;   // of the first item
  std::size_t bytes_ = 0;  // still to send
  std::size_t events_ = 0;
  std::size_t event_bytes_ = 0;
  bool overflowed_ = false;
};

}  // namespace drover::daemon
