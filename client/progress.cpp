#include "client/progress.h"

#include <unistd.h>

#include "base/posix.h"
#include "base/text.h"

namespace drover::client {
namespace {

constexpr std::chrono::milliseconds kPatience{300};
constexpr std::int64_t kWorthTelling = 1000;  // milliseconds: a second is the unit shown
constexpr std::string_view kWipe = "\r\x1b[K";

void Draw(std::string_view text) {
  [[maybe_unused]] const bool written = WriteAll(STDERR_FILENO, text);
}

}  // namespace

std::string RenderProgress(const ProgressDocument& progress, const Style& style) {
  std::string head;
  if (!progress.revision.empty()) {
    head = Concat(progress.rehearsing ? "rehearsing " : "", "[", progress.step, "/", progress.steps,
                  "] ", Clean(progress.revision), "  ");
  }
  std::string tail;
  if (progress.statements > 0 && !progress.waiting_for) {
    tail += Concat("  statement ", progress.statement, " of ", progress.statements);
  }
  if (progress.elapsed_ms >= kWorthTelling) {
    tail += Concat("  ", FormatDuration(progress.elapsed_ms / 1000 * 1000));
  }
  const std::string middle =
      progress.waiting_for ? Concat("waiting for ", *progress.waiting_for) : progress.message;
  const std::size_t used = DisplayWidth(head) + DisplayWidth(tail) + 1;
  const std::size_t room = style.width > used ? style.width - used : 0;
  const std::string text = Concat(head, Shorten(style, middle, room), tail);
  return Shorten(style, text, style.width == 0 ? text.size() : style.width - 1);
}

ProgressLine::ProgressLine(const Style& style)
    : style_(style), begun_(std::chrono::steady_clock::now()), drawn_(std::make_shared<Drawn>()) {}

ProgressLine::Drawn::~Drawn() {
  if (any) Draw(kWipe);
}

void ProgressLine::Show(const ProgressDocument& progress) {
  if (std::chrono::steady_clock::now() - begun_ < kPatience) return;
  drawn_->any = true;
  Draw(Concat(kWipe, RenderProgress(progress, style_)));
}

}  // namespace drover::client
