#include "daemon/project_watch.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/error.h"
#include "base/posix.h"
#include "base/text.h"
#include "daemon/log.h"
#include "environments/git.h"
#include "environments/mounts.h"
#include "environments/strays/ignore_file.h"
#include "environments/strays/sniff.h"
#include "environments/tree.h"

namespace drover::daemon {
namespace {

using environments::WatchEvent;
using Kind = environments::WatchEvent::Kind;

constexpr std::size_t kMaxDirectories = 4096;
constexpr std::chrono::milliseconds kPollInterval{2000};
constexpr unsigned kPollsPerScan = 15;
/// How long events are left to gather while a job of ours is running.
constexpr std::chrono::milliseconds kBreather{20};
/// How long files are gathered before they are handed to the scanner, in one go.
constexpr std::chrono::milliseconds kGather{250};

/// A file that cannot even be asked about (no permission, a link to itself) is none to be watched.
std::optional<FileStatus> StatusOf(const std::string& path, Follow follow = Follow::kSymlinks) {
  try {
    return StatFile(path, follow);
  } catch (const Error&) {
    return std::nullopt;
  }
}

/// The names in a directory; none when it has gone meanwhile.
std::vector<std::string> NamesIn(const std::string& directory) {
  try {
    return ListDirectory(directory);
  } catch (const Error&) {
    return {};
  }
}

}  // namespace

ProjectWatch::ProjectWatch(Loop& loop, std::string root, Callbacks callbacks)
    : loop_(loop), root_(std::move(root)), callbacks_(std::move(callbacks)) {
  try {
    watcher_ = environments::MakeInotifyWatcher();
  } catch (const Error& error) {
    Degrade(error.message);
    return;
  }
  Listen();
  WatchTree(root_);
}

void ProjectWatch::Listen() {
  breather_.reset();
  readable_ = loop_.OnReadable(watcher_->descriptor(), [this] {
    (void)Drain();
    // Every page that a job of ours writes is an event: to be woken by each would slow the job
    // down.
    if (std::ranges::none_of(databases_, callbacks_.busy)) return;
    readable_.reset();
    breather_ = loop_.After(kBreather, [this] { Listen(); });
  });
}

ProjectWatch::~ProjectWatch() = default;

void ProjectWatch::Degrade(std::string why) {
  if (!degraded_.empty()) return;
  degraded_ = std::move(why);
  Log(LogLevel::kWarning, "polling instead of watching", {{"project", root_}, {"err", degraded_}});
  Poll();
}

void ProjectWatch::Poll() {
  poll_timer_ = loop_.After(kPollInterval, [this] {
    callbacks_.look();
    // Strays cannot be seen coming: look for them now and then.
    if (++polls_ % kPollsPerScan == 0) callbacks_.rescan();
    Poll();
  });
}

void ProjectWatch::WatchDirectory(const std::string& directory) {
  if (watcher_ == nullptr || directories_.contains(directory)) return;
  if (directories_.size() >= kMaxDirectories) {
    Degrade(Concat("more than ", kMaxDirectories, " directories"));
    return;
  }
  const auto status = StatusOf(directory);
  if (watcher_->Watch(directory)) {
    directories_.emplace(directory, status ? status->identity : FileIdentity());
  } else if (status && status->type == FileType::kDirectory) {
    Degrade("the system's limit of inotify watches is reached (fs.inotify.max_user_watches)");
  }
}

/// A server's file system tells nothing of what others change.
void ProjectWatch::CheckFileSystem(const std::string& directory) {
  const auto deaf = environments::FileSystemWithoutEvents(directory);
  if (deaf) Degrade(Concat(directory, " is on ", *deaf, ", where others' changes cause no events"));
}

void ProjectWatch::MountsChanged() {
  if (watcher_ == nullptr) return;
  std::vector<std::string> replaced;
  for (const auto& [directory, identity] : directories_) {
    const auto status = StatusOf(directory);
    if (!status || status->identity != identity) replaced.push_back(directory);
  }
  if (replaced.empty()) return;
  for (const std::string& directory : replaced) {
    watcher_->Forget(directory);
    directories_.erase(directory);
  }
  Log(LogLevel::kInfo, "directories were mounted or unmounted; watching them anew",
      {{"project", root_}});
  DistrustEvents();
  WatchTree(root_);  // the others: at the end of the look
  settler_.NoteSaved(root_, Settler::Clock::now());
  Schedule();
  callbacks_.rescan();
}

void ProjectWatch::WatchTree(const std::string& directory) {
  if (watcher_ == nullptr) return;
  CheckFileSystem(directory);
  const environments::Tree tree = environments::ListTree(directory, kMaxDirectories);
  for (const std::string& each : tree.directories) WatchDirectory(each);
  if (tree.truncated) Degrade(Concat("more than ", kMaxDirectories, " directories"));
}

void ProjectWatch::Arm(const Observation& seen) {
  WatchRoot();
  // A walk up to the root of the file system: once, and again when a repository appears here.
  if (!std::exchange(git_sought_, true)) {
    git_ = environments::ReadGitHead(root_).directory;
    if (!git_.empty() && !directories_.contains(git_)) {
      WatchDirectory(git_);
      DistrustEvents();  // what was put into it before the watch stood has caused no event
    }
  }
  WatchInputs(seen);
  databases_.clear();
  database_names_.clear();
  for (const environments::Target& target : seen.targets) {
    if (target.kind != environments::TargetKind::kFile) continue;
    databases_.insert(target.path);
    database_names_.push_back(BaseName(target.path));
    const std::string directory = DirectoryName(target.path);
    if (!StatusOf(directory)) continue;
    CheckFileSystem(directory);
    WatchDirectory(directory);
  }
}

/// While the project's directory is gone nothing tells us of its return: `git clone` anew, say.
void ProjectWatch::WatchRoot() {
  if (watcher_ == nullptr || directories_.contains(root_)) return;
  WatchTree(root_);
  const bool was_deaf = std::exchange(deaf_, !directories_.contains(root_));
  if (!degraded_.empty()) return;
  if (deaf_ && !poll_timer_) Poll();
  if (!deaf_) poll_timer_.reset();
  if (!was_deaf || deaf_) return;
  git_sought_ = false;
  rescan_timer_ = loop_.After(kGather, callbacks_.rescan);
}

void ProjectWatch::WatchInputs(const Observation& seen) {
  inputs_ = seen.inputs;
  // A linked file changes where the link points to.
  for (const std::string& input : seen.inputs) inputs_.insert(RealPath(input));
  for (const std::string& input : inputs_) WatchDirectory(DirectoryName(input));
  const std::set<std::string> watched_before = std::exchange(migration_directories_, {});
  if (seen.config) {
    migration_format_ = seen.config->format;
    for (const std::string& directory : seen.migration_directories) {
      migration_directories_.insert(directory);
      // What was put into it before the watch stood has caused no event.
      if (!watched_before.contains(directory)) DistrustEvents();
      if (StatusOf(directory)) WatchDirectory(directory);
    }
    stray_roots_ = seen.config->stray_roots;
  }
}

bool ProjectWatch::Drain() {
  if (watcher_ != nullptr) {
    try {
      for (const WatchEvent& event : watcher_->Drain()) Note(event);
    } catch (const Error& error) {
      Degrade(error.message);
    }
  }
  if (!signs_.empty()) callbacks_.signs(std::exchange(signs_, {}));
  Schedule();
  return settler_.InBurst(Settler::Clock::now(), GitLocked());
}

bool ProjectWatch::GitLocked() const {
  return !git_.empty() && StatusOf(git_ + "/index.lock").has_value();
}

bool ProjectWatch::restless() const {
  return Settler::Clock::now() - last_input_ < Settler::kQuiet;
}

void ProjectWatch::Note(const WatchEvent& event) {
  switch (event.kind) {
    case Kind::kOverflow:
      DistrustEvents();
      Log(LogLevel::kWarning, "file events were lost; reading everything again",
          {{"project", root_}});
      WatchTree(root_);
      settler_.NoteSaved("", Settler::Clock::now());
      callbacks_.rescan();
      return;
    case Kind::kGone:
      directories_.erase(event.directory);
      watcher_->Forget(event.directory);
      DistrustEvents();
      settler_.NoteSaved(event.directory, Settler::Clock::now());
      return;
    case Kind::kDirectory:
      if (event.name == ".git") {
        git_sought_ = false;
        settler_.NoteSaved(event.path(), Settler::Clock::now());
      }
      if (event.directory == git_ || environments::IsPrunedDirectory(event.name)) return;
      NoteDirectory(event.path());
      return;
    default:
      NoteFile(event);
  }
}

void ProjectWatch::NoteDirectory(const std::string& directory) {
  WatchTree(directory);
  DistrustEvents();
  // What was put into it before the watch stood has caused no event.
  settler_.NoteSaved(directory, Settler::Clock::now());
  for (const std::string& each : environments::ListTree(directory, kMaxDirectories).directories) {
    for (const std::string& name : NamesIn(each)) {
      NoteSuspicious({.path = Concat(each, "/", name), .created = true});
    }
  }
}

void ProjectWatch::NoteFile(const WatchEvent& event) {
  const Settler::Time now = Settler::Clock::now();
  if (event.directory == git_) {
    if (event.name == "HEAD" || event.name == "index") settler_.NoteSaved(event.path(), now);
    return;
  }
  const std::string path = event.path();
  const std::string database =
      event.directory + "/" + std::string(environments::WithoutSidecarSuffix(event.name));
  if (databases_.contains(database)) {
    // Our own commits are no news, and the end of the job leads to a look.
    if (!callbacks_.busy(database)) settler_.NoteDatabase(now);
    return;
  }
  const bool migration = migration_directories_.contains(event.directory) &&
                         migrations::FindMigrationFormat(migration_format_).has_name(event.name);
  if (inputs_.contains(path) || migration) {
    last_input_ = now;
    if (changed_) changed_->insert(path);
    if (event.kind == Kind::kSaved) {
      settler_.NoteSaved(path, now);
    } else if (event.kind == Kind::kRemoved) {
      settler_.NoteRemoved(path, now);
    } else {
      settler_.NoteUnfinished(path, now);
    }
    return;
  }
  if (event.name == environments::kIgnoreFile && event.directory == root_) {
    rescan_timer_ = loop_.After(kGather, callbacks_.rescan);
    return;
  }
  NoteSuspicious({.path = database, .created = event.kind == Kind::kCreated && database == path});
}

void ProjectWatch::NoteSuspicious(const FileSign& sign) {
  const std::string& path = sign.path;
  const std::string name = BaseName(path);
  // Only statx: this process opens databases through SQLite and must not read them raw.
  const bool ours = std::ranges::any_of(
      stray_roots_, [&](const std::string& root) { return IsBelow(path, root); });
  if (!ours) return;  // the directory of a configured database may be anybody's
  const auto status = StatusOf(path, Follow::kNothing);
  const bool gone_stray = !status;
  if (status && (status->type != FileType::kRegular ||
                 !environments::MayBeDatabase(name, status->size, database_names_))) {
    return;
  }
  if (databases_.contains(path)) return;
  if (gone_stray && !path.ends_with("db") && name.find('.') == std::string::npos) return;
  suspicious_.insert(path);
  if (status) signs_.push_back(sign);
  if (!report_timer_) report_timer_ = loop_.After(kGather, [this] { Report(); });
}

void ProjectWatch::Report() {
  report_timer_.reset();
  std::vector<std::string> paths(suspicious_.begin(), suspicious_.end());
  suspicious_.clear();
  callbacks_.suspicious(std::move(paths));
}

migrations::ChangedPaths ProjectWatch::Begin() {
  settler_.Begin(Settler::Clock::now());
  timer_.reset();
  Schedule();  // a file that is still being written, say
  const bool hears_everything = degraded_.empty() && !deaf_;
  migrations::ChangedPaths changed = std::exchange(changed_, std::set<std::string>());
  return hears_everything ? changed : std::nullopt;
}

bool ProjectWatch::WaitForGit() {
  const Settler::Time now = Settler::Clock::now();
  if (!settler_.WaitsForGit(now, GitLocked())) return false;
  settler_.NoteSaved(root_, now);
  Schedule();
  return true;
}

void ProjectWatch::Schedule() {
  const Settler::Time now = Settler::Clock::now();
  const auto due = settler_.Due(now, GitLocked());
  timer_.reset();
  if (!due) return;
  if (*due <= now) {
    callbacks_.look();
    return;
  }
  const auto delay = std::chrono::ceil<std::chrono::milliseconds>(*due - now);
  timer_ = loop_.After(delay, [this] { Schedule(); });
}

}  // namespace drover::daemon
