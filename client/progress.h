// The progress line of a long job: on a terminal's stderr, only when the job takes a while, and
// gone when it is done.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "base/daemon_documents.h"
#include "client/render/style.h"

namespace drover::client {

/// "[3/12] 981cbaae32a1  Initial migration  statement 4 of 9  12 s", or whom the job is waiting for
/// instead of the message; fitted to the width. Pure.
[[nodiscard]] std::string RenderProgress(const ProgressDocument& progress, const Style& style);

class ProgressLine final {
 public:
  explicit ProgressLine(const Style& style);

  /// Draws the line over the previous one, unless the job is younger than 300 ms.
  void Show(const ProgressDocument& progress);

 private:
  /// Wipes the line when the last copy goes: the functions that carry this object are copied.
  struct Drawn {
    ~Drawn();
    bool any = false;
  };
  Style style_;
  std::chrono::steady_clock::time_point begun_;
  std::shared_ptr<Drawn> drawn_;
};

}  // namespace drover::client
