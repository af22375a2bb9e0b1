#include "environments/strays/scan.h"

#include <algorithm>
#include <atomic>
#include <fcntl.h>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>
#include <utility>

#include "base/error.h"
#include "base/posix.h"
#include "base/text.h"
#include "environments/detached.h"
#include "environments/processes.h"
#include "environments/strays/describe.h"
#include "environments/strays/ignore_file.h"
#include "environments/strays/search.h"
#include "environments/strays/sniff.h"

namespace drover::environments {
namespace {

constexpr unsigned kThreads = 2;
constexpr std::size_t kLongestIgnoreFile = std::size_t{1} << 20U;

std::vector<std::string> VersionTables(const ScanRequest& request) {
  std::vector<std::string> tables = request.version_tables;
  tables.insert(tables.end(), {"alembic_version", "drover_version"});
  return tables;
}

/// What the configuration and .droverignore leave out.
class Exclusions final {
 public:
  explicit Exclusions(const ScanRequest& request) : base_(request.base) {
    for (const std::string& pattern : request.ignore) {
      std::string_view clean = pattern;
      while (clean.starts_with("./")) clean.remove_prefix(2);
      while (clean.ends_with('/')) clean.remove_suffix(1);
      if (!clean.empty()) globs_.emplace_back(clean);
    }
    const std::string file = Concat(base_, "/", kIgnoreFile);
    const auto status = base_.empty() ? std::nullopt : StatFile(file);
    if (status && status->type == FileType::kRegular) {
      patterns_ = IgnorePatterns(ReadFile(file, kLongestIgnoreFile));
    }
  }

  [[nodiscard]] bool empty() const { return globs_.empty() && patterns_.empty(); }

  /// Of a path whose directories have been asked about.
  [[nodiscard]] bool Match(const std::string& path, EntryKind kind) const {
    if (empty()) return false;
    const std::string relative = RelativeTo(path, base_);
    return MatchesGlobs(relative, kind) || patterns_.Ignores(relative, kind);
  }

  /// Of a path that was named outright: ignored if it, or a directory above it, is.
  [[nodiscard]] bool MatchBranch(const std::string& path) const {
    if (empty()) return false;
    const std::string relative = RelativeTo(path, base_);
    if (relative == path) return Match(path, EntryKind::kFile);
    for (std::size_t at = relative.find('/'); at != std::string::npos;
         at = relative.find('/', at + 1)) {
      if (MatchesGlobs(relative.substr(0, at), EntryKind::kDirectory)) return true;
    }
    return MatchesGlobs(relative, EntryKind::kFile) ||
           patterns_.IgnoresBranch(relative, EntryKind::kFile);
  }

 private:
  [[nodiscard]] bool MatchesGlobs(const std::string& relative, EntryKind kind) const {
    // "tests/**" is meant for the directory too: with a slash behind it, it matches.
    const std::string as_directory = kind == EntryKind::kDirectory ? relative + "/" : relative;
    return std::any_of(globs_.begin(), globs_.end(), [&](const std::string& pattern) {
      return MatchesGlob(pattern, relative) || MatchesGlob(pattern, as_directory);
    });
  }

  std::string base_;
  std::vector<std::string> globs_;
  IgnorePatterns patterns_;
};

class Scanner final {
  using Owners = std::map<FileIdentity, std::vector<ScannedFile*>>;

 public:
  explicit Scanner(const ScanRequest& request) : request_(request), exclusions_(request) {
    options_.scope = request.deep ? SearchScope::kDeep : SearchScope::kDefault;
    options_.limits = LimitsOf(options_.scope);
    options_.known_names = request.known_names;
    options_.threads = kThreads;
    if (!exclusions_.empty()) {
      options_.ignored = [this](const std::string& path, EntryKind kind) {
        return exclusions_.Match(path, kind);
      };
    }
  }

  void SearchRoots() {
    const bool remembers = !request_.remember.empty();
    const std::string key = remembers ? MemoryKey() : std::string();
    SearchMemory memory;
    if (remembers) memory = SearchMemory::Load(request_.remember, key);
    for (const std::string& root : request_.roots) {
      SearchResult found = Search(AbsolutePath(root, "/"), options_, remembers ? &memory : nullptr);
      truncated_ |= found.truncated;
      for (ScannedFile& file : found.files) Add(std::move(file));
    }
    if (!remembers) return;
    if (!truncated_) memory.ForgetOthers();
    if (memory.changed()) memory.Store(request_.remember, key);
  }

  /// A path that was named outright. When its database is gone, what it left beside it counts.
  void LookAt(const std::string& path) {
    if (files_.contains(path) || exclusions_.MatchBranch(path)) return;
    const UniqueFd directory(
        open(DirectoryName(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK));
    if (!directory) return;
    const std::string name = BaseName(path);
    for (const std::string_view suffix : {"", "-wal", "-journal"}) {
      const std::string each = Concat(path, suffix);
      auto file = Sniff(directory.get(), Concat(name, suffix).c_str(), each, request_.known_names);
      if (file) Add(std::move(*file));
    }
    const bool known = std::ranges::find(request_.known_names, name) != request_.known_names.end();
    if (!known) return;
    const UniqueFd itself(openat(directory.get(), name.c_str(),
                                 O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
    if (!itself) return;
    if (auto found = DescribeDirectory(itself.get(), path)) Add(std::move(*found));
  }

  ScanResult Finish() {
    // Holders come and go: they are looked up at once, while the databases are described.
    const Owners owners = FindOwners();
    std::set<FileIdentity> identities;
    for (const auto& [identity, files] : owners) identities.insert(identity);
    const std::set<std::string> databases(request_.databases.begin(), request_.databases.end());
    OpenFiles open;
    ScanResult result;
    std::jthread finder([&] {
      open = FindOpenFiles(identities, databases);
      result.detached = FindDetachedMounts(databases);
    });
    DescribeAll();
    finder.join();
    result.detached.insert(result.detached.end(), open.deleted.begin(), open.deleted.end());
    for (const auto& [identity, held] : open.holders) {
      for (ScannedFile* file : owners.at(identity)) {
        for (const Holder& holder : held) AddHolder(*file, holder);
      }
    }
    result.truncated = truncated_;
    for (auto& [path, file] : files_) {
      const bool found_by_content = file.kind != "database" && !IsNamed(path) &&
                                    file.kind != "sidecar" && file.kind != "directory";
      if (!found_by_content) result.files.push_back(std::move(file));
    }
    return result;
  }

 private:
  void Add(ScannedFile file) {
    std::string path = file.path;
    files_.emplace(std::move(path), std::move(file));
  }

  [[nodiscard]] bool IsNamed(const std::string& path) const {
    const std::string name = BaseName(path);
    return HasDatabaseSuffix(name) ||
           std::ranges::find(request_.known_names, name) != request_.known_names.end();
  }

  /// Everything that decides which directories are entered and which files are of interest, but
  /// for what is asked about each path anew.
  [[nodiscard]] std::string MemoryKey() const {
    std::string key = request_.deep ? "deep" : "default";
    for (const std::string& name : request_.known_names) key += Concat("\nname ", name);
    return key;
  }

  /// Several threads, since each database costs reading and a little parsing.
  void DescribeAll() {
    const std::vector<std::string> version_tables = VersionTables(request_);
    std::vector<ScannedFile*> databases;
    for (auto& [path, file] : files_) {
      if (file.kind == "database") databases.push_back(&file);
    }
    std::atomic<std::size_t> next{0};
    const auto work = [&] {
      PrivateDirectory directory(request_.roots);
      for (std::size_t i = next++; i < databases.size(); i = next++) {
        DescribeDatabase(*databases[i], version_tables, directory);
      }
    };
    std::vector<std::jthread> helpers;
    for (unsigned i = 1; i < kThreads && databases.size() > i; ++i) helpers.emplace_back(work);
    work();
  }

  /// The files by what may be open of them: themselves, and their -wal, which is noted as well.
  Owners FindOwners() {
    Owners owners;
    for (auto& [path, file] : files_) {
      if (file.kind == "directory") continue;
      owners[{.device = file.device, .inode = file.inode}].push_back(&file);
      struct stat wal {};
      if (lstat((path + "-wal").c_str(), &wal) != 0 || !S_ISREG(wal.st_mode)) continue;
      owners[{.device = wal.st_dev, .inode = wal.st_ino}].push_back(&file);
      file.wal = true;
      file.wal_modified_ns =
          static_cast<std::int64_t>(wal.st_mtim.tv_sec) * 1'000'000'000 + wal.st_mtim.tv_nsec;
    }
    return owners;
  }

  static void AddHolder(ScannedFile& file, const Holder& holder) {
    const auto at = std::lower_bound(
        file.holders.begin(), file.holders.end(), holder,
        [](const Holder& left, const Holder& right) { return left.pid < right.pid; });
    if (at == file.holders.end() || at->pid != holder.pid) file.holders.insert(at, holder);
  }

  const ScanRequest& request_;
  Exclusions exclusions_;
  SearchOptions options_;
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

ScanResult Compare(const ScanRequest& request) {
  if (request.paths.size() != 1) {
    throw Error(Code::kInvalid, "scan.request", "a comparison is of one path with another");
  }
  ScanResult result;
  result.diff = CompareDatabases(request.paths.front(), request.compare_with,
                                 VersionTables(request), request.roots);
  return result;
}

}  // namespace

ScanResult Scan(const ScanRequest& request) {
  RequireAbsolute(request.roots);
  RequireAbsolute(request.paths);
  if (!request.compare_with.empty()) return Compare(request);
  if (!request.schema_of.empty()) {
    RequireAbsolute({request.schema_of});
    ScanResult result;
    result.schema = ReadSchemaOf(request.schema_of, VersionTables(request), request.roots);
    return result;
  }
  Scanner scanner(request);
  scanner.SearchRoots();
  for (const std::string& path : request.paths) scanner.LookAt(AbsolutePath(path, "/"));
  return scanner.Finish();
}

}  // namespace drover::environments
