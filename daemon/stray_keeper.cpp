#include "daemon/stray_keeper.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/error.h"
#include "base/posix.h"
#include "base/text.h"
#include "daemon/child.h"
#include "daemon/log.h"
#include "environments/strays.h"

namespace drover::daemon {
namespace {

constexpr std::chrono::milliseconds kScanLimit{60000};

ScanRequest RequestFor(const Observation& seen, bool whole, std::vector<std::string> paths) {
  ScanRequest request;
  request.base = seen.root;
  request.paths = std::move(paths);
  request.ignore = seen.config->stray_ignore;
  request.version_tables = {seen.config->version_table};
  if (whole) request.roots = seen.config->stray_roots;
  for (const environments::Target& target : seen.targets) {
    if (!target.path.empty()) request.known_names.push_back(BaseName(target.path));
  }
  return request;
}

/// Scans in a process of its own: a raw read in this one would drop SQLite's locks.
ScanResult RunScan(const ScanRequest& request) {
  const ChildResult child =
      RunChild({"/proc/self/exe", "--scan"}, EncodeDocument(request) + "\n", kScanLimit);
  if (child.exit_code != 0) {
    throw Error(Code::kInternal, "scan.failed",
                Concat("the scan process ended with exit code ", child.exit_code));
  }
  return DecodeDocument<ScanResult>(child.output);
}

std::vector<StrayEntry> Classify(const Observation& seen, const std::vector<ScannedFile>& files) {
  std::vector<environments::KnownDatabase> known;
  for (const environments::Target& target : seen.targets) {
    if (target.kind != environments::TargetKind::kFile) continue;
    environments::KnownDatabase database{.target = &target, .rows = {}, .columns = {}};
    if (const auto facts = seen.databases.find(target.path); facts != seen.databases.end()) {
      database.rows = facts->second->rows;
    }
    if (!files.empty()) {
      database.columns =
          migrations::InspectOutline(target.path, seen.config->version_table).columns;
    }
    known.push_back(std::move(database));
  }
  const migrations::Graph none;
  return environments::ClassifyStrays(files, known, seen.graph ? *seen.graph : none, seen.root);
}

}  // namespace

StrayKeeper::StrayKeeper(Loop& loop, Workers& workers, std::function<void()> changed)
    : loop_(loop), workers_(workers), changed_(std::move(changed)) {}

void StrayKeeper::ScanAll(std::shared_ptr<const Observation> seen, Callback done) {
  next_seen_ = std::move(seen);
  next_whole_ = true;
  if (done) next_done_.push_back(std::move(done));
  StartNext();
}

void StrayKeeper::ScanSome(std::shared_ptr<const Observation> seen,
                           const std::vector<std::string>& paths) {
  next_seen_ = std::move(seen);
  next_paths_.insert(next_paths_.end(), paths.begin(), paths.end());
  StartNext();
}

void StrayKeeper::StartNext() {
  if (running_ || !next_seen_) return;
  const auto seen = std::exchange(next_seen_, nullptr);
  const bool whole = std::exchange(next_whole_, false);
  auto paths = std::exchange(next_paths_, {});
  auto done = std::exchange(next_done_, {});
  if (!seen->config) {
    for (const Callback& callback : done) callback();
    return;
  }
  running_ = true;
  std::map<std::string, ScannedFile> files = files_;
  workers_.Post([self = shared_from_this(), seen, whole, paths = std::move(paths),
                 files = std::move(files), done = std::move(done)]() mutable {
    std::string problem;
    bool truncated = false;
    std::vector<StrayEntry> strays;
    try {
      ScanResult result = RunScan(RequestFor(*seen, whole, paths));
      truncated = result.truncated;
      if (whole) files.clear();
      for (const std::string& path : paths) files.erase(path);
      for (ScannedFile& file : result.files) {
        std::string path = file.path;
        files.insert_or_assign(std::move(path), std::move(file));
      }
    } catch (const Error& error) {
      problem = error.message;
    }
    std::vector<ScannedFile> list;
    for (const auto& [path, file] : files) list.push_back(file);
    try {
      strays = Classify(*seen, list);
    } catch (const Error& error) {
      problem = error.message;
    }
    Loop& loop = self->loop_;
    loop.Post([self = std::move(self), whole, truncated, files = std::move(files),
               strays = std::move(strays), problem = std::move(problem),
               done = std::move(done)]() mutable {
      self->running_ = false;
      self->files_ = std::move(files);
      if (whole) {
        self->truncated_ = truncated;
        self->complete_ = true;
      }
      if (!problem.empty()) Log(LogLevel::kError, "the scan failed", {{"err", problem}});
      const bool altered = self->strays_ != strays || self->problem_ != problem;
      self->strays_ = std::move(strays);
      self->problem_ = std::move(problem);
      if (altered) self->changed_();
      for (const Callback& callback : done) callback();
      self->StartNext();
    });
  });
}

}  // namespace drover::daemon
