// The demo project as it is shipped: its configuration resolves, and both environments are one
// file.
#include <filesystem>
#include <gtest/gtest.h>
#include <string>

#include "environments/config.h"
#include "environments/files.h"
#include "environments/target.h"

namespace drover::environments {
namespace {

TEST(DemoTest, DevAndDockerAreTheSameFile) {
  const auto tests = std::filesystem::path(__FILE__).parent_path();
  const auto demo = std::filesystem::canonical(tests / "../../../deploy/demo");
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
  EXPECT_EQ(docker.provenance[3].from, "docker-compose.yml:12:9");
}

}  // namespace
}  // namespace drover::environments
