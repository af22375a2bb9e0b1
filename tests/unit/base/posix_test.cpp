#include "base/posix.h"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

namespace drover {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::StartsWith;

class PosixTest : public testing::Test {
 protected:
  PosixTest() {
    std::string pattern = testing::TempDir() + "drover-posix-XXXXXX";
    directory_ = std::filesystem::canonical(mkdtemp(pattern.data()));
  }
  ~PosixTest() override { std::filesystem::remove_all(directory_); }
  PosixTest(const PosixTest&) = delete;
  PosixTest& operator=(const PosixTest&) = delete;

  [[nodiscard]] std::string At(const std::string& name) const { return directory_ + "/" + name; }

  template <class Action>
  static Error FailureOf(Action action) {
    try {
      action();
    } catch (const Error& error) {
      return error;
    }
    return {Code::kInternal, "none", "nothing was thrown"};
  }

  std::string directory_;
};

TEST_F(PosixTest, AUniqueFdClosesOnce) {
  int raw = -1;
  {
    UniqueFd first(open("/dev/null", O_RDONLY | O_CLOEXEC));
    raw = first.get();
    ASSERT_GE(raw, 0);
    UniqueFd second = std::move(first);
    EXPECT_EQ(second.get(), raw);
  }
  EXPECT_EQ(fcntl(raw, F_GETFD), -1);
  UniqueFd released(open("/dev/null", O_RDONLY | O_CLOEXEC));
  raw = released.Release();
  released.Reset();
  EXPECT_NE(fcntl(raw, F_GETFD), -1);
  close(raw);
}

TEST_F(PosixTest, FilesAreWrittenAndReadWhole) {
  const std::string content("a\0\xff\n", 4);
  WriteFileDurably(At("f"), content, 0640);
  EXPECT_EQ(ReadFile(At("f"), 100), content);
  EXPECT_EQ(StatFile(At("f"))->mode, 0640U);
  WriteFileDurably(At("f"), "", 0600);
  EXPECT_EQ(ReadFile(At("f"), 0), "");
  EXPECT_THAT(ListDirectory(directory_), ElementsAre("f"));
}

TEST_F(PosixTest, AFailedDurableWriteLeavesNothingBehind) {
  std::filesystem::create_directory(At("f"));
  EXPECT_EQ(FailureOf([&] { WriteFileDurably(At("f"), "x", 0600); }).kind, "io.write");
  EXPECT_THAT(ListDirectory(directory_), ElementsAre("f"));
  EXPECT_EQ(FailureOf([&] { WriteFileDurably(At("none/f"), "x", 0600); }).kind, "io.create");
}

TEST_F(PosixTest, ReadingRefusesWhatIsTooLargeOrNoFile) {
  WriteFileDurably(At("f"), "12345", 0600);
  EXPECT_EQ(ReadFile(At("f"), 5), "12345");
  EXPECT_EQ(FailureOf([&] { (void)ReadFile(At("f"), 4); }).kind, "io.too_large");
  EXPECT_EQ(FailureOf([&] { (void)ReadFile(directory_, 4); }).kind, "io.not_a_file");
  EXPECT_EQ(FailureOf([&] { (void)ReadFile(At("none"), 4); }).code, Code::kNotFound);
  ASSERT_EQ(mkfifo(At("fifo").c_str(), 0600), 0);
  EXPECT_EQ(FailureOf([&] { (void)ReadFile(At("fifo"), 4); }).kind, "io.not_a_file");
}

TEST_F(PosixTest, CreateFileNeverReplaces) {
  CreateFile(At("f"), "one", 0600);
  const Error error = FailureOf([&] { CreateFile(At("f"), "two", 0600); });
  EXPECT_EQ(error.code, Code::kConflict);
  EXPECT_EQ(error.kind, "io.exists");
  EXPECT_EQ(ReadFile(At("f"), 100), "one");
}

TEST_F(PosixTest, CreateFileUnseenNeverReplaces) {
  if (!CreateFileUnseen(At("f"), "one", 0640)) GTEST_SKIP() << "not on this file system";
  EXPECT_EQ(ReadFile(At("f"), 100), "one");
  EXPECT_EQ(StatFile(At("f"))->mode & 0777U, 0640U);
  const Error error = FailureOf([&] { (void)CreateFileUnseen(At("f"), "two", 0600); });
  EXPECT_EQ(error.kind, "io.exists");
  EXPECT_EQ(ReadFile(At("f"), 100), "one");
  EXPECT_FALSE(CreateFileUnseen(At("no/f"), "x", 0600));
}

TEST_F(PosixTest, CreateFileDurablyIsAllOrNothingAndNeverReplaces) {
  CreateFileDurably(At("f"), "one", 0640);
  EXPECT_EQ(ReadFile(At("f"), 100), "one");
  EXPECT_EQ(StatFile(At("f"))->mode, 0640U);
  const Error error = FailureOf([&] { CreateFileDurably(At("f"), "two", 0600); });
  EXPECT_EQ(error.code, Code::kConflict);
  EXPECT_EQ(error.kind, "io.exists");
  EXPECT_EQ(ReadFile(At("f"), 100), "one");
  EXPECT_EQ(FailureOf([&] { CreateFileDurably(At("no/f"), "x", 0600); }).code, Code::kNotFound);
  EXPECT_EQ(ListDirectory(At("")), std::vector<std::string>{"f"});
}

TEST_F(PosixTest, StatTellsWhatAFileIs) {
  EXPECT_EQ(StatFile(At("none")), std::nullopt);
  CreateFile(At("f"), "one", 0600);
  ASSERT_EQ(symlink("f", At("link").c_str()), 0);
  ASSERT_EQ(link(At("f").c_str(), At("hard").c_str()), 0);
  EXPECT_EQ(StatFile(At("link"))->identity, StatFile(At("f"))->identity);
  EXPECT_EQ(StatFile(At("link"), Follow::kNothing)->type, FileType::kSymlink);
  EXPECT_EQ(StatFile(At("f"))->links, 2U);
  EXPECT_EQ(StatFile(At("f"))->size, 3U);
  EXPECT_EQ(StatFile(At("f"))->owner, getuid());
  EXPECT_EQ(StatFile(directory_)->type, FileType::kDirectory);
  EXPECT_EQ(StatFile("/dev/null")->type, FileType::kOther);
  EXPECT_EQ(StatFile(At("f/below")), std::nullopt);
}

TEST_F(PosixTest, DirectoriesAreMadeWithTheirParents) {
  MakeDirectories(At("a/b/c"), 0700);
  EXPECT_EQ(StatFile(At("a/b/c"))->mode, 0700U);
  MakeDirectories(At("a/b/c"), 0700);
  CreateFile(At("f"), "", 0600);
  EXPECT_EQ(FailureOf([&] { MakeDirectories(At("f/x"), 0700); }).kind, "io.create");
}

TEST_F(PosixTest, AFileInPlaceOfADirectoryIsAnError) {
  CreateFile(At("f"), "", 0600);
  EXPECT_EQ(FailureOf([&] { MakeDirectories(At("f"), 0700); }).kind, "io.create");
}

TEST_F(PosixTest, ListingSortsAndNamesWhatItCannotList) {
  CreateFile(At("b"), "", 0600);
  CreateFile(At("a"), "", 0600);
  EXPECT_THAT(ListDirectory(directory_), ElementsAre("a", "b"));
  EXPECT_EQ(FailureOf([&] { (void)ListDirectory(At("none")); }).code, Code::kNotFound);
}

TEST_F(PosixTest, RealPathKeepsAMissingTail) {
  MakeDirectories(At("real"), 0700);
  ASSERT_EQ(symlink("real", At("link").c_str()), 0);
  EXPECT_EQ(RealPath(At("link")), At("real"));
  EXPECT_EQ(RealPath(At("link/new/file.db")), At("real/new/file.db"));
  EXPECT_EQ(RealPath("/"), "/");
  EXPECT_EQ(RealPath("/no-such-directory"), "/no-such-directory");
}

TEST_F(PosixTest, RealPathFollowsADanglingLink) {
  // What SQLite would create is where the link points, not the link.
  ASSERT_EQ(symlink("target.db", At("link.db").c_str()), 0);
  EXPECT_EQ(RealPath(At("link.db")), At("target.db"));
  ASSERT_EQ(symlink("loop", At("loop").c_str()), 0);
  EXPECT_EQ(RealPath(At("loop")), At("loop"));
}

TEST_F(PosixTest, WriteAllReportsAnError) {
  const UniqueFd full(open("/dev/full", O_WRONLY | O_CLOEXEC));
  EXPECT_FALSE(WriteAll(full.get(), "x"));
  EXPECT_EQ(errno, ENOSPC);
  EXPECT_TRUE(WriteAll(full.get(), ""));
}

TEST(PathTextTest, AbsolutePathIsTextual) {
  EXPECT_EQ(AbsolutePath("b", "/a"), "/a/b");
  EXPECT_EQ(AbsolutePath("./../c//d/.", "/a/b"), "/a/c/d");
  EXPECT_EQ(AbsolutePath("/x", "/a"), "/x");
  EXPECT_EQ(AbsolutePath("../../..", "/a"), "/");
  EXPECT_EQ(AbsolutePath("", "/a"), "/a");
}

TEST(PathTextTest, DirectoryAndBaseName) {
  EXPECT_EQ(DirectoryName("/a/b"), "/a");
  EXPECT_EQ(DirectoryName("/a"), "/");
  EXPECT_EQ(DirectoryName("a"), ".");
  EXPECT_EQ(BaseName("/a/b"), "b");
  EXPECT_EQ(BaseName("b"), "b");
}

TEST(PathTextTest, BelowIsByWholeNames) {
  EXPECT_TRUE(IsBelow("/a/b", "/a"));
  EXPECT_TRUE(IsBelow("/a", "/a"));
  EXPECT_FALSE(IsBelow("/ab", "/a"));
  EXPECT_TRUE(IsBelow("/a", "/"));
  EXPECT_EQ(RelativeTo("/a/b/c", "/a"), "b/c");
  EXPECT_EQ(RelativeTo("/a", "/a"), ".");
  EXPECT_EQ(RelativeTo("/ab", "/a"), "/ab");
}

TEST(EnvironmentVariableTest, EmptyIsUnset) {
  setenv("DROVER_TEST_VARIABLE", "", 1);
  EXPECT_EQ(EnvironmentVariable("DROVER_TEST_VARIABLE"), std::nullopt);
  setenv("DROVER_TEST_VARIABLE", "x", 1);
  EXPECT_EQ(EnvironmentVariable("DROVER_TEST_VARIABLE"), "x");
  unsetenv("DROVER_TEST_VARIABLE");
  EXPECT_EQ(EnvironmentVariable("DROVER_TEST_VARIABLE"), std::nullopt);
}

}  // namespace
}  // namespace drover
