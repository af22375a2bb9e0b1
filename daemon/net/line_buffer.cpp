#include "daemon/net/line_buffer.h"

#include <utility>

namespace drover::daemon {

void LineBuffer::Reset() {
  // One long request must not cost its memory for the rest of the connection's life.
  constexpr std::size_t kKeep = 4096;
  if (partial_.capacity() > kKeep) {
    std::string().swap(partial_);
  } else {
    partial_.clear();
  }
}

std::optional<std::string_view> LineBuffer::Next() {
  if (delivered_) {
    Reset();
    delivered_ = false;
  }
  const std::size_t end = rest_.find('\n');
  const std::size_t length = end == std::string_view::npos ? rest_.size() : end;
  if (too_long_ || partial_.size() + length > limit_) {
    too_long_ = true;
    Reset();
    rest_ = {};
    return std::nullopt;
  }
  if (end == std::string_view::npos) {
    partial_.append(rest_);
    rest_ = {};
    return std::nullopt;
  }
  std::string_view line = rest_.substr(0, end);
  rest_.remove_prefix(end + 1);
  if (!partial_.empty()) {
    partial_.append(line);
    delivered_ = true;
    line = partial_;
  }
  return line;
}

void LineBuffer::Hold() {
  std::string held(rest_);
  held_ = std::move(held);
  rest_ = held_;
}

std::string LineBuffer::TakeTail() {
  if (delivered_) Reset();
  delivered_ = false;
  return std::exchange(partial_, {});
}

}  // namespace drover::daemon
