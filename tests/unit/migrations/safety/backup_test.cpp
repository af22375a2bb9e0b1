#include "migrations/safety/backup.h"

#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <thread>

#include "base/error.h"
#include "base/posix.h"
#include "base/text.h"
#include "migrations/safety/database_copy.h"
#include "migrations/stubs.h"
#include "tests/unit/migrations/apply_support.h"

namespace drover::migrations {
namespace {

using ::testing::HasSubstr;

class BackupTest : public ::testing::Test {
 protected:
  BackupTest() { policy_.directory = directory_.path() + "/backups"; }

  void Run(const std::string& sql) const {
    Connection connection(database_, OpenMode::kCreate);
    connection.Execute(sql);
  }
  [[nodiscard]] std::string Ask(const std::string& path, const std::string& sql) const {
    Connection connection(path, OpenMode::kRead);
    return Listed(connection.QueryColumn(sql));
  }
  [[nodiscard]] TakenBackup Take() const {
    return TakeBackup(database_, policy_,
                      {.environment = "dev", .reason = "upgrade", .revisions = {"a"}});
  }
  [[nodiscard]] std::vector<std::string> Files() const {
    return ListDirectory(BackupDirectory(database_, policy_));
  }
  /// Footprints of the last moments are not relied on.
  void Age() const {
    const auto past = std::filesystem::file_time_type::clock::now() - std::chrono::hours(2);
    std::filesystem::last_write_time(database_, past);
  }

  TempDir directory_;
  std::string database_ = directory_.path() + "/app.db";
  BackupPolicy policy_;
};

TEST_F(BackupTest, HoldsWhatTheDatabaseHeld) {
  Run("CREATE TABLE t (x); INSERT INTO t VALUES (1), (2)");
  const TakenBackup taken = Take();
  EXPECT_FALSE(taken.reused);
  EXPECT_EQ(taken.entry.checked, "ok");
  EXPECT_EQ(taken.entry.reason, "upgrade");
  EXPECT_EQ(taken.entry.bytes, 8192);
  Run("DELETE FROM t");
  EXPECT_EQ(Ask(taken.entry.path, "SELECT x FROM t"), "1, 2");
  EXPECT_EQ(StatFile(taken.entry.path)->mode, 0600U);
  EXPECT_THAT(ListBackups(database_, policy_), ::testing::ElementsAre(taken.entry));
}

TEST_F(BackupTest, OneContentIsKeptOnce) {
  Run("CREATE TABLE t (x)");
  const std::string first = Take().entry.id;
  const TakenBackup again = Take();
  EXPECT_TRUE(again.reused);
  EXPECT_EQ(again.entry.id, first);
  Run("BEGIN; INSERT INTO t VALUES (1); ROLLBACK");
  EXPECT_TRUE(Take().reused);
  Run("INSERT INTO t VALUES (1)");
  EXPECT_FALSE(Take().reused);
  EXPECT_EQ(ListBackups(database_, policy_).size(), 2U);
}

TEST_F(BackupTest, WhatHasNotBeenWrittenIsNotCopied) {
  Run("CREATE TABLE t (x)");
  std::this_thread::sleep_for(std::chrono::milliseconds(60));  // the footprint counts from here on
  const std::string path = Take().entry.path;
  // Were it copied and compared, this would be found out.
  WriteFileDurably(path, "something else", 0600);
  EXPECT_TRUE(Take().reused);
}

TEST_F(BackupTest, TheOldestAreGivenUp) {
  policy_.keep = 3;
  Run("CREATE TABLE t (x)");
  std::vector<std::string> ids;
  for (int i = 0; i < 5; ++i) {
    Run(Concat("INSERT INTO t VALUES (", i, ")"));
    ids.push_back(Take().entry.id);
  }
  std::vector<std::string> kept;
  for (const BackupEntry& each : ListBackups(database_, policy_)) kept.push_back(each.id);
  EXPECT_THAT(kept, ::testing::ElementsAre(ids[4], ids[3], ids[2]));
  EXPECT_EQ(Files().size(), 6U);
}

TEST_F(BackupTest, BytesAreBoundedButTheNewestStays) {
  policy_.max_bytes = 20000;
  Run("CREATE TABLE t (x)");
  for (int i = 0; i < 4; ++i) {
    Run(Concat("INSERT INTO t VALUES (", i, ")"));
    (void)Take();
  }
  EXPECT_EQ(ListBackups(database_, policy_).size(), 2U);
  policy_.max_bytes = 1;
  Run("INSERT INTO t VALUES (9)");
  const std::string last = Take().entry.id;
  ASSERT_EQ(ListBackups(database_, policy_).size(), 1U);
  EXPECT_EQ(ListBackups(database_, policy_).front().id, last);
}

TEST_F(BackupTest, AWalDatabaseIsCopiedWithWhatIsInItsLog) {
  Run("PRAGMA journal_mode=WAL; CREATE TABLE t (x)");
  Connection open(database_, OpenMode::kWrite);
  open.Execute("INSERT INTO t VALUES (7)");  // stays in the -wal while this is open
  ASSERT_TRUE(StatFile(database_ + "-wal"));
  const TakenBackup taken = Take();
  EXPECT_EQ(Ask(taken.entry.path, "SELECT x FROM t"), "7");
  EXPECT_FALSE(StatFile(taken.entry.path + "-wal"));
  open.Execute("INSERT INTO t VALUES (8)");  // nobody holds it up
}

TEST_F(BackupTest, AnUnknownCollationIsTheReasonForNoCheck) {
  {
    Connection connection(database_, OpenMode::kCreate);
    RegisterStubs(connection, {.functions = {}, .collations = {"german"}});
    connection.Execute("CREATE TABLE t (x COLLATE german); CREATE INDEX i ON t (x)");
  }
  EXPECT_THAT(Take().entry.checked, HasSubstr("not checked: "));
}

TEST_F(BackupTest, DamageIsFoundAndTheCopyKeptAllTheSame) {
  Run("CREATE TABLE t (x); CREATE INDEX i ON t (x); INSERT INTO t VALUES (1), (2)");
  Run("PRAGMA ignore_check_constraints=ON");
  std::string bytes = ReadFile(database_, 1 << 20);
  bytes[4096 + 3] = '\x7f';  // more cells than the page has
  WriteFileDurably(database_, bytes, 0644);
  const Error error = Caught([&] { (void)Take(); });
  EXPECT_EQ(error.kind, "database.damaged");
  const std::vector<BackupEntry> kept = ListBackups(database_, policy_);
  ASSERT_EQ(kept.size(), 1U);
  EXPECT_THAT(kept.front().checked, HasSubstr("damaged: "));
  EXPECT_EQ(Caught([&] { (void)Take(); }).kind, "database.damaged") << "also when it is reused";
}

TEST_F(BackupTest, WhatACrashLeftIsTakenAwayLater) {
  Run("CREATE TABLE t (x)");
  (void)Take();
  const std::string directory = BackupDirectory(database_, policy_);
  const auto past = std::filesystem::file_time_type::clock::now() - std::chrono::hours(2);
  for (const char* name : {"20260101-000000-abcdef.db.77.part", "20260101-000000-abcdef.db"}) {
    CreateFile(Concat(directory, "/", name), "half", 0600);
    std::filesystem::last_write_time(Concat(directory, "/", name), past);
  }
  CreateFile(directory + "/20260101-000001-abcdef.db.78.part", "being written", 0600);
  EXPECT_EQ(ListBackups(database_, policy_).size(), 1U);
  (void)Take();
  EXPECT_EQ(Files().size(), 3U);
}

TEST_F(BackupTest, NamesAreIdsTheirBeginningsAndLatest) {
  EXPECT_EQ(Caught([&] { (void)FindBackup(database_, policy_, "latest"); }).kind, "backup.none");
  Run("CREATE TABLE t (x)");
  const std::string first = Take().entry.id;
  Run("INSERT INTO t VALUES (1)");
  const std::string second = Take().entry.id;
  EXPECT_EQ(FindBackup(database_, policy_, "latest").id, second);
  EXPECT_EQ(FindBackup(database_, policy_, first).id, first);
  EXPECT_EQ(Caught([&] { (void)FindBackup(database_, policy_, "2"); }).kind, "backup.ambiguous");
  EXPECT_EQ(Caught([&] { (void)FindBackup(database_, policy_, "x"); }).kind, "backup.unknown");
}

TEST_F(BackupTest, ADirectoryThatCannotBeMadeIsNamed) {
  Run("CREATE TABLE t (x)");
  CreateFile(policy_.directory, "", 0600);
  const Error error = Caught([&] { (void)Take(); });
  EXPECT_EQ(error.code, Code::kIo);
  EXPECT_THAT(error.message, HasSubstr(policy_.directory));
  EXPECT_EQ(
      Caught([&] { RequireSpace(directory_.path(), std::uint64_t{1} << 60U, "a copy"); }).kind,
      "backup.no_space");
}

TEST_F(BackupTest, AMissingDatabaseHasNone) {
  EXPECT_EQ(Caught([&] { (void)Take(); }).kind, "database.missing");
}

TEST_F(BackupTest, CopiesAreMadeBesideABusyWriter) {
  Run("CREATE TABLE t (a, b)");
  std::jthread writer([this](const std::stop_token& stop) {
    Connection connection(database_, OpenMode::kWrite);
    connection.Execute("PRAGMA synchronous=OFF");
    for (int i = 0; !stop.stop_requested(); ++i) {
      connection.Execute(Concat("INSERT INTO t VALUES (", i, ", ", i, ")"));
    }
  });
  for (int i = 0; i < 20; ++i) {
    const BackupEntry entry = Take().entry;
    EXPECT_EQ(entry.checked, "ok");
    EXPECT_EQ(Ask(entry.path, "SELECT count(*) FROM t WHERE a IS NOT b"), "0");
  }
}

}  // namespace
}  // namespace drover::migrations
