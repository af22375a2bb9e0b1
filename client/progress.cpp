#include "client/progress.h"

#include <unistd.h>

#include "base/posix.h"
#include "base/text.h"

namespace drover::client {
namespace {

constexpr std::chrono::milliseconds kPatience{300};
constexpr std::string_view kWipe = "\r\x1b[K";

void Draw(std::string_view text) {
  [[maybe_unused]] const bool written = WriteAll(STDERR_FILENO, text);
}

}  // namespace

std::string RenderProgress(const ProgressDocument& progress, const Style& style) {
  const std::string text = Concat("[", progress.step, "/", progress.steps, "] ", progress.revision,
                                  "  ", progress.message);
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
