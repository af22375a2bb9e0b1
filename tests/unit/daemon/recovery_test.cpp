#include "daemon/recovery.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include "tests/unit/daemon/support.h"

namespace drover::daemon {
namespace {

using drover::testing::AskSql;
using drover::testing::RunSql;
using drover::testing::Scratch;
using drover::testing::Spill;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

/// Runs `work` in a process that is killed afterwards; returns its id, which is nobody's then.
pid_t Killed(const std::function<void()>& work) {
  const pid_t child = fork();
  if (child == 0) {
    work();
    raise(SIGKILL);
  }
  waitpid(child, nullptr, 0);
  return child;
}

class RecoveryTest : public ::testing::Test {
 protected:
  void Intend(const std::string& from, const std::string& command = "upgrade") {
    journal.Append({.job = "job",
                    .what = "intent",
                    .at = "2026-02-12T23:20:18.000Z",
                    .project = "/p",
                    .environment = "dev",
                    .target = path,
                    .command = command,
                    .from = from.empty() ? std::vector<std::string>{} : std::vector{from},
                    .to = {"b2"},
                    .by = "policy",
                    .pid = Killed([] {}),
                    .duration_ms = 0,
                    .message = {}});
  }

  const Scratch scratch;
  Journal journal{scratch / "state"};
  const std::string path = scratch / "app.db";
};

TEST_F(RecoveryTest, WithoutOpenIntentsThereIsNothingToSay) {
  EXPECT_THAT(RecoverJobs(journal, "/p"), IsEmpty());
}

TEST_F(RecoveryTest, AnIntentOfADeadProcessIsToldAndClosed) {
  RunSql(path,
         "CREATE TABLE aaa (version_num, other); INSERT INTO aaa VALUES ('decoy', 1);"
         "CREATE TABLE drover_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY);"
         "INSERT INTO drover_version VALUES ('a1')");
  Intend("a1");
  const std::vector<Finding> findings = RecoverJobs(journal, "/p");
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0].code, "interrupted-job");
  EXPECT_EQ(findings[0].environment, "dev");
  EXPECT_THAT(findings[0].message, HasSubstr("nothing of it remains: the database is still at a1"));
  EXPECT_EQ(journal.Latest(1).at(0).what, "recovered");
  EXPECT_THAT(RecoverJobs(journal, "/p"), IsEmpty());
}

TEST_F(RecoveryTest, TheRowsDoNotTellWhatARestoreHasDone) {
  RunSql(path,
         "CREATE TABLE drover_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY);"
         "INSERT INTO drover_version VALUES ('a1')");
  Intend("a1", "restore");
  const Finding finding = RecoverJobs(journal, "/p").at(0);
  EXPECT_THAT(finding.message, HasSubstr("entirely or not at all: the database is at a1"));
  EXPECT_EQ(finding.fix, "drover backups");
}

TEST_F(RecoveryTest, WhatWasCommittedBeforeIsTold) {
  RunSql(path,
         "CREATE TABLE drover_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY);"
         "INSERT INTO drover_version VALUES ('b2')");
  Intend("a1");
  EXPECT_THAT(RecoverJobs(journal, "/p").at(0).message, HasSubstr("complete up to b2"));
}

TEST_F(RecoveryTest, AFileThatNeverCameToBeIsAtBase) {
  Intend("");
  EXPECT_THAT(RecoverJobs(journal, "/p").at(0).message, HasSubstr("still at base"));
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(RecoveryTest, OtherProjectsAreLeftToThemselves) {
  Intend("");
  EXPECT_THAT(RecoverJobs(journal, "/other"), IsEmpty());
  EXPECT_THAT(RecoverJobs(journal, "/p"), SizeIs(1));
}

TEST_F(RecoveryTest, ADatabaseThatCannotBeReadIsAnError) {
  Spill(path, std::string(4096, 'x'));
  Intend("a1");
  const std::vector<Finding> findings = RecoverJobs(journal, "/p");
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0].severity, "error");
  EXPECT_THAT(findings[0].message, HasSubstr("cannot be read"));
  EXPECT_THAT(RecoverJobs(journal, "/p"), IsEmpty());
}

TEST_F(RecoveryTest, AHotJournalIsRolledBack) {
  RunSql(path,
         "CREATE TABLE drover_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY);"
         "INSERT INTO drover_version VALUES ('a1'); CREATE TABLE t (x)");
  Killed([&] {
    migrations::Connection connection(path, migrations::OpenMode::kWrite);
    connection.Execute("PRAGMA cache_size=1");
    connection.Execute("PRAGMA cache_spill=1");
    connection.Execute("BEGIN IMMEDIATE");
    connection.Execute(
        "INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 20000) "
        "SELECT i FROM n");
    connection.Execute("UPDATE drover_version SET version_num = 'b2'");
    raise(SIGKILL);
  });
  ASSERT_TRUE(std::filesystem::exists(path + "-journal"));
  Intend("a1");
  EXPECT_THAT(RecoverJobs(journal, "/p").at(0).message, HasSubstr("still at a1"));
  EXPECT_FALSE(std::filesystem::exists(path + "-journal"));
  EXPECT_EQ(AskSql(path, "SELECT count(*) FROM t"), "0");
}

}  // namespace
}  // namespace drover::daemon
