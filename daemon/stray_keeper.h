// Keeps the list of a project's strays: starts scans in their own process, remembers what they
// found, and judges it anew.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/documents.h"
#include "daemon/net/loop.h"
#include "daemon/observe.h"
#include "daemon/workers.h"

namespace drover::daemon {

/// Lives on the loop's thread; scans and judgements run on the workers, one at a time.
class StrayKeeper final : public std::enable_shared_from_this<StrayKeeper> {
 public:
  /// `changed` is called after each scan that altered the list.
  StrayKeeper(Loop& loop, Workers& workers, std::function<void()> changed);

  using Callback = std::function<void()>;

  /// Scans the whole project; `done` is called when a scan that began after this call has ended.
  void ScanAll(std::shared_ptr<const Observation> seen, Callback done = {});

  /// Looks at some files only.
  void ScanSome(std::shared_ptr<const Observation> seen, const std::vector<std::string>& paths);

  [[nodiscard]] const std::vector<StrayEntry>& strays() const { return strays_; }
  [[nodiscard]] bool truncated() const { return truncated_; }

  /// Has a whole scan been made?
  [[nodiscard]] bool complete() const { return complete_; }

  /// Why the last scan failed; empty when it did not.
  [[nodiscard]] const std::string& problem() const { return problem_; }

 private:
  void StartNext();

  Loop& loop_;
  Workers& workers_;
  std::function<void()> changed_;
  std::map<std::string, ScannedFile> files_;
  std::vector<StrayEntry> strays_;
  bool truncated_ = false;
  bool complete_ = false;
  bool running_ = false;
  std::string problem_;
  // What to do next:
  std::shared_ptr<const Observation> next_seen_;
  bool next_whole_ = false;
  std::vector<std::string> next_paths_;
  std::vector<Callback> next_done_;
};

}  // namespace drover::daemon
