#include "environments/tree.h"

#include <algorithm>
#include <gmock/gmock.h>

#include "tests/unit/environments/scan_fixture.h"

namespace drover::environments {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::Not;

class WalkTreeTest : public ProjectTest {
 protected:
  WalkTreeTest() {
    walk_.directory = [this](const std::string& path) { directories_.push_back(path); };
    walk_.file = [this](int, const std::string&, const std::string& path) {
      files_.push_back(path);
    };
  }

  TreeWalk walk_;
  std::vector<std::string> directories_;
  std::vector<std::string> files_;
};

TEST_F(WalkTreeTest, GivesRegularFilesWithTheirOpenDirectory) {
  Write("a/b.txt", "hello");
  std::string content(5, '\0');
  walk_.file = [&](int directory, const std::string& name, const std::string& path) {
    EXPECT_EQ(name, "b.txt");
    EXPECT_EQ(path, Path("a/b.txt"));
    const UniqueFd fd(openat(directory, name.c_str(), O_RDONLY));
    EXPECT_EQ(read(fd.get(), content.data(), content.size()), 5);
  };
  EXPECT_FALSE(WalkTree(Path(""), walk_));
  EXPECT_EQ(content, "hello");
}

TEST_F(WalkTreeTest, StopsAtTheLimitOfEntriesAndSaysSo) {
  for (int i = 0; i < 10; ++i) Write(Concat("f", i), "");
  walk_.max_entries = 10;
  EXPECT_FALSE(WalkTree(Path(""), walk_));
  EXPECT_EQ(files_.size(), 10U);
  files_.clear();
  walk_.max_entries = 9;
  EXPECT_TRUE(WalkTree(Path(""), walk_));
  EXPECT_EQ(files_.size(), 9U);
}

TEST_F(WalkTreeTest, DepthIsNoTruncation) {
  Directory("a/b/c");
  walk_.max_depth = 1;
  EXPECT_FALSE(WalkTree(Path(""), walk_));
  EXPECT_THAT(directories_, ElementsAre(Path(""), Path("a")));
}

TEST_F(WalkTreeTest, LeavesOutWhatTheCallerSkips) {
  Directory("a/b");
  Directory("c");
  walk_.skip = [this](const std::string& path) { return path == Path("a"); };
  EXPECT_FALSE(WalkTree(Path(""), walk_));
  EXPECT_THAT(directories_, ElementsAre(Path(""), Path("c")));
}

TEST_F(WalkTreeTest, SkipsADirectoryThatBecameASymbolicLink) {
  Directory("a");
  walk_.skip = [this](const std::string& path) {
    // Between the listing and the visit.
    EXPECT_EQ(rmdir(path.c_str()), 0);
    EXPECT_EQ(symlink("/usr", path.c_str()), 0);
    return false;
  };
  EXPECT_FALSE(WalkTree(Path(""), walk_));
  EXPECT_THAT(directories_, ElementsAre(Path("")));
}

TEST_F(WalkTreeTest, StaysOnOneFileSystem) {
  walk_.max_depth = 1;
  walk_.file = nullptr;
  EXPECT_FALSE(WalkTree("/", walk_));
  EXPECT_THAT(directories_, Contains("/"));
  EXPECT_THAT(directories_, Contains("/usr"));
  EXPECT_THAT(directories_, Not(Contains("/proc")));
}

TEST_F(WalkTreeTest, TheRootItselfMayHaveAnyName) {
  Write("node_modules/a", "");
  Write("node_modules/pyvenv.cfg", "");
  EXPECT_FALSE(WalkTree(Path("node_modules"), walk_));
  EXPECT_EQ(files_.size(), 2U);
}

}  // namespace
}  // namespace drover::environments
