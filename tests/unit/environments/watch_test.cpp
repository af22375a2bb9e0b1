#include "environments/watch.h"

#include <algorithm>
#include <cstring>
#include <gmock/gmock.h>
#include <map>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include "environments/inotify.h"
#include "environments/tree.h"
#include "tests/unit/environments/strays/scan_fixture.h"

namespace drover::environments {
namespace {

using Kind = WatchEvent::Kind;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;

std::string Raw(int watch, std::uint32_t mask, std::string_view name = {}) {
  inotify_event event{};
  event.wd = watch;
  event.mask = mask;
  event.len = name.empty() ? 0 : static_cast<std::uint32_t>((name.size() / 16 + 1) * 16);
  std::string bytes(sizeof event, '\0');
  std::memcpy(bytes.data(), &event, sizeof event);
  bytes.append(name);
  bytes.resize(sizeof event + event.len, '\0');
  return bytes;
}

WatchEvent Event(Kind kind, std::string directory, std::string name = {}) {
  return {.kind = kind, .directory = std::move(directory), .name = std::move(name)};
}

const std::map<int, std::string> kWatches{{1, "/p"}, {2, "/q"}};

TEST(InotifyTest, MapsEveryMaskToItsKind) {
  const std::string bytes = Raw(1, IN_CREATE, "a") + Raw(1, IN_MODIFY, "a") +
                            Raw(1, IN_CLOSE_WRITE, "a") + Raw(1, IN_MOVED_FROM, "a") +
                            Raw(2, IN_MOVED_TO, "b") + Raw(2, IN_DELETE, "b") +
                            Raw(1, IN_CREATE | IN_ISDIR, "d") +
                            Raw(1, IN_MOVED_TO | IN_ISDIR, "e") + Raw(1, IN_DELETE | IN_ISDIR, "e");
  EXPECT_THAT(DecodeInotify(bytes, kWatches).events,
              ElementsAre(Event(Kind::kCreated, "/p", "a"), Event(Kind::kModified, "/p", "a"),
                          Event(Kind::kSaved, "/p", "a"), Event(Kind::kRemoved, "/p", "a"),
                          Event(Kind::kSaved, "/q", "b"), Event(Kind::kRemoved, "/q", "b"),
                          Event(Kind::kDirectory, "/p", "d"), Event(Kind::kDirectory, "/p", "e"),
                          Event(Kind::kRemoved, "/p", "e")));
}

TEST(InotifyTest, OverflowBelongsToNoWatch) {
  EXPECT_THAT(DecodeInotify(Raw(-1, IN_Q_OVERFLOW), kWatches).events,
              ElementsAre(Event(Kind::kOverflow, "")));
}

TEST(InotifyTest, AWatchEndsOnceWhateverTheKernelAdds) {
  for (const std::uint32_t mask : {IN_DELETE_SELF, IN_MOVE_SELF, IN_UNMOUNT, IN_IGNORED}) {
    const DecodedEvents decoded =
        DecodeInotify(Raw(1, mask) + Raw(1, IN_CREATE, "late") + Raw(1, IN_IGNORED), kWatches);
    EXPECT_THAT(decoded.events, ElementsAre(Event(Kind::kGone, "/p"))) << mask;
    EXPECT_THAT(decoded.gone, ElementsAre(1)) << mask;
  }
}

TEST(InotifyTest, CoalescesEqualNeighboursAlsoAcrossBuffers) {
  const std::string twice = Raw(1, IN_MODIFY, "a") + Raw(1, IN_MODIFY, "a");
  DecodedEvents first = DecodeInotify(twice, kWatches);
  EXPECT_THAT(first.events, ElementsAre(Event(Kind::kModified, "/p", "a")));
  EXPECT_THAT(DecodeInotify(twice + Raw(1, IN_MODIFY, "b"), kWatches, first.events).events,
              ElementsAre(Event(Kind::kModified, "/p", "a"), Event(Kind::kModified, "/p", "b")));
}

TEST(InotifyTest, IgnoresUnknownWatchesAndACutOffEvent) {
  const std::string bytes = Raw(9, IN_CREATE, "x") + Raw(1, IN_CREATE, "abc");
  EXPECT_THAT(DecodeInotify(bytes.substr(0, bytes.size() - 1), kWatches).events, IsEmpty());
  EXPECT_THAT(DecodeInotify("short", kWatches).events, IsEmpty());
  EXPECT_THAT(DecodeInotify("", kWatches).events, IsEmpty());
}

TEST(InotifyTest, KeepsNamesOfAnyBytes) {
  EXPECT_EQ(DecodeInotify(Raw(1, IN_CREATE, "\xff\n"), kWatches).events.front().name, "\xff\n");
}

class WatchTest : public ProjectTest {
 protected:
  WatchTest() : watcher_(MakeInotifyWatcher()) {}
  std::unique_ptr<Watcher> watcher_;
};

TEST_F(WatchTest, TellsWhenAWriterClosesAFile) {
  ASSERT_TRUE(watcher_->Watch(Path("")));
  Write("a.sql", "x");
  const std::vector<WatchEvent> events = watcher_->Drain();
  ASSERT_FALSE(events.empty());
  EXPECT_EQ(events.front(), Event(Kind::kCreated, Path(""), "a.sql"));
  EXPECT_EQ(events.back(), Event(Kind::kSaved, Path(""), "a.sql"));
  EXPECT_EQ(events.back().path(), Path("a.sql"));
}

TEST_F(WatchTest, TellsWhenAFileIsReplacedByRename) {
  Write("a.sql", "old");
  Write("a.tmp", "new");
  ASSERT_TRUE(watcher_->Watch(Path("")));
  ASSERT_EQ(rename(Path("a.tmp").c_str(), Path("a.sql").c_str()), 0);
  EXPECT_THAT(watcher_->Drain(), ElementsAre(Event(Kind::kRemoved, Path(""), "a.tmp"),
                                             Event(Kind::kSaved, Path(""), "a.sql")));
}

TEST_F(WatchTest, ListingAfterWatchFindsWhatWasThereBeforeTheWatch) {
  ASSERT_TRUE(watcher_->Watch(Path("")));
  Write("backend/early.db", "x");
  EXPECT_THAT(watcher_->Drain(), Contains(Event(Kind::kDirectory, Path(""), "backend")));
  ASSERT_TRUE(watcher_->Watch(Path("backend")));
  EXPECT_THAT(ListDirectory(Path("backend")), ElementsAre("early.db"));
  Write("backend/late.db", "x");
  EXPECT_THAT(watcher_->Drain(), Contains(Event(Kind::kSaved, Path("backend"), "late.db")));
}

TEST_F(WatchTest, ADeletedDirectoryIsGoneAndNoLongerWatched) {
  ASSERT_TRUE(watcher_->Watch(Directory("d")));
  ASSERT_EQ(rmdir(Path("d").c_str()), 0);
  EXPECT_THAT(watcher_->Drain(), ElementsAre(Event(Kind::kGone, Path("d"))));
  EXPECT_EQ(watcher_->watched(), 0U);
  ASSERT_TRUE(watcher_->Watch(Directory("d")));
  Write("d/a", "x");
  EXPECT_THAT(watcher_->Drain(), Contains(Event(Kind::kSaved, Path("d"), "a")));
}

TEST_F(WatchTest, AMovedDirectoryCanBeWatchedUnderItsNewNameAtOnce) {
  ASSERT_TRUE(watcher_->Watch(Directory("old")));
  ASSERT_EQ(rename(Path("old").c_str(), Path("new").c_str()), 0);
  ASSERT_TRUE(watcher_->Watch(Path("new")));
  EXPECT_THAT(watcher_->Drain(), ElementsAre(Event(Kind::kGone, Path("old"))));
  Write("new/a", "x");
  EXPECT_THAT(watcher_->Drain(), Contains(Event(Kind::kSaved, Path("new"), "a")));
  EXPECT_EQ(watcher_->watched(), 1U);
}

TEST_F(WatchTest, RefusesWhatIsNoDirectory) {
  EXPECT_FALSE(watcher_->Watch(Path("missing")));
  EXPECT_FALSE(watcher_->Watch(Write("file", "x")));
  EXPECT_EQ(watcher_->watched(), 0U);
}

TEST_F(WatchTest, WatchingTwiceIsWatchingOnce) {
  ASSERT_TRUE(watcher_->Watch(Path("")));
  ASSERT_TRUE(watcher_->Watch(Path("")));
  EXPECT_EQ(watcher_->watched(), 1U);
  watcher_->Forget(Path(""));
  watcher_->Forget(Path(""));
  EXPECT_EQ(watcher_->watched(), 0U);
  Write("a", "x");
  EXPECT_THAT(watcher_->Drain(), IsEmpty());
}

TEST_F(WatchTest, TheDescriptorIsReadableOnlyWhileSomethingWaits) {
  ASSERT_TRUE(watcher_->Watch(Path("")));
  pollfd waiting{.fd = watcher_->descriptor(), .events = POLLIN, .revents = 0};
  EXPECT_EQ(poll(&waiting, 1, 0), 0);
  EXPECT_THAT(watcher_->Drain(), IsEmpty());
  Write("a", "x");
  EXPECT_EQ(poll(&waiting, 1, 0), 1);
  EXPECT_THAT(watcher_->Drain(), Not(IsEmpty()));
  EXPECT_EQ(poll(&waiting, 1, 0), 0);
}

TEST_F(WatchTest, DrainsMoreThanOneBuffer) {
  ASSERT_TRUE(watcher_->Watch(Path("")));
  for (int i = 0; i < 3000; ++i) Write(Concat("file-with-a-rather-long-name-", i), "");
  const std::vector<WatchEvent> events = watcher_->Drain();
  EXPECT_EQ(std::count_if(events.begin(), events.end(),
                          [](const WatchEvent& event) { return event.kind == Kind::kSaved; }),
            3000);
}

using TreeTest = ProjectTest;

TEST_F(TreeTest, ListsTheRootFirstAndLeavesPrunedDirectoriesOut) {
  Directory("backend/app");
  Directory("node_modules/x");
  Directory(".git/objects");
  Directory(".drover/attic");
  Write("env/pyvenv.cfg", "");
  Directory("env/lib");
  Write("a.txt", "");
  EXPECT_THAT(ListTree(Path(""), 100).directories,
              ElementsAre(Path(""), Path("backend"), Path("backend/app")));
  EXPECT_FALSE(ListTree(Path(""), 100).truncated);
}

TEST_F(TreeTest, ADirectoryCalledEnvMayBeAnOrdinaryOne) {
  Directory("env/prod");
  EXPECT_THAT(ListTree(Path(""), 100).directories,
              ElementsAre(Path(""), Path("env"), Path("env/prod")));
}

TEST_F(TreeTest, DoesNotFollowSymbolicLinks) {
  Directory("real");
  ASSERT_EQ(symlink(".", Path("loop").c_str()), 0);
  ASSERT_EQ(symlink("/", Path("out").c_str()), 0);
  EXPECT_THAT(ListTree(Path(""), 100).directories, ElementsAre(Path(""), Path("real")));
}

TEST_F(TreeTest, StopsAtTheLimit) {
  for (const char* name : {"a", "b", "c"}) Directory(name);
  EXPECT_THAT(ListTree(Path(""), 4).directories.size(), 4U);
  EXPECT_FALSE(ListTree(Path(""), 4).truncated);
  const Tree cut = ListTree(Path(""), 2);
  EXPECT_THAT(cut.directories, ElementsAre(Path(""), Path("a")));
  EXPECT_TRUE(cut.truncated);
}

TEST_F(TreeTest, AMissingRootHasNoDirectories) {
  EXPECT_THAT(ListTree(Path("missing"), 10).directories, IsEmpty());
}

TEST_F(TreeTest, SurvivesDirectoriesNestedDeeperThanAPathCanName) {
  const std::string name(200, 'd');
  UniqueFd at(open(Path("").c_str(), O_RDONLY | O_DIRECTORY));
  for (int i = 0; i < 30; ++i) {
    ASSERT_EQ(mkdirat(at.get(), name.c_str(), 0755), 0);
    at.Reset(openat(at.get(), name.c_str(), O_RDONLY | O_DIRECTORY));
  }
  const std::size_t found = ListTree(Path(""), 1000).directories.size();
  EXPECT_GT(found, 10U);
  EXPECT_LT(found, 31U);
}

}  // namespace
}  // namespace drover::environments
