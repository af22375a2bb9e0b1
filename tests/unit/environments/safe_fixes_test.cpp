#include "environments/safe_fixes.h"

#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <thread>

#include "base/text.h"
#include "tests/unit/environments/fake_files.h"
#include "tests/unit/environments/scratch.h"

namespace drover::environments {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Target TargetWith(const std::string& code, const std::string& path) {
  Target target;
  target.environment = "docker";
  target.path = path;
  target.findings.push_back({.code = code,
                             .severity = "error",
                             .environment = "docker",
                             .message = {},
                             .ground = "seen",
                             .fix = {},
                             .where = {}});
  return target;
}

TEST(SafeFixesTest, AnEmptyDirectoryInPlaceOfTheDatabaseMayGo) {
  FakeFiles files;
  files.PutDirectory("/p/app.db");
  const Target target = TargetWith("database-path-is-directory", "/p/app.db");
  const std::vector<SafeFix> fixes = FixesForTarget(target, "/p", files);
  ASSERT_EQ(fixes.size(), 1U);
  EXPECT_EQ(fixes[0].kind, SafeFix::Kind::kRemoveEmptyDirectory);
  EXPECT_EQ(FixCommand(fixes[0], "/p"), "rmdir app.db");
  EXPECT_THAT(FixesForTarget(target, "/q", files), IsEmpty()) << "not the project's";
  files.Put("/p/app.db/x", "");
  EXPECT_THAT(FixesForTarget(target, "/p", files), IsEmpty()) << "not empty";
}

TEST(SafeFixesTest, AMissingDirectoryOfAMountIsMade) {
  FakeFiles files;
  files.PutDirectory("/p");
  Target target = TargetWith("bind-source-missing", "/p/data/app.db");
  target.mount = Target::Mount{.service = "api",
                               .where = {},
                               .source = "/p/data",
                               .single_file = false,
                               .user = {},
                               .shared_with = {}};
  const std::vector<SafeFix> fixes = FixesForTarget(target, "/p", files);
  ASSERT_EQ(fixes.size(), 1U);
  EXPECT_EQ(FixCommand(fixes[0], "/p"), "mkdir -p data");
  files.Link("/p/data", "/elsewhere");
  EXPECT_THAT(FixesForTarget(target, "/p", files), IsEmpty()) << "a link leads out";
  target.mount->source = "/srv/data";
  EXPECT_THAT(FixesForTarget(target, "/p", files), IsEmpty()) << "not the project's";
  target.mount->source = "/p/app.db";
  target.mount->single_file = true;
  EXPECT_THAT(FixesForTarget(target, "/p", files), IsEmpty()) << "a database is made by an upgrade";
}

class SafeFixesOnDiskTest : public ::testing::Test {
 protected:
  std::string Text(const std::string& name) { return ReadFile(scratch / name, 100000); }

  const ScratchDirectory scratch;
};

TEST_F(SafeFixesOnDiskTest, OnlyAnEmptyDirectoryIsRemoved) {
  MakeDirectories(scratch / "full/inner", 0755);
  EXPECT_EQ(ErrorOf([&] { return RemoveEmptyDirectory(scratch / "full"), 0; }).kind,
            "fix.not_empty");
  RemoveEmptyDirectory(scratch / "full/inner");
  RemoveEmptyDirectory(scratch / "full/inner");
  EXPECT_FALSE(std::filesystem::exists(scratch / "full/inner"));
  CreateFile(scratch / "file", "data", 0644);
  RemoveEmptyDirectory(scratch / "file");
  EXPECT_EQ(Text("file"), "data");
}

TEST_F(SafeFixesOnDiskTest, ADirectoryIsMadeOnceAndNotOutside) {
  MakeDirectoryBelow(scratch / "a/b", scratch.path());
  MakeDirectoryBelow(scratch / "a/b", scratch.path());
  EXPECT_TRUE(std::filesystem::is_directory(scratch / "a/b"));
  std::filesystem::create_directory_symlink("/tmp", scratch / "out");
  EXPECT_EQ(ErrorOf([&] { return MakeDirectoryBelow(scratch / "out/x", scratch.path()), 0; }).kind,
            "fix.outside");
  CreateFile(scratch / "file", "", 0644);
  EXPECT_EQ(ErrorOf([&] { return MakeDirectoryBelow(scratch / "file", scratch.path()), 0; }).kind,
            "fix.in_the_way");
}

TEST_F(SafeFixesOnDiskTest, LinesAreAddedOnceAtTheEnd) {
  const std::string path = scratch / ".gitignore";
  AppendMissingLines(path, {"*.db-wal", "*.db-shm"});
  EXPECT_EQ(Text(".gitignore"), "*.db-wal\n*.db-shm\n");
  AppendMissingLines(path, {"*.db-shm", "*.db-journal"});
  AppendMissingLines(path, {"*.db-wal"});
  EXPECT_EQ(Text(".gitignore"), "*.db-wal\n*.db-shm\n*.db-journal\n");
  WriteFileDurably(path, "*.pyc", 0644);
  AppendMissingLines(path, {"*.db"});
  EXPECT_EQ(Text(".gitignore"), "*.pyc\n*.db\n");
  WriteFileDurably(path, "*.pyc\r\n", 0644);
  AppendMissingLines(path, {"*.db"});
  EXPECT_EQ(Text(".gitignore"), "*.pyc\r\n*.db\r\n");
}

TEST_F(SafeFixesOnDiskTest, ALinkIsNotFollowed) {
  CreateFile(scratch / "other", "x\n", 0644);
  std::filesystem::create_symlink(scratch / "other", scratch / ".gitignore");
  EXPECT_EQ(ErrorOf([&] { return AppendMissingLines(scratch / ".gitignore", {"*.db"}), 0; }).kind,
            "fix.symlink");
  EXPECT_EQ(Text("other"), "x\n");
}

TEST_F(SafeFixesOnDiskTest, SeveralAtOnceAddEachLineOnce) {
  std::vector<std::string> lines;
  for (int i = 0; i < 40; ++i) lines.push_back(Concat("line-", i));
  std::vector<std::jthread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] { AppendMissingLines(scratch / ".gitignore", lines); });
  }
  threads.clear();
  EXPECT_EQ(Text(".gitignore"), Join(lines, "\n") + "\n");
}

}  // namespace
}  // namespace drover::environments
