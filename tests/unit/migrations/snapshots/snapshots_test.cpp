#include "migrations/snapshots/snapshots.h"

#include <filesystem>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include "base/posix.h"
#include "tests/unit/migrations/support.h"

namespace drover::migrations {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

std::vector<std::string> KeysOf(const std::vector<Revision>& revisions,
                                SnapshotKind kind = SnapshotKind::kSchema,
                                const Stubs& stubs = {}) {
  std::vector<const Revision*> chain;
  for (const Revision& revision : revisions) chain.push_back(&revision);
  return SnapshotKeys(kind, chain, "drover_version", stubs);
}

class SnapshotsTest : public testing::Test {
 protected:
  [[nodiscard]] Snapshots Store(SnapshotLimits limits = {.worth = 1}) const {
    return Snapshots(directory_ / "snapshots", limits);
  }
  [[nodiscard]] std::string File() const {
    return Concat(directory_ / "snapshots/", Names(directory_ / "snapshots").front());
  }

  TempDir directory_;
  std::vector<std::string> keys_ = KeysOf(
      {MakeRevision("a", {}, "CREATE TABLE a (x);"), MakeRevision("b", {"a"}, "DROP TABLE a;")});
};

TEST_F(SnapshotsTest, KeysStandForEverythingThatTheResultIsMadeFrom) {
  const std::vector<Revision> chain{MakeRevision("a", {}, "CREATE TABLE a (x);"),
                                    MakeRevision("b", {"a"}, "DROP TABLE a;")};
  const auto keys = KeysOf(chain);
  EXPECT_EQ(keys, KeysOf(chain));
  EXPECT_NE(keys[1], KeysOf(chain, SnapshotKind::kRows)[1]);
  EXPECT_NE(keys[1],
            KeysOf(chain, SnapshotKind::kSchema, {.functions = {"f"}, .collations = {}})[1]);
  auto edited = chain;
  edited[1].up.sql += " ";
  EXPECT_EQ(KeysOf(edited)[0], keys[0]);
  EXPECT_NE(KeysOf(edited)[1], keys[1]);
  edited = chain;
  edited[0].up.transaction = false;
  EXPECT_NE(KeysOf(edited)[1], keys[1]);
  edited = chain;
  edited[1].depends_on = {"a"};
  EXPECT_NE(KeysOf(edited)[1], keys[1]);
}

TEST_F(SnapshotsTest, FindsTheLongestBeginning) {
  const Snapshots store = Store();
  EXPECT_EQ(store.FindLongest(keys_).length, 0);
  store.Keep(keys_[0], "one");
  EXPECT_EQ(store.FindLongest(keys_).length, 1);
  store.Keep(keys_[1], "two");
  const Snapshots::Found found = store.FindLongest(keys_);
  EXPECT_EQ(found.length, 2);
  EXPECT_EQ(found.content, "two");
  EXPECT_EQ(found.repeatable, 2);
}

TEST_F(SnapshotsTest, WhatWasBarredIsNotLookedFor) {
  const Snapshots store = Store();
  store.Keep(keys_[0], "one");
  store.Keep(keys_[1], "two");
  store.Bar(keys_[1]);
  EXPECT_EQ(store.FindLongest(keys_).length, 1);
  EXPECT_EQ(store.FindLongest(keys_).repeatable, 1);
}

TEST_F(SnapshotsTest, ABrokenOneIsRemovedAndNotUsed) {
  const Snapshots store = Store();
  store.Keep(keys_[1], "what was written");
  WriteText(File(), "what was wri");
  EXPECT_EQ(store.FindLongest(keys_).length, 0);
  EXPECT_THAT(Names(store.directory()), IsEmpty());
}

TEST_F(SnapshotsTest, FilesArePrivate) {
  Store().Keep(keys_[0], "one");
  EXPECT_EQ(StatFile(File())->mode & 0777U, 0600U);
  EXPECT_EQ(StatFile(directory_ / "snapshots")->mode & 0777U, 0700U);
}

TEST_F(SnapshotsTest, TheLeastRecentlyUsedGoFirst) {
  const Snapshots store = Store({.files = 2, .worth = 1});
  const auto keys =
      KeysOf({MakeRevision("a", {}, ""), MakeRevision("b", {}, ""), MakeRevision("c", {}, "")});
  store.Keep(keys[0], "one");
  store.Keep(keys[1], "two");
  (void)store.FindLongest(std::span(keys).first(1));
  store.Keep(keys[2], "three");
  EXPECT_EQ(store.FindLongest(std::span(keys).first(2)).length, 1);
  EXPECT_EQ(store.FindLongest(keys).length, 3);
  EXPECT_THAT(Names(store.directory()), SizeIs(2));
}

TEST_F(SnapshotsTest, BytesAreBounded) {
  const Snapshots store = Store({.bytes = 10, .largest = 8, .worth = 1});
  store.Keep(keys_[0], "123456789");
  EXPECT_EQ(store.FindLongest(keys_).length, 0) << "too large by itself";
  store.Keep(keys_[0], "12345678");
  store.Keep(keys_[1], "12345678");
  EXPECT_THAT(Names(store.directory()), SizeIs(1));
}

TEST_F(SnapshotsTest, WhatAKilledProcessLeftIsRemovedAfterAnHour) {
  const Snapshots store = Store();
  store.Keep(keys_[0], "one");
  WriteText(directory_ / "snapshots/new.part", "x");
  WriteText(directory_ / "snapshots/old.part", "x");
  std::filesystem::last_write_time(
      directory_ / "snapshots/old.part",
      std::filesystem::file_time_type::clock::now() - std::chrono::hours(2));
  store.Keep(keys_[1], "two");
  EXPECT_TRUE(StatFile(directory_ / "snapshots/new.part"));
  EXPECT_FALSE(StatFile(directory_ / "snapshots/old.part"));
}

TEST_F(SnapshotsTest, WithoutADirectoryNothingIsKept) {
  const Snapshots none;
  none.Keep(keys_[0], "one");
  EXPECT_FALSE(none.Serve(1000));
  EXPECT_EQ(none.FindLongest(keys_).length, 0);
  WriteText(directory_ / "snapshots", "a file in its place");
  Store().Keep(keys_[0], "one");
  EXPECT_EQ(Store().FindLongest(keys_).length, 0);
}

TEST_F(SnapshotsTest, StationsAreWhereSomethingIsSaved) {
  const Snapshots store("/nowhere", {.worth = 32});
  EXPECT_THAT(store.Stations(0, 600), ElementsAre(256, 512, 599, 600));
  EXPECT_THAT(store.Stations(0, 32), ElementsAre(32));
  EXPECT_THAT(store.Stations(590, 600), ElementsAre(600));
  EXPECT_THAT(store.Stations(600, 600), IsEmpty());
  EXPECT_FALSE(store.IsWorthIt(590, 600));
}

}  // namespace
}  // namespace drover::migrations
