#include "environments/strays/strays.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace drover::environments {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const Holder kPython{
    .pid = 24606, .command = "python app/serve.py", .cwd = "/p/backend", .container = false};

migrations::Revision Migration(std::string id, std::vector<std::string> parents) {
  migrations::Revision revision;
  revision.id = std::move(id);
  revision.down_revision = std::move(parents);
  return revision;
}

ScannedFile File(std::string path, std::uint64_t inode) {
  ScannedFile file;
  file.path = std::move(path);
  file.device = 1;
  file.inode = inode;
  file.size = 8192;
  file.kind = "database";
  file.tables = {"accounts"};
  file.columns = {"accounts.id integer"};
  return file;
}

ScannedFile Versioned(std::string path, std::vector<std::string> rows) {
  ScannedFile file = File(std::move(path), 99);
  file.version_table = "alembic_version";
  file.revision = std::move(rows);
  return file;
}

/// Project /p: dev is application.db (inode 10), at revision a2 of a1 <- a2 <- a3, a1 <- b2;
/// logs is data/logs.db (inode 11), without columns known.
class StraysTest : public testing::Test {
 protected:
  StraysTest() {
    dev_.environment = "dev";
    dev_.kind = TargetKind::kFile;
    dev_.path = "/p/application.db";
    dev_.file = FileStatus{.identity = {.device = 1, .inode = 10}};
    dev_.relative_tail = "application.db";
    logs_.environment = "logs";
    logs_.kind = TargetKind::kFile;
    logs_.path = "/p/data/logs.db";
    logs_.file = FileStatus{.identity = {.device = 1, .inode = 11}};
    logs_.relative_tail = "data/logs.db";
    known_ = {{.target = &dev_, .rows = {"a2"}, .columns = kColumns},
              {.target = &logs_, .rows = {}, .columns = {}}};
  }

  [[nodiscard]] std::vector<StrayEntry> Classify(std::vector<ScannedFile> files) const {
    return ClassifyStrays(files, known_, graph_, "/p");
  }
  [[nodiscard]] StrayEntry One(const ScannedFile& file) const {
    const std::vector<StrayEntry> strays = Classify({file});
    EXPECT_EQ(strays.size(), 1U);
    return strays.empty() ? StrayEntry() : strays.front();
  }

  const std::vector<std::string> kColumns{"accounts.email text", "accounts.id integer"};
  Target dev_;
  Target logs_;
  std::vector<KnownDatabase> known_;
  migrations::Graph graph_{{Migration("a1", {}), Migration("a2", {"a1"}), Migration("a3", {"a2"}),
                            Migration("b2", {"a1"})}};
};

TEST_F(StraysTest, ConfiguredDatabasesAreNoStrays) {
  EXPECT_THAT(Classify({File("/p/application.db", 10), File("/p/data/logs.db", 11)}), IsEmpty());
}

TEST_F(StraysTest, AConfiguredFileIsKnownByItsPathWhileItsInodeIsNot) {
  dev_.file.reset();
  EXPECT_THAT(Classify({File("/p/application.db", 77)}), IsEmpty());
}

TEST_F(StraysTest, AnotherWayToTheSameFileIsNoStray) {
  EXPECT_THAT(Classify({File("/p/mnt/application.db", 10)}), IsEmpty());
}

TEST_F(StraysTest, AHardLinkOfAConfiguredFileIsAnAlias) {
  ScannedFile file = File("/p/copy.db", 10);
  file.links = 2;
  const StrayEntry stray = One(file);
  EXPECT_EQ(stray.kind, "alias");
  EXPECT_EQ(stray.environment, "dev");
  EXPECT_EQ(stray.message,
            "is dev's database itself under another name, a hard link [seen: same inode]");
  EXPECT_EQ(stray.fix, "drover where");
}

TEST_F(StraysTest, NamesTheDirectoryAndTheProcessOfAFreshUnversionedDatabase) {
  ScannedFile file = File("/p/backend/application.db", 50);
  file.tables = {"t"};
  file.columns = {"t.x "};
  file.holders = {kPython};
  file.modified_ns = 1'763'837'048'000'000'000;
  const StrayEntry stray = One(file);
  EXPECT_EQ(stray.path, "/p/backend/application.db");
  EXPECT_EQ(stray.kind, "unversioned");
  EXPECT_EQ(stray.size, 8192U);
  EXPECT_EQ(stray.made_from, "/p/backend");
  EXPECT_EQ(stray.environment, "dev");
  EXPECT_EQ(stray.score, 0.0);
  EXPECT_EQ(stray.modified, "2025-11-22T18:44:08Z");
  EXPECT_THAT(stray.tables, ElementsAre("t"));
  EXPECT_THAT(stray.holders, ElementsAre(kPython));
  EXPECT_EQ(stray.message,
            "looks like dev's database made by something that ran in backend/ [inferred from the "
            "path]; no version table [seen]; held open by pid 24606 python app/serve.py, cwd "
            "/p/backend [seen in /proc]");
  EXPECT_EQ(stray.fix, "drover where");
}

TEST_F(StraysTest, TheLongestTailNamesTheDirectory) {
  const StrayEntry stray = One(File("/p/backend/data/logs.db", 50));
  EXPECT_EQ(stray.made_from, "/p/backend");
  EXPECT_EQ(stray.environment, "logs");
  EXPECT_EQ(stray.score, std::nullopt);
}

TEST_F(StraysTest, ATailMatchesWholeComponentsOnly) {
  const StrayEntry stray = One(File("/p/my-application.db", 50));
  EXPECT_EQ(stray.made_from, std::nullopt);
}

TEST_F(StraysTest, WithoutATailNoDirectoryIsNamed) {
  dev_.relative_tail = "";  // of an absolute URL, or one that begins with ..
  EXPECT_EQ(One(File("/p/backend/application.db", 50)).made_from, std::nullopt);
  EXPECT_EQ(One(File("/p/backend/application.db", 50)).kind, "unversioned");
}

TEST_F(StraysTest, TheSameNameElsewhereIsARelationWithoutADirectory) {
  const StrayEntry stray = One(File("/p/backend/logs.db", 50));
  EXPECT_EQ(stray.kind, "unversioned");
  EXPECT_EQ(stray.environment, "logs");
  EXPECT_EQ(stray.made_from, std::nullopt);
  EXPECT_EQ(stray.message, "has the name of logs's database but no version table [seen]");
}

TEST_F(StraysTest, ResemblanceAloneMakesAStrayFromOneHalfOn) {
  ScannedFile file = File("/p/save.sqlite", 50);
  const StrayEntry stray = One(file);
  EXPECT_EQ(stray.kind, "related");
  EXPECT_EQ(stray.score, 0.5);
  EXPECT_EQ(stray.environment, "dev");
  file.columns = {"accounts.id integer", "z.z text"};
  EXPECT_EQ(One(file).kind, "foreign");
}

TEST_F(StraysTest, TheSameRowsAreADuplicate) {
  const StrayEntry stray = One(Versioned("/p/backend/application.db", {"a2"}));
  EXPECT_EQ(stray.kind, "duplicate");
  EXPECT_EQ(stray.message,
            "is at the same revision as dev's database [seen in its version table]; made by "
            "something that ran in backend/ [inferred from the path]");
  EXPECT_EQ(stray.fix, "drover strays archive /p/backend/application.db");
}

TEST_F(StraysTest, ComparesRevisionsThroughTheGraph) {
  EXPECT_EQ(One(Versioned("/p/x.db", {"a1"})).kind, "behind");
  EXPECT_THAT(One(Versioned("/p/x.db", {"a1"})).message, HasSubstr("is 1 revision behind dev's"));
  EXPECT_EQ(One(Versioned("/p/x.db", {"a3"})).kind, "ahead");
  EXPECT_THAT(One(Versioned("/p/x.db", {"a3"})).message, HasSubstr("is 1 revision ahead of dev's"));
  EXPECT_EQ(One(Versioned("/p/x.db", {"b2"})).kind, "diverged");
  EXPECT_THAT(
      One(Versioned("/p/x.db", {"b2"})).message,
      HasSubstr("another branch than dev's database: 1 revision fewer and 1 revision more"));
  EXPECT_EQ(One(Versioned("/p/application.db/application.db", {})).kind, "behind");
}

TEST_F(StraysTest, RedundantRowsAreTheSameRevision) {
  EXPECT_EQ(One(Versioned("/p/x.db", {"a1", "a2"})).kind, "duplicate");
}

TEST_F(StraysTest, OfAMissingEnvironmentEveryRevisionIsAhead) {
  dev_.file.reset();
  known_[0].rows.clear();
  EXPECT_EQ(One(Versioned("/p/backend/application.db", {"a1"})).kind, "ahead");
}

TEST_F(StraysTest, ARevisionUnknownHereIsDivergedOnlyInARelative) {
  const StrayEntry stray = One(Versioned("/p/backend/application.db", {"ffff"}));
  EXPECT_EQ(stray.kind, "diverged");
  EXPECT_THAT(stray.message, HasSubstr("is at revision ffff, which no migration here defines"));
  EXPECT_EQ(stray.fix, "drover strays diff /p/backend/application.db");
  ScannedFile alien = Versioned("/p/x.db", {"ffff"});
  alien.columns = {"q.q text"};
  EXPECT_EQ(One(alien).kind, "foreign");
}

TEST_F(StraysTest, EqualRowsAreADuplicateEvenWhenNoMigrationDefinesThem) {
  known_[0].rows = {"ffff"};
  EXPECT_EQ(One(Versioned("/p/x.db", {"ffff"})).kind, "duplicate");
}

TEST_F(StraysTest, WithoutTablesItIsEmpty) {
  ScannedFile bare = File("/p/backend/application.db", 50);
  bare.tables.clear();
  bare.columns.clear();
  EXPECT_EQ(One(bare).kind, "empty");
  EXPECT_THAT(One(bare).message, HasSubstr("holds no tables [seen]"));
  bare.kind = "empty";
  bare.size = 0;
  EXPECT_EQ(One(bare).kind, "empty");
  EXPECT_THAT(One(bare).message, HasSubstr("holds no bytes at all [seen]; made by"));
  EXPECT_EQ(One(bare).score, std::nullopt);
}

TEST_F(StraysTest, UnreadableFilesSayWhy) {
  ScannedFile file = File("/p/old.db", 50);
  file.kind = "unreadable";
  file.problem = "Permission denied";
  EXPECT_EQ(One(file).kind, "unreadable");
  EXPECT_EQ(One(file).message, "cannot be looked into: Permission denied [seen]");
  EXPECT_EQ(One(file).fix, "ls -l /p/old.db");
}

TEST_F(StraysTest, ADatabaseTooLargeIsAStrayOnlyUnderAKnownName) {
  ScannedFile file = File("/p/backend/application.db", 50);
  file.tables.clear();
  file.columns.clear();
  file.problem = "too large to look into (300 MiB)";
  EXPECT_EQ(One(file).kind, "unreadable");
  EXPECT_EQ(One(file).made_from, "/p/backend");
  file.path = "/p/big.db";
  EXPECT_EQ(One(file).kind, "foreign");
  EXPECT_THAT(One(file).message, HasSubstr("too large to look into (300 MiB)"));
}

TEST_F(StraysTest, ForeignDatabasesHaveNoFixAndNoEnvironment) {
  ScannedFile file = File("/p/cache.sqlite", 50);
  file.columns = {"entries.key text"};
  const StrayEntry stray = One(file);
  EXPECT_EQ(stray.kind, "foreign");
  EXPECT_EQ(stray.fix, std::nullopt);
  EXPECT_EQ(stray.environment, std::nullopt);
  EXPECT_EQ(stray.score, 0.0);
}

TEST_F(StraysTest, QuotesPathsInCommands) {
  ScannedFile file = Versioned("/p/my work/application.db", {"a1"});
  file.wal = true;
  EXPECT_EQ(One(file).fix, "drover strays archive '/p/my work/application.db'");
}

TEST_F(StraysTest, NeverProposesToMoveAFileThatSomebodyHasOpen) {
  ScannedFile file = Versioned("/p/backend/application.db", {"a1"});
  file.holders = {kPython, {.pid = 5, .command = "", .cwd = "", .container = false}};
  EXPECT_EQ(One(file).fix, "drover where");
  EXPECT_THAT(One(file).message, HasSubstr("and 1 other process [seen in /proc]"));
}

TEST_F(StraysTest, SaysWhenADirectoryIsOneOfAContainer) {
  ScannedFile file = Versioned("/p/backend/application.db", {"a1"});
  file.holders = {{.pid = 7, .command = "app", .cwd = "/app", .container = true}};
  EXPECT_THAT(One(file).message, HasSubstr("pid 7 app, cwd /app of its container [seen in /proc]"));
}

TEST_F(StraysTest, HeldFilesComeFirstThenByClassThenByPathAndForeignLast) {
  ScannedFile held = Versioned("/p/z/application.db", {"a1"});
  held.holders = {kPython};
  ScannedFile foreign = File("/p/0.db", 50);
  foreign.columns = {"q.q text"};
  foreign.holders = {kPython};
  const std::vector<StrayEntry> strays = Classify(
      {foreign, Versioned("/p/c/application.db", {"a2"}), Versioned("/p/b/application.db", {"a1"}),
       Versioned("/p/a/application.db", {"a1"}), File("/p/y/application.db", 51), held});
  std::vector<std::string> paths;
  for (const StrayEntry& stray : strays) paths.push_back(stray.path);
  EXPECT_THAT(paths,
              ElementsAre("/p/z/application.db", "/p/y/application.db", "/p/a/application.db",
                          "/p/b/application.db", "/p/c/application.db", "/p/0.db"));
}

TEST_F(StraysTest, WithoutEnvironmentsOnlyRevisionsRelate) {
  known_.clear();
  EXPECT_EQ(One(File("/p/application.db", 10)).kind, "foreign");
  const StrayEntry stray = One(Versioned("/p/application.db", {"a1"}));
  EXPECT_EQ(stray.kind, "ahead");
  EXPECT_EQ(stray.environment, std::nullopt);
  EXPECT_THAT(stray.message, Not(HasSubstr("dev")));
}

TEST_F(StraysTest, NoFilesNoStrays) { EXPECT_THAT(Classify({}), IsEmpty()); }

TEST_F(StraysTest, ClassesOfWhatIsNoReadableDatabase) {
  const auto kind_of = [this](std::string_view kind) {
    ScannedFile file = File("/p/backend/application.db", 50);
    file.kind = kind;
    file.tables = {};
    file.columns = {};
    file.problem = "why";
    return One(file).kind;
  };
  EXPECT_EQ(kind_of("directory"), "not-a-db");
  EXPECT_EQ(kind_of("other"), "not-a-db");
  EXPECT_EQ(kind_of("damaged"), "encrypted-or-corrupt");
  EXPECT_EQ(kind_of("unreadable"), "unreadable");
  EXPECT_EQ(kind_of("sidecar"), "orphaned-sidecar");
  EXPECT_EQ(kind_of("empty"), "empty");
}

TEST_F(StraysTest, TheSameRevisionWithAnotherSchemaIsDiverged) {
  known_[0].schema = "1234";
  ScannedFile file = Versioned("/p/backend/application.db", {"a2"});
  file.schema = "1234";
  EXPECT_EQ(One(file).kind, "duplicate");
  file.schema = "5678";
  EXPECT_EQ(One(file).kind, "diverged");
  EXPECT_EQ(One(file).message,
            "is at the same revision as dev's database, but its schema is another [seen]; made by "
            "something that ran in backend/ [inferred from the path]");
  file.schema = "";
  EXPECT_EQ(One(file).kind, "duplicate");
}

TEST_F(StraysTest, DatabasesOfOtherToolsOfTestsAndBackupsAreKeptOutOfTheWay) {
  ScannedFile tool = File("/p/profile/whatever", 50);
  tool.tables = {"moz_historyvisits", "moz_places"};
  tool.columns = {"moz_places.url longvarchar"};
  EXPECT_EQ(One(tool).kind, "tool-db");
  EXPECT_EQ(One(tool).message, "belongs to Firefox [inferred]");
  EXPECT_EQ(One(tool).fix, std::nullopt);
  EXPECT_FALSE(IsTrouble(One(tool)));
  ScannedFile map = File("/p/map", 51);
  map.columns = {"x.y "};
  map.application_id = 0x47504b47;
  EXPECT_EQ(One(map).kind, "tool-db");
  EXPECT_EQ(One(File("/p/application.db.bak", 52)).kind, "backup");
  EXPECT_EQ(One(File("/p/application-20260301.db", 53)).kind, "backup");
  EXPECT_EQ(One(File("/p/tests/test_app.db", 54)).kind, "test");
  EXPECT_EQ(One(File("/p/test_app.db", 55)).kind, "related");
}

TEST_F(StraysTest, WhatHasAnEnvironmentsNameIsNoToolsDatabase) {
  ScannedFile file = File("/p/tests/application.db", 50);
  file.tables = {"moz_historyvisits", "moz_places"};
  file.columns = {"moz_places.url longvarchar"};
  EXPECT_EQ(One(file).kind, "unversioned");
}

TEST_F(StraysTest, AnIgnoredStrayComesLastWhileItsFingerprintHolds) {
  const ScannedFile file = File("/p/backend/application.db", 50);
  const IgnoredStrays ignored{{file.path, FingerprintOf(file)}};
  const auto classify = [&](const ScannedFile& each) {
    const std::vector<ScannedFile> files{each, Versioned("/p/x/application.db", {"a2"})};
    return ClassifyStrays(files, known_, graph_, "/p", ignored);
  };
  std::vector<StrayEntry> strays = classify(file);
  ASSERT_EQ(strays.size(), 2U);
  EXPECT_EQ(strays[1].path, file.path);
  EXPECT_TRUE(strays[1].ignored);
  EXPECT_FALSE(IsTrouble(strays[1]));
  ScannedFile changed = file;
  changed.size = 4;  // rows come and go
  EXPECT_TRUE(classify(changed)[1].ignored);
  changed.columns.emplace_back("accounts.new text");
  EXPECT_FALSE(classify(changed)[0].ignored);
}

TEST_F(StraysTest, TellsRowsAndTheNewerTimeOfFileAndLog) {
  ScannedFile file = File("/p/backend/application.db", 50);
  file.rows = {{.table = "accounts", .rows = 3, .more = false}};
  file.modified_ns = 1'763'837'048'000'000'000;
  file.wal_modified_ns = file.modified_ns + 2'000'000'000;
  const StrayEntry stray = One(file);
  EXPECT_THAT(stray.rows, ElementsAre(file.rows.front()));
  EXPECT_EQ(stray.modified, "2025-11-22T18:44:10Z");
}

TEST_F(StraysTest, AHotOneIsComparedRatherThanMoved) {
  ScannedFile file = Versioned("/p/backend/application.db", {"a2"});
  file.hot = true;
  EXPECT_EQ(One(file).fix, "drover strays diff /p/backend/application.db");
}

}  // namespace
}  // namespace drover::environments
