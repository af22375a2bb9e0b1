#include "daemon/stray_keeper.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/documents.h"
#include "base/error.h"
#include "base/posix.h"
#include "base/text.h"
#include "daemon/helper.h"
#include "daemon/log.h"
#include "environments/strays/strays.h"
#include "migrations/checksum.h"

namespace drover::daemon {
namespace {

using Depth = StrayKeeper::Depth;

constexpr std::chrono::milliseconds kScanLimit{60000};
constexpr std::chrono::milliseconds kDeepScanLimit{600000};

/// Where the scan process keeps what it remembers of this project's directories.
std::string MemoryFile(const StateStore& store, const std::string& root) {
  const std::string directory = store.directory() + "/scans";
  MakeDirectories(directory, 0700);
  return Concat(directory, "/", migrations::Sha256(root).substr(0, 16));
}

ScanRequest RequestFor(const Observation& seen, const StateStore& store, std::optional<Depth> whole,
                       std::vector<std::string> paths) {
  ScanRequest request;
  request.base = seen.root;
  request.paths = std::move(paths);
  request.ignore = seen.config->stray_ignore;
  request.version_tables = {seen.config->version_table};
  if (whole) {
    request.roots = seen.config->stray_roots;
    request.deep = whole == Depth::kDeep;
    if (whole == Depth::kQuick) request.remember = MemoryFile(store, seen.root);
  }
  for (const environments::Target& target : seen.targets) {
    if (!target.path.empty()) request.known_names.push_back(BaseName(target.path));
    if (target.kind == environments::TargetKind::kFile) request.databases.push_back(target.path);
  }
  return request;
}

std::vector<StrayEntry> Classify(const Observation& seen, const std::vector<ScannedFile>& files,
                                 const environments::IgnoredStrays& ignored) {
  std::vector<environments::KnownDatabase> known;
  for (const environments::Target& target : seen.targets) {
    if (target.kind != environments::TargetKind::kFile) continue;
    environments::KnownDatabase database{.target = &target, .rows = {}, .columns = {}};
    if (const auto facts = seen.databases.find(target.path); facts != seen.databases.end()) {
      database.rows = facts->second->rows;
    }
    if (!files.empty()) {
      migrations::SchemaOutline outline =
          migrations::InspectOutline(target.path, seen.config->version_table);
      database.columns = std::move(outline.columns);
      database.schema = std::move(outline.digest);
    }
    known.push_back(std::move(database));
  }
  const migrations::Graph none;
  return environments::ClassifyStrays(files, known, seen.graph ? *seen.graph : none, seen.root,
                                      ignored);
}

}  // namespace

StrayKeeper::StrayKeeper(Loop& loop, Workers& workers, StateStore& store,
                         std::function<void()> changed)
    : loop_(loop),
      workers_(workers),
      store_(store),
      changed_(std::move(changed)),
      witness_(std::make_shared<Witness>(loop, workers)) {}

void StrayKeeper::Note(const Observation& seen, const std::vector<FileSign>& signs) {
  witness_->Note(seen, signs);
}

bool StrayKeeper::ForgetEnded(std::shared_ptr<const Observation> seen) {
  const auto ended = [](const Holder& holder) { return !ProcessExists(holder.pid); };
  std::vector<std::string> left;
  for (const StrayEntry& stray : strays_) {
    if (std::ranges::any_of(stray.holders, ended)) left.push_back(stray.path);
  }
  if (!left.empty()) ScanSome(std::move(seen), left);
  return std::erase_if(detached_, [&](const DetachedUse& use) { return ended(use.holder); }) > 0;
}

void StrayKeeper::ScanAll(std::shared_ptr<const Observation> seen, Callback done, Depth depth) {
  next_seen_ = std::move(seen);
  next_whole_ = std::max(next_whole_.value_or(Depth::kQuick), depth);
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
  const std::optional<Depth> whole = std::exchange(next_whole_, std::nullopt);
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
    std::vector<DetachedUse> detached;
    environments::IgnoredStrays ignored;
    try {
      ignored = self->store_.Read().ignored_strays;
      // What a deep scan found where a default one does not look is looked at as long as it is
      // there; so is everything else that is known, at little cost.
      std::vector<std::string> wanted = paths;
      if (whole) {
        for (const auto& [path, file] : files) wanted.push_back(path);
      }
      const auto limit = whole == Depth::kDeep ? kDeepScanLimit : kScanLimit;
      auto result = DecodeDocument<ScanResult>(RunHelper(
          "--scan", EncodeDocument(RequestFor(*seen, self->store_, whole, wanted)), limit));
      truncated = result.truncated;
      detached = std::move(result.detached);
      if (whole) files.clear();
      for (const std::string& path : paths) {
        for (const char* suffix : {"", "-wal", "-journal"}) files.erase(path + suffix);
      }
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
      strays = Classify(*seen, list, ignored);
    } catch (const Error& error) {
      problem = error.message;
    }
    Loop& loop = self->loop_;
    loop.Post([self = std::move(self), whole, truncated, files = std::move(files),
               strays = std::move(strays), detached = std::move(detached),
               problem = std::move(problem), done = std::move(done)]() mutable {
      self->running_ = false;
      self->files_ = std::move(files);
      if (whole.has_value()) {
        self->truncated_ = truncated;
        self->complete_ = true;
      }
      if (!problem.empty()) Log(LogLevel::kError, "the scan failed", {{"err", problem}});
      for (StrayEntry& stray : strays) stray.suspects = self->witness_->Of(stray.path);
      const bool altered =
          self->strays_ != strays || self->detached_ != detached || self->problem_ != problem;
      self->strays_ = std::move(strays);
      self->detached_ = std::move(detached);
      self->problem_ = std::move(problem);
      if (altered) self->changed_();
      for (const Callback& callback : done) callback();
      self->StartNext();
    });
  });
}

}  // namespace drover::daemon
