#include "migrations/inspect.h"

#include <atomic>
#include <csignal>
#include <filesystem>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <thread>

#include "tests/unit/migrations/apply_support.h"

namespace drover::migrations {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class InspectTest : public testing::Test {
 protected:
  [[nodiscard]] DatabaseFacts Look() const { return Inspect(path_, kVersionTable); }

  TempDir directory_;
  std::string path_ = directory_ / "app.db";
};

TEST_F(InspectTest, AMissingDatabaseStaysMissing) {
  EXPECT_EQ(Look().kind, DatabaseKind::kMissing);
  EXPECT_EQ(Inspect(directory_ / "x/y.db", kVersionTable).kind, DatabaseKind::kMissing);
  EXPECT_THAT(Names(directory_.path()), IsEmpty());
}

TEST_F(InspectTest, WithoutTablesItIsEmpty) {
  WriteText(path_, "");
  EXPECT_EQ(Look().kind, DatabaseKind::kEmpty);
  MakeDatabase(path_, "PRAGMA user_version=3; CREATE VIEW v AS SELECT 1;");
  EXPECT_EQ(Look().kind, DatabaseKind::kEmpty);
}

TEST_F(InspectTest, TablesWithoutAVersionTableAreUnversioned) {
  MakeDatabase(path_, "CREATE TABLE t (x);");
  EXPECT_EQ(Look().kind, DatabaseKind::kUnversioned);
}

TEST_F(InspectTest, WhatOnlyHasTheNameOfAVersionTableIsNone) {
  for (const char* other :
       {"CREATE TABLE drover_version (a);", "CREATE VIEW drover_version AS SELECT 1;"}) {
    MakeDatabase(path_, std::string("CREATE TABLE t (x);") + other);
    const DatabaseFacts facts = Look();
    EXPECT_EQ(facts.kind, DatabaseKind::kUnreadable);
    ASSERT_TRUE(facts.problem.has_value()) << other;
    EXPECT_EQ(facts.problem->kind, "version_table.other");
    EXPECT_THROW((void)CarryOut(Upgrade(path_, ThreeTables())), Error) << other;
    std::filesystem::remove(path_);
  }
}

TEST_F(InspectTest, AVersionedDatabaseHasRowsAndRecords) {
  const Graph graph = ThreeTables();
  (void)CarryOut(Upgrade(path_, graph));
  (void)CarryOut(Downgrade(path_, graph, "-1"));
  const DatabaseFacts facts = Look();
  EXPECT_EQ(facts.kind, DatabaseKind::kVersioned);
  EXPECT_THAT(facts.rows, ElementsAre("b"));
  EXPECT_FALSE(facts.problem.has_value());
  ASSERT_EQ(facts.records.size(), 3U);
  EXPECT_EQ(facts.records.at("b").direction, "up");
  EXPECT_EQ(facts.records.at("b").state, "done");
  EXPECT_EQ(facts.records.at("b").up_sha256, ScriptSha256("CREATE TABLE b (x);"));
  EXPECT_EQ(facts.records.at("c").direction, "down");
  EXPECT_THAT(facts.unfinished, IsEmpty());
  EXPECT_THAT(Names(directory_.path()), ElementsAre("app.db"));
}

TEST_F(InspectTest, AVersionTableOfAlembicNeedsNoHistory) {
  MakeDatabase(path_,
               "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL);"
               "INSERT INTO alembic_version VALUES ('b'), ('a');");
  const DatabaseFacts facts = Inspect(path_, "alembic_version");
  EXPECT_EQ(facts.kind, DatabaseKind::kVersioned);
  EXPECT_THAT(facts.rows, ElementsAre("a", "b"));
  EXPECT_THAT(facts.records, IsEmpty());
}

TEST_F(InspectTest, LookingLeavesTheFileAsItWas) {
  (void)CarryOut(Upgrade(path_, ThreeTables()));
  struct stat before {};
  ASSERT_EQ(stat(path_.c_str(), &before), 0);
  const std::string bytes = ReadText(path_);
  (void)Look();
  struct stat after {};
  ASSERT_EQ(stat(path_.c_str(), &after), 0);
  EXPECT_EQ(after.st_mtim.tv_nsec, before.st_mtim.tv_nsec);
  EXPECT_EQ(after.st_ctim.tv_nsec, before.st_ctim.tv_nsec);
  EXPECT_EQ(ReadText(path_), bytes);
}

TEST_F(InspectTest, LookingHoldsNoLockAfterwards) {
  MakeDatabase(path_, "CREATE TABLE t (x);");
  (void)Look();
  Connection writer(path_, OpenMode::kWrite, std::chrono::milliseconds(0));
  EXPECT_NO_THROW(writer.Execute("BEGIN EXCLUSIVE; ROLLBACK;"));
}

TEST_F(InspectTest, LookingLosesNoLockOfTheSameProcess) {
  MakeDatabase(path_, "CREATE TABLE t (x);");
  Connection writer(path_, OpenMode::kWrite);
  writer.Execute("BEGIN IMMEDIATE; INSERT INTO t VALUES (1);");
  EXPECT_EQ(Look().kind, DatabaseKind::kUnversioned);
  EXPECT_EQ(InChild([&] {
              Connection other(path_, OpenMode::kWrite, std::chrono::milliseconds(0));
              return Caught([&] { other.Execute("BEGIN IMMEDIATE"); }).code == Code::kBusy ? 0 : 1;
            }),
            0);
  writer.Execute("COMMIT");
}

TEST_F(InspectTest, RowsThatAnOpenWriterHasNotCommittedAreNotSeen) {
  (void)CarryOut(Upgrade(path_, ThreeTables()));
  Connection writer(path_, OpenMode::kWrite);
  writer.Execute("BEGIN IMMEDIATE; UPDATE drover_version SET version_num = 'x';");
  EXPECT_THAT(Look().rows, ElementsAre("c"));
}

TEST_F(InspectTest, BesideATransactionThatHasChangedNothingItIsReadAndSaidSo) {
  MakeDatabase(path_, "CREATE TABLE t (x);");
  EXPECT_FALSE(Look().beside_writer);
  Connection writer(path_, OpenMode::kWrite);
  // Without syncing the journal has its magic from the beginning.
  writer.Execute("PRAGMA synchronous=OFF; BEGIN IMMEDIATE; INSERT INTO t VALUES (1);");
  const DatabaseFacts facts = Look();
  EXPECT_EQ(facts.kind, DatabaseKind::kUnversioned);
  EXPECT_TRUE(facts.beside_writer);
}

TEST_F(InspectTest, WhileTheFileIsBeingChangedItIsBusy) {
  MakeDatabase(path_, "CREATE TABLE t (x);");
  Connection writer(path_, OpenMode::kWrite);
  // More than the cache holds: the transaction goes into the file before it is committed.
  writer.Execute("PRAGMA cache_size=1; BEGIN IMMEDIATE;");
  writer.Execute(
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 300) "
      "INSERT INTO t SELECT randomblob(2000) FROM n;");
  const DatabaseFacts facts = Look();
  ASSERT_TRUE(facts.problem.has_value());
  EXPECT_EQ(facts.problem->kind, "sqlite.busy");
  EXPECT_EQ(facts.problem->code, Code::kBusy);
  writer.Execute("COMMIT");
  EXPECT_EQ(Look().kind, DatabaseKind::kUnversioned);
}

TEST_F(InspectTest, LookingNeverMakesAWriterWithoutPatienceFail) {
  MakeDatabase(path_, "CREATE TABLE t (x);");
  std::atomic<bool> done = false;
  std::jthread looking([&] {
    while (!done) (void)Look();
  });
  Connection writer(path_, OpenMode::kWrite, std::chrono::milliseconds(0));
  for (int i = 0; i < 100; ++i) writer.Execute("INSERT INTO t VALUES (randomblob(3000))");
  done = true;
  looking.join();
  EXPECT_EQ(writer.QueryInteger("SELECT count(*) FROM t"), 100);
}

TEST_F(InspectTest, RowsInTheLogOfALiveWriterAreSeen) {
  (void)CarryOut(Upgrade(path_, ThreeTables()));
  {
    Connection writer(path_, OpenMode::kWrite);
    writer.Execute("PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=0;");
    writer.Execute("UPDATE drover_version SET version_num = 'x';");
    EXPECT_THAT(Look().rows, ElementsAre("x"));
    EXPECT_THAT(Names(directory_.path()), ElementsAre("app.db", "app.db-shm", "app.db-wal"));
    writer.Execute("UPDATE drover_version SET version_num = 'y';");
    EXPECT_THAT(Look().rows, ElementsAre("y"));
  }
  EXPECT_THAT(Look().rows, ElementsAre("y"));
  EXPECT_THAT(Names(directory_.path()), ElementsAre("app.db"));
}

TEST_F(InspectTest, ALogWithoutItsIndexIsReadAndOnlyTheIndexIsMade) {
  (void)CarryOut(Upgrade(path_, ThreeTables()));
  Connection writer(path_, OpenMode::kWrite);
  writer.Execute("PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=0;");
  writer.Execute("UPDATE drover_version SET version_num = 'x';");
  TempDir copy;
  std::filesystem::copy_file(path_, copy / "app.db");
  std::filesystem::copy_file(path_ + "-wal", copy / "app.db-wal");
  const std::string log = ReadText(copy / "app.db-wal");
  EXPECT_THAT(Inspect(copy / "app.db", kVersionTable).rows, ElementsAre("x"));
  EXPECT_THAT(Names(copy.path()), ElementsAre("app.db", "app.db-shm", "app.db-wal"));
  EXPECT_EQ(ReadText(copy / "app.db-wal"), log);
}

TEST_F(InspectTest, TheLogOfAKilledWriterIsReadAndLeftAlone) {
  (void)CarryOut(Upgrade(path_, ThreeTables()));
  EXPECT_EQ(InChild([&] {
              Connection writer(path_, OpenMode::kWrite);
              writer.Execute("PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=0;");
              writer.Execute("UPDATE drover_version SET version_num = 'x';");
              raise(SIGKILL);
              return 0;
            }),
            -SIGKILL);
  const std::vector<std::string> names = Names(directory_.path());
  const std::string log = ReadText(path_ + "-wal");
  EXPECT_THAT(Look().rows, ElementsAre("x"));
  EXPECT_EQ(Names(directory_.path()), names);
  EXPECT_EQ(ReadText(path_ + "-wal"), log);
}

TEST_F(InspectTest, AHotJournalIsReportedAndNotTouched) {
  (void)CarryOut(Upgrade(path_, ThreeTables()));
  EXPECT_EQ(InChild([&] {
              Connection writer(path_, OpenMode::kWrite);
              writer.Execute("PRAGMA cache_size=1; BEGIN IMMEDIATE;");
              writer.Execute(
                  "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 300) "
                  "INSERT INTO a SELECT randomblob(2000) FROM n;");
              raise(SIGKILL);
              return 0;
            }),
            -SIGKILL);
  const std::string journal = ReadText(path_ + "-journal");
  const std::string bytes = ReadText(path_);
  ASSERT_GT(journal.size(), 512U);
  const DatabaseFacts facts = Look();
  EXPECT_EQ(facts.kind, DatabaseKind::kUnreadable);
  ASSERT_TRUE(facts.problem.has_value());
  EXPECT_EQ(facts.problem->kind, "hot_journal");
  EXPECT_EQ(facts.problem->code, Code::kBusy);
  EXPECT_EQ(ReadText(path_ + "-journal"), journal);
  EXPECT_EQ(ReadText(path_), bytes);
}

TEST_F(InspectTest, TheJournalOfADatabaseThatWasBeingMadeIsHotToo) {
  EXPECT_EQ(InChild([&] {
              Connection connection(path_, OpenMode::kCreate);
              connection.Execute("PRAGMA cache_size=1; BEGIN; CREATE TABLE t (x);");
              connection.Execute(
                  "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 300) "
                  "INSERT INTO t SELECT randomblob(2000) FROM n;");
              raise(SIGKILL);
              return 0;
            }),
            -SIGKILL);
  // Nothing was there that could be restored: the journal is only a head. It gets another one with
  // each time that the cache overflows.
  std::filesystem::resize_file(path_ + "-journal", 512);
  ASSERT_GT(ReadText(path_).size(), 100000U);
  const DatabaseFacts facts = Look();
  ASSERT_TRUE(facts.problem.has_value());
  EXPECT_EQ(facts.problem->kind, "hot_journal");
  RollBackHotJournal(path_);
  EXPECT_EQ(Look().kind, DatabaseKind::kEmpty);
}

TEST_F(InspectTest, APersistentJournalIsNotHot) {
  MakeDatabase(path_, "PRAGMA journal_mode=PERSIST; CREATE TABLE t (x);");
  ASSERT_THAT(Names(directory_.path()), ElementsAre("app.db", "app.db-journal"));
  EXPECT_EQ(Look().kind, DatabaseKind::kUnversioned);
}

TEST_F(InspectTest, AFileThatIsNoDatabaseIsUnreadable) {
  WriteText(path_, std::string(4096, 'x'));
  const DatabaseFacts facts = Look();
  EXPECT_EQ(facts.kind, DatabaseKind::kUnreadable);
  ASSERT_TRUE(facts.problem.has_value());
  EXPECT_EQ(facts.problem->kind, "sqlite.not_a_database");
  EXPECT_THAT(facts.problem->message, HasSubstr(path_));
}

TEST_F(InspectTest, ATruncatedDatabaseIsUnreadableNotACrash) {
  (void)CarryOut(Upgrade(path_, ThreeTables()));
  std::filesystem::resize_file(path_, 5000);
  const DatabaseFacts facts = Look();
  EXPECT_EQ(facts.kind, DatabaseKind::kUnreadable);
  ASSERT_TRUE(facts.problem.has_value());
  EXPECT_EQ(facts.problem->code, Code::kCorrupt);
}

TEST_F(InspectTest, ADirectoryInPlaceOfTheFileIsNamed) {
  std::filesystem::create_directory(path_);
  const DatabaseFacts facts = Look();
  EXPECT_EQ(facts.kind, DatabaseKind::kUnreadable);
  ASSERT_TRUE(facts.problem.has_value());
  EXPECT_EQ(facts.problem->kind, "database_is_directory");
}

TEST_F(InspectTest, AFifoDoesNotHang) {
  ASSERT_EQ(mkfifo(path_.c_str(), 0600), 0);
  const DatabaseFacts facts = Look();
  ASSERT_TRUE(facts.problem.has_value());
  EXPECT_EQ(facts.problem->kind, "database_is_not_a_file");
}

TEST_F(InspectTest, AFileWithoutPermissionIsUnreadable) {
  MakeDatabase(path_, "CREATE TABLE t (x);");
  ASSERT_EQ(chmod(directory_.path().c_str(), 0755), 0);
  ASSERT_EQ(chmod(path_.c_str(), 0000), 0);
  EXPECT_EQ(
      AsNobody([&] {
        const DatabaseFacts facts = Look();
        return facts.kind == DatabaseKind::kUnreadable && facts.problem->code == Code::kIo ? 0 : 1;
      }),
      0);
}

TEST_F(InspectTest, APathWithSpecialCharactersIsOpenedAsItIs) {
  const std::string path = directory_ / "a b?c#d%20é.db";
  MakeDatabase(path, "CREATE TABLE t (x);");
  EXPECT_EQ(Inspect(path, kVersionTable).kind, DatabaseKind::kUnversioned);
}

TEST_F(InspectTest, TheOutlineNamesTablesAndColumns) {
  MakeDatabase(path_,
               "CREATE TABLE drover_version (version_num TEXT); CREATE TABLE drover_history (x);"
               "CREATE TABLE t (b VARCHAR(3), a INTEGER PRIMARY KEY AUTOINCREMENT);"
               "CREATE TABLE s (c);");
  const SchemaOutline outline = InspectOutline(path_, kVersionTable);
  EXPECT_THAT(outline.tables, ElementsAre("s", "t"));
  EXPECT_THAT(outline.columns, ElementsAre("s.c ", "t.a integer", "t.b varchar(3)"));
  EXPECT_THAT(InspectOutline(directory_ / "missing", kVersionTable).tables, IsEmpty());
}

}  // namespace
}  // namespace drover::migrations
