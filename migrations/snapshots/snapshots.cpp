#include "migrations/snapshots/snapshots.h"

#include <algorithm>
#include <cstdio>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <unordered_map>
#include <unordered_set>

#include "base/clock.h"
#include "base/error.h"
#include "base/posix.h"
#include "base/text.h"
#include "migrations/checksum.h"
#include "migrations/history.h"

namespace drover::migrations {
namespace {

/// Another one whenever what a snapshot holds, or the way of replaying, changes.
constexpr std::string_view kSnapshotFormat = "1";
constexpr std::size_t kKeyLength = 40;
constexpr std::string_view kSnapshotEnd = ".db";
constexpr std::string_view kBarredEnd = ".barred";
constexpr std::size_t kStationEvery = 256;

std::string NameOf(const std::string& key, std::string_view content) {
  return Concat(key, "-", Sha256(content).substr(0, kKeyLength), kSnapshotEnd);
}

/// What is kept in a directory, by key.
struct Kept {
  std::unordered_map<std::string, std::string> snapshots;  // file names
  std::unordered_set<std::string> barred;
};

Kept ReadKept(const std::string& directory) {
  Kept kept;
  for (const std::string& name : ListDirectory(directory)) {
    if (name.size() <= kKeyLength) continue;
    if (name.ends_with(kSnapshotEnd)) kept.snapshots.emplace(name.substr(0, kKeyLength), name);
    if (name.ends_with(kBarredEnd)) kept.barred.insert(name.substr(0, kKeyLength));
  }
  return kept;
}

bool IsOurs(const std::string& name) {
  return name.ends_with(kSnapshotEnd) || name.ends_with(kBarredEnd);
}

}  // namespace

std::vector<std::string> SnapshotKeys(SnapshotKind kind, std::span<const Revision* const> chain,
                                      std::string_view version_table, const Stubs& stubs) {
  std::string key =
      Concat("snapshot ", kSnapshotFormat, "\n", SqliteSource(), "\n", kNormaliser, "\n");
  if (kind == SnapshotKind::kSchema) {
    key += Concat("schema\n", Join(stubs.functions, ","), "\n", Join(stubs.collations, ","));
  } else {
    key += Concat("rows\n", VersionTableSql(version_table), "\n", HistoryTableSql());
  }
  std::vector<std::string> keys;
  keys.reserve(chain.size());
  for (const Revision* revision : chain) {
    // Every part ends where the next begins: lengths, and lines that no id can hold.
    key =
        Sha256(Concat(key, "\n", revision->id, "\n", Join(revision->down_revision, ","), "\n",
                      Join(revision->depends_on, ","), "\n", revision->up.transaction ? "" : "bare",
                      "\n", revision->up.sql.size(), "\n", revision->up.sql))
            .substr(0, kKeyLength);
    keys.push_back(key);
  }
  return keys;
}

bool Snapshots::Found::CopyTo(Connection& database) const {
  if (length == 0) return false;
  try {
    Connection kept = Connection::OfBytes(content);
    database.CopyFrom(kept);
    return true;
  } catch (const Error&) {
    return false;
  }
}

Snapshots::Found Snapshots::FindLongest(std::span<const std::string> keys) const {
  Found found;
  found.repeatable = keys.size();
  if (!Serve(keys.size())) return found;
  try {
    const Kept kept = ReadKept(directory_);
    const auto first_barred = std::ranges::find_if(
        keys, [&](const std::string& key) { return kept.barred.contains(key); });
    found.repeatable = static_cast<std::size_t>(first_barred - keys.begin());
    for (std::size_t length = found.repeatable; length > 0; --length) {
      const auto name = kept.snapshots.find(keys[length - 1]);
      if (name == kept.snapshots.end()) continue;
      const std::string path = Concat(directory_, "/", name->second);
      std::string content = ReadFile(path, limits_.largest);
      if (name->second != NameOf(keys[length - 1], content)) {
        unlink(path.c_str());
        continue;
      }
      (void)utimensat(AT_FDCWD, path.c_str(), nullptr, 0);
      found.length = length;
      found.content = std::move(content);
      break;
    }
  } catch (const Error&) {
    // No directory yet, or one that cannot be read: nothing is kept.
  }
  return found;
}

void Snapshots::Keep(const std::string& key, std::string_view content) const {
  if (directory_.empty() || content.empty() || content.size() > limits_.largest) return;
  Put(NameOf(key, content), content);
}

void Snapshots::Bar(const std::string& key) const {
  if (!directory_.empty()) Put(Concat(key, kBarredEnd), "");
}

void Snapshots::Put(const std::string& name, std::string_view content) const {
  try {
    MakeDirectories(directory_, 0700);
    const std::string path = Concat(directory_, "/", name);
    const std::string part = Concat(directory_, "/", TimestampId(), ".part");
    CreateFile(part, content, 0600);
    // Not synced: whoever finds less than was written finds another checksum.
    if (rename(part.c_str(), path.c_str()) != 0) unlink(part.c_str());
    Prune();
  } catch (const Error&) {
    // A full disk, say: then it is not kept.
  }
}

void Snapshots::Prune() const {
  struct File {
    std::string path;
    FileStatus status;
  };
  const std::int64_t an_hour_ago = std::chrono::duration_cast<std::chrono::nanoseconds>(
                                       (WallNow() - std::chrono::hours(1)).time_since_epoch())
                                       .count();
  std::vector<File> files;
  std::uint64_t bytes = 0;
  for (const std::string& name : ListDirectory(directory_)) {
    const std::string path = Concat(directory_, "/", name);
    const auto status = StatFile(path, Follow::kNothing);
    if (!status || status->type != FileType::kRegular) continue;
    if (IsOurs(name)) {
      bytes += status->size;
      files.push_back({.path = path, .status = *status});
    } else if (status->modified_ns < an_hour_ago) {
      unlink(path.c_str());  // what a killed process has left
    }
  }
  std::ranges::sort(files, {}, [](const File& file) { return file.status.modified_ns; });
  std::size_t left = files.size();
  for (const File& file : files) {
    if (left <= limits_.files && bytes <= limits_.bytes) return;
    unlink(file.path.c_str());
    bytes -= file.status.size;
    --left;
  }
}

std::vector<std::size_t> Snapshots::Stations(std::size_t begin, std::size_t end) const {
  std::vector<std::size_t> stations;
  for (std::size_t at = begin + 1; at < end; ++at) {
    if ((at == end - 1 || at % kStationEvery == 0) && IsWorthIt(begin, at)) stations.push_back(at);
  }
  if (begin < end) stations.push_back(end);
  return stations;
}

}  // namespace drover::migrations
