#include "base/text.h"
#include "client/render/render.h"

namespace drover::client {
namespace {

Tone ToneOf(std::string_view line) {
  if (line.starts_with('@')) return Tone::kCyan;
  if (line.starts_with('+')) return Tone::kGreen;
  return line.starts_with('-') ? Tone::kRed : Tone::kPlain;
}

}  // namespace

std::string RenderDiff(std::string_view diff, const Style& style) {
  std::string out;
  bool header = true;  // below it, "--- " is a comment that was taken out
  for (const std::string_view line : SplitLines(diff)) {
    header = header && !line.starts_with("@@");
    out += Concat("    ", Paint(style, header ? Tone::kBold : ToneOf(line), line), "\n");
  }
  return out;
}

std::string RenderRepair(const RepairDocument& repair, const Style& style) {
  std::string out = Concat(Paint(style, Tone::kBold, repair.environment), ": ",
                           repair.repaired ? "accepted" : "would accept", " the edit of revision ",
                           Clean(repair.revision));
  if (!repair.message.empty()) out += Concat(", ", Clean(repair.message));
  out += "\n";
  for (const std::string& change : repair.changes) out += Concat("  ", Clean(change), "\n");
  out += RenderDiff(repair.diff, style);
  if (!repair.same_as.empty()) {
    out += Concat("  (same file as ", Clean(Join(repair.same_as, ", ")), ")\n");
  }
  return out;
}

}  // namespace drover::client
