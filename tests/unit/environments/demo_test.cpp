// The demo project as it is shipped: its configuration resolves, and both environments are one
// file.
#include <filesystem>
#include <gtest/gtest.h>
#include <string>

#include "environments/config_file.h"
#include "environments/files.h"
#include "environments/target.h"

namespace drover::environments {
namespace {

// The build tree lies inside the checkout, so the demo is found above the test program.
std::filesystem::path DemoDirectory() {
  std::filesystem::path directory = std::filesystem::read_symlink("/proc/self/exe").parent_path();
  while (directory != "/" && !std::filesystem::exists(directory / "deploy/demo/drover.yaml")) {
    directory = directory.parent_path();
  }
  return directory / "deploy/demo";
}

TEST(DemoTest, DevAndDockerAreTheSameFile) {
  const std::filesystem::path demo = DemoDirectory();
  const Config config = LoadConfig(demo.string());
  RealFiles files;
  const Target dev = ResolveTarget(config, FindEnvironment(config, "dev"), files);
  const Target docker = ResolveTarget(config, FindEnvironment(config, "docker"), files);
  EXPECT_EQ(dev.path, (demo / "application.db").string());
  EXPECT_EQ(dev.provenance[1].from, ".env:1");
  EXPECT_EQ(docker.path, dev.path);
  EXPECT_EQ(docker.key, dev.key);
  EXPECT_EQ(docker.relative_tail, "application.db");
  EXPECT_EQ(docker.confidence, Confidence::kCertain);
  EXPECT_EQ(docker.provenance[4].from, "docker-compose.yml:11:9");
}

}  // namespace
}  // namespace drover::environments
