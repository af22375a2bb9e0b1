// Keeps the list of a project's strays: starts scans in their own process, remembers what they
// found, and judges it anew.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/stray_documents.h"
#include "daemon/net/loop.h"
#include "daemon/observe.h"
#include "daemon/state_store.h"
#include "daemon/witness.h"
#include "daemon/workers.h"

namespace drover::daemon {

/// Lives on the loop's thread; scans and judgements run on the workers, one at a time.
class StrayKeeper final : public std::enable_shared_from_this<StrayKeeper> {
 public:
  /// All of these outlive the keeper. `changed` is called after each scan that altered the list.
  StrayKeeper(Loop& loop, Workers& workers, StateStore& store, std::function<void()> changed);

  using Callback = std::function<void()>;

  /// What a whole scan goes by: kQuick by what is remembered of directories that have not changed,
  /// kThorough by nothing, kDeep also looks where a scan does not by default. What a deep scan has
  /// found there stays in the list while it exists.
  enum class Depth : std::uint8_t { kQuick, kThorough, kDeep };

  /// Scans the whole project; `done` is called when a scan that began after this call has ended.
  void ScanAll(std::shared_ptr<const Observation> seen, Callback done = {},
               Depth depth = Depth::kQuick);

  /// Looks at some files only.
  void ScanSome(std::shared_ptr<const Observation> seen, const std::vector<std::string>& paths);

  /// Files that may be databases have just appeared, or are being written to.
  void Note(const Observation& seen, const std::vector<FileSign>& signs);

  [[nodiscard]] const std::vector<StrayEntry>& strays() const { return strays_; }

  /// Who goes on with a configured database that is no longer the one at its path.
  [[nodiscard]] const std::vector<DetachedUse>& detached() const { return detached_; }

  /// Drops from detached() the processes that have ended since; true when there were any. Strays
  /// whose holders have ended are looked at anew.
  bool ForgetEnded(std::shared_ptr<const Observation> seen);
  [[nodiscard]] bool truncated() const { return truncated_; }

  /// Has a whole scan been made?
  [[nodiscard]] bool complete() const { return complete_; }

  /// Why the last scan failed; empty when it did not.
  [[nodiscard]] const std::string& problem() const { return problem_; }

 private:
  void StartNext();

  Loop& loop_;
  Workers& workers_;
  StateStore& store_;
  std::function<void()> changed_;
  std::map<std::string, ScannedFile> files_;
  std::vector<StrayEntry> strays_;
  std::vector<DetachedUse> detached_;
  std::shared_ptr<Witness> witness_;
  bool truncated_ = false;
  bool complete_ = false;
  bool running_ = false;
  std::string problem_;
  // What to do next:
  std::shared_ptr<const Observation> next_seen_;
  std::optional<Depth> next_whole_;  // the deepest that was asked for; nothing: some files only
  std::vector<std::string> next_paths_;
  std::vector<Callback> next_done_;
};

}  // namespace drover::daemon
