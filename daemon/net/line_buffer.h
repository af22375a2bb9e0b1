// Cuts a stream of bytes into lines of bounded length. Pure: no I/O.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace drover::daemon {

/// Usage: Feed() a chunk, call Next() until it returns nothing or the caller wants to pause, then
/// Hold() before the chunk's memory is used again. Lines that lie within one chunk are not copied.
class LineBuffer final {
 public:
  /// `limit` is the length of the longest allowed line, without its "\n".
  explicit LineBuffer(std::size_t limit) : limit_(limit) {}

  /// Gives the next bytes of the stream. Everything fed before must have been taken by Next().
  void Feed(std::string_view chunk) { rest_ = chunk; }

  /// The next whole line, valid until the next call; nothing when more bytes are needed, or when
  /// the line is too long.
  [[nodiscard]] std::optional<std::string_view> Next();

  /// Copies what Next() has not taken yet, so that it can be taken later.
  void Hold();

  /// At the end of the stream: what stands after the last "\n".
  [[nodiscard]] std::string TakeTail();

  /// A line exceeded the limit. It has been dropped, and so is everything after it.
  [[nodiscard]] bool too_long() const { return too_long_; }

  /// Bytes that Next() has not looked at remain.
  [[nodiscard]] bool has_rest() const { return !rest_.empty(); }

 private:
  void Reset();

  std::size_t limit_;
  std::string partial_;     // the beginning of a line whose end has not come
  std::string held_;        // what `rest_` refers to after Hold()
  std::string_view rest_;   // not looked at yet
  bool delivered_ = false;  // `partial_` is the line that Next() returned last
  bool too_long_ = false;
};

}  // namespace drover::daemon
