#include "daemon/findings.h"

#include <algorithm>
#include <set>
#include <span>

#include "base/doctor_documents.h"
#include "base/text.h"
#include "daemon/drift.h"
#include "daemon/judge.h"
#include "environments/hazards.h"
#include "migrations/sqlite.h"

namespace drover::daemon {
namespace {

using migrations::RevisionId;

constexpr std::size_t kReformattedNamed = 3;

/// A finding's `fix` is something to type; other hints belong to the message.
bool IsCommand(std::string_view hint) {
  constexpr std::string_view kPrograms[] = {"drover ", "mv ",    "rmdir ",   "chmod ",  "chown ",
                                            "git ",    "mkdir ", "sqlite3 ", "export ", "kill "};
  return std::ranges::any_of(kPrograms, [&](auto program) { return hint.starts_with(program); });
}

Finding FromError(const Error& error, std::string_view code) {
  Finding finding{.code = std::string(code),
                  .severity = "error",
                  .environment = std::nullopt,
                  .message = error.message,
                  .ground = "seen",
                  .fix = std::nullopt,
                  .where = std::nullopt};
  if (IsCommand(error.hint)) {
    finding.fix = error.hint;
  } else if (!error.hint.empty()) {
    finding.message += Concat(" (", error.hint, ")");
  }
  if (!error.where.empty()) finding.where = error.where;
  return finding;
}

/// One notice per database: a tool that changes the line ends of every file must not fill the
/// screen.
void AppendReformatted(const Observation& seen, std::vector<Finding>& findings) {
  std::set<std::string> told;
  for (const environments::Target& target : seen.targets) {
    const migrations::Lineage* lineage = seen.LineageOf(target.path);
    if (lineage == nullptr || !told.insert(target.path).second) continue;
    std::vector<RevisionId> revisions;
    for (const migrations::Edit& edit : lineage->edits) {
      if (edit.kind == migrations::EditKind::kReformatted) revisions.push_back(edit.revision);
    }
    if (revisions.empty()) continue;
    const std::size_t named = std::min(revisions.size(), kReformattedNamed);
    const std::size_t others = revisions.size() - named;
    findings.push_back({.code = "migration-reformatted",
                        .severity = "info",
                        .environment = target.environment,
                        .message = Concat(revisions.size() > 1 ? "the files of revisions "
                                                               : "the file of revision ",
                                          Join(std::span(revisions).first(named), ", "),
                                          others > 0 ? Concat(" and ", others, " more") : "",
                                          revisions.size() > 1 ? " were" : " was",
                                          " reformatted after being applied; the SQL is the same"),
                        .ground = "seen",
                        .fix = WithEnvironment(seen, Concat("drover repair ", revisions.front()),
                                               target.environment),
                        .where = std::nullopt});
  }
}

/// What is odd about the revisions. Stale docstrings are common, and told once.
void AppendRemarks(const Observation& seen, std::vector<Finding>& findings) {
  std::vector<const migrations::Remark*> docstrings;
  for (const migrations::Remark& remark : seen.migration_remarks) {
    if (remark.kind == "alembic-docstring-parent") {
      docstrings.push_back(&remark);
    } else {
      findings.push_back(environments::MakeFinding(remark.kind, remark.message, remark.where));
    }
  }
  if (docstrings.empty()) return;
  const migrations::Remark& first = *docstrings.front();
  const std::string others =
      docstrings.size() == 1
          ? std::string()
          : Concat("; so it is with ", Count(docstrings.size() - 1, "other revision"));
  findings.push_back(
      environments::MakeFinding(first.kind, Concat(first.message, others), first.where));
}

/// `alembic stamp head` on a file that was not there.
bool IsStampedEmpty(const Observation& seen, const migrations::DatabaseFacts& facts) {
  if (!facts.bare || facts.rows.empty() || !seen.graph) return false;
  const std::vector<bool> applied = seen.graph->Closure(facts.rows);
  for (std::size_t i = 0; i < applied.size(); ++i) {
    if (applied[i] && !seen.graph->At(i).idle_up) return true;
  }
  return false;
}

/// What failed batch operations of Alembic have left, and what was only stamped; of native
/// databases drift tells.
void AppendLeftovers(const Observation& seen, std::vector<Finding>& findings) {
  if (!seen.config || seen.config->format != migrations::Format::kAlembic) return;
  std::set<std::string> told;
  for (const environments::Target& target : seen.targets) {
    const migrations::DatabaseFacts* facts = seen.FactsOf(target.path);
    if (facts == nullptr || !told.insert(target.path).second) continue;
    if (IsStampedEmpty(seen, *facts)) {
      Finding finding =
          environments::MakeFinding("alembic-stamped-empty",
                                    Concat("it is at ", Join(facts->rows, ", "),
                                           ", but has no table besides its version table"),
                                    target.path,
                                    Concat("drover stamp base -e ", target.environment,
                                           ", then drover upgrade -e ", target.environment));
      finding.environment = target.environment;
      finding.where.reset();
      findings.push_back(std::move(finding));
    }
    for (const migrations::BatchLeftover& left : facts->leftovers) {
      const std::string sql = left.alone
                                  ? Concat("ALTER TABLE ", migrations::QuoteIdentifier(left.table),
                                           " RENAME TO ", migrations::QuoteIdentifier(left.of))
                                  : Concat("DROP TABLE ", migrations::QuoteIdentifier(left.table));
      Finding finding = environments::MakeFinding(
          "alembic-leftover-table",
          Concat("the table ", left.table, " is what a batch migration of ", left.of,
                 " left when it failed",
                 left.alone ? Concat("; ", left.of, " itself is gone: its rows are there")
                            : std::string(", and the next try fails at it")),
          target.path, Concat("sqlite3 ", ShellQuote(target.path), " ", ShellQuote(sql)));
      finding.environment = target.environment;
      finding.where.reset();
      findings.push_back(std::move(finding));
    }
  }
}

/// Two environments on one file have one schema.
void AppendDrift(const Observation& seen, std::vector<Finding>& findings) {
  std::set<std::string> told;
  for (const environments::Target& target : seen.targets) {
    const auto drift = seen.drift.find(target.path);
    if (drift == seen.drift.end() || drift->second->changes.empty()) continue;
    if (!told.insert(target.path).second) continue;
    findings.push_back(DriftFinding(seen, target.environment, *drift->second));
  }
}

}  // namespace

Error MissingFolder(const environments::Config& config, const std::string& folder) {
  const std::string below = RelativeTo(folder, config.root);
  return {Code::kNotFound, "migrations.missing",
          Concat("there is no migrations folder ", folder,
                 ": every revision that was applied from it is unknown, and none is pending"),
          Concat("mkdir ",
                 ShellQuote(below.starts_with('/') ? below : Concat(config.root, "/", below))),
          config.migrations_where};
}

int RankOf(const Finding& finding) { return SeverityRank(finding.severity); }

std::vector<Finding> CollectFindings(const Observation& observation) {
  std::vector<Finding> findings;
  if (observation.config_error) {
    findings.push_back(FromError(*observation.config_error, "config-error"));
    if (observation.config) {
      findings.back().message += "; the configuration read before stays in force";
    }
  }
  for (const Error& error : observation.migration_problems) {
    findings.push_back(FromError(error, "migration-error"));
  }
  for (const std::string& folder : observation.missing_folders) {
    findings.push_back(FromError(MissingFolder(*observation.config, folder), "migrations-missing"));
  }
  for (const environments::Target& target : observation.targets) {
    findings.insert(findings.end(), target.findings.begin(), target.findings.end());
  }
  const std::vector<Finding>& hazards = observation.hazards.findings;
  findings.insert(findings.end(), hazards.begin(), hazards.end());
  AppendRemarks(observation, findings);
  AppendLeftovers(observation, findings);
  AppendReformatted(observation, findings);
  AppendDrift(observation, findings);
  std::ranges::stable_sort(findings, {}, RankOf);
  return findings;
}

std::vector<Finding> DetachedFindings(const Observation& observation,
                                      std::span<const DetachedUse> uses) {
  std::vector<Finding> findings;
  for (const DetachedUse& use : uses) {
    const bool mounted = !use.mounted_at.empty();
    const std::string who = Concat(use.holder.command.empty() ? "a process" : use.holder.command,
                                   " (pid ", use.holder.pid, mounted ? ", in a container)" : ")");
    const std::string message =
        mounted ? Concat(who, " still uses a deleted copy of ", use.path, ", mounted at ",
                         use.mounted_at, ": what it writes there is lost with the container")
                : Concat(who, " still has a deleted ", use.path,
                         " open: what it writes there is lost when it ends");
    Finding finding = environments::MakeFinding(
        mounted ? "bind-stale-inode" : "moved-while-open", message, {},
        Concat("cp ", ShellQuote(use.reach), " rescued.db   # then restart ",
               mounted ? "the container" : "it"));
    finding.where.reset();
    for (const environments::Target& target : observation.targets) {
      if (target.path == use.path && !finding.environment) finding.environment = target.environment;
    }
    findings.push_back(std::move(finding));
  }
  return findings;
}

}  // namespace drover::daemon
