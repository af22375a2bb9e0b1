#include "migrations/archive.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "migrations/repair.h"
#include "tests/unit/migrations/apply_support.h"

namespace drover::migrations {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

TEST(DirectivesTest, SurviveARoundTrip) {
  Revision revision = MakeRevision("a", {}, "VACUUM;", "SELECT 1;");
  revision.message = "Tidy: up, transaction:false";
  revision.branch_labels = {"x", "y"};
  revision.up.transaction = false;
  const std::string text = FormatDirectives(revision);
  EXPECT_EQ(text,
            "message: Tidy: up, transaction:false\nbranch_labels: x, y\nup transaction:false");
  const Directives read = ParseDirectives(text);
  EXPECT_EQ(read.message, "Tidy: up, transaction:false");
  EXPECT_THAT(read.branch_labels, ElementsAre("x", "y"));
  EXPECT_FALSE(read.up_transaction);
  EXPECT_TRUE(read.down_transaction);
  EXPECT_EQ(FormatDirectives(MakeRevision("a", {})), "");
}

TEST(DirectivesTest, TheOldFormOnOneLineIsUnderstood) {
  const Directives read = ParseDirectives("up transaction:false, down transaction:false");
  EXPECT_FALSE(read.up_transaction);
  EXPECT_FALSE(read.down_transaction);
  EXPECT_EQ(read.message, "");
}

class ArchiveTest : public ::testing::Test {
 protected:
  std::map<RevisionId, Revision> Archive(const std::set<RevisionId>& wanted) const {
    return InspectArchive(path_, wanted);
  }
  AppliedRecord Record(const RevisionId& id) const {
    return Inspect(path_, kVersionTable).records.at(id);
  }

  TempDir directory_;
  std::string path_ = directory_ / "app.db";
};

TEST_F(ArchiveTest, ARevisionIsReadBackAsItWasApplied) {
  Revision a = MakeRevision("a", {}, "CREATE TABLE a (x);");
  a.down.reset();
  a.down_sha256.clear();
  Revision b = MakeRevision("b", {"a"}, "\nCREATE TABLE b (x);\n", "DROP TABLE b;");
  b.message = "Make b";
  b.branch_labels = {"net"};
  b.raw_sha256 = "beef";
  b.down->transaction = false;
  const Graph graph({a, b});
  (void)CarryOut(Upgrade(path_, graph));
  const auto archive = Archive({"a", "b", "c"});
  ASSERT_EQ(archive.size(), 2U);
  EXPECT_EQ(archive.at("a").down, std::nullopt);
  const Revision& read = archive.at("b");
  EXPECT_TRUE(read.archived);
  EXPECT_EQ(read.file, "drover_history:b");
  EXPECT_EQ(read.message, "Make b");
  EXPECT_THAT(read.down_revision, ElementsAre("a"));
  EXPECT_THAT(read.branch_labels, ElementsAre("net"));
  EXPECT_EQ(read.up.sql, b.up.sql);
  EXPECT_EQ(read.down->sql, "DROP TABLE b;");
  EXPECT_FALSE(read.down->transaction);
  EXPECT_EQ(read.raw_sha256, "beef");
  EXPECT_EQ(read.up_sha256, b.up_sha256);
}

TEST_F(ArchiveTest, AnEmptyMergeIsArchivedToo) {
  const Graph graph = Graph(Revisions("a <- b; a <- c; b <- m; c <- m"));
  (void)CarryOut(Upgrade(path_, graph));
  const auto archive = Archive({"m"});
  ASSERT_TRUE(archive.contains("m"));
  EXPECT_THAT(archive.at("m").down_revision, ElementsAre("b", "c"));
  EXPECT_TRUE(archive.at("m").down.has_value());
}

TEST_F(ArchiveTest, TheNewestRowCountsAndADowngradeIsNoRow) {
  const Graph graph = ThreeTables();
  (void)CarryOut(Upgrade(path_, graph));
  (void)CarryOut(Downgrade(path_, graph, "b"));
  EXPECT_FALSE(Record("c").applied());
  const Graph edited({MakeRevision("a", {}, "CREATE TABLE a (x);", "DROP TABLE a;"),
                      MakeRevision("b", {"a"}, "CREATE TABLE b (x);", "DROP TABLE b;"),
                      MakeRevision("c", {"b"}, "CREATE TABLE c (x, y);", "DROP TABLE c;")});
  (void)CarryOut(Upgrade(path_, edited));
  EXPECT_TRUE(Record("c").applied());
  EXPECT_EQ(Archive({"c"}).at("c").up.sql, "CREATE TABLE c (x, y);");
}

TEST_F(ArchiveTest, ChecksumsOfAnotherNormalFormAreMadeAnew) {
  (void)CarryOut(Upgrade(path_, ThreeTables()));
  {
    Connection connection(path_, OpenMode::kWrite);
    connection.Execute(
        "UPDATE drover_history SET normaliser = 'lines-1', up_sha256 = 'x', "
        "down_sha256 = 'y' WHERE revision = 'a'");
    connection.Execute(
        "UPDATE drover_history SET normaliser = NULL, up_sha256 = NULL, "
        "down_sha256 = NULL, up_sql = NULL WHERE revision = 'b'");
  }
  EXPECT_EQ(Record("a").up_sha256, ScriptSha256("CREATE TABLE a (x);"));
  EXPECT_EQ(Record("a").down_sha256, ScriptSha256("DROP TABLE a;"));
  EXPECT_FALSE(Record("a").complete);
  EXPECT_EQ(Record("b").up_sha256, "");
  EXPECT_THAT(Archive({"b"}), IsEmpty()) << "its SQL is not known";
  EXPECT_TRUE(Record("c").complete);
}

TEST_F(ArchiveTest, WithoutAHistoryThereIsNone) {
  MakeDatabase(path_, "CREATE TABLE t (x);");
  EXPECT_THAT(Archive({"a"}), IsEmpty());
}

TEST_F(ArchiveTest, ARepairIsNewContentButNoApplication) {
  (void)CarryOut(Upgrade(path_, ThreeTables()));
  {
    Connection connection(path_, OpenMode::kWrite);
    connection.Execute("UPDATE drover_history SET applied_at = 'then'");
  }
  Revision edited = MakeRevision("b", {"a"}, "CREATE TABLE b (x, y);", "DROP TABLE b;");
  edited.raw_sha256 = "new";
  AppliedBy by = Somebody();
  by.user = "bob";
  Repair({.path = path_,
          .version_table = kVersionTable,
          .by = by,
          .busy_timeout = std::chrono::seconds(1),
          .rows = {"c"},
          .rows_after = {"c"}},
         edited);
  const AppliedRecord record = Record("b");
  EXPECT_EQ(record.direction, "repair");
  EXPECT_TRUE(record.applied());
  EXPECT_EQ(record.raw_sha256, "new");
  EXPECT_EQ(record.up_sha256, edited.up_sha256);
  EXPECT_EQ(record.applied_at, "then");
  EXPECT_EQ(record.applied_by, "ann");
  EXPECT_EQ(record.applied_direction, "up");
  EXPECT_EQ(Archive({"b"}).at("b").up.sql, "CREATE TABLE b (x, y);");
  EXPECT_EQ(Rows(path_), "c");
  EXPECT_EQ(History(path_), "up a done, up b done, up c done, repair b done");
}

TEST_F(ArchiveTest, ARepairOfAMovedRevisionKeepsOnlyTheHighestRows) {
  const Graph graph({MakeRevision("a", {}, "CREATE TABLE a (x);", "DROP TABLE a;"),
                     MakeRevision("b", {"a"}, "CREATE TABLE b (x);", "DROP TABLE b;"),
                     MakeRevision("c", {"a"}, "CREATE TABLE c (x);", "DROP TABLE c;")});
  (void)CarryOut(Upgrade(path_, graph, "heads"));
  EXPECT_EQ(Rows(path_), "b, c");
  Repair({.path = path_,
          .version_table = kVersionTable,
          .by = Somebody(),
          .busy_timeout = std::chrono::seconds(1),
          .rows = {"b", "c"},
          .rows_after = {"c"}},
         MakeRevision("c", {"b"}, "CREATE TABLE c (x);", "DROP TABLE c;"));
  EXPECT_EQ(Rows(path_), "c");
}

TEST_F(ArchiveTest, ADatabaseThatMovedMeanwhileIsNotRepaired) {
  (void)CarryOut(Upgrade(path_, ThreeTables(), "b"));
  const std::string before = ReadText(path_);
  const Error error = Caught([&] {
    Repair({.path = path_,
            .version_table = kVersionTable,
            .by = Somebody(),
            .busy_timeout = std::chrono::seconds(1),
            .rows = {"c"},
            .rows_after = {"c"}},
           MakeRevision("b", {"a"}));
  });
  EXPECT_EQ(error.kind, "version.rows_changed");
  EXPECT_EQ(ReadText(path_), before);
}

}  // namespace
}  // namespace drover::migrations
