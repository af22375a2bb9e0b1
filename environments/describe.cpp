#include "environments/describe.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <optional>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "base/error.h"
#include "base/posix.h"
#include "base/text.h"
#include "environments/sqlite_header.h"
#include "migrations/schema.h"
#include "migrations/sqlite.h"

namespace drover::environments {
namespace {

constexpr int kAttempts = 3;
// A reply has a size limit; no application of the kind drover serves comes near these.
constexpr std::size_t kMostRows = 100;
constexpr std::size_t kMostTables = 2'000;
constexpr std::size_t kMostColumns = 20'000;
constexpr std::size_t kLongestName = 500;

/// What changes when somebody writes to the file.
struct Stamp {
  std::uint64_t inode = 0;
  std::int64_t size = 0;
  timespec modified{};
  std::string head;

  bool operator==(const Stamp& other) const {
    return inode == other.inode && size == other.size && modified.tv_sec == other.modified.tv_sec &&
           modified.tv_nsec == other.modified.tv_nsec && head == other.head;
  }
};

UniqueFd OpenQuietly(const std::string& path) {
  return UniqueFd(open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
}

/// Of a missing file: the empty stamp.
Stamp StampOf(const std::string& path) {
  const UniqueFd fd = OpenQuietly(path);
  struct stat status {};
  if (!fd || fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode)) return {};
  std::array<char, kSqliteHeaderSize> head;
  const ssize_t got = pread(fd.get(), head.data(), head.size(), 0);
  return {.inode = status.st_ino,
          .size = status.st_size,
          .modified = status.st_mtim,
          .head = std::string(head.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0)))};
}

/// Copies at most `size` bytes. Returns 0 or the errno of the failure.
int CopyFile(const std::string& from, const std::string& to, std::int64_t size) {
  const UniqueFd source = OpenQuietly(from);
  if (!source) return errno;
  const UniqueFd sink(
      open(to.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!sink) return errno;
  std::string buffer(1U << 20U, '\0');
  while (size > 0) {
    const auto want = static_cast<std::size_t>(
        std::min<std::int64_t>(size, static_cast<std::int64_t>(buffer.size())));
    const ssize_t got = read(source.get(), buffer.data(), want);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno;
    if (got == 0) return 0;
    if (!WriteAll(sink.get(), std::string_view(buffer).substr(0, static_cast<std::size_t>(got)))) {
      return errno;
    }
    size -= got;
  }
  return 0;
}

struct Copied {
  std::string problem;  // why there is no copy
  bool stable = true;   // nobody wrote while it was made
  bool too_large = false;
};

Copied CopyDatabase(const std::string& path, const std::string& copy) {
  const std::string wal = path + "-wal";
  const std::string copied_wal = copy + "-wal";
  for (int attempt = 1;; ++attempt) {
    const Stamp main_before = StampOf(path);
    const Stamp wal_before = StampOf(wal);
    const std::int64_t total = main_before.size + wal_before.size;
    if (static_cast<std::uint64_t>(total) > kLargestDescribed) {
      return {.problem = Concat("too large to look into (", total >> 20U, " MiB)"),
              .too_large = true};
    }
    unlink(copied_wal.c_str());
    int failure = CopyFile(path, copy, main_before.size);
    if (failure == 0 && wal_before.size > 0) {
      failure = CopyFile(wal, copied_wal, wal_before.size);
      if (failure == ENOENT) failure = 0;  // checkpointed just now: the stamps will differ
    }
    if (failure != 0) {
      return {.problem = Concat("cannot be copied for a look inside: ", std::strerror(failure))};
    }
    const bool stable = StampOf(path) == main_before && StampOf(wal) == wal_before;
    if (stable || attempt == kAttempts) return {.problem = {}, .stable = stable};
  }
}

bool HasHotJournal(const std::string& path) {
  return IsHotJournalHeader(StampOf(path + "-journal").head);
}

void Clip(std::vector<std::string>& names, std::size_t most) {
  if (names.size() > most) names.resize(most);
  for (std::string& name : names) {
    if (name.size() > kLongestName) name.resize(kLongestName);
  }
}

void ReadFacts(ScannedFile& file, const std::vector<std::string>& version_tables,
               const std::string& copy) {
  migrations::Connection connection(copy, migrations::OpenMode::kWrite,
                                    std::chrono::milliseconds(0));
  std::string table = migrations::FindVersionTable(connection, version_tables);
  migrations::SchemaOutline outline = migrations::ReadOutline(connection, table);
  std::vector<std::string> rows;
  if (!table.empty()) rows = migrations::ReadVersionRows(connection, table);
  Clip(rows, kMostRows);
  Clip(outline.tables, kMostTables);
  Clip(outline.columns, kMostColumns);
  file.version_table = std::move(table);
  file.revision = std::move(rows);
  file.tables = std::move(outline.tables);
  file.columns = std::move(outline.columns);
}

/// SQLite's own words, without the path of the private copy before them.
std::string WithoutPath(std::string_view message, const std::string& copy) {
  const std::string prefix = copy + ": ";
  if (message.starts_with(prefix)) message.remove_prefix(prefix.size());
  return std::string(message);
}

}  // namespace

PrivateDirectory::PrivateDirectory(const std::vector<std::string>& roots) {
  std::string parent = EnvironmentVariable("TMPDIR").value_or("/tmp");
  struct stat status {};
  const bool usable = parent.starts_with('/') && stat(parent.c_str(), &status) == 0 &&
                      S_ISDIR(status.st_mode) && access(parent.c_str(), W_OK | X_OK) == 0;
  const std::string real = RealPath(parent);
  const bool watched = std::any_of(roots.begin(), roots.end(), [&real](const std::string& root) {
    return IsBelow(real, RealPath(root));
  });
  if (!usable || watched) parent = "/tmp";
  path_ = Concat(parent, "/.drover-scan.XXXXXX");
  if (mkdtemp(path_.data()) == nullptr) throw SystemError("create", path_, errno);
}

PrivateDirectory::~PrivateDirectory() {
  const UniqueFd fd(open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  for (const char* suffix : {"", "-wal", "-shm", "-journal"}) {
    if (fd) unlinkat(fd.get(), Concat("copy", suffix).c_str(), 0);
  }
  rmdir(path_.c_str());
}

void DescribeDatabase(ScannedFile& file, const std::vector<std::string>& version_tables,
                      const PrivateDirectory& directory) {
  const std::string copy = directory.path() + "/copy";
  // A journal is never copied: one made up by somebody else may name a "super-journal", and SQLite
  // would delete the file of that name while it rolls the copy back.
  const bool hot = HasHotJournal(file.path);
  const Copied copied = CopyDatabase(file.path, copy);
  if (!copied.problem.empty()) {
    file.problem = copied.problem;
    if (!copied.too_large) file.kind = "unreadable";
  } else {
    if (!copied.stable) file.problem = "it changed while it was being read";
    if (hot) file.problem = "a rollback journal lies beside it: a write is going on or broke off";
    // A database that SQLite cannot read is a fact about the file, not a failure of the scan.
    try {
      ReadFacts(file, version_tables, copy);
    } catch (const Error& error) {
      file.kind = "unreadable";
      file.problem = Concat("SQLite cannot read it: ", WithoutPath(error.message, copy),
                            file.problem.empty() ? "" : "; ", file.problem);
    }
  }
  for (const char* suffix : {"", "-wal", "-shm", "-journal"}) unlink((copy + suffix).c_str());
}

}  // namespace drover::environments
