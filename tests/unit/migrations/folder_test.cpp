#include "migrations/folder.h"

#include <filesystem>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <thread>

#include "tests/unit/migrations/support.h"

namespace drover::migrations {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string Migration(std::string_view id, std::string_view sql = "SELECT 1;") {
  return Concat("-- revision: ", id, "\n-- down_revision: none\n-- migrate:up\n", sql, "\n");
}

class FolderTest : public testing::Test {
 protected:
  LoadedMigrations Load(std::vector<std::string> directories) { return folders_.Load(directories); }
  LoadedMigrations Load() { return Load({directory_.path()}); }

  std::vector<std::string> Directories() { return {directory_.path()}; }
  LoadedMigrations LoadChanged(std::set<std::string> paths) {
    return folders_.Load(Directories(), std::move(paths));
  }
  /// Until the files' time stamps would tell the next change.
  static void LetTimePass() { std::this_thread::sleep_for(std::chrono::milliseconds(60)); }

  static std::vector<std::string> Ids(const LoadedMigrations& loaded) {
    std::vector<std::string> ids;
    for (const RevisionPtr& revision : loaded.revisions) ids.push_back(revision->id);
    return ids;
  }

  TempDir directory_;
  MigrationFolders folders_;
};

TEST_F(FolderTest, LoadsFilesInTheOrderOfTheirNames) {
  WriteText(directory_ / "b.sql", Migration("one"));
  WriteText(directory_ / "a.sql", Migration("two"));
  WriteText(directory_ / "c.sql", Migration("three"));
  const LoadedMigrations loaded = Load();
  EXPECT_THAT(Ids(loaded), ElementsAre("two", "one", "three"));
  EXPECT_EQ(loaded.revisions[0]->file, directory_ / "a.sql");
  EXPECT_THAT(loaded.problems, IsEmpty());
}

TEST_F(FolderTest, SeveralFoldersAreReadInTheGivenOrder) {
  TempDir second;
  WriteText(directory_ / "z.sql", Migration("one"));
  WriteText(second / "a.sql", Migration("two"));
  EXPECT_THAT(Ids(Load({directory_.path(), second.path()})), ElementsAre("one", "two"));
}

TEST_F(FolderTest, OnlyWhatChangedIsLookedAtAgain) {
  WriteText(directory_ / "a.sql", Migration("one"));
  WriteText(directory_ / "b.sql", Migration("two"));
  LetTimePass();
  const LoadedMigrations before = Load();
  WriteText(directory_ / "a.sql", Migration("one", "SELECT 22;"));
  WriteText(directory_ / "b.sql", Migration("two", "SELECT 33;"));
  WriteText(directory_ / "c.sql", Migration("three"));
  const LoadedMigrations after = LoadChanged({directory_ / "b.sql"});
  EXPECT_THAT(Ids(after), ElementsAre("one", "two"));
  EXPECT_EQ(after.revisions[0], before.revisions[0]);
  EXPECT_EQ(after.revisions[1]->up.sql, "SELECT 33;\n");
  EXPECT_NE(after.digest, before.digest);
  EXPECT_THAT(Ids(LoadChanged({directory_ / "c.sql"})), ElementsAre("one", "two", "three"));
  std::filesystem::remove(directory_ / "a.sql");
  EXPECT_THAT(Ids(LoadChanged({directory_ / "a.sql"})), ElementsAre("two", "three"));
  const LoadedMigrations whole = Load();
  EXPECT_THAT(Ids(whole), ElementsAre("two", "three"));
  EXPECT_EQ(whole.digest, MigrationFolders().Load(Directories()).digest);
}

TEST_F(FolderTest, WhatALinkLeadsToIsLookedAtEachTime) {
  const TempDir elsewhere;
  WriteText(elsewhere / "real.sql", Migration("one"));
  std::filesystem::create_symlink(elsewhere / "real.sql", directory_ / "a.sql");
  LetTimePass();
  (void)Load();
  WriteText(elsewhere / "real.sql", Migration("one", "SELECT 22;"));
  EXPECT_EQ(LoadChanged({}).revisions[0]->up.sql, "SELECT 22;\n");
}

TEST_F(FolderTest, ASecondNameOfAFileIsFoundAmongTheChangedToo) {
  WriteText(directory_ / "a.sql", Migration("one"));
  (void)Load();
  std::filesystem::create_hard_link(directory_ / "a.sql", directory_ / "b.sql");
  EXPECT_THAT(Ids(LoadChanged({directory_ / "b.sql"})), ElementsAre("one"));
  std::filesystem::remove(directory_ / "a.sql");
  EXPECT_THAT(Ids(LoadChanged({directory_ / "a.sql"})), ElementsAre("one"));
}

TEST_F(FolderTest, AfterAFailureEverythingIsReadAgain) {
  WriteText(directory_ / "a.sql", Migration("one"));
  (void)Load();
  std::filesystem::rename(directory_.path(), directory_.path() + ".away");
  WriteText(directory_.path(), "a file");
  EXPECT_EQ(Caught([&] { (void)Load(); }).code, Code::kIo);
  std::filesystem::remove(directory_.path());
  std::filesystem::rename(directory_.path() + ".away", directory_.path());
  EXPECT_THAT(Ids(LoadChanged({})), ElementsAre("one"));
}

TEST_F(FolderTest, AMissingFolderIsAnEmptyOne) {
  const LoadedMigrations loaded = Load({directory_ / "missing"});
  EXPECT_THAT(loaded.revisions, IsEmpty());
  EXPECT_EQ(loaded.digest, Load().digest);
}

TEST_F(FolderTest, AFileInPlaceOfAFolderIsAnIoError) {
  WriteText(directory_ / "file", "");
  EXPECT_EQ(Caught([&] { (void)Load({directory_ / "file"}); }).code, Code::kIo);
}

TEST_F(FolderTest, HiddenFilesAndOtherEndingsAreLeftOut) {
  WriteText(directory_ / ".a.sql", "junk");
  WriteText(directory_ / "a.sql.swp", "junk");
  WriteText(directory_ / "README.md", "junk");
  WriteText(directory_ / "a.SQL", "junk");
  const LoadedMigrations loaded = Load();
  EXPECT_THAT(loaded.revisions, IsEmpty());
  EXPECT_THAT(loaded.problems, IsEmpty());
}

TEST_F(FolderTest, AFileThatIsNoMigrationIsAProblemAndTheOthersAreLoaded) {
  WriteText(directory_ / "a.sql", "SELECT 1;");
  WriteText(directory_ / "b.sql", Migration("b"));
  const LoadedMigrations loaded = Load();
  EXPECT_THAT(Ids(loaded), ElementsAre("b"));
  ASSERT_EQ(loaded.problems.size(), 1U);
  EXPECT_EQ(loaded.problems[0].where, (directory_ / "a.sql") + ":1:1");
}

TEST_F(FolderTest, DirectoriesFifosAndSymlinkLoopsAreProblemsNotTraps) {
  std::filesystem::create_directory(directory_ / "a.sql");
  ASSERT_EQ(mkfifo((directory_ / "b.sql").c_str(), 0600), 0);
  std::filesystem::create_symlink("c.sql", directory_ / "c.sql");
  WriteText(directory_ / "d.sql", Migration("d"));
  const LoadedMigrations loaded = Load();
  EXPECT_THAT(Ids(loaded), ElementsAre("d"));
  ASSERT_EQ(loaded.problems.size(), 3U);
  EXPECT_THAT(loaded.problems[0].message, HasSubstr("a.sql"));
  EXPECT_THAT(loaded.problems[1].message, HasSubstr("b.sql"));
  EXPECT_THAT(loaded.problems[2].message, HasSubstr("c.sql"));
}

TEST_F(FolderTest, ADanglingLinkIsNoMigration) {
  std::filesystem::create_symlink("nowhere.sql", directory_ / "a.sql");
  const LoadedMigrations loaded = Load();
  EXPECT_THAT(loaded.revisions, IsEmpty());
  EXPECT_THAT(loaded.problems, IsEmpty());
}

TEST_F(FolderTest, TheSameFileTwiceCountsOnce) {
  TempDir second;
  WriteText(directory_ / "a.sql", Migration("a"));
  std::filesystem::create_symlink(directory_ / "a.sql", directory_ / "b.sql");
  std::filesystem::create_symlink(directory_ / "a.sql", second / "a.sql");
  EXPECT_THAT(Ids(Load({directory_.path(), second.path(), directory_.path()})), ElementsAre("a"));
}

TEST_F(FolderTest, AChangedFileIsReadAgain) {
  WriteText(directory_ / "a.sql", Migration("a", "SELECT 1;"));
  const std::string before = Load().digest;
  WriteText(directory_ / "a.sql", Migration("a", "SELECT 22;"));
  const LoadedMigrations after = Load();
  EXPECT_EQ(after.revisions[0]->up.sql, "SELECT 22;\n");
  EXPECT_NE(after.digest, before);
}

TEST_F(FolderTest, AChangeOfTheSameSizeRightAfterReadingIsSeen) {
  // The kernel's time stamps are coarse: many such saves share one.
  for (int i = 0; i < 50; ++i) {
    const std::string sql = Concat("SELECT ", 10 + i, ";");
    WriteText(directory_ / "a.sql", Migration("a", sql));
    ASSERT_EQ(Load().revisions[0]->up.sql, sql + "\n");
  }
}

TEST_F(FolderTest, TheDigestFollowsNamesAndContents) {
  const std::string empty = Load().digest;
  WriteText(directory_ / "a.sql", Migration("a"));
  const std::string one = Load().digest;
  EXPECT_NE(one, empty);
  EXPECT_EQ(Load().digest, one);
  std::filesystem::rename(directory_ / "a.sql", directory_ / "b.sql");
  const std::string renamed = Load().digest;
  EXPECT_NE(renamed, one);
  std::filesystem::remove(directory_ / "b.sql");
  EXPECT_EQ(Load().digest, empty);
}

TEST_F(FolderTest, TheDigestFollowsFilesThatAreNoMigrations) {
  WriteText(directory_ / "a.sql", "junk");
  const std::string before = Load().digest;
  WriteText(directory_ / "a.sql", "other junk");
  EXPECT_NE(Load().digest, before);
}

}  // namespace
}  // namespace drover::migrations
