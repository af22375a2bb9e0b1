#include "environments/scan.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "base/error.h"
#include "base/posix.h"
#include "base/text.h"
#include "environments/describe.h"
#include "environments/processes.h"
#include "environments/sqlite_header.h"
#include "environments/tree.h"

namespace drover::environments {
namespace {

constexpr std::size_t kMaxDepth = 8;
constexpr std::size_t kMaxEntries = 200'000;
constexpr std::string_view kSetAside = ".stray";

bool IsKnown(std::string_view name, const std::vector<std::string>& known_names) {
  return std::find(known_names.begin(), known_names.end(), name) != known_names.end();
}

bool HasDatabaseSuffix(std::string_view name) {
  static constexpr std::array kSuffixes = {
      std::string_view(".db"),  std::string_view(".sqlite"), std::string_view(".sqlite3"),
      std::string_view(".db3"), std::string_view(".sdb"),    std::string_view(".s3db")};
  const std::string lower = ToLower(name);
  return std::any_of(kSuffixes.begin(), kSuffixes.end(),
                     [&lower](std::string_view suffix) { return lower.ends_with(suffix); });
}

/// Neither a file that belongs to a database, nor one that the user has set aside.
bool IsMainFile(std::string_view name) {
  return WithoutSidecarSuffix(name) == name && !name.ends_with(kSetAside);
}

std::int64_t Nanoseconds(const timespec& time) {
  return static_cast<std::int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

ScannedFile FromStatus(const std::string& path, const struct stat& status) {
  ScannedFile file;
  file.path = path;
  file.device = status.st_dev;
  file.inode = status.st_ino;
  file.links = status.st_nlink;
  file.size = static_cast<std::uint64_t>(status.st_size);
  file.modified_ns = Nanoseconds(status.st_mtim);
  return file;
}

ScannedFile Unreadable(ScannedFile file, std::string problem) {
  file.kind = "unreadable";
  file.problem = std::move(problem);
  return file;
}

class Scanner final {
 public:
  explicit Scanner(const ScanRequest& request) : request_(request) {
    for (const std::string& pattern : request.ignore) {
      std::string_view clean = pattern;
      while (clean.starts_with("./")) clean.remove_prefix(2);
      while (clean.ends_with('/')) clean.remove_suffix(1);
      if (!clean.empty()) ignore_.emplace_back(clean);
    }
  }

  void Walk(const std::string& root) {
    TreeWalk walk;
    walk.max_depth = kMaxDepth;
    walk.max_entries = kMaxEntries;
    walk.skip = [this](const std::string& path) { return IsIgnored(path, Kind::kDirectory); };
    walk.file = [this](int directory, const std::string& name, const std::string& path) {
      if (!IsIgnored(path, Kind::kFile)) LookAt(directory, name, path);
    };
    if (WalkTree(root, walk)) truncated_ = true;
  }

  /// A path that was named outright: ignored if it, or a directory above it, is.
  void LookAt(const std::string& path) {
    const std::string relative = RelativeTo(path, request_.base);
    if (relative != path) {
      for (std::size_t at = relative.find('/'); at != std::string::npos;
           at = relative.find('/', at + 1)) {
        if (Matches(relative.substr(0, at), Kind::kDirectory)) return;
      }
    }
    if (IsIgnored(path, Kind::kFile)) return;
    const UniqueFd directory(
        open(DirectoryName(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK));
    if (directory) LookAt(directory.get(), BaseName(path), path);
  }

  /// Examines the file `name` of an open directory: size, then name, then its first bytes.
  void LookAt(int directory, const std::string& name, const std::string& path) {
    if (!IsMainFile(name) || files_.contains(path)) return;
    struct stat status {};
    if (fstatat(directory, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return;
    if (!S_ISREG(status.st_mode)) return;
    const bool named = HasDatabaseSuffix(name) || IsKnown(name, request_.known_names);
    const auto size = static_cast<std::uint64_t>(status.st_size);
    const bool right_size = MayBeDatabase(name, size, request_.known_names);
    if (!right_size && (!named || size == 0)) return;
    if (size == 0) {
      ScannedFile file = FromStatus(path, status);
      file.kind = "empty";
      files_.emplace(path, std::move(file));
      return;
    }
    const UniqueFd fd(
        openat(directory, name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
    if (!fd) {
      if (errno == ENOENT || !named || !right_size) return;
      files_.emplace(path, Unreadable(FromStatus(path, status), std::strerror(errno)));
      return;
    }
    if (fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode)) return;
    std::optional<ScannedFile> file = Sniff(fd.get(), FromStatus(path, status));
    if (file && (named || file->kind == "database")) files_.emplace(path, std::move(*file));
  }

  ScanResult Finish() {
    FindTheirHolders();
    ScanResult result;
    result.truncated = truncated_;
    std::vector<std::string> version_tables = request_.version_tables;
    version_tables.insert(version_tables.end(), {"alembic_version", "drover_version"});
    std::optional<PrivateDirectory> directory;
    for (auto& [path, file] : files_) {
      if (file.kind == "database") {
        if (!directory) directory.emplace(request_.roots);
        DescribeDatabase(file, version_tables, *directory);
        if (file.kind == "unreadable" && !IsNamed(path)) continue;
      }
      result.files.push_back(std::move(file));
    }
    return result;
  }

 private:
  enum class Kind : std::uint8_t { kFile, kDirectory };

  bool IsNamed(const std::string& path) const {
    const std::string name = BaseName(path);
    return HasDatabaseSuffix(name) || IsKnown(name, request_.known_names);
  }

  bool IsIgnored(const std::string& path, Kind kind) const {
    return Matches(RelativeTo(path, request_.base), kind);
  }

  bool Matches(const std::string& relative, Kind kind) const {
    if (ignore_.empty()) return false;
    // "tests/**" is meant for the directory too: with a slash behind it, it matches.
    const std::string as_directory = kind == Kind::kDirectory ? relative + "/" : relative;
    return std::any_of(ignore_.begin(), ignore_.end(), [&](const std::string& pattern) {
      return MatchesGlob(pattern, relative) || MatchesGlob(pattern, as_directory);
    });
  }

  static std::optional<ScannedFile> Sniff(int fd, ScannedFile file) {
    std::array<char, kSqliteHeaderSize> buffer;
    const ssize_t got = pread(fd, buffer.data(), buffer.size(), 0);
    if (got < 0) return Unreadable(std::move(file), std::strerror(errno));
    const std::string_view bytes(buffer.data(), static_cast<std::size_t>(got));
    const std::optional<SqliteHeader> header = ParseSqliteHeader(bytes);
    if (header && file.size >= header->page_size) {
      file.kind = "database";
      return file;
    }
    if (header || (HasSqliteMagic(bytes) && bytes.size() < kSqliteHeaderSize)) {
      const std::string problem = Concat("cut off after ", Count(file.size, "byte"));
      return Unreadable(std::move(file), problem);
    }
    if (HasSqliteMagic(bytes)) return Unreadable(std::move(file), "its header is damaged");
    if (file.size % 512 != 0 || IsOtherDatabaseFormat(bytes)) return std::nullopt;
    return Unreadable(std::move(file),
                      "it does not begin like a SQLite database: encrypted, "
                      "damaged, or of another program");
  }

  void FindTheirHolders() {
    // Holders come and go: they are looked up at once, before any database is described.
    std::map<FileIdentity, std::vector<ScannedFile*>> owners;
    std::set<FileIdentity> identities;
    for (auto& [path, file] : files_) {
      std::vector<FileIdentity> own{{.device = file.device, .inode = file.inode}};
      struct stat wal {};
      if (lstat((path + "-wal").c_str(), &wal) == 0 && S_ISREG(wal.st_mode)) {
        own.push_back({.device = wal.st_dev, .inode = wal.st_ino});
        file.wal = true;
      }
      for (const FileIdentity& identity : own) {
        owners[identity].push_back(&file);
        identities.insert(identity);
      }
    }
    for (const auto& [identity, holders] : FindHolders(identities)) {
      for (ScannedFile* file : owners[identity]) {
        for (const Holder& holder : holders) AddHolder(*file, holder);
      }
    }
  }

  static void AddHolder(ScannedFile& file, const Holder& holder) {
    const auto at = std::lower_bound(
        file.holders.begin(), file.holders.end(), holder,
        [](const Holder& left, const Holder& right) { return left.pid < right.pid; });
    if (at == file.holders.end() || at->pid != holder.pid) file.holders.insert(at, holder);
  }

  const ScanRequest& request_;
  std::vector<std::string> ignore_;
  std::map<std::string, ScannedFile> files_;
  bool truncated_ = false;
};

void RequireAbsolute(const std::vector<std::string>& paths) {
  for (const std::string& path : paths) {
    if (path.starts_with('/')) continue;
    throw Error(Code::kInvalid, "scan.request",
                Concat("the scan was asked for \"", path, "\", which is no absolute path"));
  }
}

}  // namespace

ScanResult Scan(const ScanRequest& request) {
  RequireAbsolute(request.roots);
  RequireAbsolute(request.paths);
  Scanner scanner(request);
  for (const std::string& root : request.roots) scanner.Walk(AbsolutePath(root, "/"));
  for (const std::string& path : request.paths) scanner.LookAt(AbsolutePath(path, "/"));
  return scanner.Finish();
}

bool MayBeDatabase(std::string_view name, std::uint64_t size,
                   const std::vector<std::string>& known_names) {
  if (!IsMainFile(name)) return false;
  return size == 0 ? IsKnown(name, known_names) : size % 512 == 0;
}

std::string_view WithoutSidecarSuffix(std::string_view name) {
  for (const std::string_view suffix : {"-wal", "-shm", "-journal"}) {
    if (name.size() > suffix.size() && name.ends_with(suffix)) {
      return name.substr(0, name.size() - suffix.size());
    }
  }
  return name;
}

}  // namespace drover::environments
