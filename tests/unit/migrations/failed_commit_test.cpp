#include "migrations/failed_commit.h"

#include <gmock/gmock.h>

#include "tests/unit/migrations/support.h"

namespace drover::migrations {
namespace {

using testing::HasSubstr;

class FailedCommitTest : public testing::Test {
 protected:
  [[nodiscard]] bool Survived() const {
    return SurvivedFailedCommit(path_, failure_, [](Connection& connection) {
      return connection.QueryInteger("SELECT count(*) FROM t") == 1;
    });
  }

  TempDir directory_;
  std::string path_ = directory_ / "app.db";
  Error failure_{Code::kIo, "sqlite.io", "disk I/O error", "", "/m/a.sql:3:1"};
};

TEST_F(FailedCommitTest, WhatIsThereAndSyncedHasSurvived) {
  MakeDatabase(path_, "CREATE TABLE t (x); INSERT INTO t VALUES (1);");
  EXPECT_TRUE(Survived());
}

TEST_F(FailedCommitTest, WhatIsNotThereHasNot) {
  MakeDatabase(path_, "CREATE TABLE t (x);");
  EXPECT_FALSE(Survived());
}

TEST_F(FailedCommitTest, WhatCannotBeReadHasNot) {
  WriteText(path_, std::string(4096, 'x'));
  EXPECT_FALSE(Survived());
  EXPECT_FALSE(
      SurvivedFailedCommit(directory_ / "missing.db", failure_, [](Connection&) { return true; }));
}

TEST_F(FailedCommitTest, ALogThatStaysIsNotCertain) {
  MakeDatabase(path_, "CREATE TABLE t (x); PRAGMA journal_mode=WAL;");
  Connection other(path_, OpenMode::kWrite);
  other.Execute("INSERT INTO t VALUES (1)");
  const Error error = Caught([&] { (void)Survived(); });
  EXPECT_EQ(error.code, Code::kIo);
  EXPECT_EQ(error.kind, "sqlite.not_durable");
  EXPECT_EQ(error.where, "/m/a.sql:3:1");
  EXPECT_THAT(error.message, HasSubstr("disk I/O error; all of it is in the database"));
}

TEST_F(FailedCommitTest, ALogThatIsGoneWasCopied) {
  MakeDatabase(path_, "CREATE TABLE t (x); PRAGMA journal_mode=WAL; INSERT INTO t VALUES (1);");
  EXPECT_TRUE(Survived());
}

}  // namespace
}  // namespace drover::migrations
