#include "daemon/view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "daemon/findings.h"
#include "migrations/history.h"
#include "tests/unit/daemon/support.h"

namespace drover::daemon {
namespace {

using drover::testing::DiskProject;
using drover::testing::KindOf;
using drover::testing::RunSql;
using drover::testing::Scratch;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::string_view kTwo =
    "  dev:\n    url: sqlite:///./app.db\n  far:\n    url: sqlite:////nonexistent/x.db\n";

std::string Ids(const RevisionsDocument& document) {
  std::vector<std::string> ids;
  for (const RevisionEntry& entry : document.revisions) ids.push_back(entry.revision);
  return Join(ids, " ");
}

class ViewTest : public ::testing::Test {
 protected:
  ViewTest() : disk(kTwo) {
    disk.Migrate("a1", "none", "CREATE TABLE t (x);", "DROP TABLE t;");
    disk.Migrate("b2", "a1", "CREATE TABLE u (x);");
    disk.Migrate("c3", "b2", "CREATE TABLE v (x);");
    RunSql(disk / "app.db",
           "CREATE TABLE drover_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY);"
           "INSERT INTO drover_version VALUES ('b2')");
  }

  View Look() {
    Observer observer(disk.root(), store);
    View view;
    view.seen = observer.Observe();
    view.verdicts = Judge(*view.seen, {});
    view.findings = CollectFindings(*view.seen);
    return view;
  }

  const DiskProject disk;
  const Scratch state;
  StateStore store{state.path()};
};

TEST_F(ViewTest, StatusSpeaksOfEveryEnvironmentOrOfThoseNamed) {
  const StatusDocument status = MakeStatus(Look(), {});
  ASSERT_EQ(status.environments.size(), 2U);
  EXPECT_EQ(status.environments[0].state, "pending");
  EXPECT_THAT(status.environments[0].current, ElementsAre("b2"));
  EXPECT_THAT(status.environments[0].heads, ElementsAre("c3"));
  EXPECT_EQ(status.environments[0].path, disk / "app.db");
  EXPECT_EQ(status.environments[0].policy, "report");
  EXPECT_EQ(status.environments[1].state, "missing");
  EXPECT_EQ(MakeStatus(Look(), {"far"}).environments.size(), 1U);
  EXPECT_EQ(KindOf([&] { (void)MakeStatus(Look(), {"fra"}); }), "environment.unknown");
}

TEST_F(ViewTest, TheNextCommandIsThatOfTheWorstState) {
  View view = Look();
  EXPECT_EQ(MakeStatus(view, {}).next, "drover upgrade");
  view.verdicts[1].state = EnvironmentState::kConflict;
  view.verdicts[1].next = "drover merge";
  EXPECT_EQ(MakeStatus(view, {}).next, "drover merge");
  for (Verdict& verdict : view.verdicts) verdict.state = EnvironmentState::kCurrent;
  EXPECT_EQ(MakeStatus(view, {}).next, std::nullopt);
  view.strays.emplace_back().kind = "foreign";
  EXPECT_EQ(MakeStatus(view, {}).next, std::nullopt);
  view.strays.emplace_back().kind = "duplicate";
  EXPECT_EQ(MakeStatus(view, {}).next, "drover strays");
}

TEST_F(ViewTest, FromAnotherDirectoryTheUrlWouldBeAnotherFile) {
  std::filesystem::create_directory(disk / "backend");
  const View view = Look();
  EXPECT_FALSE(CheckWorkingDirectory(view, ""));
  EXPECT_FALSE(CheckWorkingDirectory(view, disk.root()));
  const auto finding = CheckWorkingDirectory(view, disk / "backend");
  ASSERT_TRUE(finding);
  EXPECT_EQ(finding->code, "wrong-cwd");
  EXPECT_EQ(finding->message,
            "from backend/ the URL ./app.db would be backend/app.db, not dev's app.db");
}

TEST_F(ViewTest, TheRightDirectoryIsThatOfTheEnvironment) {
  std::filesystem::create_directories(disk / "backend/src");
  disk.Configure(
      "  dev:\n    url: sqlite:///../x.db\n    relative_to: backend/src\n"
      "  web:\n    url: sqlite:///web.db\n    url_dialect: flask\n");
  const View view = Look();
  EXPECT_FALSE(CheckWorkingDirectory(view, disk / "backend/src"));
  const auto finding = CheckWorkingDirectory(view, disk.root());
  ASSERT_TRUE(finding);
  EXPECT_EQ(finding->environment, "dev");
  EXPECT_THAT(finding->message,
              ::testing::StartsWith("from the project root the URL ../x.db would be "));
  EXPECT_EQ(finding->fix, "cd " + (disk / "backend/src"));
}

TEST_F(ViewTest, ADirectoryThatIsRightForOneEnvironmentIsNotWrong) {
  std::filesystem::create_directories(disk / "backend");
  disk.Configure(
      "  dev:\n    url: sqlite:///app.db\n"
      "  api:\n    url: sqlite:///app.db\n    relative_to: backend\n");
  EXPECT_FALSE(CheckWorkingDirectory(Look(), disk / "backend"));
  EXPECT_FALSE(CheckWorkingDirectory(Look(), disk.root()));
}

TEST_F(ViewTest, FlasksInstanceFolderDependsOnNoDirectory) {
  disk.Configure("  web:\n    url: sqlite:///web.db\n    url_dialect: flask\n");
  EXPECT_FALSE(CheckWorkingDirectory(Look(), "/tmp"));
}

TEST_F(ViewTest, WhereComparesWithTheShellThatAsks) {
  disk.Configure("  dev:\n    url: ${DB_URL:-app.db}\n  far:\n    url: /nonexistent/x.db\n");
  const View view = Look();
  WhereDocument where = MakeWhere(view, {});
  EXPECT_EQ(where.environments.at(0).url_dialect, "path");
  EXPECT_THAT(where.environments.at(0).variables, ElementsAre("DB_URL"));
  EXPECT_FALSE(where.environments.at(0).shell);
  AddShell(where, view, {"DB_URL=/nonexistent/y.db"});
  ASSERT_TRUE(where.environments.at(0).shell);
  EXPECT_EQ(where.environments.at(0).shell->path, "/nonexistent/y.db");
  EXPECT_EQ(where.environments.at(0).findings.back().code, "shell-variable-wins");
  EXPECT_FALSE(where.environments.at(1).shell);
  EXPECT_EQ(KindOf([&] { AddShell(where, view, {"DB_URL"}); }), "protocol.params");
}

TEST_F(ViewTest, HistoryIsNewestFirstAndARangeIncludesItsEnds) {
  const View view = Look();
  EXPECT_EQ(Ids(MakeRevisions(view, "all", "")), "c3 b2 a1");
  EXPECT_EQ(Ids(MakeRevisions(view, "all", "a1:b2")), "b2 a1");
  EXPECT_EQ(Ids(MakeRevisions(view, "all", "b2:")), "c3 b2");
  EXPECT_EQ(Ids(MakeRevisions(view, "all", ":a1")), "a1");
  EXPECT_EQ(Ids(MakeRevisions(view, "heads", "")), "c3");
  EXPECT_EQ(Ids(MakeRevisions(view, "branches", "")), "");
  EXPECT_EQ(KindOf([&] { (void)MakeRevisions(view, "all", "b2:a1"); }), "range_not_ancestor");
  EXPECT_EQ(KindOf([&] { (void)MakeRevisions(view, "all", "nonsense"); }), "range");
  EXPECT_EQ(Ids(MakeRevisions(view, "show", "heads")), "c3");
  EXPECT_EQ(Ids(MakeRevisions(view, "show", "current")), "b2");
  EXPECT_EQ(KindOf([&] { (void)MakeRevisions(view, "show", "base"); }), "unknown_revision");
  const RevisionEntry shown = MakeRevisions(view, "show", "b2").revisions.at(0);
  EXPECT_THAT(shown.up_sql.value_or(""), HasSubstr("CREATE TABLE u"));
  EXPECT_EQ(shown.file, "migrations/b2.sql");
  EXPECT_THAT(shown.environments, ElementsAre("dev"));
}

TEST_F(ViewTest, CurrentAndWhereNameWhatIsThere) {
  const View view = Look();
  const CurrentDocument current = MakeCurrent(view, {"dev"});
  const CurrentRevision& row = current.environments.at(0).current.at(0);
  EXPECT_EQ(row.revision, "b2");
  EXPECT_EQ(row.message, "b2");
  EXPECT_FALSE(row.head);
  EXPECT_FALSE(row.orphan);
  EXPECT_FALSE(row.applied.has_value()) << "there is no history";
  const WhereDocument where = MakeWhere(view, {});
  EXPECT_TRUE(where.environments.at(0).exists);
  EXPECT_FALSE(where.environments.at(1).exists);
  EXPECT_EQ(where.environments.at(1).path, "/nonexistent/x.db");
}

TEST_F(ViewTest, AnOrphanIsShownFromTheHistory) {
  RunSql(disk / "app.db",
         Concat(migrations::HistoryTableSql(),
                "; INSERT INTO drover_history (revision, down_revision, direction, state, "
                "up_sha256, directives, up_sql, applied_at, applied_by, git_branch) VALUES "
                "('b2', 'a1', 'up', 'done', 'x', 'message: Add u', 'CREATE TABLE u (x);', "
                "'2026-02-12T23:20:18Z', 'ann', 'feature/u')"));
  std::filesystem::remove(disk / "migrations/b2.sql");
  const View view = Look();  // c3 still names b2 as its parent
  const RevisionsDocument history = MakeRevisions(view, "all", "");
  EXPECT_EQ(Ids(history), "c3 b2 a1");
  const RevisionEntry& orphan = history.revisions.at(1);
  EXPECT_TRUE(orphan.orphan);
  EXPECT_EQ(orphan.message, "Add u");
  EXPECT_EQ(orphan.file, "");
  EXPECT_EQ(orphan.applied.at(0).by, "ann");
  EXPECT_EQ(orphan.applied.at(0).git_branch, "feature/u");
  EXPECT_EQ(MakeRevisions(view, "show", "b2").revisions.at(0).up_sql, "CREATE TABLE u (x);");
  const CurrentRevision current = MakeCurrent(view, {"dev"}).environments.at(0).current.at(0);
  EXPECT_TRUE(current.orphan);
  EXPECT_EQ(current.message, "Add u");
  EXPECT_EQ(current.applied->at, "2026-02-12T23:20:18Z");

  std::filesystem::remove(disk / "migrations/c3.sql");
  EXPECT_EQ(Ids(MakeRevisions(Look(), "all", "")), "b2 a1") << "an orphan above the files";
  EXPECT_EQ(Ids(MakeRevisions(Look(), "heads", "")), "a1");
  EXPECT_EQ(MakeRevisions(Look(), "show", "b2").revisions.at(0).message, "Add u");
  EXPECT_EQ(KindOf([&] { (void)MakeRevisions(Look(), "show", "zzzz"); }), "unknown_revision");
}

TEST_F(ViewTest, ShowTellsHowAFileDiffersFromWhatWasApplied) {
  RunSql(disk / "app.db",
         Concat(migrations::HistoryTableSql(),
                "; INSERT INTO drover_history (revision, direction, state, up_sha256, down_sha256, "
                "up_sql, down_sql, applied_at) VALUES ('a1', 'up', 'done', 'x', 'x', "
                "'CREATE TABLE t (old);', 'DROP TABLE t;', '2026-02-12T23:20:18Z')"));
  const RevisionEntry shown = MakeRevisions(Look(), "show", "a1").revisions.at(0);
  ASSERT_EQ(shown.differences.size(), 1U);
  EXPECT_EQ(shown.differences[0].environment, "dev");
  EXPECT_EQ(shown.differences[0].kind, "modified");
  EXPECT_THAT(shown.differences[0].diff, HasSubstr("+++ migrations/a1.sql"));
  EXPECT_THAT(shown.differences[0].diff, HasSubstr("-CREATE TABLE t (old);\n+CREATE TABLE t (x);"));
  EXPECT_THAT(MakeRevisions(Look(), "show", "b2").revisions.at(0).differences, IsEmpty());
}

TEST_F(ViewTest, WithoutAConfigurationItsErrorIsTheAnswer) {
  disk.Replace("drover.yaml", "nonsense: [");
  const View view = Look();
  EXPECT_EQ(KindOf([&] { (void)MakeStatus(view, {}); }), "config.syntax");
  EXPECT_EQ(KindOf([&] { (void)MakeRevisions(view, "all", ""); }), "config.syntax");
  EXPECT_FALSE(CheckWorkingDirectory(view, "/tmp"));
}

TEST_F(ViewTest, WithoutAGraphTheFirstProblemIsTheAnswer) {
  disk.Replace("migrations/b2.sql", "no migration");
  const View view = Look();
  EXPECT_EQ(KindOf([&] { (void)MakeRevisions(view, "all", ""); }), "malformed_migration");
  EXPECT_EQ(MakeStatus(view, {}).environments.at(0).state, "failed");
}

}  // namespace
}  // namespace drover::daemon
