#include "migrations/replay.h"

#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/text.h"
#include "migrations/checksum.h"
#include "migrations/schema_compare.h"
#include "migrations/script.h"

namespace drover::migrations {
namespace {

constexpr std::size_t kCached = 8;

/// The revisions of closure(rows) in the order in which they run.
std::vector<const Revision*> InOrder(const Graph& graph, std::span<const RevisionId> rows) {
  const std::vector<bool> wanted = graph.Closure(rows);
  std::vector<const Revision*> revisions;
  for (const std::uint32_t i : graph.TopologicalOrder()) {
    if (wanted[i]) revisions.push_back(&graph.At(i));
  }
  return revisions;
}

/// A script that was applied needs no correction; but what the application would have registered
/// is the user's to name.
void ReplaceHint(Error& error) { error.hint = StubHint(error.message).value_or(""); }

/// Follows the revisions below one head upwards, comparing after each.
class Search {
 public:
  using Clock = std::chrono::steady_clock;

  enum class Goal : std::uint8_t { kEqual, kNearest };

  Search(const Graph& graph, const SchemaImage& live, Goal goal, std::size_t revisions,
         Clock::time_point end)
      : graph_(graph), live_(live), goal_(goal), left_(revisions), end_(end) {
    for (const auto& object : live.objects) distance_ += Weight(*object);
  }

  void Climb(const RevisionId& head, Replay replay) {
    std::set<RevisionId> heads;
    const std::vector<RevisionId> rows{head};
    for (const Revision* revision : InOrder(graph_, rows)) {
      if (revision->draft || left_ == 0 || Clock::now() > end_) return;
      --left_;
      try {
        replay.Add(*revision, std::stop_token());
      } catch (const Error&) {
        return;  // whoever stamps learns the reason
      }
      const auto index = static_cast<std::uint32_t>(graph_.IndexOf(revision->id));
      for (const std::uint32_t lower : graph_.Below(index)) {
        heads.erase(graph_.At(lower).id);
      }
      heads.insert(revision->id);
      const bool news = considered_.insert(index).second;
      if (!news || heads.size() > 1) continue;
      // Reading a whole schema costs more than the step to it.
      if (goal_ == Goal::kEqual && replay.MostObjects() < live_.objects.size()) continue;
      Consider(*revision, replay.Image());
    }
  }

  [[nodiscard]] std::optional<SchemaMatch> best() const {
    if (best_.revision.empty()) return std::nullopt;
    return best_;
  }

 private:
  void Consider(const Revision& revision, const SchemaImage& image) {
    if (image == live_) {
      const bool again = !best_.revision.empty() && best_.differences == 0;
      best_ = {.revision = revision.id,
               .differences = 0,
               .equal_below = again ? best_.equal_below + 1 : 0};
      return;
    }
    if (goal_ == Goal::kEqual) return;
    const std::vector<SchemaDifference> differences = CompareSchemas(image, live_);
    const std::size_t distance = Distance(differences, image);
    const bool nearer = distance < distance_ || (distance == distance_ && !best_.revision.empty());
    if (!nearer) return;
    distance_ = distance;
    best_ = {.revision = revision.id, .differences = differences.size(), .equal_below = 0};
  }

  /// A table that is only on one side weighs as much as all that is in it: else a database of one
  /// table would be as near to nothing as to the same table with another column.
  [[nodiscard]] std::size_t Distance(const std::vector<SchemaDifference>& differences,
                                     const SchemaImage& image) const {
    std::size_t distance = 0;
    for (const SchemaDifference& one : differences) {
      const SchemaImage& side = one.kind == "missing" ? image : live_;
      const auto object = std::ranges::find_if(side.objects, [&](const auto& candidate) {
        return candidate->type == one.type && candidate->name == one.object;
      });
      const bool whole = one.kind != "different" && object != side.objects.end();
      distance += whole ? Weight(**object) : 1;
    }
    return distance;
  }

  static std::size_t Weight(const SchemaObject& object) {
    return 1 + (object.facts ? object.facts->columns.size() : 0);
  }

  const Graph& graph_;
  const SchemaImage& live_;
  Goal goal_;
  std::size_t left_;
  Clock::time_point end_;
  std::set<std::uint32_t> considered_;  // other heads may have the same trunk
  SchemaMatch best_;
  std::size_t distance_ = 0;  // of the best; at first that of the empty database
};

}  // namespace

Replay::Replay(std::string_view version_table, const Stubs& stubs, Snapshots snapshots)
    : connection_("", OpenMode::kMemory),
      reader_(version_table),
      version_table_(version_table),
      stubs_(stubs),
      snapshots_(std::move(snapshots)) {
  connection_.Execute(
      "PRAGMA foreign_keys=OFF; PRAGMA temp_store=MEMORY; PRAGMA max_page_count=16384");
  RegisterStubs(connection_, stubs);
}

void Replay::Add(const Revision& revision, const std::stop_token& stop) {
  if (revision.format != Format::kNative) {
    throw Error(
        Code::kRefused, "alembic.unsupported",
        Concat("revision ", revision.id, " is Python: only Alembic can tell what schema it makes"),
        {}, Concat(revision.file, ":", revision.header_line, ":1"));
  }
  try {
    if (revision.up.transaction) connection_.Execute("BEGIN");
    const ScriptRun run = RunSchemaStatements(connection_, revision.up, revision.file, stop);
    if (!connection_.autocommit()) connection_.Execute("COMMIT");
    if (run.changes_connection) DropTemporary();
  } catch (Error& error) {
    ReplaceHint(error);
    error.message = Concat("revision ", revision.id, ": ", error.message);
    throw;
  }
}

void Replay::AddAll(const Graph& graph, std::span<const RevisionId> rows,
                    const std::stop_token& stop) {
  for (const RevisionId& row : rows) {
    if (graph.Find(row) != nullptr) continue;
    throw Error(Code::kNotFound, "unknown_revision",
                Concat("no migration file has revision ", row));
  }
  AddChain(InOrder(graph, rows), stop);
}

void Replay::AddChain(std::span<const Revision* const> chain, const std::stop_token& stop) {
  std::vector<std::string> keys;
  std::vector<std::size_t> stations;
  std::size_t done = 0;
  if (snapshots_.Serve(chain.size())) {
    keys = SnapshotKeys(SnapshotKind::kSchema, chain, version_table_, stubs_);
    const Snapshots::Found found = snapshots_.FindLongest(keys);
    if (found.CopyTo(connection_)) done = found.length;
    stations = snapshots_.Stations(done, chain.size());
  }
  const std::size_t begin = done;
  for (const Revision* revision : chain.subspan(begin)) {
    Add(*revision, stop);
    ++done;
    if (std::ranges::find(stations, done) == stations.end()) continue;
    if (snapshots_.IsWorthIt(begin, done)) snapshots_.Keep(keys[done - 1], connection_.ToBytes());
  }
}

std::size_t Replay::MostObjects() {
  return static_cast<std::size_t>(connection_.QueryInteger(
      "SELECT count(*) FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"));
}

/// As a fresh connection would be.
void Replay::DropTemporary() {
  connection_.Execute("PRAGMA foreign_keys=OFF; PRAGMA legacy_alter_table=OFF");
  const std::vector<std::string> drops = connection_.QueryColumn(
      "SELECT 'DROP ' || type || ' temp.\"' || replace(name, '\"', '\"\"') || '\"' "
      "FROM sqlite_temp_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' "
      "ESCAPE '\\'");
  for (const std::string& drop : drops) connection_.Execute(drop);
}

std::string ReplayDigest(const Graph& graph, std::span<const RevisionId> rows,
                         std::string_view version_table, const Stubs& stubs) {
  std::string all = Concat(version_table, "\n", Join(stubs.functions, ","), "\n",
                           Join(stubs.collations, ","), "\n");
  for (const Revision* revision : InOrder(graph, rows)) {
    all += Concat(revision->id, " ", revision->up_sha256, revision->up.transaction ? "" : " bare",
                  "\n");
  }
  return Sha256(all);
}

SchemaImage ReplaySchema(const Graph& graph, std::span<const RevisionId> rows,
                         std::string_view version_table, const Stubs& stubs,
                         const std::stop_token& stop, const Snapshots& snapshots) {
  Replay replay(version_table, stubs, snapshots);
  replay.AddAll(graph, rows, stop);
  return replay.Image();
}

SchemaImage ReplayCache::Schema(const Graph& graph, std::span<const RevisionId> rows,
                                std::string_view version_table, const Stubs& stubs,
                                const std::stop_token& stop, const Snapshots& snapshots) {
  std::string digest = ReplayDigest(graph, rows, version_table, stubs);
  const auto known = std::ranges::find(entries_, digest, &Entry::digest);
  if (known != entries_.end()) {
    entries_.splice(entries_.begin(), entries_, known);
    return known->image;
  }
  ++misses_;
  SchemaImage image = ReplaySchema(graph, rows, version_table, stubs, stop, snapshots);
  entries_.push_front({.digest = std::move(digest), .image = image});
  if (entries_.size() > kCached) entries_.pop_back();
  return image;
}

std::optional<SchemaMatch> FindNearestRevision(const Graph& graph, const SchemaImage& live,
                                               std::string_view version_table, const Stubs& stubs,
                                               const SearchLimits& limits) {
  if (live.objects.empty()) return std::nullopt;
  const Search::Clock::time_point end = Search::Clock::now() + limits.time;
  std::optional<SchemaMatch> best;
  for (const Search::Goal goal : {Search::Goal::kEqual, Search::Goal::kNearest}) {
    Search search(graph, live, goal, limits.revisions, end);
    for (const RevisionId& head : graph.RealHeads()) {
      search.Climb(head, Replay(version_table, stubs));
    }
    best = search.best();
    if (best) break;
  }
  return best;
}

}  // namespace drover::migrations
