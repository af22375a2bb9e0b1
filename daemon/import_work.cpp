#include "daemon/import_work.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/error.h"
#include "base/posix.h"
#include "base/text.h"
#include "daemon/alembic_work.h"
#include "migrations/alembic/data_code.h"
#include "migrations/folder.h"
#include "migrations/inspect.h"
#include "migrations/native_format.h"

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
using migrations::TracedScript;
using migrations::UntranslatedLine;

constexpr std::string_view kBesideNote =
    "it makes a table anew, and another branch stands beside it: right in the order of a new "
    "database";

/// The same revisions, loaded in the order of the native files' names, which decides between
/// siblings.
std::shared_ptr<const migrations::Graph> InNativeOrder(const migrations::Graph& graph) {
  std::vector<Revision> revisions(graph.revisions().begin(), graph.revisions().end());
  std::ranges::sort(revisions, {}, migrations::NativeFileName);
  return std::make_shared<const migrations::Graph>(std::move(revisions));
}

void CheckCancelled(const std::stop_token& stop) {
  if (!stop.stop_requested()) return;
  throw Error(Code::kCancelled, "interrupted", "cancelled: nothing was written");
}

/// What stands for a line of Python in a list.
std::string TextOf(const UntranslatedLine& line, const std::vector<std::string_view>& source) {
  constexpr std::size_t kShown = 100;
  const auto at = static_cast<std::size_t>(line.line);
  if (line.kind != UntranslatedLine::Kind::kWrites && at >= 1 && at <= source.size()) {
    return Concat(Excerpt(OneLine(Trim(source[at - 1])), kShown),
                  line.kind == UntranslatedLine::Kind::kUndoes ? " (rolled back)" : "");
  }
  return line.times < 2 ? line.sql : Concat(line.sql, " (", line.times, " times)");
}

}  // namespace

/// One script, and what it does otherwise than Alembic.
struct Importer::Attempt {
  ImportedScript script;
  std::vector<ImportedCode> data_code;
  bool leaves_rows_out = false;
  StateDifferences differences;
  std::vector<std::string> notes;

  /// What nobody has said: rows of which is known that they are missing do not count.
  [[nodiscard]] std::vector<std::string> Problems() const {
    std::vector<std::string> problems = differences.schema;
    if (!leaves_rows_out) std::ranges::copy(differences.rows, std::back_inserter(problems));
    return problems;
  }
};

/// One revision while it is imported.
struct Importer::Position {
  std::size_t index;  // in the graph
  const Revision& revision;
  std::string path;               // of its file, real
  std::string source;             // of its file, from the project's root
  std::string text;               // of its file
  std::string before;             // Alembic's database without it
  migrations::DatabaseState was;  // what is in there
  std::vector<RevisionId> rows_before;
  std::vector<RevisionId> rows_after;
};

std::vector<std::string> NamesOfImport(const migrations::Graph& graph) {
  const auto ordered = InNativeOrder(graph);
  std::vector<std::string> names;
  std::set<std::string> taken;
  for (const std::size_t index : ordered->TopologicalOrder()) {
    const Revision& revision = ordered->At(index);
    const std::string where = Concat(revision.file, ":", revision.header_line, ":1");
    migrations::CheckRevisionId(revision.id, where);
    for (const std::string& label : revision.branch_labels) {
      migrations::CheckRevisionId(label, where, "a branch label");
    }
    names.push_back(migrations::FreeNativeFileName(revision, taken));
  }
  return names;
}

Importer::Importer(ImportSetting setting, const AlembicRunner& runner)
    : setting_(std::move(setting)), runner_(runner), chain_(setting_.scratch_directory) {
  setting_.graph = InNativeOrder(*setting_.graph);
}

ImportResult Importer::Run(const migrations::StageObserver& observer, const std::stop_token& stop) {
  stop_ = stop;
  const std::size_t revisions = setting_.graph->TopologicalOrder().size();
  const std::size_t stages = revisions + 2;
  const auto tell = [&](std::size_t stage, std::string_view what) {
    CheckCancelled(stop_);
    if (observer) observer(stage, stages, what);
  };
  tell(1, "asking Alembic for its database");
  {
    const ScratchFile probe(setting_.scratch_directory);
    runner_.CheckUrl(probe.path(), stop_);
  }
  migrations::MakeEmptyDatabase(chain_.path());
  state_ = migrations::ReadDatabaseState(chain_.path(), setting_.proof);
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

void Importer::ImportOne(std::size_t index) {
  const Revision& revision = setting_.graph->At(index);
  const ScratchFile before(setting_.scratch_directory);
  migrations::CopyScratchDatabase(chain_.path(), before.path());
  Position position{.index = index,
                    .revision = revision,
                    .path = RealPath(revision.file),
                    .source = RelativeTo(revision.file, setting_.root),
                    .text = ReadFile(revision.file, migrations::kLargestMigration),
                    .before = before.path(),
                    .was = std::move(state_),
                    .rows_before = setting_.graph->Maxima(applied_),
                    .rows_after = {}};
  const TracedScript traced = Upgrade(revision);
  applied_[index] = true;
  position.rows_after = setting_.graph->Maxima(applied_);
  CheckArrived(position);
  state_ = migrations::ReadDatabaseState(chain_.path(), setting_.proof);
  const Attempt up = ImportUp(position, traced);
  const Attempt down = ImportDown(position);
  Add(position, up, down);
}

TracedScript Importer::RunTraced(const std::vector<std::string>& arguments,
                                 const std::string& path) const {
  return RunAndTranslate({.runner = runner_,
                          .program = setting_.program,
                          .scratch_directory = setting_.scratch_directory,
                          .setting = {.version_table = setting_.proof.version_table,
                                      .root = setting_.root,
                                      .days = setting_.proof.days}},
                         arguments, path, stop_);
}

/// Alembic says that it has applied the revision; a revision may have ended the program.
void Importer::CheckArrived(const Position& position) const {
  const std::vector<RevisionId> rows =
      migrations::Inspect(chain_.path(), setting_.proof.version_table).rows;
  std::vector<RevisionId> expected = position.rows_after;
  std::ranges::sort(expected);
  if (rows == expected) return;
  throw Error(Code::kConflict, "alembic.unexpected_rows",
              Concat("after Alembic's upgrade to ", position.revision.id, " a new database is at ",
                     rows.empty() ? "base" : Join(rows, ", "), ", not at ", Join(expected, ", ")),
              "look for what ends the program in that revision", Concat(position.source, ":1:1"));
}

TracedScript Importer::Upgrade(const Revision& revision) const {
  try {
    return RunTraced({"upgrade", revision.id}, chain_.path());
  } catch (Error& error) {
    if (error.kind == "alembic.failed") {
      error.message = Concat("Alembic itself cannot apply revision ", revision.id,
                             " to a new database: ", error.message);
    }
    throw;
  }
}

/// Is there a revision that is neither below nor above this one?
bool Importer::HasSiblings(const Position& position) const {
  const std::span id(&position.revision.id, 1);
  const std::vector<bool> below = setting_.graph->Closure(id);
  const std::vector<bool> above = setting_.graph->Descendants(id);
  for (std::size_t at = 0; at < below.size(); ++at) {
    if (!below[at] && !above[at]) return true;
  }
  return false;
}

/// The script, and what is to be said about it. Lines that work with rows and had nothing executed,
/// in a loop over no rows, say, are known by their words alone.
Importer::Attempt Importer::Describe(const Position& position, const TracedScript& traced,
                                     Direction direction) const {
  const std::vector<std::string_view> source = SplitLines(position.text);
  Attempt attempt{.script = {.origin = ScriptOrigin::kSql, .sql = traced.sql},
                  .data_code = {},
                  .leaves_rows_out = std::ranges::any_of(traced.untranslated,
                                                         [](const UntranslatedLine& each) {
                                                           return each.kind ==
                                                                  UntranslatedLine::Kind::kWrites;
                                                         }),
                  .differences = {},
                  .notes = traced.notes};
  std::vector<UntranslatedLine> lines = traced.untranslated;
  std::vector<std::string> idle;
  for (const DataCodeLine& each : migrations::FindDataCode(position.text)) {
    const auto line = static_cast<std::int64_t>(each.line);
    const bool other = each.kind != DataCodeLine::Kind::kRows ||
                       each.in_downgrade != (direction == Direction::kDown);
    if (other || traced.lines.contains({position.path, line})) continue;
    if (!traced.untranslated.empty()) {
      lines.push_back({.file = position.path, .line = line, .sql = {}});
    } else if (each.text.contains("exec")) {
      idle.push_back(Concat(position.source, ":", line));
    }
  }
  std::ranges::stable_sort(lines, {}, [&](const UntranslatedLine& line) {
    return std::pair(line.file != position.path, line.line);
  });
  for (const UntranslatedLine& each : lines) {
    const bool own = each.file == position.path;
    const std::string where =
        each.file.empty()
            ? "env.py"
            : Concat(own ? position.source : RelativeTo(each.file, setting_.root), ":", each.line);
    const std::string text = TextOf(each, own ? source : std::vector<std::string_view>());
    attempt.data_code.push_back({.where = where, .text = text, .rows = true});
    attempt.script.left_out.push_back(Concat(where, "  ", text));
  }
  if (!lines.empty()) {
    attempt.script.origin = ScriptOrigin::kPartial;
  } else if (traced.sql.empty()) {
    attempt.script.origin = ScriptOrigin::kNothing;
  }
  if (!idle.empty()) {
    attempt.notes.push_back(
        Concat("works with rows, and did nothing to a new database: ", Join(idle, ", ")));
  }
  if (traced.has_batch && HasSiblings(position)) attempt.notes.emplace_back(kBesideNote);
  return attempt;
}

/// Runs the script on a copy of `from`; what it leaves is compared with `expected`.
void Importer::Replay(Attempt& attempt, const Position& position, const std::string& from,
                      const migrations::DatabaseState& expected) const {
  const ScratchFile copy(setting_.scratch_directory);
  migrations::CopyScratchDatabase(from, copy.path());
  try {
    migrations::RunOnScratch(copy.path(), {.sql = attempt.script.sql}, position.revision.file,
                             setting_.proof, stop_);
    attempt.differences = migrations::CompareStates(
        expected, migrations::ReadDatabaseState(copy.path(), setting_.proof), setting_.proof.days);
  } catch (const Error& error) {
    if (error.code == Code::kCancelled) throw;
    attempt.differences.schema = {Concat("the script fails: ", error.message)};
  }
  if (!attempt.leaves_rows_out) return;
  for (const std::string& each : attempt.differences.rows) {
    attempt.notes.push_back(Concat("not translated: ", each));
  }
}

Importer::Attempt Importer::ImportUp(const Position& position, const TracedScript& traced) const {
  Attempt attempt = Describe(position, traced, Direction::kUp);
  Replay(attempt, position, position.before, state_);
  return attempt;
}

/// The way back is right when it leads to where Alembic's leads.
Importer::Attempt Importer::ImportDown(const Position& position) const {
  if (!position.revision.down) return {};
  const ScratchFile theirs(setting_.scratch_directory);
  migrations::CopyScratchDatabase(chain_.path(), theirs.path());
  TracedScript traced;
  try {
    traced = RunTraced(AlembicArgumentsFor({.revision = position.revision,
                                            .direction = Direction::kDown,
                                            .rows_before = position.rows_after,
                                            .rows_after = position.rows_before,
                                            .destructive = {}}),
                       theirs.path());
  } catch (const Error& error) {
    if (error.kind != "alembic.failed") throw;
    Attempt none;
    none.notes = {error.message};
    return none;
  }
  std::vector<RevisionId> rows =
      migrations::Inspect(theirs.path(), setting_.proof.version_table).rows;
  std::vector<RevisionId> expected = position.rows_before;
  std::ranges::sort(expected);
  if (rows != expected) {
    Attempt none;
    none.notes = {Concat("Alembic goes back to ", rows.empty() ? "base" : Join(rows, ", "),
                         " instead of ", expected.empty() ? "base" : Join(expected, ", "))};
    return none;
  }
  const migrations::DatabaseState state =
      migrations::ReadDatabaseState(theirs.path(), setting_.proof);
  Attempt attempt = Describe(position, traced, Direction::kDown);
  Replay(attempt, position, chain_.path(), state);
  const StateDifferences left = migrations::CompareStates(position.was, state, setting_.proof.days);
  if (!left.schema.empty()) {
    attempt.notes.push_back(Concat("as in Alembic, it does not lead back to where it began: ",
                                   Join(left.schema, "; ")));
  }
  return attempt;
}

void Importer::Add(const Position& position, const Attempt& up, const Attempt& down) {
  const Revision& revision = position.revision;
  std::vector<std::string> differences = up.Problems();
  for (const std::string& each : down.Problems()) {
    differences.push_back(Concat("downgrade: ", each));
  }
  const Revision native = migrations::MakeNative({.revision = revision,
                                                  .source = position.source,
                                                  .up = up.script,
                                                  .down = down.script,
                                                  .differences = differences});
  ImportedMigration made;
  made.name = migrations::FreeNativeFileName(native, names_);
  made.text = migrations::FormatMigration(native);
  made.said = {.revision = revision.id,
               .message = revision.message,
               .source = position.source,
               .file = made.name,
               .up = std::string(migrations::OriginName(up.script.origin)),
               .down = std::string(migrations::OriginName(down.script.origin)),
               .equal = differences.empty(),
               .differences = std::move(differences),
               .data_code = up.data_code,
               .notes = up.notes};
  std::ranges::copy(down.data_code, std::back_inserter(made.said.data_code));
  for (const std::string& note : down.notes) {
    made.said.notes.push_back(Concat("downgrade: ", note));
  }
  if (revision.down && down.script.origin == ScriptOrigin::kNone) {
    made.said.notes.emplace_back("it gets no way back");
  }
  leaves_rows_out_ |= up.leaves_rows_out;
  result_.files.push_back(std::move(made));
}

/// All files as they will be read, carried out by drover, beside Alembic's database. What one of
/// them leaves out may be missing in what others do with it; each has been proven by itself.
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
    const StateDifferences found = migrations::CompareStates(
        state_, migrations::ReadDatabaseState(fresh.path(), setting_.proof), setting_.proof.days);
    result_.differences = found.schema;
    if (!leaves_rows_out_) {
      std::ranges::copy(found.rows, std::back_inserter(result_.differences));
    }
  } catch (const Error& error) {
    if (error.code == Code::kCancelled) throw;
    result_.differences = {error.message};
  }
  result_.equal = !drafts && result_.differences.empty();
}

}  // namespace drover::daemon
