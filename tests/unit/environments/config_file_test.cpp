#include "environments/config_file.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <string>
#include <sys/stat.h>

#include "tests/unit/environments/fake_files.h"

namespace drover::environments {
namespace {

FileStatus OwnedBy(std::uint32_t owner, std::uint32_t mode = 0644) {
  FileStatus status;
  status.type = FileType::kRegular;
  status.mode = mode;
  status.owner = owner;
  return status;
}
std::string OwnershipKind(const FileStatus& file, std::uint32_t user,
                          std::optional<std::uint32_t> sudo = std::nullopt) {
  return ErrorOf([&] {
           CheckOwnership(file, "/p/drover.yaml", user, sudo);
           return 0;
         })
      .kind;
}

TEST(CheckOwnershipTest, OnlyTheUserAndRootMayOwnTheFile) {
  EXPECT_EQ(OwnershipKind(OwnedBy(1000), 1000), "no.error");
  EXPECT_EQ(OwnershipKind(OwnedBy(0), 1000), "no.error");
  EXPECT_EQ(OwnershipKind(OwnedBy(1001), 1000), "config.owner");
  EXPECT_EQ(OwnershipKind(OwnedBy(1001), 1000, 1001), "config.owner");
}

TEST(CheckOwnershipTest, RootActsForAnyoneUnlessSudoSaysForWhom) {
  EXPECT_EQ(OwnershipKind(OwnedBy(1001), 0), "no.error");
  EXPECT_EQ(OwnershipKind(OwnedBy(1000), 0, 1000), "no.error");
  EXPECT_EQ(OwnershipKind(OwnedBy(0), 0, 1000), "no.error");
  EXPECT_EQ(OwnershipKind(OwnedBy(1001), 0, 1000), "config.owner");
}

TEST(CheckOwnershipTest, FileThatEverybodyMayWriteIsRefused) {
  EXPECT_EQ(OwnershipKind(OwnedBy(1000, 0666), 1000), "config.writable");
  EXPECT_EQ(OwnershipKind(OwnedBy(1000, 0664), 1000), "no.error");
}

void Overwrite(const std::string& path, const char* text) { std::ofstream(path) << text; }

class ConfigFileTest : public testing::Test {
 protected:
  ConfigFileTest() {
    std::string pattern = testing::TempDir() + "drover_config.XXXXXX";
    root_ = mkdtemp(pattern.data());
  }
  ~ConfigFileTest() override { std::filesystem::remove_all(root_); }
  std::string root_;
};

TEST_F(ConfigFileTest, ReadsTheFileOfADirectory) {
  CreateFile(root_ + "/drover.yaml", "environments: {dev: {url: a.db}}\n", 0644);
  EXPECT_EQ(LoadConfig(root_).path, root_ + "/drover.yaml");
  chmod((root_ + "/drover.yaml").c_str(), 0646);
  const Error error = ErrorOf([&] { return LoadConfig(root_); });
  EXPECT_EQ(error.code, Code::kRefused);
  EXPECT_EQ(error.hint, "chmod o-w " + root_ + "/drover.yaml");
}

TEST_F(ConfigFileTest, MissingFileDirectoryAndFifoAreErrors) {
  EXPECT_EQ(ErrorOf([&] { return LoadConfig(root_); }).kind, "config.not_found");
  EXPECT_EQ(ErrorOf([&] { return LoadConfig(root_ + "/none"); }).kind, "config.not_found");
  MakeDirectories(root_ + "/drover.yaml", 0755);
  EXPECT_EQ(ErrorOf([&] { return LoadConfig(root_); }).kind, "io.not_a_file");
  std::filesystem::remove(root_ + "/drover.yaml");
  ASSERT_EQ(mkfifo((root_ + "/drover.yaml").c_str(), 0644), 0);
  EXPECT_EQ(ErrorOf([&] { return LoadConfig(root_); }).kind, "io.not_a_file");
}

TEST_F(ConfigFileTest, ParsesOnlyOtherBytes) {
  const std::string path = root_ + "/drover.yaml";
  CreateFile(path, "environments: {dev: {url: a.db}}\n", 0644);
  ConfigFile file(root_);
  EXPECT_TRUE(file.Refresh());
  const std::shared_ptr<const Config> first = file.config();
  std::filesystem::last_write_time(path, std::filesystem::file_time_type::clock::now());
  EXPECT_FALSE(file.Refresh());
  EXPECT_EQ(file.config(), first);
  Overwrite(path, "environments: {test: {url: a.db}}\n");
  EXPECT_TRUE(file.Refresh());
  EXPECT_EQ(file.config()->environments[0].name, "test");
}

TEST_F(ConfigFileTest, TheLastGoodOneStaysInForceAndComesBack) {
  const std::string path = root_ + "/drover.yaml";
  CreateFile(path, "environments: {dev: {url: a.db}}\n", 0644);
  ConfigFile file(root_);
  ASSERT_TRUE(file.Refresh());
  Overwrite(path, "environments: [");
  EXPECT_FALSE(file.Refresh());
  ASSERT_TRUE(file.error());
  EXPECT_EQ(file.error()->kind, "config.syntax");
  EXPECT_EQ(file.config()->environments[0].name, "dev");
  Overwrite(path, "environments: {dev: {url: a.db}}\n");
  EXPECT_FALSE(file.Refresh()) << "the same configuration as before";
  EXPECT_FALSE(file.error());
}

}  // namespace
}  // namespace drover::environments
