#include "daemon/net/outbox.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "base/daemon_documents.h"
#include "base/protocol.h"
#include "base/text.h"

namespace drover::daemon {
namespace {

/// The id of an encoded reply, as it stands there: replies begin {"jsonrpc":"2.0","id":…
std::string_view ReplyId(std::string_view line) {
  constexpr std::string_view kStart = R"({"jsonrpc":"2.0","id":)";
  if (!line.starts_with(kStart)) return "null";
  const std::string_view rest = line.substr(kStart.size());
  if (!rest.starts_with('"')) return rest.substr(0, rest.find(','));
  std::size_t end = 1;
  while (end < rest.size() && rest[end] != '"') end += rest[end] == '\\' ? 2 : 1;
  return rest.substr(0, end + 1);
}

std::string TooLargeReply(std::string_view line) {
  ErrorBody error;
  error.code = CodeName(Code::kRefused);
  error.kind = "protocol.reply_too_large";
  error.message = Concat("the reply of ", line.size(), " bytes is larger than the limit of ",
                         kMaxReplyBytes, "; ask for a part of it");
  return EncodeErrorReply(ReplyId(line), error);
}

std::string OverflowEvent() {
  EventDocument event;
  event.event = "overflow";
  event.at = FormatUtcMilliseconds(WallNow());
  event.message = "events were lost because they were not read in time: read the status again";
  return EncodeNotification("event", EncodeDocument(event));
}

}  // namespace

void Outbox::Add(std::string text, Kind kind) {
  bytes_ += text.size();
  items_.push_back({std::move(text), kind});
}

void Outbox::Push(std::string line) {
  if (line.size() > kMaxReplyBytes) line = TooLargeReply(line);
  Add(std::move(line), Kind::kReply);
}

void Outbox::PushEvent(std::string line) {
  if (overflowed_) return;
  if (events_ >= kMaxQueuedEvents || event_bytes_ + line.size() > kMaxQueuedEventBytes) {
    Overflow();
    return;
  }
  ++events_;
  event_bytes_ += line.size();
  Add(std::move(line), Kind::kEvent);
}

void Outbox::Overflow() {
  // A line that is half sent must be finished, or the stream would be garbled.
  const auto begin = items_.begin() + (sent_ > 0 ? 1 : 0);
  const auto dropped = std::stable_partition(
      begin, items_.end(), [](const Item& item) { return item.kind != Kind::kEvent; });
  for (auto item = dropped; item != items_.end(); ++item) {
    bytes_ -= item->text.size();
    event_bytes_ -= item->text.size();
    --events_;
  }
  items_.erase(dropped, items_.end());
  overflowed_ = true;
  Add(OverflowEvent(), Kind::kOverflow);
}

std::span<iovec> Outbox::Gather(std::span<iovec> parts) {
  const std::size_t count = std::min(parts.size(), items_.size());
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t skip = i == 0 ? sent_ : 0;
    std::string& text = items_[i].text;
    parts[i] = {text.data() + skip, text.size() - skip};
  }
  return parts.first(count);
}

void Outbox::Consume(std::size_t bytes) {
  bytes_ -= bytes;
  sent_ += bytes;
  while (!items_.empty() && sent_ >= items_.front().text.size()) {
    const Item& first = items_.front();
    sent_ -= first.text.size();
    if (first.kind == Kind::kEvent) {
      --events_;
      event_bytes_ -= first.text.size();
    }
    if (first.kind == Kind::kOverflow) overflowed_ = false;
    items_.pop_front();
  }
}

void Outbox::Clear() { *this = Outbox(); }

}  // namespace drover::daemon
