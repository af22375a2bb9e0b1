#include "daemon/alembic_work.h"

#include <chrono>
#include <utility>

#include "base/posix.h"
#include "base/text.h"
#include "daemon/applied_files.h"
#include "migrations/checksum.h"
#include "migrations/commit_mark.h"
#include "migrations/folder.h"
#include "migrations/inspect.h"

namespace drover::daemon {
namespace {

using migrations::Direction;
using migrations::Plan;
using migrations::RevisionId;
using migrations::Step;
using AlembicClock = std::chrono::steady_clock;

std::int64_t Elapsed(AlembicClock::time_point since) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(AlembicClock::now() - since).count();
}

std::string ChecksumOf(const std::string& file) {
  return migrations::Sha256(ReadFile(file, migrations::kLargestMigration));
}

std::string NameRows(const std::vector<RevisionId>& rows) {
  return rows.empty() ? "base" : Join(rows, ", ");
}

}  // namespace

std::vector<std::string> AlembicArgumentsFor(const Step& step) {
  if (step.direction == Direction::kUp) return {"upgrade", step.revision.id};
  const std::vector<RevisionId>& parents = step.revision.down_revision;
  const std::string below = parents.empty() ? "base" : parents.front();
  // What it depends on may be left, and lies above what Alembic would go down to otherwise.
  const bool alone =
      step.rows_before.size() == 1 && parents.size() <= 1 && step.rows_after == parents;
  return {"downgrade", alone ? below : Concat(step.revision.id, "@", below)};
}

std::size_t EndOfRun(const Plan& plan, std::size_t begin) {
  std::size_t end = begin + 1;
  while (end < plan.steps.size() && plan.steps[begin].direction == Direction::kUp &&
         plan.steps[end].direction == Direction::kUp &&
         plan.steps[end - 1].rows_after.size() == 1 && plan.steps[end].rows_after.size() == 1) {
    ++end;
  }
  return end;
}

AlembicWork::Traces AlembicWork::TracesOf(const std::string& path) const {
  Traces traces;
  try {
    traces.schema = migrations::InspectSchema(path, request_.version_table).Digest();
  } catch (const Error&) {
    return {};  // no file yet
  }
  const auto kind = migrations::Inspect(path, request_.version_table).kind;
  if (kind == migrations::DatabaseKind::kVersioned) traces.commits = migrations::CommitMark(path);
  return traces;
}

std::vector<RevisionId> AlembicWork::Rows(const std::string& path) const {
  migrations::DatabaseFacts facts = migrations::Inspect(path, request_.version_table);
  if (facts.problem) throw Error(*facts.problem);
  return std::move(facts.rows);
}

migrations::ApplyResult AlembicWork::Apply(const std::string& path, AlembicPace pace,
                                           const migrations::ApplyObserver& observer,
                                           const std::stop_token& stop) const {
  const auto begun = AlembicClock::now();
  const Plan plan = PlanFor(request_, Rows(path));
  migrations::ApplyResult result{
      .from = plan.from, .to = plan.from, .steps = {}, .warnings = plan.warnings};
  for (std::size_t begin = 0; begin < plan.steps.size();) {
    if (stop.stop_requested()) {
      throw Error(Code::kCancelled, "job.cancelled",
                  Concat("cancelled; the database is at ", NameRows(result.to)));
    }
    const std::size_t end = pace == AlembicPace::kTogether ? EndOfRun(plan, begin) : begin + 1;
    const auto started = AlembicClock::now();
    if (observer.on_progress) {
      migrations::ApplyProgress progress;
      progress.revision = plan.steps[begin].revision.id;
      progress.message = plan.steps[begin].revision.message;
      progress.index = begin;
      progress.steps = plan.steps.size();
      progress.elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(started - begun);
      observer.on_progress(progress);
    }
    std::string output = Run(path, plan, begin, end, stop);
    for (; begin < end; ++begin) {
      const Step& step = plan.steps[begin];
      result.steps.push_back({.revision = step.revision.id,
                              .direction = step.direction,
                              .message = step.revision.message,
                              .rows_after = step.rows_after,
                              .duration_ms = Elapsed(started)});
      if (begin + 1 == end) result.steps.back().output = std::move(output);
      result.to = step.rows_after;
      if (observer.on_applied) observer.on_applied(result.steps.back());
    }
  }
  result.duration_ms = Elapsed(begun);
  return result;
}

std::string AlembicWork::Run(const std::string& path, const Plan& plan, std::size_t begin,
                             std::size_t end, const std::stop_token& stop) const {
  CheckFiles(plan, begin, end);
  const Traces before = TracesOf(path);
  const Step& last = plan.steps[end - 1];
  try {
    runner_.Run(AlembicArgumentsFor(last), path, stop, turn_);
  } catch (const Error& error) {
    NoteFiles(path, plan, begin, end);
    throw Explain(error, path, plan, begin, end, before);
  }
  CheckRows(path, plan.steps[begin].rows_before, last.rows_after,
            Join(AlembicArgumentsFor(last), " "));
  NoteFiles(path, plan, begin, end);
  return runner_.TakeOutput();
}

void AlembicWork::Remember(const Plan& plan) {
  for (const Step& step : plan.steps) {
    if (step.direction == Direction::kUp || step.revision.archived) continue;
    remembered_.insert_or_assign(step.revision.id, ChecksumOf(step.revision.file));
  }
}

void AlembicWork::CheckFiles(const Plan& plan, std::size_t begin, std::size_t end) const {
  for (std::size_t i = begin; i < end; ++i) {
    const Step& step = plan.steps[i];
    std::string planned = step.revision.raw_sha256;
    if (step.direction == Direction::kDown) {
      const auto known = remembered_.find(step.revision.id);
      if (known == remembered_.end()) continue;
      planned = known->second;
    }
    if (ChecksumOf(step.revision.file) == planned) continue;
    throw Error(Code::kConflict, "alembic.file_changed",
                Concat("the file of revision ", step.revision.id,
                       " was changed after this was planned: it has not been carried out"),
                "look at it, then the same once more",
                Concat(step.revision.file, ":", step.revision.header_line, ":1"));
  }
}

void AlembicWork::NoteFiles(const std::string& path, const Plan& plan, std::size_t begin,
                            std::size_t end) const {
  if (path != request_.path) return;
  std::vector<RevisionId> rows;
  try {
    rows = Rows(path);
  } catch (const Error&) {
    return;  // its reader says it
  }
  std::vector<RevisionId> anew;
  for (std::size_t i = begin; i < end; ++i) {
    if (rows == plan.steps[i].rows_before) break;  // Alembic got no further
    if (plan.steps[i].direction == Direction::kUp) anew.push_back(plan.steps[i].revision.id);
  }
  AppliedFiles(request_.state_directory).NoteJob(path, rows, *request_.graph, anew);
}

void AlembicWork::CheckRows(const std::string& path, const std::vector<RevisionId>& before,
                            const std::vector<RevisionId>& expected,
                            const std::string& what) const {
  const std::vector<RevisionId> now = Rows(path);
  if (now == expected) return;
  const bool nothing = now == before;
  throw Error(Code::kConflict, nothing ? "alembic.no_effect" : "alembic.unexpected_rows",
              nothing
                  ? Concat("Alembic says that it has done its ", what, ", but ", path,
                           " is where it was, at ", NameRows(now),
                           ": it has worked on another database, or its env.py does not write "
                           "to the version table ",
                           request_.version_table, ", or a revision has ended the program itself")
                  : Concat("after Alembic's ", what, " ", path, " is at ", NameRows(now),
                           ", not at ", NameRows(expected)),
              nothing ? "drover strays" : "drover status");
}

Error AlembicWork::Explain(const Error& error, const std::string& path, const Plan& plan,
                           std::size_t begin, std::size_t end, const Traces& before) const {
  std::vector<RevisionId> now;
  try {
    migrations::RollBackHotJournal(path);  // of an Alembic that was killed
    now = Rows(path);
  } catch (const Error&) {
    return error;
  }
  std::size_t failed = begin;
  for (std::size_t i = begin; i < end; ++i) {
    if (plan.steps[i].rows_after == now) failed = i + 1;
  }
  if (failed >= plan.steps.size()) return error;
  Error explained = error;
  const Step& step = plan.steps[failed];
  explained.message = Concat("revision ", step.revision.id, ": ", error.message);
  if (error.kind == "alembic.failed" && error.where.empty()) {
    explained.where = Concat(step.revision.file, ":", step.revision.header_line, ":1");
  }
  if (path != request_.path || end != begin + 1 || now != step.rows_before) return explained;
  const Traces after = TracesOf(path);
  if (after.schema != before.schema) {
    explained.code = Code::kConflict;
    explained.kind = "alembic.half_applied";
    explained.message += Concat("; it has changed the schema of ", path,
                                " before it failed, and the version row still says ", NameRows(now),
                                ": a second try would fail on what is there");
  } else if (!before.commits.empty() && after.commits != before.commits) {
    explained.message +=
        Concat("; rows of ", path,
               " have changed meanwhile, by it or by another program: look at them "
               "before a second try");
    explained.hint = "drover backups";
  }
  return explained;
}

migrations::ApplyResult AlembicWork::Stamp(const std::stop_token& stop) const {
  const auto begun = AlembicClock::now();
  const std::vector<RevisionId> before = Rows(request_.path);
  const Plan plan = PlanFor(request_, before);
  std::vector<std::string> arguments{"stamp"};
  if (request_.purge == migrations::Purge::kYes) arguments.emplace_back("--purge");
  for (std::string& target : SplitList(request_.target, ' ')) {
    arguments.push_back(std::move(target));
  }
  try {
    runner_.Run(arguments, request_.path, stop, turn_);
  } catch (const Error& error) {
    Error told = error;
    const std::vector<RevisionId> now = Rows(request_.path);
    if (now != before) {
      told.message += Concat("; it has left the version table at ", NameRows(now),
                             ", which was at ", NameRows(before));
      told.hint = Concat("drover stamp --purge ", before.empty() ? "base" : Join(before, " "));
    }
    throw told;
  }
  CheckRows(request_.path, before, plan.to, Join(arguments, " "));
  return {.from = plan.from,
          .to = plan.to,
          .steps = {},
          .warnings = plan.warnings,
          .duration_ms = Elapsed(begun)};
}

}  // namespace drover::daemon
