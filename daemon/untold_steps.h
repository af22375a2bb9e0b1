// On the way from the worker that applies steps to the loop that tells of them.
#pragma once

#include <mutex>
#include <utility>
#include <vector>

#include "migrations/apply.h"

namespace drover::daemon {

/// Steps that have been applied and are not told yet: those that come quickly are told together.
/// Thread-safe.
class UntoldSteps final {
 public:
  /// True when there was none: the loop is to be called.
  bool Add(const migrations::AppliedStep& step) {
    const std::lock_guard lock(mutex_);
    steps_.push_back(step);
    return steps_.size() == 1;
  }

  [[nodiscard]] std::vector<migrations::AppliedStep> Take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(steps_, {});
  }

 private:
  std::mutex mutex_;
  std::vector<migrations::AppliedStep> steps_;
};

}  // namespace drover::daemon
