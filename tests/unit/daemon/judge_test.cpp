#include "daemon/judge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "daemon/alembic.h"
#include "daemon/findings.h"
#include "daemon/jobs.h"
#include "migrations/checksum.h"

namespace drover::daemon {
namespace {

using environments::OnPending;
using migrations::DatabaseFacts;
using migrations::DatabaseKind;
using migrations::Revision;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::string_view kDev = "  dev:\n    url: sqlite:///./app.db\n    on_pending: apply\n";
constexpr std::string_view kOther = "  other:\n    url: sqlite:///./app.db\n";

Revision Make(std::string id, std::vector<std::string> parents, std::string up) {
  Revision revision;
  revision.file = "/p/migrations/" + id + ".sql";
  revision.id = std::move(id);
  revision.down_revision = std::move(parents);
  revision.message = "message";
  revision.up.sql = std::move(up);
  revision.up_sha256 = migrations::ScriptSha256(revision.up.sql);
  return revision;
}

/// a <- b, neither applied, nothing against it.
class JudgeTest : public ::testing::Test {
 protected:
  JudgeTest() {
    seen.root = "/p";
    seen.migrations_digest = "digest";
    Configure(kDev);
    Graph({Make("a", {}, "CREATE TABLE t (x);"), Make("b", {"a"}, "CREATE TABLE u (x);")});
    facts.kind = DatabaseKind::kVersioned;
  }

  void Configure(std::string_view environments, std::string_view more = "") {
    seen.config = std::make_shared<const environments::Config>(environments::ParseConfig(
        Concat("migrations: {directory: migrations}\n", more, "environments:\n", environments),
        "/p/drover.yaml"));
    seen.targets.clear();
    for (const auto& environment : seen.config->environments) {
      environments::Target target;
      target.environment = environment.name;
      target.kind = environments::TargetKind::kFile;
      target.path = "/p/app.db";
      target.key = "1:2";
      seen.targets.push_back(target);
    }
  }

  void Graph(std::vector<Revision> revisions) {
    seen.graph = std::make_shared<const migrations::Graph>(std::move(revisions));
  }

  std::vector<Verdict> All(const std::set<std::string>& applying = {}) {
    for (const auto& target : seen.targets) {
      if (target.kind != environments::TargetKind::kFile) continue;
      seen.databases[target.path] = std::make_shared<const DatabaseFacts>(facts);
      std::vector<Revision> revisions = loose;
      if (seen.graph) {
        const auto all = seen.graph->revisions();
        revisions.assign(all.begin(), all.end());
      }
      const std::vector<migrations::RevisionPtr> shared = migrations::Share(std::move(revisions));
      const migrations::MigrationFiles files{
          .revisions = shared, .graph = seen.graph, .unreadable = std::nullopt};
      seen.lineages[target.path] = std::make_shared<const migrations::Lineage>(
          migrations::TraceLineage(files, facts, [this](const auto&) { return archive; }));
    }
    return Judge(seen, applying);
  }

  Verdict First(const std::set<std::string>& applying = {}) { return All(applying).at(0); }

  static std::string Short(const Verdict& verdict) {
    return Concat(StateName(verdict.state), verdict.may_apply ? " apply" : " wait", " | ",
                  verdict.next);
  }

  Observation seen;
  DatabaseFacts facts;
  std::vector<Revision> loose;  // the files, in tests without a graph
  std::map<std::string, Revision> archive;
};

TEST_F(JudgeTest, PendingWorkIsAppliedWhenThePolicyWantsIt) {
  const Verdict verdict = First();
  EXPECT_EQ(Short(verdict), "pending apply | drover upgrade");
  EXPECT_EQ(verdict.why, "2 migrations to apply");
  EXPECT_EQ(verdict.pending, 2U);
  EXPECT_EQ(verdict.pending_names.at(0), (RevisionName{"a", false, "message"}));
  EXPECT_EQ(verdict.pending_names.at(1), (RevisionName{"b", true, "message"}));
}

TEST_F(JudgeTest, AReportingPolicyOnlyReports) {
  Configure("  dev:\n    url: sqlite:///./app.db\n");
  const Verdict verdict = First();
  EXPECT_EQ(Short(verdict), "pending wait | drover upgrade");
  EXPECT_THAT(verdict.why, HasSubstr("on_pending: report"));
}

TEST_F(JudgeTest, AMissingFileIsMissingAndMayBeMade) {
  facts.kind = DatabaseKind::kMissing;
  EXPECT_EQ(Short(First()), "missing apply | drover upgrade");
  Configure("  dev:\n    url: sqlite:///./app.db\n");
  EXPECT_EQ(Short(First()), "missing wait | drover upgrade");
}

TEST_F(JudgeTest, AMissingFileWithNothingToApplyIsNotMade) {
  facts.kind = DatabaseKind::kMissing;
  Graph({});
  EXPECT_EQ(Short(First()), "missing wait | ");
}

TEST_F(JudgeTest, AtTheHeadItIsCurrent) {
  facts.rows = {"b"};
  const Verdict verdict = First();
  EXPECT_EQ(Short(verdict), "current wait | ");
  EXPECT_EQ(verdict.why, "up to date");
  EXPECT_THAT(verdict.current, ElementsAre("b"));
}

TEST_F(JudgeTest, DraftsThatWaitAreCountedAppliedOnesAreNot) {
  Revision draft = Make("d", {"a"}, "CREATE TABLE d (x);");
  draft.draft = true;
  Revision other = Make("e", {"b"}, "CREATE TABLE e (x);");
  other.draft = true;
  Revision join = Make("m", {"d", "b"}, "");
  join.draft = true;
  Graph({Make("a", {}, "SELECT 1;"), Make("b", {"a"}, "SELECT 1;"), draft, join});
  facts.rows = {"b", "d"};
  EXPECT_EQ(First().why, "up to date; 1 draft not applied");
}

TEST_F(JudgeTest, APlanStopsBeforeADraft) {
  Revision draft = Make("b", {"a"}, "CREATE TABLE u (x);");
  draft.draft = true;
  Graph({Make("a", {}, "CREATE TABLE t (x);"), draft, Make("c", {"b"}, "SELECT 1;")});
  EXPECT_EQ(First().pending, 1U);
  facts.rows = {"a"};
  EXPECT_EQ(Short(First()), "current wait | ");
}

TEST_F(JudgeTest, ARunningJobIsShownAboveAllElse) {
  facts.rows = {"gone"};
  EXPECT_EQ(Short(First({"/p/app.db"})), "applying wait | ");
  EXPECT_EQ(Short(First({"/p/other.db"})), "orphan wait | ");
}

TEST_F(JudgeTest, AnInMemoryDatabaseIsUnresolved) {
  seen.targets[0].kind = environments::TargetKind::kMemory;
  seen.targets[0].path.clear();
  const Verdict verdict = First();
  EXPECT_EQ(Short(verdict), "unresolved wait | ");
  EXPECT_THAT(verdict.why, HasSubstr("in-memory"));
}

TEST_F(JudgeTest, ATargetThatCannotBeDeterminedSaysWhy) {
  seen.targets[0].kind = environments::TargetKind::kUnresolved;
  seen.targets[0].error = ErrorBody{.code = "invalid",
                                    .kind = "variable.unset",
                                    .message = "the variable X is not set",
                                    .hint = "",
                                    .where = "drover.yaml:4:5"};
  const Verdict verdict = First();
  EXPECT_EQ(Short(verdict), "unresolved wait | drover where");
  EXPECT_EQ(verdict.why, "the variable X is not set");
  EXPECT_EQ(verdict.error->where, "drover.yaml:4:5");
}

TEST_F(JudgeTest, ADatabaseThatWasNotLookedAtIsUnresolved) {
  EXPECT_EQ(Judge(seen, {}).at(0).state, EnvironmentState::kUnresolved);
}

TEST_F(JudgeTest, AnUnreadableDatabaseIsUnresolvedWithItsError) {
  facts.kind = DatabaseKind::kUnreadable;
  facts.problem = Error(Code::kCorrupt, "sqlite.not_a_database", "no database", "drover strays");
  EXPECT_EQ(Short(First()), "unresolved wait | drover strays");
  facts.problem = Error(Code::kCorrupt, "sqlite.not_a_database", "no database", "rm it");
  EXPECT_EQ(First().next, "") << "only drover's own commands are proposed as the next one";
}

TEST_F(JudgeTest, AnAppliedRevisionWithoutAFileIsAnOrphan) {
  facts.rows = {"gone"};
  const Verdict verdict = First();
  EXPECT_EQ(Short(verdict), "orphan wait | ");
  EXPECT_EQ(verdict.error->message, "revision gone is applied, but no migration file has it");
  EXPECT_EQ(verdict.error->hint, "git log --all --oneline -- '*gone*'");
}

TEST_F(JudgeTest, AnAppliedParentWithoutAFileIsAnOrphanToo) {
  seen.graph = nullptr;
  seen.migration_problems = {Error(Code::kInvalid, "missing_referenced_revision", "b wants a")};
  loose = {Make("b", {"a"}, "SELECT 1;")};
  facts.rows = {"b"};
  facts.records["a"].direction = "up";
  EXPECT_EQ(StateName(First().state), "orphan");
  facts.records["a"].direction = "down";
  EXPECT_EQ(StateName(First().state), "failed");
}

TEST_F(JudgeTest, AMalformedFileIsNotTakenForAMissingOne) {
  seen.graph = nullptr;
  seen.migration_problems = {
      Error(Code::kInvalid, "malformed_migration", "no header", "", "/p/b.sql:1:1")};
  facts.rows = {"b"};
  loose = {Make("a", {}, "SELECT 1;")};
  const Verdict verdict = First();
  EXPECT_EQ(Short(verdict), "failed wait | ");
  EXPECT_EQ(verdict.error->where, "/p/b.sql:1:1");
  seen.migration_problems = {Error(Code::kIo, "io.list", "cannot list /p/migrations")};
  EXPECT_EQ(Short(First()), "failed wait | ");
}

TEST_F(JudgeTest, UnversionedTablesAreLeftAlone) {
  facts.kind = DatabaseKind::kUnversioned;
  EXPECT_EQ(Short(First()), "unversioned wait | drover stamp REVISION");
  seen.matches["/p/app.db"] = {.revision = "b", .differences = 0, .equal_below = 0};
  EXPECT_EQ(Short(First()), "unversioned wait | drover stamp b");
  EXPECT_THAT(First().why, EndsWith(": its schema is that of b"));
  seen.matches["/p/app.db"] = {.revision = "b", .differences = 0, .equal_below = 2};
  EXPECT_THAT(First().why, EndsWith("its schema is that of b (and of 2 revisions below it)"));
  seen.matches["/p/app.db"] = {.revision = "b", .differences = 1, .equal_below = 0};
  EXPECT_EQ(Short(First()), "unversioned wait | drover stamp b --dry-run");
  EXPECT_THAT(First().why, EndsWith("its schema is nearest to that of b, with 1 difference"));
}

TEST_F(JudgeTest, AnInterruptedRevisionWithoutTransactionBlocksEverything) {
  facts.rows = {"a"};
  facts.unfinished = {"b"};
  const Verdict verdict = First();
  EXPECT_EQ(Short(verdict), "failed wait | drover stamp b");
  EXPECT_EQ(verdict.error->kind, "history.unfinished");
}

TEST_F(JudgeTest, AnOrphanIsNamedWithItsOriginAndTheWayBack) {
  Graph({Make("a", {}, "CREATE TABLE t (x);")});
  archive["gone"] = Make("gone", {"a"}, "CREATE TABLE g (x);");
  archive["gone"].down = migrations::Script{.sql = "DROP TABLE g;", .line = 1, .transaction = true};
  facts.rows = {"gone"};
  migrations::AppliedRecord& record = facts.records["gone"];
  record.direction = "up";
  record.down_revision = {"a"};
  record.directives.message = "Add g";
  record.applied_by = "ann";
  record.applied_at = "2026-02-12T23:20:18Z";
  record.git_branch = "feature/g";
  Verdict verdict = First();
  EXPECT_EQ(Short(verdict), "orphan wait | drover align");
  EXPECT_EQ(verdict.why,
            "revision gone is applied, but no migration file has it; \"Add g\", applied by ann at "
            "2026-02-12T23:20:18Z on branch feature/g");
  archive["gone"].down.reset();
  verdict = First();
  EXPECT_EQ(Short(verdict), "orphan wait | ") << "there is no way back";
  EXPECT_EQ(verdict.error->hint, "git log --all --oneline -- '*gone*'");
}

TEST_F(JudgeTest, AnEditedRevisionIsModified) {
  facts.rows = {"a"};
  facts.records["a"].up_sha256 = "another";
  const Verdict verdict = First();
  EXPECT_EQ(Short(verdict), "modified wait | drover repair a") << "it has no way down";
  EXPECT_EQ(verdict.error->where, "/p/migrations/a.sql:1:1");
  EXPECT_EQ(verdict.why,
            "revision a was edited after being applied: its up section is another (drover show a "
            "shows the difference)");
}

TEST_F(JudgeTest, TheNewestRevisionCanBeRedoneAnOlderOneOnlyRepaired) {
  Revision a = Make("a", {}, "CREATE TABLE t (x);");
  Revision b = Make("b", {"a"}, "CREATE TABLE u (x);");
  a.down = b.down = migrations::Script{.sql = "SELECT 1;", .line = 1, .transaction = true};
  Graph({a, b});
  facts.rows = {"b"};
  facts.records["b"].up_sha256 = "another";
  facts.records["b"].down_revision = {"a"};
  EXPECT_EQ(Short(First()), "modified wait | drover redo");
  facts.records["b"] = {};
  facts.records["b"].down_revision = {"a"};
  facts.records["a"].up_sha256 = "another";
  EXPECT_EQ(Short(First()), "modified wait | drover repair a");
}

TEST_F(JudgeTest, AnotherParentIsNamedAsSuch) {
  facts.rows = {"b"};
  facts.records["b"].down_revision = {"z"};
  EXPECT_THAT(First().why, HasSubstr("its parent was z when it was applied, the file now says a"));
}

TEST_F(JudgeTest, AReformattedFileIsANoticeAndNoState) {
  Configure(Concat(kDev, kOther));
  facts.rows = {"b"};
  facts.records["b"].down_revision = {"a"};
  facts.records["b"].raw_sha256 = "another";
  EXPECT_EQ(Short(First()), "current wait | ");
  const std::vector<Finding> findings = CollectFindings(seen);
  ASSERT_EQ(findings.size(), 1U) << "two environments on one file are one database";
  EXPECT_EQ(findings[0].code, "migration-reformatted");
  EXPECT_EQ(findings[0].severity, "info");
  EXPECT_EQ(findings[0].message,
            "the file of revision b was reformatted after being applied; the SQL is the same");
  EXPECT_EQ(findings[0].fix, "drover repair b");
}

TEST_F(JudgeTest, ARecordWithoutChecksumOrOfAnUnappliedRevisionIsNoModification) {
  facts.rows = {"a"};
  facts.records["a"].up_sha256 = "";
  facts.records["b"].up_sha256 = "another";
  EXPECT_EQ(Short(First()), "pending apply | drover upgrade");
}

TEST_F(JudgeTest, SeveralHeadsAreAConflict) {
  Graph({Make("a", {}, "SELECT 1;"), Make("b", {"a"}, "SELECT 1;"), Make("c", {"a"}, "SELECT 1;")});
  const Verdict verdict = First();
  EXPECT_EQ(Short(verdict), "conflict wait | drover merge -m \"Merge heads\"");
  EXPECT_THAT(verdict.why, HasSubstr("there are 2 heads"));
  EXPECT_EQ(verdict.pending, 3U);
}

TEST_F(JudgeTest, LinesWithBasesOfTheirOwnAreNoConflict) {
  Revision plugin = Make("p", {}, "SELECT 1;");
  plugin.depends_on = {"a"};
  Graph({Make("a", {}, "SELECT 1;"), Make("b", {"a"}, "SELECT 1;"), plugin});
  EXPECT_EQ(Short(First()), "pending apply | drover upgrade");
  facts.rows = {"b", "p"};
  EXPECT_EQ(First().state, EnvironmentState::kCurrent);
}

TEST_F(JudgeTest, OfSeveralHeadsTheOnesThatShareABaseAreNamed) {
  Graph({Make("a", {}, "SELECT 1;"), Make("b", {"a"}, "SELECT 1;"), Make("c", {"a"}, "SELECT 1;"),
         Make("p", {}, "SELECT 1;")});
  const Verdict verdict = First();
  EXPECT_EQ(verdict.state, EnvironmentState::kConflict);
  EXPECT_THAT(verdict.why, HasSubstr("there are 2 heads: b"));
  EXPECT_THAT(verdict.why, HasSubstr("drover upgrade heads applies all of them"));
}

TEST_F(JudgeTest, RowsThatLieBelowEachOtherAreAConflictAndNothingIsApplied) {
  Graph({Make("a", {}, "SELECT 1;"), Make("b", {"a"}, "SELECT 1;"), Make("c", {"b"}, "SELECT 1;")});
  facts.rows = {"a", "b"};
  const Verdict verdict = First();
  EXPECT_EQ(Short(verdict), "conflict wait | drover stamp --purge b");
  EXPECT_EQ(verdict.error->kind, "overlapping_revisions");
}

TEST_F(JudgeTest, HeldWaitsUntilAMigrationChanges) {
  facts.rows = {"a"};
  seen.state.held["/p/app.db"] = {.since = "then", .by = "downgrade", .migrations = "digest"};
  const Verdict verdict = First();
  EXPECT_EQ(Short(verdict), "held wait | drover upgrade");
  EXPECT_EQ(verdict.pending, 1U);
  EXPECT_THAT(verdict.why, HasSubstr("explicit downgrade at then"));
  seen.migrations_digest = "changed";
  EXPECT_EQ(Short(First()), "pending apply | drover upgrade");
}

TEST_F(JudgeTest, HeldAtTheHeadIsCurrent) {
  facts.rows = {"b"};
  seen.state.held["/p/app.db"] = {.since = "then", .by = "stamp", .migrations = "digest"};
  EXPECT_EQ(Short(First()), "current wait | ");
}

TEST_F(JudgeTest, AFailureIsNotRetriedUntilAnInputChanges) {
  facts.rows = {"a"};
  const auto remember = [&] {
    seen.state.failures["/p/app.db"] = {
        .at = "then",
        .inputs = InputsDigest("digest", seen.config->sha256, "/p/app.db", {"a"}),
        .error = {.code = "invalid",
                  .kind = "sqlite.error",
                  .message = "no such table: x",
                  .hint = "",
                  .where = "b.sql:3:1"}};
  };
  remember();
  const Verdict verdict = First();
  EXPECT_EQ(Short(verdict), "failed wait | ") << "saving the mended file is all it takes";
  EXPECT_EQ(verdict.error->where, "b.sql:3:1");
  seen.state.failures["/p/app.db"].error.where.reset();
  EXPECT_EQ(Short(First()), "failed wait | drover upgrade");
  seen.state.failures["/p/app.db"].error = {.code = "refused",
                                            .kind = "alembic.url_ignored",
                                            .message = "not used",
                                            .hint = "let env.py take it",
                                            .where = {}};
  EXPECT_EQ(Short(First()), "failed wait | ") << "a second try alone fails on the same";
  EXPECT_EQ(First().error->hint, "let env.py take it; then drover upgrade");
  seen.migrations_digest = "fixed";
  EXPECT_EQ(Short(First()), "pending apply | drover upgrade");
  seen.migrations_digest = "digest";
  facts.rows = {};
  EXPECT_EQ(Short(First()), "pending apply | drover upgrade") << "the rows are an input";
  facts.rows = {"a"};
  Configure(kDev, "safety: {destructive: allow}\n");
  EXPECT_EQ(Short(First()), "pending apply | drover upgrade") << "so is the configuration";
}

TEST_F(JudgeTest, HeldCountsMoreThanFailed) {
  seen.state.held["/p/app.db"] = {.since = "then", .by = "stamp", .migrations = "digest"};
  seen.state.failures["/p/app.db"].inputs =
      InputsDigest("digest", seen.config->sha256, "/p/app.db", {});
  EXPECT_EQ(StateName(First().state), "held");
}

TEST_F(JudgeTest, OutsideTheProjectOnlyTrustLetsPolicyAct) {
  seen.targets[0].path = "/srv/app.db";
  EXPECT_EQ(Short(First()), "pending wait | drover trust");
  seen.trusted = true;
  EXPECT_EQ(Short(First()), "pending apply | drover upgrade");
  seen.trusted = false;
  seen.targets[0].path = "/p-evil/app.db";
  EXPECT_EQ(Short(First()), "pending wait | drover trust") << "a common prefix is not below";
}

TEST_F(JudgeTest, DestructionIsThePersonsToDecide) {
  Graph({Make("a", {}, "CREATE TABLE t (x);"), Make("b", {"a"}, "DROP TABLE old;")});
  Verdict verdict = First();
  EXPECT_EQ(Short(verdict), "pending wait | drover upgrade");
  EXPECT_EQ(verdict.why, "revision b would drop table old: that is yours to decide");
  Configure(kDev, "safety: {destructive: refuse}\n");
  EXPECT_EQ(Short(First()), "pending wait | drover upgrade");
  Configure(kDev, "safety: {destructive: allow}\n");
  EXPECT_EQ(Short(First()), "pending apply | drover upgrade");
  facts.rows = {"b"};
  EXPECT_EQ(Short(First()), "current wait | ");
}

TEST_F(JudgeTest, OfTwoEnvironmentsOnOneFileTheStricterPolicyWins) {
  Configure(Concat(kDev, kOther));
  const std::vector<Verdict> verdicts = All();
  EXPECT_THAT(verdicts[0].same_as, ElementsAre("other"));
  EXPECT_THAT(verdicts[1].same_as, ElementsAre("dev"));
  EXPECT_EQ(verdicts[0].policy, OnPending::kReport);
  EXPECT_EQ(Short(verdicts[0]), "pending wait | drover upgrade");
  EXPECT_EQ(Short(verdicts[1]), "pending wait | drover upgrade -e other");
}

TEST_F(JudgeTest, EnvironmentsWithoutIdentityAreNotTheSame) {
  Configure(Concat(kDev, kOther));
  for (auto& target : seen.targets) target.key.clear();
  EXPECT_THAT(First().same_as, IsEmpty());
}

TEST_F(JudgeTest, WithoutAGraphNothingIsJudgedFurther) {
  seen.graph = nullptr;
  EXPECT_EQ(StateName(First().state), "unresolved");
  seen.migration_problems = {Error(Code::kInvalid, "cycle", "a cycle", "", "a.sql:1:1")};
  EXPECT_EQ(StateName(First().state), "failed");
}

TEST_F(JudgeTest, FindingsBeginWithTheWorst) {
  seen.config_error = Error(Code::kInvalid, "config.syntax", "bad", "", "drover.yaml:3:1");
  seen.migration_problems = {Error(Code::kInvalid, "cycle", "a cycle")};
  seen.targets[0].findings = {{.code = "x",
                               .severity = "info",
                               .environment = "dev",
                               .message = "i",
                               .ground = "seen",
                               .fix = {},
                               .where = {}},
                              {.code = "y",
                               .severity = "fatal",
                               .environment = "dev",
                               .message = "f",
                               .ground = "seen",
                               .fix = {},
                               .where = {}}};
  std::vector<std::string> codes;
  const std::vector<Finding> findings = CollectFindings(seen);
  for (const Finding& finding : findings) codes.push_back(finding.code);
  EXPECT_THAT(codes, ElementsAre("y", "config-error", "migration-error", "x"));
  EXPECT_EQ(findings[1].message, "bad; the configuration read before stays in force");
  EXPECT_EQ(findings[1].where, "drover.yaml:3:1");
}

TEST(StateNameTest, TheListIsClosed) {
  std::string names;
  for (int i = 0; i <= static_cast<int>(EnvironmentState::kUnresolved); ++i) {
    names += Concat(StateName(static_cast<EnvironmentState>(i)), " ");
  }
  EXPECT_EQ(names,
            "current pending applying held failed conflict modified orphan missing unversioned "
            "unresolved ");
}

class AlembicJudgeTest : public JudgeTest {
 protected:
  AlembicJudgeTest() {
    Configure("");
    Revision a = Make("a", {}, "");
    Revision b = Make("b", {"a"}, "");
    a.format = b.format = migrations::Format::kAlembic;
    Graph({a, b});
  }

  void Configure(std::string_view more) {
    seen.config = std::make_shared<const environments::Config>(environments::ParseConfig(
        Concat("migrations: {format: alembic, config: backend/alembic.ini", more,
               "}\nenvironments:\n", kDev),
        "/p/drover.yaml"));
    seen.alembic.config = "/p/backend/alembic.ini";
  }
};

/// The promises of docs/alembic.md: nothing happens by itself, and what to type is told.
TEST_F(AlembicJudgeTest, ThePolicyWaitsForTrustSinceItRunsPython) {
  EXPECT_EQ(Short(First()), "pending wait | drover trust");
  EXPECT_EQ(First().pending, 2U);
  seen.trusted = true;
  EXPECT_EQ(Short(First()), "pending apply | drover upgrade");
  facts.rows = {"b"};
  EXPECT_EQ(First().state, EnvironmentState::kCurrent);
}

TEST_F(AlembicJudgeTest, TheCommandIsTheOneThatWorks) {
  const auto command = [this] { return AlembicCommand(seen, "heads", "dev"); };
  seen.alembic.runs_in = "/p/backend";
  EXPECT_EQ(command(), "drover exec -- sh -c 'cd backend && alembic heads'");
  seen.alembic.config = "/p/conf/alembic.ini";
  seen.alembic.runs_in = "/p";
  EXPECT_EQ(command(), "drover exec -- alembic -c conf/alembic.ini heads");
  seen.alembic.config = "/p/alembic.ini";
  EXPECT_EQ(command(), "drover exec -- alembic heads");
  Configure(", section: app, command: [uv, run, alembic]");
  EXPECT_EQ(command(), "drover exec -- uv run alembic -c backend/alembic.ini -n app heads");
  Configure(", command: [alembic, --config=x.ini]");
  EXPECT_EQ(command(), "drover exec -- alembic --config=x.ini heads");
  EXPECT_EQ(AlembicCommand(seen, "heads", "docker"),
            "drover exec -e docker -- alembic --config=x.ini heads");
}

}  // namespace
}  // namespace drover::daemon
