#include "daemon/drift.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/posix.h"
#include "base/text.h"
#include "daemon/changes.h"
#include "daemon/safety.h"
#include "environments/hazards.h"
#include "migrations/author.h"
#include "migrations/replay.h"
#include "migrations/safety/backup.h"
#include "migrations/schema_diff/schema_files.h"
#include "migrations/schema_document.h"

namespace drover::daemon {
namespace {

/// The likely cause, and what to type.
struct Cause {
  std::string word;
  std::string explanation;
  std::string fix;
};

/// The revisions with the SQL that was applied, where the file of one has another now. Null when
/// that is not known.
std::shared_ptr<const migrations::Graph> AsApplied(const migrations::Lineage& lineage) {
  const bool modified = std::ranges::any_of(lineage.edits, [](const migrations::Edit& edit) {
    return edit.kind == migrations::EditKind::kModified;
  });
  if (!modified || !lineage.graph) return lineage.graph;
  std::vector<migrations::Revision> revisions;
  for (const migrations::Revision& file : lineage.graph->revisions()) {
    migrations::Revision& revision = revisions.emplace_back(file);
    const migrations::Edit* edit = lineage.FindEdit(file.id);
    if (edit == nullptr || edit->kind != migrations::EditKind::kModified) continue;
    const auto archived = lineage.archived.find(file.id);
    if (archived == lineage.archived.end()) return nullptr;
    revision.up = archived->second.up;
    revision.up_sha256 = archived->second.up_sha256;
  }
  return std::make_shared<const migrations::Graph>(std::move(revisions));
}

std::optional<Cause> OtherRevision(const DriftQuestion& question, SchemaChecker& schemas,
                                   const std::string& environment) {
  if (!question.ignore.empty()) return std::nullopt;  // the search knows no patterns
  const auto match = schemas.Nearest(question.schema);
  if (!match || match->differences > 0) return std::nullopt;
  return Cause{"revision",
               Concat("this is exactly the schema of revision ", match->revision,
                      ": the database was replaced, or its version table was written to"),
               Concat("drover stamp ", match->revision, " -e ", environment)};
}

std::optional<Cause> Interrupted(const DriftFacts& facts, const std::string& path,
                                 const std::string& fix) {
  const auto leftovers = migrations::FindLeftovers(facts.expected, facts.live);
  if (leftovers.empty()) return std::nullopt;
  const migrations::Leftover& one = leftovers.front();
  const std::string what = Concat("table ", one.table, " is left over from a rebuild of ", one.of,
                                  " by ", one.tool, " that was interrupted");
  if (!one.alone) return Cause{"interrupted", what, fix};
  return Cause{"interrupted", Concat(what, "; ", one.of, " itself is gone, and its rows are there"),
               Concat("sqlite3 ", ShellQuote(path), " ",
                      ShellQuote(Concat("ALTER TABLE ", migrations::QuoteIdentifier(one.table),
                                        " RENAME TO ", migrations::QuoteIdentifier(one.of))))};
}

std::optional<Cause> AlreadyWanted(const View& view, const DriftFacts& facts,
                                   const std::string& environment) {
  const environments::Config& config = view.config();
  if (config.schema_files.empty()) return std::nullopt;
  try {
    const auto wanted =
        migrations::LoadSchemaFiles(config.schema_files, config.version_table, config.stubs);
    if (migrations::WithoutIgnored(wanted.image, config.drift_ignore) != facts.live) {
      return std::nullopt;
    }
  } catch (const Error&) {
    return std::nullopt;  // `drover check` tells why
  }
  return Cause{"desired",
               "this is the schema of migrations.schema: it was made without a migration",
               Concat("drover drift --adopt -e ", environment)};
}

Cause FindCause(const View& view, SchemaChecker& schemas, const DriftQuestion& question,
                const DriftFacts& facts, const std::string& environment) {
  const std::string fix = Concat("drover drift --fix --dry-run -e ", environment);
  if (auto cause = OtherRevision(question, schemas, environment)) return *cause;
  if (auto cause = Interrupted(facts, question.schema.path, fix)) return *cause;
  if (auto cause = AlreadyWanted(view, facts, environment)) return *cause;
  return {"manual", "somebody changed the schema by other means than a migration", fix};
}

std::string WhyUnknown(const Observation& seen, std::size_t index) {
  const environments::Target& target = seen.targets[index];
  if (target.error) return target.error->message;
  const migrations::DatabaseFacts* facts = seen.FactsOf(target.path);
  if (facts == nullptr) return "it is no database file";
  switch (facts->kind) {
    case migrations::DatabaseKind::kMissing:
      return "there is no database yet";
    case migrations::DatabaseKind::kEmpty:
    case migrations::DatabaseKind::kUnversioned:
      return "it has no version table, so it is not known what its schema should be";
    case migrations::DatabaseKind::kUnreadable:
      return facts->problem ? facts->problem->message : "it cannot be read";
    case migrations::DatabaseKind::kVersioned:
      break;
  }
  const migrations::Lineage* lineage = seen.LineageOf(target.path);
  if (lineage != nullptr && lineage->problem) return lineage->problem->message;
  if (!seen.migration_problems.empty()) return seen.migration_problems.front().message;
  return "it is at a revision that no migration file has";
}

/// The environment, and what is asked about it; throws when there is nothing to ask.
struct DriftCase {
  std::size_t index = 0;
  bool baseline = false;  // nothing is expected of it yet
  std::string environment;
  DriftQuestion question;
};

/// An unversioned database of a project without migrations: everything in it differs from nothing.
std::optional<DriftQuestion> BaselineQuestionFor(const Observation& seen, std::size_t index) {
  const environments::Target& target = seen.targets[index];
  const migrations::DatabaseFacts* facts = seen.FactsOf(target.path);
  if (facts == nullptr || facts->kind != migrations::DatabaseKind::kUnversioned || !seen.graph ||
      !seen.graph->TopologicalOrder().empty()) {
    return std::nullopt;
  }
  return DriftQuestion{.schema = {.path = target.path,
                                  .version_table = seen.config->version_table,
                                  .migrations_digest = seen.migrations_digest,
                                  .graph = seen.graph,
                                  .stubs = seen.config->stubs},
                       .rows = {},
                       .ignore = seen.config->drift_ignore};
}

/// What an unversioned database is in a project without migrations.
enum class WithoutVersion : std::uint8_t { kUnknown, kBaseline };

DriftCase CaseOf(const View& view, const Params& params,
                 WithoutVersion unversioned = WithoutVersion::kUnknown) {
  DriftCase one;
  one.index = OneEnvironment(view, params);
  const environments::Target& target = view.seen->targets[one.index];
  one.environment = target.environment;
  CheckTarget(target);
  auto question = DriftQuestionFor(*view.seen, one.index);
  if (!question && unversioned == WithoutVersion::kBaseline) {
    question = BaselineQuestionFor(*view.seen, one.index);
    one.baseline = question.has_value();
  }
  if (!question) {
    throw Error(Code::kRefused, "drift.unknown",
                Concat(one.environment, " cannot be compared: ", WhyUnknown(*view.seen, one.index)),
                "drover status");
  }
  one.question = *question;
  return one;
}

Error NoDrift(const DriftCase& one) {
  return {Code::kInvalid, "drift.none",
          Concat(one.environment, " has not drifted: its schema is that of its revisions"),
          "drover drift"};
}

migrations::HealRequest RequestFor(const DriftCase& one, migrations::Replay& replay) {
  replay.AddAll(*one.question.schema.graph, one.question.rows, {});
  return {.path = one.question.schema.path,
          .expected = replay.connection(),
          .ignore = one.question.ignore,
          .version_table = one.question.schema.version_table,
          .stubs = one.question.schema.stubs};
}

DriftRemedyDocument NewDocument(const DriftCase& one, std::string_view action) {
  DriftRemedyDocument document;
  document.action = action;
  document.environment = one.environment;
  document.path = one.question.schema.path;
  return document;
}

[[noreturn]] void ThrowBlocked(const migrations::SchemaPlan& plan) {
  std::vector<std::string> lines = plan.data_errors;
  for (const migrations::SchemaBlocker& blocker : plan.blockers) {
    lines.push_back(Concat(blocker.object, " ", blocker.message));
  }
  throw Error(
      Code::kRefused, "drift.blocked",
      Concat("the rows that are there do not fit the schema of the revisions: ", Join(lines, "; ")),
      "correct the rows, or drover drift --adopt");
}

}  // namespace

std::optional<DriftQuestion> DriftQuestionFor(const Observation& seen, std::size_t index) {
  if (!seen.config || index >= seen.targets.size()) return std::nullopt;
  const environments::Target& target = seen.targets[index];
  const migrations::DatabaseFacts* facts = seen.FactsOf(target.path);
  if (facts == nullptr || facts->kind != migrations::DatabaseKind::kVersioned) return std::nullopt;
  // Half a revision is applied: whatever differs, status says so already.
  if (!facts->unfinished.empty()) return std::nullopt;
  const migrations::Lineage* lineage = seen.LineageOf(target.path);
  const auto graph = lineage != nullptr ? AsApplied(*lineage) : seen.graph;
  if (!graph) return std::nullopt;
  const bool known = std::ranges::all_of(
      facts->rows, [&](const auto& row) { return graph->Find(row) != nullptr; });
  if (!known) return std::nullopt;
  DriftQuestion question{.schema = {.path = target.path,
                                    .version_table = seen.config->version_table,
                                    .migrations_digest = seen.migrations_digest,
                                    .graph = graph,
                                    .stubs = seen.config->stubs,
                                    .snapshots = seen.snapshots},
                         .rows = facts->rows,
                         .ignore = seen.config->drift_ignore};
  const auto footprint = seen.footprints.find(target.path);
  if (footprint != seen.footprints.end() && !migrations::IsRacy(footprint->second.newest_ns())) {
    question.footprint = footprint->second;
  }
  return question;
}

EnvironmentDrift ReportDrift(const View& view, SchemaChecker& schemas, std::size_t index) {
  const environments::Target& target = view.seen->targets[index];
  EnvironmentDrift report;
  report.name = target.environment;
  report.same_as = view.verdicts[index].same_as;
  report.revision = view.verdicts[index].current;
  report.state = "unknown";
  if (target.kind == environments::TargetKind::kFile) report.path = target.path;
  const auto question = DriftQuestionFor(*view.seen, index);
  if (!question) {
    report.reason = WhyUnknown(*view.seen, index);
    return report;
  }
  try {
    const auto facts = schemas.Drift(*question, DriftEffort::kFull);
    report.state = facts->changes.empty() ? "none" : "drift";
    report.changes = migrations::EntriesOf(facts->changes);
    report.ignored = facts->ignored;
    if (facts->changes.empty()) return report;
    const Cause cause = FindCause(view, schemas, *question, *facts, target.environment);
    report.cause = cause.word;
    report.explanation = cause.explanation;
    report.fix = cause.fix;
  } catch (const Error& error) {
    report.reason = error.message;
  }
  return report;
}

void AddDriftFindings(View& view, SchemaChecker& schemas) {
  for (std::size_t i = 0; i < view.seen->targets.size(); ++i) {
    const environments::Target& target = view.seen->targets[i];
    const auto question = DriftQuestionFor(*view.seen, i);
    if (!question || view.seen->drift.contains(target.path)) continue;
    try {
      const auto facts = schemas.Drift(*question, DriftEffort::kFull);
      if (facts->changes.empty()) continue;
      view.findings.push_back(DriftFinding(*view.seen, target.environment, *facts));
    } catch (const Error&) {
      continue;  // status and `drover drift` tell why
    }
  }
}

Finding DriftFinding(const Observation& seen, const std::string& environment,
                     const DriftFacts& facts) {
  const migrations::SchemaChange& first = facts.changes.front();
  const std::size_t others = facts.changes.size() - 1;
  Finding finding = environments::MakeFinding(
      "schema-drift",
      Concat("the schema is not the one that the applied revisions make: ",
             migrations::SummaryLine(first),
             others > 0 ? Concat(", and ", others, " more") : std::string()),
      "", WithEnvironment(seen, "drover drift", environment));
  finding.environment = environment;
  finding.where = std::nullopt;
  return finding;
}

DriftFix PlanDriftFix(const View& view, const Params& params) {
  const DriftCase one = CaseOf(view, params);
  const SchemaQuestion& asked = one.question.schema;
  migrations::Replay replay(asked.version_table, asked.stubs, asked.snapshots);
  DriftFix fix{.plan = migrations::PlanHeal(RequestFor(one, replay)),
               .document = NewDocument(one, "fix")};
  const migrations::SchemaPlan& plan = fix.plan.plan;
  if (plan.outcome == migrations::SchemaPlanOutcome::kNoop) throw NoDrift(one);
  if (plan.outcome != migrations::SchemaPlanOutcome::kOk) ThrowBlocked(plan);
  if (!fix.plan.problems.empty()) {
    throw Error(Code::kInternal, "schema.unproven",
                Concat("the planned repair could not be proven, so it is not carried out: ",
                       Join(fix.plan.problems, "; ")),
                "please report this with both schemas");
  }
  DriftRemedyDocument& document = fix.document;
  document.sql = plan.sql;
  document.changes = migrations::EntriesOf(plan.changes);
  document.rebuild = plan.rebuilt;
  document.destructive = plan.destructive;
  document.notes = plan.notes;
  for (const migrations::RenameProposal& proposal : plan.proposals) {
    document.notes.push_back(Concat(proposal.table.empty() ? "table " : proposal.table + ".",
                                    proposal.to, " may be ", proposal.from,
                                    " by another name: what is in it is not taken over"));
  }
  document.message = Concat("would be brought back to the schema of its revisions, ",
                            Count(document.changes.size(), "change"));
  return fix;
}

void CarryOutDriftFix(DriftFix& fix, const View& view, const StateStore& store) {
  DriftRemedyDocument& document = fix.document;
  document.backup = migrations::TakeBackup(document.path, SafetyOf(view.config(), store).backup,
                                           {.environment = document.environment,
                                            .reason = "drift --fix",
                                            .revisions = view.seen->FactsOf(document.path)->rows})
                        .entry;
  migrations::Heal(document.path, fix.plan, view.config().version_table, view.config().stubs);
  document.done = true;
  document.message = Concat("brought back to the schema of its revisions, ",
                            Count(document.changes.size(), "change"));
}

DriftRemedyDocument PlanDriftAdopt(const View& view, const Params& params) {
  const DriftCase one = CaseOf(view, params, WithoutVersion::kBaseline);
  DriftRemedyDocument document = NewDocument(one, "adopt");
  (void)migrations::ResolveParents(view.graph(), Join(one.question.rows, " "), false);
  const SchemaQuestion& asked = one.question.schema;
  migrations::Replay replay(asked.version_table, asked.stubs, asked.snapshots);
  AutogenerateDocument generated = migrations::GenerateAdoption(RequestFor(one, replay));
  if (generated.outcome == "noop") throw NoDrift(one);
  if (generated.error) {
    Error error = FromBody(*generated.error);
    if (error.kind == "schema.blocked") {
      error.hint = "drover revision -m \"…\", write it by hand, then drover stamp";
    }
    throw error;
  }
  document.sql = std::move(generated.up);
  document.down = std::move(generated.down);
  document.changes = std::move(generated.changes);
  document.rebuild = std::move(generated.rebuild);
  document.destructive = std::move(generated.destructive);
  document.notes = std::move(generated.notes);
  document.message =
      one.baseline ? "its schema would become the first revision, stamped here"
                   : Concat("what differs would become a revision after ",
                            one.question.rows.empty() ? "base" : Join(one.question.rows, ", "),
                            ", stamped here");
  return document;
}

void WriteDriftAdopt(DriftRemedyDocument& document, const View& view, const Params& params) {
  const std::size_t index = OneEnvironment(view, params);
  const std::vector<migrations::RevisionId>& rows = view.verdicts[index].current;
  migrations::NewRevision wanted;
  const bool baseline = view.graph().TopologicalOrder().empty();
  const std::string_view what = baseline ? "The schema of " : "Adopt what differs in ";
  wanted.message = params.message.empty() ? Concat(what, document.environment) : params.message;
  wanted.draft = !baseline;  // there is nothing yet that it could surprise
  wanted.head = rows.empty() ? "base" : Join(rows, " ");
  wanted.up = document.sql;
  if (!document.down.empty()) wanted.down = document.down;
  const migrations::Revision written =
      migrations::WriteRevision(view.graph(), wanted, view.config().migration_directories.front(),
                                view.config().file_template);
  document.revision = written.id;
  document.draft = written.draft;
  document.file = RelativeTo(written.file, view.seen->root);
}

void CheckDriftConsent(const View& view, const Params& params, std::string_view action) {
  const std::size_t index = OneEnvironment(view, params);
  const Verdict& verdict = view.verdicts[index];
  const std::string command = Concat("drover drift --", action, " -e ", verdict.environment);
  if (!params.confirm) {
    throw Error(Code::kRefused, "drift.unconfirmed",
                action == "fix"
                    ? Concat("the schema of ", verdict.environment, " would be changed")
                    : Concat("a revision would be written and stamped on ", verdict.environment),
                Concat(command, " --yes"));
  }
  CheckProtected(view, verdict, params, command + " --yes");
}

}  // namespace drover::daemon
