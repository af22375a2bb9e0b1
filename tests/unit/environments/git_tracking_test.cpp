#include "environments/git_tracking.h"

#include <cstdlib>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/posix.h"
#include "base/text.h"
#include "tests/unit/environments/scratch.h"

namespace drover::environments {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;

/// A repository in a temporary directory, without git: only what is read of it is there.
class GitTrackingTest : public ::testing::Test {
 protected:
  GitTrackingTest() {
    MakeDirectories(scratch / "repo/.git/info", 0755);
    MakeDirectories(scratch / "repo/data", 0755);
  }

  void Write(const std::string& path, std::string_view text) {
    WriteFileDurably(scratch / ("repo/" + path), text, 0644);
  }

  GitFile About(const std::string& path) {
    const auto answers = git.Ask({scratch / ("repo/" + path)});
    return answers ? answers->files.at(0) : GitFile{};
  }

  const ScratchDirectory scratch;
  GitTracking git{scratch / "home"};
};

TEST_F(GitTrackingTest, OutsideOfARepositoryThereIsNoAnswer) {
  EXPECT_EQ(git.Ask({scratch / "elsewhere/app.db"}), std::nullopt);
  EXPECT_EQ(git.Ask({}), std::nullopt);
}

TEST_F(GitTrackingTest, TheNearestIgnoreFileDecides) {
  EXPECT_FALSE(About("app.db").ignored);
  Write(".gitignore", "# ours\n*.db\n");
  EXPECT_TRUE(About("app.db").ignored);
  EXPECT_THAT(About("app.db").ignored_by, EndsWith("/repo/.gitignore:2:1"));
  EXPECT_FALSE(About("app.db-wal").ignored);
  EXPECT_TRUE(About("data/app.db").ignored);
  Write("data/.gitignore", "!app.db\n");
  EXPECT_FALSE(About("data/app.db").ignored);
  EXPECT_TRUE(About("data/other.db").ignored);
  EXPECT_EQ(About("data/other.db").ignored_by, scratch / "repo/.gitignore:2:1");
}

TEST_F(GitTrackingTest, WhatLiesInAnIgnoredDirectoryCannotBeTakenBack) {
  Write(".gitignore", "/data/\n");
  Write("data/.gitignore", "!app.db\n");
  EXPECT_TRUE(About("data/app.db").ignored);
}

TEST_F(GitTrackingTest, ExcludeFilesOfTheRepositoryAndOfTheUserCountLast) {
  Write(".git/info/exclude", "one.db\n");
  EXPECT_TRUE(About("one.db").ignored);
  MakeDirectories(scratch / "home/.config/git", 0755);
  WriteFileDurably(scratch / "home/.config/git/ignore", "two.db\none.db\n", 0644);
  EXPECT_TRUE(About("two.db").ignored);
  Write(".gitignore", "!two.db\n");
  EXPECT_FALSE(About("two.db").ignored);
  WriteFileDurably(scratch / "home/.gitconfig", "[core]\n\texcludesFile = ~/mine\n", 0644);
  WriteFileDurably(scratch / "home/mine", "three.db\n", 0644);
  EXPECT_TRUE(About("three.db").ignored);
}

TEST_F(GitTrackingTest, AWorkTreeHasAnIndexOfItsOwn) {
  MakeDirectories(scratch / "repo/.git/worktrees/side", 0755);
  Write(".git/worktrees/side/commondir", "../..\n");
  MakeDirectories(scratch / "side", 0755);
  WriteFileDurably(scratch / "side/.git",
                   Concat("gitdir: ", scratch / "repo/.git/worktrees/side", "\n"), 0644);
  const auto answers = git.Ask({scratch / "side/app.db"});
  ASSERT_TRUE(answers.has_value());
  EXPECT_EQ(answers->repository.top, scratch / "side");
  EXPECT_EQ(answers->repository.common, scratch / "repo/.git");
  EXPECT_TRUE(git.inputs().contains(scratch / "repo/.git/worktrees/side/index"));
  EXPECT_TRUE(git.inputs().contains(scratch / "side/.gitignore"));
}

TEST_F(GitTrackingTest, AnIndexThatCannotBeReadIsNoAnswer) {
  Write(".git/index", "DIRCgarbage");
  EXPECT_EQ(git.Ask({scratch / "repo/app.db"}), std::nullopt);
}

TEST(GitConfigTest, TheLastValueOfTheSectionCounts) {
  constexpr std::string_view kText =
      "[user]\n\texcludesfile = no\n[Core]\n  excludesFile = \"a b\"\n  ; x = y\n[core]\n"
      "excludesfile=c\n[core \"sub\"]\nexcludesfile=d\n";
  EXPECT_EQ(GitConfigValue(kText, "core", "excludesfile"), "c");
  EXPECT_EQ(GitConfigValue(kText, "core", "bare"), std::nullopt);
  EXPECT_EQ(GitConfigValue("[core]\nexcludesFile = \"a b\"", "core", "excludesfile"), "a b");
}

}  // namespace
}  // namespace drover::environments
