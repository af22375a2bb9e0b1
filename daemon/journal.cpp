#include "daemon/journal.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <map>
#include <optional>
#include <string_view>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/json.h"
#include "base/protocol.h"
#include "base/text.h"
#include "daemon/log.h"

namespace drover::daemon {
namespace {

constexpr std::size_t kJournalRotateBytes = std::size_t{4} << 20;
constexpr std::size_t kMaxJournalBytes = std::size_t{1} << 30;

/// Appending processes share the lock; the one that moves the file away has it alone.
class FileLock final {
 public:
  FileLock(int fd, int operation, const std::string& path) : fd_(fd) {
    while (flock(fd_, operation) != 0) {
      if (errno != EINTR) throw SystemError("lock", path, errno);
    }
  }
  ~FileLock() { flock(fd_, LOCK_UN); }
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

 private:
  int fd_;
};

std::string RotatedPath(const std::string& path) {
  constexpr std::string_view kEnd = ".jsonl";
  return Concat(std::string_view(path).substr(0, path.size() - kEnd.size()), ".1", kEnd);
}

std::string ReadIfThere(const std::string& path) {
  return StatFile(path) ? ReadFile(path, kMaxJournalBytes) : std::string();
}

std::optional<JournalEntry> DecodeLine(std::string_view line) {
  try {
    JournalEntry entry;
    FromJson(ParseJson(line, kMaxDepth), entry);
    if (entry.job.empty() || entry.what.empty()) return std::nullopt;
    return entry;
  } catch (const Error&) {
    return std::nullopt;
  } catch (const Json::exception&) {
    return std::nullopt;
  }
}

struct Header {
  std::string_view job;
  bool intent = false;
};

/// Job and kind of a line, without parsing it as JSON: megabytes are read at every start. Only for
/// lines that begin as ours do; nothing for all others.
std::optional<Header> QuickHeader(std::string_view line) {
  constexpr std::string_view kJob = R"({"job":")";
  constexpr std::string_view kWhat = R"(","what":")";
  if (!line.starts_with(kJob) || !line.ends_with('}')) return std::nullopt;
  line.remove_prefix(kJob.size());
  const std::size_t end = line.find_first_of("\"\\");
  if (end == std::string_view::npos || end == 0) return std::nullopt;
  const std::string_view job = line.substr(0, end);
  line.remove_prefix(end);
  if (!line.starts_with(kWhat)) return std::nullopt;
  line.remove_prefix(kWhat.size());
  return Header{job, line.starts_with("intent\"")};
}

struct Unfinished {
  std::vector<JournalEntry> intents;  // without an outcome, oldest first
  std::size_t damaged = 0;            // lines that are not entries
};

Unfinished FindUnfinished(std::string_view content) {
  Unfinished found;
  std::map<std::string, std::string_view, std::less<>> open;  // job -> line
  const auto note = [&open](std::string_view job, bool intent, std::string_view line) {
    const auto known = open.find(job);
    if (intent && known == open.end()) open.emplace(job, line);
    if (!intent && known != open.end()) open.erase(known);
  };
  for (const std::string_view line : SplitLines(content)) {
    if (Trim(line).empty()) continue;
    if (const auto quick = QuickHeader(line)) {
      note(quick->job, quick->intent, line);
    } else if (const auto entry = DecodeLine(line)) {
      note(entry->job, entry->what == "intent", line);
    } else {
      ++found.damaged;
    }
  }
  std::vector<std::string_view> lines;
  for (const auto& [job, line] : open) lines.push_back(line);
  std::ranges::sort(lines, {}, [](std::string_view line) { return line.data(); });
  for (const std::string_view line : lines) {
    if (auto entry = DecodeLine(line)) {
      found.intents.push_back(*std::move(entry));
    } else {
      ++found.damaged;
    }
  }
  return found;
}

/// A zombie is dead: its parent has only not asked yet. Its state follows the name in parentheses.
bool IsZombie(std::int64_t pid) {
  const std::string stat = ReadFile(Concat("/proc/", pid, "/stat"), 4096);
  const std::size_t end = stat.rfind(") ");
  return end != std::string::npos && end + 2 < stat.size() &&
         (stat[end + 2] == 'Z' || stat[end + 2] == 'X');
}

/// A process id is reused sooner or later; only a process of ours counts.
bool IsLiveDrover(std::int64_t pid) {
  if (!ProcessExists(pid)) return false;
  try {
    return !IsZombie(pid) &&
           ReadFile(Concat("/proc/", pid, "/comm"), 4096).find("drover") != std::string::npos;
  } catch (const Error&) {
    return false;  // gone in between
  }
}

/// The last `limit` lines that are entries, oldest first.
std::vector<JournalEntry> LastEntries(std::string_view content, std::size_t limit) {
  std::vector<JournalEntry> entries;
  while (!content.empty() && entries.size() < limit) {
    if (content.ends_with('\n')) content.remove_suffix(1);
    const std::size_t start = content.rfind('\n') + 1;  // npos + 1 == 0
    if (auto entry = DecodeLine(content.substr(start))) entries.push_back(*std::move(entry));
    content = content.substr(0, start);
  }
  std::ranges::reverse(entries);
  return entries;
}

}  // namespace

Journal::Journal(const std::string& directory) : path_(directory + "/journal.jsonl") {
  MakeDirectories(directory, 0700);
  Open();
  RotateIfLarge();
}

void Journal::Open() {
  file_.Reset(open(path_.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0600));
  struct stat status {};
  if (!file_ || fstat(file_.get(), &status) != 0) throw SystemError("open", path_, errno);
  if (!S_ISREG(status.st_mode)) {
    throw Error(Code::kIo, "io.open", Concat("the journal ", path_, " is not a regular file"));
  }
  char last = '\n';
  if (status.st_size > 0 && pread(file_.get(), &last, 1, status.st_size - 1) != 1) {
    throw SystemError("read", path_, errno);
  }
  torn_ = last != '\n';
}

/// Another process may have moved the file away since.
void Journal::Reopen() {
  for (;;) {
    struct stat ours {};
    if (fstat(file_.get(), &ours) != 0) throw SystemError("stat", path_, errno);
    const std::optional<FileStatus> there = StatFile(path_);
    if (there && there->identity == FileIdentity{ours.st_dev, ours.st_ino}) return;
    Open();
  }
}

void Journal::RotateIfLarge() {
  struct stat status {};
  if (fstat(file_.get(), &status) != 0) throw SystemError("stat", path_, errno);
  if (static_cast<std::size_t>(status.st_size) <= kJournalRotateBytes) return;
  {
    const FileLock lock(file_.get(), LOCK_EX, path_);
    const std::optional<FileStatus> there = StatFile(path_);
    const bool still_ours = there && there->identity == FileIdentity{status.st_dev, status.st_ino};
    if (still_ours) {
      if (!FindUnfinished(ReadFile(path_, kMaxJournalBytes)).intents.empty()) return;
      const std::string rotated = RotatedPath(path_);
      if (rename(path_.c_str(), rotated.c_str()) != 0) throw SystemError("move", path_, errno);
    }
  }
  Open();
}

void Journal::Append(const JournalEntry& entry) {
  std::string line = DumpJson(ToJson(entry)) + "\n";
  const std::lock_guard guard(mutex_);
  for (;;) {
    Reopen();
    const FileLock lock(file_.get(), LOCK_SH, path_);
    struct stat ours {};
    const std::optional<FileStatus> there = StatFile(path_);
    if (fstat(file_.get(), &ours) != 0 || !there ||
        there->identity != FileIdentity{ours.st_dev, ours.st_ino}) {
      continue;  // moved between the look and the lock
    }
    if (torn_) line.insert(line.begin(), '\n');
    const ssize_t written = write(file_.get(), line.data(), line.size());
    torn_ = written >= 0 && written != static_cast<ssize_t>(line.size());
    if (written != static_cast<ssize_t>(line.size())) {
      throw SystemError("write", path_, written < 0 ? errno : ENOSPC);
    }
    if (fdatasync(file_.get()) != 0) throw SystemError("sync", path_, errno);
    break;
  }
  if (entry.what == "intent") {
    undertaken_.insert(entry.job);
  } else {
    undertaken_.erase(entry.job);
  }
}

std::vector<JournalEntry> Journal::OpenIntents() const {
  const std::lock_guard guard(mutex_);
  Unfinished found = FindUnfinished(ReadIfThere(path_));
  if (found.damaged > 0) {
    Log(LogLevel::kWarning, "skipped damaged lines in the journal",
        {{"file", path_}, {"lines", Concat(found.damaged)}});
  }
  std::erase_if(found.intents, [this](const JournalEntry& intent) {
    // In a container the predecessor that died had our own process id.
    if (intent.pid == getpid()) return undertaken_.contains(intent.job);
    return IsLiveDrover(intent.pid);
  });
  return std::move(found.intents);
}

std::vector<JournalEntry> Journal::Latest(std::size_t limit) const {
  std::vector<JournalEntry> entries = LastEntries(ReadIfThere(path_), limit);
  if (entries.size() < limit) {
    std::vector<JournalEntry> older =
        LastEntries(ReadIfThere(RotatedPath(path_)), limit - entries.size());
    entries.insert(entries.begin(), std::make_move_iterator(older.begin()),
                   std::make_move_iterator(older.end()));
  }
  return entries;
}

std::string NewJobId() {
  static std::atomic<unsigned> counter{0};
  return Concat(FormatUtcMilliseconds(WallNow()), "-", getpid(), "-", ++counter);
}

void RunJournaled(Journal& journal, JournalEntry intent,
                  const std::function<void(JournalEntry& outcome)>& work) {
  intent.job = NewJobId();
  intent.what = "intent";
  intent.at = FormatUtcMilliseconds(WallNow());
  intent.pid = getpid();
  journal.Append(intent);
  const auto begun = std::chrono::steady_clock::now();
  JournalEntry outcome = std::move(intent);
  outcome.what = "done";
  std::optional<Error> failure;
  try {
    work(outcome);
  } catch (const Error& error) {
    failure = error;
  } catch (const std::exception& error) {
    failure = Error(Code::kInternal, "job.defect", error.what());
  }
  if (failure) {
    outcome.what = "failed";
    outcome.message = failure->message;
  }
  outcome.at = FormatUtcMilliseconds(WallNow());
  outcome.duration_ms = std::chrono::duration_cast<std::chrono::milliseconds>(
                            std::chrono::steady_clock::now() - begun)
                            .count();
  journal.Append(outcome);
  if (failure) throw Error(*failure);
}

}  // namespace drover::daemon
