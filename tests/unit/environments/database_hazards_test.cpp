#include "environments/database_hazards.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "tests/unit/environments/fake_files.h"
#include "tests/unit/environments/scratch.h"

namespace drover::environments {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::string_view kRootText = "/p";

class DatabaseHazardsTest : public ::testing::Test {
 protected:
  DatabaseHazardsTest() {
    files.Put("/p/data/app.db", "12345");
    target.environment = "docker";
    target.kind = TargetKind::kFile;
    target.path = "/p/data/app.db";
    target.mount = Target::Mount{.service = "api",
                                 .where = "/p/compose.yml:5:9",
                                 .source = "/p/data",
                                 .single_file = false,
                                 .user = {},
                                 .shared_with = {}};
  }

  DatabaseHazards Look(std::optional<bool> wal) {
    if (!target.file) target.file = files.Stat(target.path);
    const DatabaseSight sight{.target = &target,
                              .where = "/p/drover.yaml:3:10",
                              .wal = wal,
                              .hot_journal = hot,
                              .damaged = damaged};
    DatabaseHazards found;
    FindMountHazards(sight, root, files, found);
    FindFileHazards(sight, root, files, found);
    return found;
  }

  static std::vector<std::string> Codes(const std::vector<Finding>& findings) {
    std::vector<std::string> codes;
    for (const Finding& finding : findings) codes.push_back(finding.code);
    return codes;
  }

  void RunAs(const std::string& user) {
    target.mount->user = ComposeUser{.text = user, .where = "/p/compose.yml:4:11"};
  }

  const std::string root{kRootText};
  FakeFiles files;
  Target target;
  bool hot = false;
  bool damaged = false;
};

TEST_F(DatabaseHazardsTest, AWalAcrossASingleFileIsFatal) {
  target.mount->single_file = true;
  const DatabaseHazards found = Look(true);
  ASSERT_THAT(Codes(found.findings), ElementsAre("wal-across-single-file"));
  EXPECT_EQ(found.findings[0].severity, "fatal");
  EXPECT_EQ(found.findings[0].environment, "docker");
  EXPECT_EQ(found.findings[0].where, "/p/compose.yml:5:9");
  EXPECT_THAT(found.notes, IsEmpty());
}

TEST_F(DatabaseHazardsTest, TheAdviceOfTheMountIsRepeated) {
  target.mount->single_file = true;
  target.findings.push_back({.code = "bind-single-file",
                             .severity = "warning",
                             .environment = {},
                             .message = {},
                             .ground = "seen",
                             .fix = "mount /p/data",
                             .where = {}});
  EXPECT_EQ(Look(true).findings[0].fix, "stop the container, then mount /p/data");
}

TEST_F(DatabaseHazardsTest, AJournalAcrossASingleFileIsADangerUntilThereIsDamage) {
  target.mount->single_file = true;
  const DatabaseHazards danger = Look(false);
  ASSERT_THAT(Codes(danger.findings), ElementsAre("journal-across-single-file"));
  EXPECT_EQ(danger.findings[0].severity, "warning");
  EXPECT_EQ(danger.findings[0].ground, "inferred");
  damaged = true;
  const DatabaseHazards damage = Look({});
  ASSERT_THAT(Codes(damage.findings), ElementsAre("journal-across-single-file"));
  EXPECT_EQ(damage.findings[0].severity, "fatal");
}

TEST_F(DatabaseHazardsTest, WithoutKnowledgeOfTheModeNothingIsSaid) {
  target.mount->single_file = true;
  EXPECT_THAT(Look({}).findings, IsEmpty());
}

TEST_F(DatabaseHazardsTest, ASharedDirectoryOnALocalDiskIsFine) {
  const DatabaseHazards found = Look(true);
  EXPECT_THAT(found.findings, IsEmpty());
  ASSERT_THAT(Codes(found.notes), ElementsAre("wal-shared-local-ok"));
  EXPECT_EQ(found.notes[0].severity, "info");
  EXPECT_THAT(Look(false).notes, IsEmpty());
}

TEST_F(DatabaseHazardsTest, AWalOnAServersFileSystemIsFatal) {
  files.remote["/p/data"] = "nfs";
  const DatabaseHazards found = Look(true);
  ASSERT_THAT(Codes(found.findings), ElementsAre("wal-on-remote-fs"));
  EXPECT_EQ(found.findings[0].severity, "fatal");
  EXPECT_EQ(found.findings[0].ground, "seen");
  EXPECT_EQ(found.findings[0].where, "/p/drover.yaml:3:10");
  EXPECT_THAT(found.findings[0].message, HasSubstr("nfs"));
  EXPECT_THAT(found.notes, IsEmpty());
  EXPECT_THAT(Look(false).findings, IsEmpty());
  files.remote["/p/data"] = "fuse";
  EXPECT_EQ(Look(true).findings[0].ground, "inferred");
}

TEST_F(DatabaseHazardsTest, AHotJournalIsLeftToTheNextWriter) {
  hot = true;
  const DatabaseHazards found = Look({});
  ASSERT_THAT(Codes(found.findings), ElementsAre("hot-journal"));
  EXPECT_EQ(found.findings[0].fix, "drover upgrade -e docker");
}

TEST_F(DatabaseHazardsTest, TheUserOfTheContainerMustBeAbleToWriteFileAndDirectory) {
  files.Own("/p/data/app.db", 0, 0, 0644);
  files.Own("/p/data", 0, 0, 0755);
  RunAs("1000:1000");
  const DatabaseHazards both = Look(false);
  ASSERT_THAT(Codes(both.findings), ElementsAre("uid-mismatch"));
  EXPECT_EQ(both.findings[0].severity, "error");
  EXPECT_EQ(both.findings[0].ground, "inferred");
  EXPECT_EQ(both.findings[0].where, "/p/compose.yml:4:11");
  EXPECT_THAT(both.findings[0].message, HasSubstr("may not write data/app.db"));
  EXPECT_EQ(both.findings[0].fix, "sudo chown -R 1000 /p/data");

  files.Own("/p/data/app.db", 0, 0, 0666);
  target.file.reset();
  EXPECT_THAT(Look(false).findings[0].message, HasSubstr("may not write into data"));
  files.Own("/p/data", 0, 1000, 0775);
  EXPECT_THAT(Look(false).findings, IsEmpty());
  files.Put("/p/data/app.db-wal", "w");
  files.Own("/p/data/app.db-wal", 0, 0, 0644);
  EXPECT_THAT(Look(false).findings[0].message, HasSubstr("may not write data/app.db-wal"));
}

TEST_F(DatabaseHazardsTest, WhatBelongsToAPersonIsNotGivenAway) {
  files.Own("/p/data/app.db", 1000, 100, 0644);
  RunAs("999");
  EXPECT_EQ(Look(false).findings.at(0).fix, "user: \"1000:100\"");
}

TEST_F(DatabaseHazardsTest, OnlyWhatIsCertainIsSaidOfAUser) {
  files.Own("/p/data/app.db", 0, 0, 0664);
  files.Own("/p/data", 0, 0, 0775);
  for (const char* user : {"0", "root", "app", "${UID}", "", "1000"}) {
    RunAs(user);  // of 1000 alone the group is not known
    EXPECT_THAT(Look(false).findings, IsEmpty()) << user;
  }
  RunAs("1000:1000");
  EXPECT_EQ(Look(false).findings.size(), 1U);
}

TEST_F(DatabaseHazardsTest, TheDirectoryOfASingleFileIsTheContainersOwn) {
  files.Own("/p/data/app.db", 1000, 1000, 0644);
  files.Own("/p/data", 0, 0, 0755);
  target.mount->single_file = true;
  RunAs("1000:1000");
  EXPECT_THAT(Codes(Look({}).findings), IsEmpty());
}

/// An index that tracks `name`, by gitformat-index(5).
std::string IndexWith(const std::string& name) {
  std::string entry(60, '\x07');
  entry += '\0';
  entry += static_cast<char>(name.size());
  entry += name + '\0';
  while (entry.size() % 8 != 0) entry += '\0';
  return std::string("DIRC\0\0\0\2\0\0\0\1", 12) + entry + std::string(20, 'c');
}

class GitHazardsTest : public ::testing::Test {
 protected:
  GitHazardsTest() {
    MakeDirectories(scratch / ".git", 0755);
    MakeDirectories(scratch / "data", 0755);
    target.environment = "dev";
    target.kind = TargetKind::kFile;
    target.path = scratch / "app.db";
  }

  DatabaseHazards Look() {
    const DatabaseSight sight{
        .target = &target, .where = {}, .wal = {}, .hot_journal = false, .damaged = false};
    DatabaseHazards found;
    FindGitHazards(sight, root, git, found);
    return found;
  }

  void Ignore(std::string_view lines) { WriteFileDurably(scratch / ".gitignore", lines, 0644); }

  const ScratchDirectory scratch;
  std::string root = scratch.path();
  GitTracking git{""};
  Target target;
};

TEST_F(GitHazardsTest, SideFilesThatNoPatternMeetsAreAGap) {
  Ignore("*.pyc\n*.db\n*.db-shm\n");
  const DatabaseHazards found = Look();
  ASSERT_EQ(found.findings.size(), 1U);
  EXPECT_EQ(found.findings[0].code, "gitignore-gap");
  EXPECT_EQ(found.findings[0].environment, "dev");
  EXPECT_EQ(found.findings[0].where, scratch / ".gitignore:2:1");
  EXPECT_EQ(found.findings[0].message,
            "app.db is ignored by git, but app.db-wal and app.db-journal are not");
  ASSERT_EQ(found.fixes.size(), 1U);
  EXPECT_EQ(found.fixes[0].kind, SafeFix::Kind::kIgnoreInGit);
  EXPECT_EQ(found.fixes[0].path, scratch / ".gitignore");
  EXPECT_THAT(found.fixes[0].values, ElementsAre("*.db-wal", "*.db-journal"));
  Ignore("*.db*\n");
  EXPECT_THAT(Look().findings, IsEmpty());
}

TEST_F(GitHazardsTest, AnOpenDatabaseIsIgnoredByItsPath) {
  target.path = scratch / "data/[x].bin";
  const DatabaseHazards found = Look();
  ASSERT_EQ(found.fixes.size(), 1U);
  EXPECT_THAT(found.fixes[0].values, ElementsAre("/data/\\[x].bin", "/data/\\[x].bin-wal",
                                                 "/data/\\[x].bin-shm", "/data/\\[x].bin-journal"));
  Ignore("/data/\\[x].bin\n/data/\\[x].bin-wal\n/data/\\[x].bin-shm\n/data/\\[x].bin-journal\n");
  EXPECT_THAT(Look().findings, IsEmpty()) << "the lines mean what they should";
}

TEST_F(GitHazardsTest, ACommittedDatabaseIsTakenOutAndIgnored) {
  WriteFileDurably(scratch / ".git/index", IndexWith("app.db"), 0644);
  const DatabaseHazards found = Look();
  ASSERT_EQ(found.findings.size(), 1U);
  EXPECT_EQ(found.findings[0].code, "db-in-git");
  EXPECT_EQ(found.findings[0].severity, "error");
  EXPECT_EQ(found.findings[0].fix, "git rm --cached app.db");
  ASSERT_EQ(found.fixes.size(), 2U);
  EXPECT_EQ(found.fixes[0].kind, SafeFix::Kind::kUntrack);
  EXPECT_THAT(found.fixes[0].values, ElementsAre("app.db"));
  EXPECT_THAT(found.fixes[1].values,
              ElementsAre("/app.db", "*.db-wal", "*.db-shm", "*.db-journal"));
}

TEST_F(GitHazardsTest, OutsideOfTheProjectNothingIsFixed) {
  WriteFileDurably(scratch / ".git/index", IndexWith("app.db"), 0644);
  root = scratch / "data";
  const DatabaseHazards found = Look();
  EXPECT_EQ(found.findings.size(), 1U);
  EXPECT_EQ(found.findings[0].fix, Concat("git -C ", scratch.path(), " rm --cached app.db"));
  EXPECT_THAT(found.fixes, IsEmpty());
}

}  // namespace
}  // namespace drover::environments
