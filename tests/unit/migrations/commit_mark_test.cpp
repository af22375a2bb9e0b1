#include "migrations/commit_mark.h"

#include <fstream>
#include <gtest/gtest.h>

#include "migrations/sqlite.h"
#include "tests/unit/migrations/support.h"

namespace drover::migrations {
namespace {

class CommitMarkTest : public testing::TestWithParam<const char*> {
 protected:
  void Make() {
    database_.Execute(std::string("PRAGMA journal_mode=") + GetParam());
    database_.Execute("CREATE TABLE t (a)");
  }

  TempDir directory_;
  std::string path_ = directory_ / "a.db";
  Connection database_{path_, OpenMode::kCreate};
};

TEST_P(CommitMarkTest, ACommitChangesItAndReadingDoesNot) {
  Make();
  const std::string before = CommitMark(path_);
  EXPECT_FALSE(before.empty());
  EXPECT_EQ(database_.QueryInteger("SELECT count(*) FROM t"), 0);
  EXPECT_EQ(CommitMark(path_), before);
  database_.Execute("INSERT INTO t VALUES (1)");
  EXPECT_NE(CommitMark(path_), before);
}

TEST_P(CommitMarkTest, WhatIsRolledBackDoesNot) {
  Make();
  const std::string before = CommitMark(path_);
  database_.Execute("BEGIN; INSERT INTO t VALUES (1); ROLLBACK");
  EXPECT_EQ(CommitMark(path_), before);
}

INSTANTIATE_TEST_SUITE_P(JournalModes, CommitMarkTest, testing::Values("delete", "wal"));

TEST(CommitMarkFileTest, WhatIsNoDatabaseHasNone) {
  const TempDir directory;
  EXPECT_EQ(CommitMark(directory / "none.db"), "");
  std::ofstream(directory / "empty.db");
  EXPECT_EQ(CommitMark(directory / "empty.db"), "");
}

}  // namespace
}  // namespace drover::migrations
