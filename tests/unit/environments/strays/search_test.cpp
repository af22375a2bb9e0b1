#include "environments/strays/search.h"

#include <algorithm>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <thread>

#include "tests/unit/environments/strays/scan_fixture.h"

namespace drover::environments {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

class SearchTest : public ProjectTest {
 protected:
  SearchTest() {
    options_.limits = LimitsOf(SearchScope::kDefault);
    options_.known_names = {"application.db"};
  }

  std::vector<std::string> Found(SearchMemory* memory = nullptr) {
    const SearchResult result = Search(Path(""), options_, memory);
    truncated_ = result.truncated;
    std::vector<std::string> paths;
    for (const ScannedFile& file : result.files) paths.push_back(RelativeTo(file.path, Path("")));
    std::sort(paths.begin(), paths.end());
    return paths;
  }

  void Make(std::string_view relative) { Database(relative, "CREATE TABLE t (x)"); }

  /// Directories whose time stamps lie too near to now are listed again.
  static void LetTheClockTick() { std::this_thread::sleep_for(std::chrono::milliseconds(80)); }

  SearchOptions options_;
  bool truncated_ = false;
};

TEST_F(SearchTest, FindsTheSameWithOneThreadAndWithMany) {
  std::vector<std::string> made;
  for (int i = 0; i < 40; ++i) {
    made.push_back(Concat("d", i % 7, "/e", i % 5, "/f", i, ".bin"));
    Make(made.back());
  }
  std::sort(made.begin(), made.end());
  for (const unsigned threads : {1U, 2U, 5U}) {
    options_.threads = threads;
    EXPECT_EQ(Found(), made) << threads;
  }
}

TEST_F(SearchTest, StopsAtTheLimitOfEntriesAndSaysSo) {
  for (int i = 0; i < 10; ++i) Make(Concat("f", i, ".db"));
  options_.limits.entries = 10;
  EXPECT_EQ(Found().size(), 10U);
  EXPECT_FALSE(truncated_);
  options_.limits.entries = 9;
  EXPECT_EQ(Found().size(), 9U);
  EXPECT_TRUE(truncated_);
}

TEST_F(SearchTest, DepthIsNoTruncation) {
  Make("a/near.db");
  Make("a/b/far.db");
  options_.limits.depth = 1;
  EXPECT_THAT(Found(), ElementsAre("a/near.db"));
  EXPECT_FALSE(truncated_);
}

TEST_F(SearchTest, DeepEntersWhatIsLeftOutByDefaultButNotOurOwn) {
  Make("node_modules/p/a.db");
  Make(".venv/lib/b.db");
  Make("env/c.db");
  Write("env/pyvenv.cfg", "");
  Make(".drover/archive/d.db");
  Make("1/2/3/4/5/6/7/8/9/10/e.db");
  EXPECT_THAT(Found(), IsEmpty());
  options_.scope = SearchScope::kDeep;
  options_.limits = LimitsOf(SearchScope::kDeep);
  EXPECT_THAT(Found(), ElementsAre(".venv/lib/b.db", "1/2/3/4/5/6/7/8/9/10/e.db", "env/c.db",
                                   "node_modules/p/a.db"));
}

TEST_F(SearchTest, LeavesOutWhatTheCallerIgnores) {
  Make("a/b/x.db");
  Make("c/y.db");
  Make("c/z.db");
  options_.ignored = [this](const std::string& path, EntryKind kind) {
    return kind == EntryKind::kDirectory ? path == Path("a") : path == Path("c/z.db");
  };
  EXPECT_THAT(Found(), ElementsAre("c/y.db"));
}

TEST_F(SearchTest, IsNotLedOutByADirectoryThatBecameASymbolicLink) {
  Directory("a");
  const std::string outside = Directory("outside");
  options_.ignored = [&](const std::string& path, EntryKind kind) {
    if (path != Path("a") || kind != EntryKind::kDirectory) return path == outside;
    // Between the listing and the visit.
    EXPECT_EQ(rmdir(path.c_str()), 0);
    EXPECT_EQ(symlink("outside", path.c_str()), 0);
    return false;
  };
  Make("outside/x.db");
  EXPECT_THAT(Found(), IsEmpty());
}

TEST_F(SearchTest, StaysOnOneFileSystem) {
  options_.limits = {.depth = 1, .entries = 100'000};
  options_.known_names = {"version"};
  for (const ScannedFile& file : Search("/", options_).files) {
    EXPECT_FALSE(file.path.starts_with("/proc/")) << file.path;
  }
}

TEST_F(SearchTest, TheRootItselfMayHaveAnyName) {
  Make("node_modules/a.db");
  Write("node_modules/pyvenv.cfg", "");
  const SearchResult result = Search(Path("node_modules"), options_);
  ASSERT_EQ(result.files.size(), 1U);
  EXPECT_EQ(result.files.front().path, Path("node_modules/a.db"));
}

TEST_F(SearchTest, ADirectoryInThePlaceOfAConfiguredDatabaseIsFound) {
  Directory("backend/application.db");
  Directory("empty.sqlite");
  Write("full.db/LOCK", "a database of another kind");
  const SearchResult result = Search(Path(""), options_);
  std::vector<std::string> paths;
  for (const ScannedFile& file : result.files) {
    EXPECT_EQ(file.kind, "directory");
    paths.push_back(RelativeTo(file.path, Path("")));
  }
  EXPECT_THAT(paths, UnorderedElementsAre("backend/application.db", "empty.sqlite"));
}

TEST_F(SearchTest, AnUnchangedDirectoryIsNotListedAgain) {
  Make("src/a.db");
  Make("src/lib/b.bin");
  Write("src/notes.txt", "not of interest");
  Directory("other");
  LetTheClockTick();
  SearchMemory memory;
  EXPECT_THAT(Found(&memory), ElementsAre("src/a.db", "src/lib/b.bin"));
  ASSERT_EQ(memory.size(), 4U);
  const RememberedDirectory* src = memory.Find(Path("src"));
  ASSERT_NE(src, nullptr);
  EXPECT_THAT(src->files, ElementsAre("a.db"));
  EXPECT_THAT(src->directories, ElementsAre("lib"));
  EXPECT_EQ(src->entries, 3U);
  // A name that the directory does not hold is proof of what is remembered being used.
  RememberedDirectory lie = *src;
  lie.directories = {};
  memory.Put(Path("src"), lie);
  EXPECT_THAT(Found(&memory), ElementsAre("src/a.db"));
}

TEST_F(SearchTest, ANewNameInADirectoryIsSeenWhateverIsRemembered) {
  Make("src/a.db");
  LetTheClockTick();
  SearchMemory memory;
  EXPECT_THAT(Found(&memory), ElementsAre("src/a.db"));
  Make("src/b.db");
  Make("src/new/c.db");
  EXPECT_THAT(Found(&memory), ElementsAre("src/a.db", "src/b.db", "src/new/c.db"));
  EXPECT_EQ(unlink(Path("src/a.db").c_str()), 0);
  EXPECT_THAT(Found(&memory), ElementsAre("src/b.db", "src/new/c.db"));
}

TEST_F(SearchTest, AFileOfInterestIsLookedAtAgainInAnUnchangedDirectory) {
  const std::string path = Write("src/application.db", "");
  LetTheClockTick();
  SearchMemory memory;
  EXPECT_THAT(Found(&memory), ElementsAre("src/application.db"));
  const migrations::Connection reused(path, migrations::OpenMode::kWrite);
  Write("src/application.db", std::string(600, '#'));
  const SearchResult result = Search(Path(""), options_, &memory);
  ASSERT_EQ(result.files.size(), 1U);
  EXPECT_EQ(result.files.front().kind, "other");
}

TEST_F(SearchTest, WhatIsRememberedSurvivesInAFileForTheSameKeyOnly) {
  Make("src/a.db");
  LetTheClockTick();
  SearchMemory memory;
  static_cast<void>(Found(&memory));
  const std::string file = Path("memory");
  memory.Store(file, "key");
  EXPECT_EQ(StatFile(file)->mode, 0600U);
  const SearchMemory same = SearchMemory::Load(file, "key");
  EXPECT_EQ(same.size(), memory.size());
  ASSERT_NE(same.Find(Path("src")), nullptr);
  EXPECT_THAT(same.Find(Path("src"))->files, ElementsAre("a.db"));
  EXPECT_FALSE(same.changed());
  EXPECT_EQ(SearchMemory::Load(file, "another").size(), 0U);
  EXPECT_EQ(SearchMemory::Load(Path("missing"), "key").size(), 0U);
  ASSERT_EQ(truncate(file.c_str(), 60), 0);
  EXPECT_EQ(SearchMemory::Load(file, "key").size(), 0U);
}

TEST_F(SearchTest, ADirectoryThatHasGoneIsForgotten) {
  Make("a/x.db");
  Make("b/y.db");
  LetTheClockTick();
  SearchMemory memory;
  static_cast<void>(Found(&memory));
  memory.ForgetOthers();
  EXPECT_EQ(memory.size(), 3U);
  EXPECT_EQ(std::system(Concat("rm -r ", Path("b")).c_str()), 0);
  SearchMemory next = memory;
  static_cast<void>(Search(Path(""), options_, &next));
  next.ForgetOthers();
  EXPECT_EQ(next.Find(Path("b")), nullptr);
}

}  // namespace
}  // namespace drover::environments
