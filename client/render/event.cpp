#include <algorithm>

#include "base/text.h"
#include "client/render/render.h"

namespace drover::client {
namespace {

/// "2026-02-12T23:20:18.042Z" as "23:20:18 ".
std::string ClockOf(std::string_view at) {
  return at.size() >= 19 && at[10] == 'T' ? Concat(Clean(at.substr(11, 8)), " ") : std::string();
}

Tone EventTone(std::string_view event) {
  if (event == "applied") return Tone::kGreen;
  if (event == "failed") return Tone::kRed;
  if (event == "pending" || event == "stray" || event == "finding") return Tone::kYellow;
  return Tone::kCyan;
}

std::string EventText(const EventDocument& event, std::string_view cwd, std::string_view root) {
  if (event.event == "overflow")
    return "some events were dropped: drover status tells where things are";
  std::string text;
  if (event.revision) {
    text = Concat(event.direction == "down" ? "reverted " : "", *event.revision);
    if (event.duration_ms) text += Concat(" in ", FormatDuration(*event.duration_ms));
  } else if (event.state) {
    text = *event.state;
  } else if (event.stray) {
    text = Concat(FormatPath(event.stray->path, cwd, root), " (", event.stray->kind, ", ",
                  FormatSize(event.stray->size), ")");
  }
  // The reason of a pending state names the number itself.
  const bool counted = event.state && !event.message.empty();
  if (event.pending && *event.pending > 0 && !event.revision && !counted) {
    text += Concat(text.empty() ? "" : ", ",
                   Count(static_cast<std::size_t>(*event.pending), "migration"), " pending");
  }
  const std::string_view message =
      event.message.empty() && event.error ? std::string_view(event.error->message) : event.message;
  if (!message.empty()) text += Concat(text.empty() ? "" : ": ", message);
  if (event.error && event.error->where && text.find(*event.error->where) == std::string::npos) {
    text += Concat(" at ", FormatPath(*event.error->where, cwd, root));
  }
  return text;
}

}  // namespace

std::string RenderEvent(const EventDocument& event, std::string_view cwd, std::string_view root,
                        const Style& style) {
  std::string out = Paint(style, Tone::kDim, ClockOf(event.at));
  out += Concat(Paint(style, EventTone(event.event), event.event), Pad(event.event, 8));
  if (event.environment) out += Concat(" ", Paint(style, Tone::kBold, *event.environment));
  const std::string text = Clean(EventText(event, cwd, root));
  if (!text.empty()) out += Concat("  ", text);
  out += "\n";
  if (event.output) {
    out +=
        RenderOutput(*event.output, event.error ? OutputOf::kFailure : OutputOf::kSuccess, style);
  }
  return out;
}

std::string RenderOutput(std::string_view output, OutputOf what, const Style& style) {
  constexpr std::size_t kLinesShown = 20;
  std::vector<std::string_view> lines = SplitLines(output);
  std::erase_if(lines, [what](std::string_view line) {
    const bool own = line.starts_with("INFO  [alembic.") || line.starts_with("DEBUG [alembic.");
    return Trim(line).empty() || (own && what == OutputOf::kSuccess);
  });
  std::string out;
  const std::size_t left_out = lines.size() > kLinesShown ? lines.size() - kLinesShown : 0;
  if (left_out > 0) {
    out = Concat(kIndent,
                 Paint(style, Tone::kDim, Concat("(", Count(left_out, "line"), " before)")), "\n");
  }
  for (std::size_t i = left_out; i < lines.size(); ++i) {
    out += Concat(kIndent, Paint(style, Tone::kDim, Clean(lines[i])), "\n");
  }
  return out;
}

}  // namespace drover::client
