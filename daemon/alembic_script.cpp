#include "daemon/alembic_script.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/posix.h"
#include "base/text.h"
#include "migrations/alembic/data_code.h"
#include "migrations/alembic/offline_script.h"
#include "migrations/folder.h"
#include "migrations/safety/scratch_file.h"

namespace drover::daemon {
namespace {

using migrations::Direction;
using migrations::Graph;
using migrations::OfflineSection;
using migrations::Plan;
using migrations::RevisionId;
using migrations::Step;

/// One side of "a:b"; nothing when it cannot be said in one word.
std::optional<std::string> SideOfRange(const std::vector<RevisionId>& rows, const Graph& graph) {
  if (rows.empty()) return "base";
  if (rows.size() == 1) return rows.front();
  std::vector<RevisionId> heads = graph.RealHeads();
  std::ranges::sort(heads);
  if (rows == heads) return "heads";
  return std::nullopt;
}

Error CannotSay(const std::vector<RevisionId>& from, const std::vector<RevisionId>& to) {
  const auto name = [](const std::vector<RevisionId>& rows) {
    return rows.empty() ? std::string("base") : Join(rows, ", ");
  };
  return {Code::kRefused, "alembic.offline_range",
          Concat("Alembic prints SQL from one revision to one other, and this is from ", name(from),
                 " to ", name(to)),
          "drover upgrade --sql a:b, for one branch after the other"};
}

/// What follows "label@" in a downgrade is a parent, for a merge one of them.
std::string EndOfDowngrade(const Step& last) {
  if (last.rows_after.size() == 1) return last.rows_after.front();
  const std::vector<RevisionId>& parents = last.revision.down_revision;
  return parents.empty() ? std::string("base") : parents.front();
}

/// Has Alembic printed the plan's own steps, all of them?
void CheckSections(const std::vector<OfflineSection>& sections, const AlembicRange& range) {
  std::vector<RevisionId> printed;
  printed.reserve(sections.size());
  for (const OfflineSection& section : sections) printed.push_back(section.revision);
  std::vector<RevisionId> planned = range.revisions;
  std::ranges::sort(printed);
  std::ranges::sort(planned);
  if (printed == planned) return;
  throw Error(Code::kConflict, "alembic.unexpected_script",
              Concat("alembic ", Join(range.arguments, " "), " --sql prints ",
                     printed.empty() ? std::string("no revision") : Join(printed, ", "),
                     ", and the plan is ", Join(planned, ", ")),
              "drover plan");
}

/// The first line of each revision for which Alembic prints what it likes.
void WarnOfDataCode(Plan& plan) {
  for (const Step& step : plan.steps) {
    const std::string source = ReadFile(step.revision.file, migrations::kLargestMigration);
    const auto lines = migrations::FindDataCode(source);
    const auto found = std::ranges::find_if(lines, [&](const migrations::DataCodeLine& line) {
      return line.kind == migrations::DataCodeLine::Kind::kRows &&
             line.in_downgrade == (step.direction == Direction::kDown);
    });
    if (found == lines.end()) continue;
    plan.warnings.push_back(Concat(step.revision.file, ":", found->line, ": revision ",
                                   step.revision.id,
                                   " works with rows in Python, and no SQL can stand for that"));
  }
}

}  // namespace

std::vector<AlembicRange> AlembicRangesFor(const Plan& plan, JobCommand command,
                                           const Graph& graph) {
  if (command == JobCommand::kStamp) {
    if (plan.from == plan.to) return {};
    const auto from = SideOfRange(plan.from, graph);
    const auto to = SideOfRange(plan.to, graph);
    if (!from || !to || *from == "heads") throw CannotSay(plan.from, plan.to);
    return {{.arguments = {"stamp", Concat(*from, ":", *to)}, .revisions = {}}};
  }
  std::vector<AlembicRange> ranges;
  for (std::size_t begin = 0; begin < plan.steps.size();) {
    const Direction direction = plan.steps[begin].direction;
    std::size_t end = begin;
    AlembicRange range;
    while (end < plan.steps.size() && plan.steps[end].direction == direction) {
      range.revisions.push_back(plan.steps[end++].revision.id);
    }
    const Step& first = plan.steps[begin];
    const Step& last = plan.steps[end - 1];
    const bool up = direction == Direction::kUp;
    const auto to = up ? SideOfRange(last.rows_after, graph) : std::optional(EndOfDowngrade(last));
    if (first.rows_before.size() > 1 || !to) throw CannotSay(first.rows_before, last.rows_after);
    range.arguments = {up ? "upgrade" : "downgrade",
                       Concat(*SideOfRange(first.rows_before, graph), ":", *to)};
    ranges.push_back(std::move(range));
    begin = end;
  }
  return ranges;
}

std::string WriteAlembicScript(const JobRequest& request, Plan& plan, const std::stop_token& stop) {
  const AlembicRunner runner(*request.alembic);
  const migrations::ScratchFile unused(request.path, request.safety.backup);
  std::string script;
  bool has_parameters = false;
  for (const AlembicRange& range : AlembicRangesFor(plan, request.command, *request.graph)) {
    const ChildResult written = runner.WriteSql(range.arguments, unused.path(), stop);
    runner.CheckScript(range.arguments, written);
    if (!range.revisions.empty()) {
      const Direction direction =
          range.arguments.front() == "upgrade" ? Direction::kUp : Direction::kDown;
      const auto sections =
          migrations::SplitOfflineScript(written.output, direction, request.version_table);
      CheckSections(sections, range);
      has_parameters |= std::ranges::any_of(
          sections, [](const auto& section) { return migrations::HasParameters(section.sql); });
    }
    script += written.output;
  }
  WarnOfDataCode(plan);
  if (has_parameters) {
    plan.warnings.emplace_back(
        "the script has parameters in the place of values, which SQLite takes for NULL: set "
        "literal_binds=True in the offline part of env.py");
  }
  return script;
}

}  // namespace drover::daemon
