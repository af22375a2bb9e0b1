#include "environments/files.h"

#include <cstdlib>
#include <filesystem>
#include <gtest/gtest.h>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/environments/fake_files.h"

namespace drover::environments {
namespace {

class RealFilesTest : public testing::Test {
 protected:
  RealFilesTest() {
    std::string pattern = RealPath(testing::TempDir()) + "/drover_files.XXXXXX";
    root_ = mkdtemp(pattern.data());
  }
  ~RealFilesTest() override { std::filesystem::remove_all(root_); }
  std::string root_;
  RealFiles files_;
};

TEST_F(RealFilesTest, RemembersWhatWasAskedForFoundOrNot) {
  CreateFile(root_ + "/a", "text", 0644);
  EXPECT_EQ(files_.Read(root_ + "/a"), "text");
  EXPECT_EQ(files_.Read(root_ + "/b"), std::nullopt);
  EXPECT_EQ(files_.Read(root_ + "/a/below"), std::nullopt);
  EXPECT_EQ(files_.read_paths(),
            (std::set<std::string>{root_ + "/a", root_ + "/a/below", root_ + "/b"}));
}

TEST_F(RealFilesTest, ProbeTellsWhatIsThere) {
  CreateFile(root_ + "/a", "text", 0644);
  EXPECT_EQ(files_.Probe(root_ + "/a"), Reach::kThere);
  EXPECT_EQ(files_.Probe(root_), Reach::kThere);
  EXPECT_EQ(files_.Probe(root_ + "/b"), Reach::kMissing);
  EXPECT_EQ(files_.Probe(root_ + "/a/below"), Reach::kMissing);
}

TEST_F(RealFilesTest, ProbeTellsADirectoryThatMayNotBeSearched) {
  if (geteuid() == 0) GTEST_SKIP() << "root may search every directory";
  MakeDirectories(root_ + "/closed/inside", 0755);
  ASSERT_EQ(chmod((root_ + "/closed").c_str(), 0), 0);
  EXPECT_EQ(files_.Probe(root_ + "/closed/inside"), Reach::kClosed);
  ASSERT_EQ(chmod((root_ + "/closed").c_str(), 0755), 0);
}

TEST_F(RealFilesTest, DirectoryAndFifoAreErrorsAndDoNotHang) {
  ASSERT_EQ(mkfifo((root_ + "/pipe").c_str(), 0644), 0);
  EXPECT_EQ(ErrorOf([&] { return files_.Read(root_ + "/pipe"); }).kind, "io.not_a_file");
  EXPECT_EQ(ErrorOf([&] { return files_.Read(root_); }).kind, "io.not_a_file");
}

TEST_F(RealFilesTest, LargeFileIsRefused) {
  CreateFile(root_ + "/big", std::string((4U << 20U) + 1, 'x'), 0644);
  EXPECT_EQ(ErrorOf([&] { return files_.Read(root_ + "/big"); }).kind, "io.too_large");
}

TEST_F(RealFilesTest, LinkToAMissingFileLeadsToWhereItWouldBeCreated) {
  MakeDirectories(root_ + "/data", 0755);
  std::filesystem::create_symlink("data/app.db", root_ + "/app.db");
  std::filesystem::create_symlink("app.db", root_ + "/twice.db");
  EXPECT_EQ(files_.Real(root_ + "/app.db"), root_ + "/data/app.db");
  EXPECT_EQ(files_.Real(root_ + "/twice.db"), root_ + "/data/app.db");
  EXPECT_EQ(files_.Stat(root_ + "/app.db"), std::nullopt);
}

TEST_F(RealFilesTest, LinkToItselfEnds) {
  std::filesystem::create_symlink("loop", root_ + "/loop");
  EXPECT_EQ(files_.Real(root_ + "/loop"), root_ + "/loop");
  EXPECT_EQ(ErrorOf([&] { return files_.Stat(root_ + "/loop"); }).code, Code::kIo);
}

}  // namespace
}  // namespace drover::environments
