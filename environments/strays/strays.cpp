#include "environments/strays/strays.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <string_view>
#include <tuple>
#include <utility>

#include "base/clock.h"
#include "base/text.h"
#include "environments/strays/similarity.h"
#include "environments/strays/stray_text.h"
#include "environments/strays/tool_databases.h"
#include "migrations/checksum.h"

namespace drover::environments {
namespace {

constexpr double kResembles = 0.5;

struct MadeFrom {
  const KnownDatabase* database = nullptr;
  std::string directory;
};

/// The environment whose URL, used in some directory, leads to `path`. The longest tail says most.
std::optional<MadeFrom> FindOrigin(const std::string& path, std::span<const KnownDatabase> known) {
  std::optional<MadeFrom> found;
  std::size_t longest = 0;
  for (const KnownDatabase& candidate : known) {
    const std::string& tail = candidate.target->relative_tail;
    auto directory = DirectoryLeadingTo(path, tail);
    if (!directory || tail.size() <= longest) continue;
    longest = tail.size();
    found = MadeFrom{.database = &candidate, .directory = *std::move(directory)};
  }
  return found;
}

const KnownDatabase* FindNamesake(std::string_view name, std::span<const KnownDatabase> known) {
  for (const KnownDatabase& candidate : known) {
    const Target& target = *candidate.target;
    if (BaseName(target.relative_tail) == name || BaseName(target.path) == name) return &candidate;
  }
  return nullptr;
}

struct Likeness {
  const KnownDatabase* database = nullptr;
  std::optional<double> score;
};

Likeness FindMostAlike(const ScannedFile& file, std::span<const KnownDatabase> known) {
  Likeness best;
  for (const KnownDatabase& candidate : known) {
    const std::optional<double> score = Similarity(file.columns, candidate.columns);
    if (score && (!best.score || *score > *best.score)) {
      best = {.database = &candidate, .score = score};
    }
  }
  return best;
}

bool IsOfTarget(const ScannedFile& file, const Target& target) {
  return target.kind == TargetKind::kFile && target.file &&
         target.file->identity == FileIdentity{.device = file.device, .inode = file.inode};
}

bool Includes(const std::vector<bool>& upper, const std::vector<bool>& lower) {
  for (std::size_t i = 0; i < lower.size(); ++i) {
    if (lower[i] && !upper[i]) return false;
  }
  return true;
}

std::size_t Missing(const std::vector<bool>& from, const std::vector<bool>& of) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < of.size(); ++i) count += of[i] && !from[i] ? 1U : 0U;
  return count;
}

class Classifier final {
 public:
  Classifier(std::span<const KnownDatabase> known, const migrations::Graph& graph,
             const std::string& root)
      : known_(known), graph_(graph), root_(root) {}

  [[nodiscard]] bool IsConfigured(const ScannedFile& file) const {
    return std::any_of(known_.begin(), known_.end(), [&file](const KnownDatabase& candidate) {
      const Target& target = *candidate.target;
      if (target.kind != TargetKind::kFile) return false;
      // With a single link, another path is another way to the same file: a bind mount.
      return target.path == file.path || (file.links <= 1 && IsOfTarget(file, target));
    });
  }

  [[nodiscard]] StrayEntry Classify(const ScannedFile& file) const {
    const std::optional<MadeFrom> origin = FindOrigin(file.path, known_);
    const Likeness alike = FindMostAlike(file, known_);
    Match match;
    match.database = origin ? origin->database : FindNamesake(BaseName(file.path), known_);
    match.by_name = match.database != nullptr;
    match.resembles = alike.score && *alike.score >= kResembles;
    if (match.database == nullptr && match.resembles) match.database = alike.database;

    StrayFacts facts;
    facts.root = root_;
    facts.tool = match.database == nullptr ? ToolOf(file) : std::string();
    StrayEntry entry = Judge(file, match, facts);
    if (IsTrouble(entry)) {
      if (origin) entry.made_from = origin->directory;
      const KnownDatabase* like = facts.reference != nullptr ? facts.reference : match.database;
      if (like != nullptr) {
        entry.environment = like->target->environment;
        entry.score = Similarity(file.columns, like->columns);
        facts.reference = like;
      }
    } else {
      entry.score = alike.score;
    }
    entry.message = DescribeStray(entry, file, facts);
    if (IsTrouble(entry)) entry.fix = FixFor(entry, file);
    return entry;
  }

 private:
  /// The environment that a file is compared with, and why.
  struct Match {
    const KnownDatabase* database = nullptr;
    bool by_name = false;    // its URL fits the path, or its file name is the same
    bool resembles = false;  // its columns are alike
  };

  [[nodiscard]] StrayEntry Judge(const ScannedFile& file, const Match& match,
                                 StrayFacts& facts) const {
    StrayEntry entry;
    entry.path = file.path;
    entry.size = file.size;
    entry.revision = file.revision;
    entry.holders = file.holders;
    entry.tables = file.tables;
    entry.rows = file.rows;
    entry.hot = file.hot;
    entry.without_wal = file.wal_mode && !file.wal;
    entry.fingerprint = FingerprintOf(file);
    entry.modified = FormatUtc(WallTime(std::chrono::duration_cast<WallTime::duration>(
        std::chrono::nanoseconds(std::max(file.modified_ns, file.wal_modified_ns)))));
    entry.kind = KindOf(file, match, facts);
    return entry;
  }

  [[nodiscard]] std::string KindOf(const ScannedFile& file, const Match& match,
                                   StrayFacts& facts) const {
    for (const KnownDatabase& candidate : known_) {
      if (!IsOfTarget(file, *candidate.target)) continue;
      facts.reference = &candidate;
      return "alias";
    }
    if (file.kind == "directory" || file.kind == "other") return "not-a-db";
    if (file.kind == "damaged") return facts.tool.empty() ? "encrypted-or-corrupt" : "tool-db";
    if (file.kind == "unreadable") return "unreadable";
    if (file.kind == "sidecar") return "orphaned-sidecar";
    if (file.kind == "empty") return "empty";
    if (const std::string quiet = QuietKindOf(file, match, facts); !quiet.empty()) return quiet;
    const bool bare = file.tables.empty() && file.version_table.empty();
    if (bare && !file.problem.empty()) return match.database != nullptr ? "unreadable" : "foreign";
    if (bare) return "empty";
    if (!file.version_table.empty()) return VersionedKind(file, match.database, facts);
    if (match.by_name) return "unversioned";
    return match.resembles ? "related" : "foreign";
  }

  /// tool-db, backup or test; empty when it is none of them. Nothing of an environment's name is.
  [[nodiscard]] std::string QuietKindOf(const ScannedFile& file, const Match& match,
                                        const StrayFacts& facts) const {
    if (match.by_name) return {};
    if (!facts.tool.empty() && !IsFamily(file)) return "tool-db";
    if (HasBackupName(file.path)) return "backup";
    return HasTestName(RelativeTo(file.path, root_)) ? "test" : "";
  }

  [[nodiscard]] bool IsFamily(const ScannedFile& file) const {
    return std::any_of(file.revision.begin(), file.revision.end(), [this](const std::string& id) {
      return graph_.Find(id) != nullptr || IsApplied(id);
    });
  }

  [[nodiscard]] std::string VersionedKind(const ScannedFile& file, const KnownDatabase* matched,
                                          StrayFacts& facts) const {
    if (matched == nullptr && !IsFamily(file)) return "foreign";
    if (matched == nullptr && !known_.empty()) matched = &known_.front();
    facts.reference = matched;
    const std::vector<std::string> rows =
        matched == nullptr ? std::vector<std::string>() : matched->rows;
    if (std::set(file.revision.begin(), file.revision.end()) ==
        std::set(rows.begin(), rows.end())) {
      const bool known = matched != nullptr && !matched->schema.empty() && !file.schema.empty();
      facts.schema_differs = known && matched->schema != file.schema;
      return facts.schema_differs ? "diverged" : "duplicate";
    }
    for (const std::string& id : file.revision) {
      if (graph_.Find(id) != nullptr) continue;
      facts.unknown_revision = id;
      return "diverged";
    }
    const std::vector<bool> theirs = graph_.Closure(file.revision);
    const std::vector<bool> ours = graph_.Closure(rows);
    facts.behind = Missing(theirs, ours);
    facts.ahead = Missing(ours, theirs);
    if (Includes(ours, theirs)) return facts.behind == 0 ? "duplicate" : "behind";
    return Includes(theirs, ours) ? "ahead" : "diverged";
  }

  [[nodiscard]] bool IsApplied(std::string_view id) const {
    return std::any_of(known_.begin(), known_.end(), [id](const KnownDatabase& candidate) {
      return std::find(candidate.rows.begin(), candidate.rows.end(), id) != candidate.rows.end();
    });
  }

  std::span<const KnownDatabase> known_;
  const migrations::Graph& graph_;
  const std::string& root_;
};

/// Data that may be nowhere else comes first, what is nobody's trouble last.
std::size_t RankOf(const StrayEntry& entry) {
  static constexpr std::array kOrder = {std::string_view("unversioned"),
                                        std::string_view("related"),
                                        std::string_view("ahead"),
                                        std::string_view("diverged"),
                                        std::string_view("orphaned-sidecar"),
                                        std::string_view("behind"),
                                        std::string_view("duplicate"),
                                        std::string_view("alias"),
                                        std::string_view("not-a-db"),
                                        std::string_view("empty"),
                                        std::string_view("encrypted-or-corrupt"),
                                        std::string_view("unreadable"),
                                        std::string_view("backup"),
                                        std::string_view("test"),
                                        std::string_view("tool-db"),
                                        std::string_view("foreign")};
  const auto at = std::find(kOrder.begin(), kOrder.end(), entry.kind);
  return static_cast<std::size_t>(at - kOrder.begin());
}

auto SortKey(const StrayEntry& entry) {
  const bool quiet = !IsTrouble(entry);
  return std::tuple(entry.ignored, quiet, quiet || entry.holders.empty(), RankOf(entry),
                    std::string_view(entry.path));
}

}  // namespace

std::optional<std::string> DirectoryLeadingTo(std::string_view path, std::string_view tail) {
  if (tail.empty() || !path.ends_with(tail)) return std::nullopt;
  path.remove_suffix(tail.size());
  if (!path.ends_with('/')) return std::nullopt;
  path.remove_suffix(1);
  return path.empty() ? "/" : std::string(path);
}

std::string FingerprintOf(const ScannedFile& file) {
  std::string text = file.kind;
  for (const std::string& revision : file.revision) text += Concat("\nrevision ", revision);
  text += Concat("\nschema ", file.schema);
  // Without a digest the outline has to do.
  for (const std::string& column : file.columns) {
    if (file.schema.empty()) text += Concat("\ncolumn ", column);
  }
  return migrations::Sha256(text).substr(0, 16);
}

std::vector<StrayEntry> ClassifyStrays(std::span<const ScannedFile> files,
                                       std::span<const KnownDatabase> known,
                                       const migrations::Graph& graph, const std::string& root,
                                       const IgnoredStrays& ignored) {
  const Classifier classifier(known, graph, root);
  std::vector<StrayEntry> strays;
  for (const ScannedFile& file : files) {
    if (classifier.IsConfigured(file)) continue;
    StrayEntry entry = classifier.Classify(file);
    const auto found = ignored.find(entry.path);
    entry.ignored = found != ignored.end() && found->second == entry.fingerprint;
    strays.push_back(std::move(entry));
  }
  std::sort(strays.begin(), strays.end(), [](const StrayEntry& left, const StrayEntry& right) {
    return SortKey(left) < SortKey(right);
  });
  return strays;
}

}  // namespace drover::environments
