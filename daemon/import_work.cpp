#include "daemon/import_work.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/error.h"
#include "base/posix.h"
#include "base/text.h"
#include "daemon/alembic_work.h"
#include "migrations/alembic/data_code.h"
#include "migrations/alembic/offline_script.h"
#include "migrations/folder.h"
#include "migrations/native_format.h"
#include "migrations/plan.h"

namespace drover::daemon {
namespace {

using migrations::DataCodeLine;
using migrations::Direction;
using migrations::ImportedScript;
using migrations::Revision;
using migrations::RevisionId;
using migrations::ScratchFile;
using migrations::ScriptOrigin;
using migrations::StateDifferences;

constexpr std::string_view kBesideNote =
    "it makes a table anew that another branch changes, too: right in the order of a new database";

bool WritesRows(const std::vector<DataCodeLine>& lines, bool in_downgrade) {
  return std::ranges::any_of(lines, [&](const DataCodeLine& line) {
    return line.kind == DataCodeLine::Kind::kRows && line.in_downgrade == in_downgrade;
  });
}

/// The lines of `operations` in one direction that no script has: all but as many as `begun` has
/// statements about rows.
std::vector<DataCodeLine> NotBegun(const std::vector<DataCodeLine>& operations, bool in_downgrade,
                                   const std::string& begun) {
  std::size_t written = migrations::CountRowStatements(begun);
  std::vector<DataCodeLine> left;
  for (const DataCodeLine& line : operations) {
    if (line.in_downgrade != in_downgrade) continue;
    if (written > 0) {
      --written;
    } else {
      left.push_back(line);
    }
  }
  return left;
}

/// What is said about an Alembic that gave up, without its words where it said nothing.
std::string RefusalNote(const OfflineRefusal& refusal) {
  const std::string& reason = refusal.reason;
  return Concat("Alembic cannot write it as SQL", reason.empty() ? "" : ": ", reason);
}

/// The same revisions, loaded in the order of the native files' names, which decides between
/// siblings.
std::shared_ptr<const migrations::Graph> InNativeOrder(const migrations::Graph& graph) {
  std::vector<Revision> revisions(graph.revisions().begin(), graph.revisions().end());
  std::ranges::sort(revisions, {}, migrations::NativeFileName);
  return std::make_shared<const migrations::Graph>(std::move(revisions));
}

}  // namespace

/// One script, and what it does otherwise than Alembic.
struct Importer::Attempt {
  ImportedScript script;
  StateDifferences differences;
  std::vector<std::string> notes;

  [[nodiscard]] bool IsEqual(bool rows_may_differ) const {
    return differences.schema.empty() && (differences.rows.empty() || rows_may_differ);
  }
};

/// One revision while it is imported.
struct Importer::Position {
  std::size_t index;  // in the graph
  const Revision& revision;
  std::string before;  // Alembic's database without it
  std::vector<DataCodeLine> data_code;
  migrations::DatabaseState was;  // what is in `before`
  std::vector<RevisionId> rows_before;
  std::vector<RevisionId> rows_after;
};

Importer::Importer(ImportSetting setting, const AlembicRunner& runner)
    : setting_(std::move(setting)), runner_(runner), chain_(setting_.scratch_directory) {
  setting_.graph = InNativeOrder(*setting_.graph);
}

ImportResult Importer::Run(const migrations::StageObserver& observer, const std::stop_token& stop) {
  stop_ = stop;
  const std::size_t revisions = setting_.graph->TopologicalOrder().size();
  const std::size_t stages = revisions + 2;
  const auto tell = [&](std::size_t stage, std::string_view what) {
    if (stop_.stop_requested()) {
      throw Error(Code::kCancelled, "interrupted", "cancelled: nothing was written");
    }
    if (observer) observer(stage, stages, what);
  };
  tell(1, "asking Alembic for its SQL");
  Collect();
  applied_.assign(revisions, false);
  for (std::size_t at = 0; at < revisions; ++at) {
    const Revision& revision = setting_.graph->At(setting_.graph->TopologicalOrder()[at]);
    tell(at + 2, Concat(revision.id, "  ", revision.message));
    ImportOne(setting_.graph->TopologicalOrder()[at]);
  }
  tell(stages, "replaying all files");
  ProveAll();
  return std::move(result_);
}

void Importer::Collect() {
  {
    const ScratchFile probe(setting_.scratch_directory);
    runner_.CheckUrl(probe.path(), stop_);
  }
  migrations::MakeEmptyDatabase(chain_.path());
  state_ = migrations::ReadDatabaseState(chain_.path(), setting_.proof);
  const ScratchFile unused(setting_.scratch_directory);
  const OfflineRequest request{.runner = runner_,
                               .graph = *setting_.graph,
                               .version_table = setting_.proof.version_table,
                               .path = unused.path()};
  ups_ = CollectOfflineScripts(request, Direction::kUp, stop_);
  downs_ = CollectOfflineScripts(request, Direction::kDown, stop_);
  DistrustDataCode();
}

/// Of what Python does with rows, Alembic prints what it likes: only what comes before it counts.
void Importer::DistrustDataCode() {
  for (const Revision& revision : setting_.graph->revisions()) {
    const auto lines =
        migrations::FindDataCode(ReadFile(revision.file, migrations::kLargestMigration));
    if (WritesRows(lines, false)) DistrustRows(ups_, revision.id);
    if (WritesRows(lines, true)) DistrustRows(downs_, revision.id);
  }
}

void Importer::ImportOne(std::size_t index) {
  const Revision& revision = setting_.graph->At(index);
  const ScratchFile before(setting_.scratch_directory);
  migrations::CopyScratchDatabase(chain_.path(), before.path());
  Position position{.index = index,
                    .revision = revision,
                    .before = before.path(),
                    .data_code = LeftOut(revision),
                    .was = std::move(state_),
                    .rows_before = setting_.graph->Maxima(applied_),
                    .rows_after = {}};
  try {
    runner_.Run({"upgrade", revision.id}, chain_.path(), stop_);
  } catch (Error& error) {
    if (error.kind == "alembic.failed") {
      error.message = Concat("Alembic itself cannot apply revision ", revision.id,
                             " to a new database: ", error.message);
    }
    throw;
  }
  applied_[index] = true;
  position.rows_after = setting_.graph->Maxima(applied_);
  state_ = migrations::ReadDatabaseState(chain_.path(), setting_.proof);
  const Attempt up = ImportUp(position);
  const Attempt down = ImportDown(position);
  Add(position, up, down);
}

StateDifferences Importer::Compare(const migrations::DatabaseState& expected,
                                   const std::string& path) const {
  return migrations::CompareStates(expected, migrations::ReadDatabaseState(path, setting_.proof),
                                   setting_.proof.days);
}

/// The lines of Python for which no script stands: data code, and, where Alembic gives up, what it
/// would have written after that.
std::vector<DataCodeLine> Importer::LeftOut(const Revision& revision) const {
  const std::string source = ReadFile(revision.file, migrations::kLargestMigration);
  std::vector<DataCodeLine> lines = migrations::FindDataCode(source);
  const std::vector<DataCodeLine> operations = migrations::FindRowOperations(source);
  for (const bool down : {false, true}) {
    const OfflineScripts& scripts = down ? downs_ : ups_;
    if (scripts.sql.contains(revision.id) || (down && !revision.down)) continue;
    std::ranges::copy(NotBegun(operations, down, Begun(scripts, revision.id)),
                      std::back_inserter(lines));
  }
  std::ranges::sort(lines, {}, &DataCodeLine::line);
  return lines;
}

/// Runs `script` on a copy of `from`; what it leaves is compared with Alembic's database.
Importer::Attempt Importer::Try(const ImportedScript& script, const std::string& from,
                                const Position& position) const {
  Attempt attempt{.script = script, .differences = {}, .notes = {}};
  const ScratchFile copy(setting_.scratch_directory);
  migrations::CopyScratchDatabase(from, copy.path());
  try {
    migrations::RunOnScratch(copy.path(), {.sql = script.sql}, position.revision.file,
                             setting_.proof, stop_);
    attempt.differences = Compare(state_, copy.path());
  } catch (const Error& error) {
    if (error.code == Code::kCancelled) throw;
    attempt.differences.schema = {Concat("the script fails: ", error.message)};
  }
  return attempt;
}

Importer::Attempt Importer::ImportUp(const Position& position) {
  const RevisionId& id = position.revision.id;
  const bool loose = WritesRows(position.data_code, false);
  const auto offline = ups_.sql.find(id);
  std::optional<Attempt> written;
  if (offline != ups_.sql.end()) {
    const auto origin = offline->second.empty() ? ScriptOrigin::kNothing : ScriptOrigin::kSql;
    written = Try({.origin = origin, .sql = offline->second}, position.before, position);
    if (written->IsEqual(loose)) return *written;
  }
  Attempt recorded = RecordUp(position, Ground::kBelow);
  if (!recorded.IsEqual(loose) && HasSiblings(position)) {
    Attempt beside = RecordUp(position, Ground::kChain);
    if (beside.IsEqual(loose)) {
      beside.notes.emplace_back(kBesideNote);
      recorded = std::move(beside);
    }
  }
  if (written && !recorded.IsEqual(loose)) return *written;
  if (written) {
    recorded.notes.push_back(Concat("what Alembic writes as SQL does something else than Alembic: ",
                                    Join(written->differences.schema, "; "),
                                    Join(written->differences.rows, "; ")));
  } else if (const auto refused = ups_.refused.find(id); refused != ups_.refused.end()) {
    recorded.notes.push_back(RefusalNote(refused->second));
  }
  return recorded;
}

Importer::Attempt Importer::RecordUp(const Position& position, Ground ground) const {
  const ScratchFile from(setting_.scratch_directory);
  MakeGround(position, ground, from.path());
  const Recording recorded = RecordFrom(from.path(), {"upgrade", position.revision.id}, position);
  Attempt attempt;
  if (recorded.script.origin != ScriptOrigin::kNone) {
    attempt = Try(recorded.script, position.before, position);
  }
  attempt.notes = recorded.notes;
  std::ranges::copy(recorded.problems, std::back_inserter(attempt.differences.schema));
  return attempt;
}

/// What lies below the revision, and nothing else.
std::vector<bool> Importer::Below(const Position& position) const {
  std::vector<bool> below = setting_.graph->Closure(std::span(&position.revision.id, 1));
  below[position.index] = false;
  return below;
}

/// Is more applied than what lies below the revision?
bool Importer::HasSiblings(const Position& position) const {
  std::vector<bool> others = applied_;
  others[position.index] = false;
  return Below(position) != others;
}

/// Alembic's database with exactly what is below the revision, so that what siblings did does not
/// get into a script that is planned from it; or with all that comes before it in a new database.
void Importer::MakeGround(const Position& position, Ground ground, const std::string& path) const {
  if (ground == Ground::kChain || !HasSiblings(position)) {
    migrations::CopyScratchDatabase(position.before, path);
    return;
  }
  migrations::MakeEmptyDatabase(path);
  for (const RevisionId& id : setting_.graph->Maxima(Below(position))) {
    runner_.Run({"upgrade", id}, path, stop_);
  }
}

Recording Importer::RecordFrom(const std::string& from, std::vector<std::string> arguments,
                               const Position& position) const {
  const bool down = arguments.front() == "downgrade";
  return Record({.runner = runner_,
                 .proof = setting_.proof,
                 .scratch_directory = setting_.scratch_directory,
                 .file = position.revision.file,
                 .from = from,
                 .arguments = std::move(arguments),
                 .begun = Begun(down ? downs_ : ups_, position.revision.id),
                 .writes_rows = WritesRows(position.data_code, down)},
                stop_);
}

Importer::Attempt Importer::ImportDown(const Position& position) {
  const Revision& revision = position.revision;
  if (!revision.down) return {};
  const bool loose = WritesRows(position.data_code, true);
  const auto offline = downs_.sql.find(revision.id);
  if (offline != downs_.sql.end()) {
    const auto origin = offline->second.empty() ? ScriptOrigin::kNothing : ScriptOrigin::kSql;
    Attempt written{
        .script = {.origin = origin, .sql = offline->second}, .differences = {}, .notes = {}};
    CompareDown(written, position);
    if (written.IsEqual(loose)) return written;
  }
  Attempt recorded = RecordDown(position, Ground::kBelow);
  if (!recorded.IsEqual(loose) && HasSiblings(position)) {
    Attempt beside = RecordDown(position, Ground::kChain);
    if (beside.IsEqual(loose)) {
      beside.notes.emplace_back(kBesideNote);
      recorded = std::move(beside);
    }
  }
  if (const auto refused = downs_.refused.find(revision.id); refused != downs_.refused.end()) {
    recorded.notes.push_back(RefusalNote(refused->second));
  }
  return recorded;
}

Importer::Attempt Importer::RecordDown(const Position& position, Ground ground) const {
  const ScratchFile from(setting_.scratch_directory);
  MakeGround(position, ground, from.path());
  runner_.Run({"upgrade", position.revision.id}, from.path(), stop_);
  const bool chain = ground == Ground::kChain;
  const migrations::Step step{
      .revision = position.revision,
      .direction = Direction::kDown,
      .rows_before = chain ? position.rows_after : std::vector<RevisionId>{position.revision.id},
      .rows_after = chain ? position.rows_before : setting_.graph->Maxima(Below(position)),
      .destructive = {}};
  const Recording recorded = RecordFrom(from.path(), AlembicArgumentsFor(step), position);
  Attempt attempt{.script = recorded.script, .differences = {}, .notes = recorded.notes};
  if (recorded.script.origin == ScriptOrigin::kNone) {
    // Alembic cannot do it either: there is nothing to be equal to.
    std::ranges::copy(recorded.problems, std::back_inserter(attempt.notes));
    return attempt;
  }
  CompareDown(attempt, position);
  std::ranges::copy(recorded.problems, std::back_inserter(attempt.differences.schema));
  return attempt;
}

/// The way back is right when it leads to where the revision began, or to where Alembic's leads.
void Importer::CompareDown(Attempt& attempt, const Position& position) const {
  const ScratchFile copy(setting_.scratch_directory);
  migrations::CopyScratchDatabase(chain_.path(), copy.path());
  try {
    migrations::RunOnScratch(copy.path(), {.sql = attempt.script.sql}, position.revision.file,
                             setting_.proof, stop_);
  } catch (const Error& error) {
    if (error.code == Code::kCancelled) throw;
    attempt.differences.schema = {Concat("the way back fails: ", error.message)};
    return;
  }
  attempt.differences = Compare(position.was, copy.path());
  if (attempt.IsEqual(false)) return;
  const std::vector<std::string> left = attempt.differences.schema;
  const ScratchFile theirs(setting_.scratch_directory);
  migrations::CopyScratchDatabase(chain_.path(), theirs.path());
  try {
    runner_.Run(AlembicArgumentsFor({.revision = position.revision,
                                     .direction = Direction::kDown,
                                     .rows_before = position.rows_after,
                                     .rows_after = position.rows_before,
                                     .destructive = {}}),
                theirs.path(), stop_);
  } catch (const Error& error) {
    if (error.kind != "alembic.failed") throw;
    attempt.differences = {};
    attempt.notes.push_back(Concat("the way back cannot be compared: ", error.message));
    return;
  }
  attempt.differences =
      Compare(migrations::ReadDatabaseState(theirs.path(), setting_.proof), copy.path());
  if (!left.empty() && attempt.differences.schema.empty()) {
    attempt.notes.push_back(
        Concat("as in Alembic, it does not lead back to where it began: ", Join(left, "; ")));
  }
}

void Importer::Add(const Position& position, const Attempt& up, const Attempt& down) {
  const Revision& revision = position.revision;
  const bool loose_up = WritesRows(position.data_code, false);
  const bool loose_down = WritesRows(position.data_code, true);
  std::vector<std::string> differences;
  const auto differ = [&](const Attempt& attempt, bool loose, std::string_view where) {
    for (const std::string& each : attempt.differences.schema) {
      differences.push_back(Concat(where, each));
    }
    if (loose) return;
    for (const std::string& each : attempt.differences.rows) {
      differences.push_back(Concat(where, each));
    }
  };
  differ(up, loose_up, "");
  differ(down, loose_down, "downgrade: ");
  ImportedMigration made;
  const std::string source = RelativeTo(revision.file, setting_.root);
  const Revision native = migrations::MakeNative({.revision = revision,
                                                  .source = source,
                                                  .up = up.script,
                                                  .down = down.script,
                                                  .data_code = position.data_code,
                                                  .differences = differences});
  made.name = migrations::NativeFileName(native);
  made.text = migrations::FormatMigration(native);
  made.said = {.revision = revision.id,
               .message = revision.message,
               .source = source,
               .file = made.name,
               .up = std::string(migrations::OriginName(up.script.origin)),
               .down = std::string(migrations::OriginName(down.script.origin)),
               .equal = differences.empty(),
               .differences = std::move(differences),
               .data_code = {},
               .notes = up.notes};
  for (const std::string& note : down.notes) {
    made.said.notes.push_back(Concat("downgrade: ", note));
  }
  if (revision.down && down.script.origin == ScriptOrigin::kNone) {
    made.said.notes.emplace_back("it gets no way back");
  }
  for (const DataCodeLine& line : position.data_code) {
    made.said.data_code.push_back({.where = Concat(source, ":", line.line),
                                   .text = line.text,
                                   .rows = line.kind == DataCodeLine::Kind::kRows});
  }
  if (loose_up) {
    for (const std::string& each : up.differences.rows) {
      made.said.notes.push_back(Concat("not translated: ", each));
    }
    untranslated_.insert(up.differences.tables.begin(), up.differences.tables.end());
  }
  result_.files.push_back(std::move(made));
}

/// All files as they will be read, carried out by drover, beside Alembic's database.
void Importer::ProveAll() {
  std::vector<Revision> revisions;
  bool drafts = false;
  for (const ImportedMigration& file : result_.files) {
    revisions.push_back(migrations::ParseMigration(file.text, file.name));
    drafts |= revisions.back().draft;
  }
  const migrations::Graph graph(std::move(revisions));
  const ScratchFile fresh(setting_.scratch_directory);
  try {
    migrations::Apply({.path = fresh.path(),
                       .version_table = setting_.proof.version_table,
                       .by = setting_.by,
                       .plan =
                           [&](std::span<const RevisionId> rows) {
                             return migrations::PlanUpgrade(graph, rows, "heads",
                                                            migrations::Drafts::kInclude);
                           },
                       .may_create = true,
                       .durability = migrations::Durability::kScratch,
                       .outfit =
                           [&](migrations::Connection& connection) {
                             migrations::RegisterStubs(connection, setting_.proof.stubs);
                           }},
                      {}, stop_);
    const StateDifferences found = Compare(state_, fresh.path());
    result_.differences = found.schema;
    for (const std::string& each : found.rows) result_.differences.push_back(each);
    const bool expected = std::ranges::includes(untranslated_, found.tables);
    if (found.schema.empty() && expected) result_.differences.clear();
  } catch (const Error& error) {
    if (error.code == Code::kCancelled) throw;
    result_.differences = {error.message};
  }
  result_.equal = !drafts && result_.differences.empty();
}

}  // namespace drover::daemon
