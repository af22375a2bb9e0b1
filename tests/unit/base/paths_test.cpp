#include "base/paths.h"

#include <cstdlib>
#include <filesystem>
#include <gtest/gtest.h>
#include <map>

#include "base/error.h"
#include "base/posix.h"

namespace drover {
namespace {

/// Sets variables for one test and puts the old ones back.
class PathsTest : public testing::Test {
 protected:
  PathsTest() {
    for (const char* name : {"DROVER_SOCKET", "DROVER_STATE_DIR", "XDG_STATE_HOME", "HOME"}) {
      old_[name] = EnvironmentVariable(name);
      unsetenv(name);
    }
    std::string pattern = testing::TempDir() + "drover-paths-XXXXXX";
    directory_ = std::filesystem::canonical(mkdtemp(pattern.data()));
  }
  ~PathsTest() override {
    for (const auto& [name, value] : old_) {
      if (value) {
        setenv(name.c_str(), value->c_str(), 1);
      } else {
        unsetenv(name.c_str());
      }
    }
    std::filesystem::remove_all(directory_);
  }
  PathsTest(const PathsTest&) = delete;
  PathsTest& operator=(const PathsTest&) = delete;

  std::string directory_;

 private:
  std::map<std::string, std::optional<std::string>> old_;
};

TEST_F(PathsTest, AStateDirectoryKeepsEverythingTogether) {
  setenv("DROVER_STATE_DIR", "/x/state", 1);
  const RuntimePaths paths = FindRuntimePaths();
  EXPECT_EQ(paths.socket, "/x/state/droverd.sock");
  EXPECT_EQ(paths.lock, "/x/state/droverd.lock");
  EXPECT_EQ(paths.state, "/x/state");
  EXPECT_EQ(paths.log, "/x/state/droverd.log");
}

TEST_F(PathsTest, TheSocketMayLieElsewhereWithTheLockBesideIt) {
  setenv("DROVER_STATE_DIR", "/x/state", 1);
  setenv("DROVER_SOCKET", "/y/s", 1);
  const RuntimePaths paths = FindRuntimePaths();
  EXPECT_EQ(paths.socket, "/y/s");
  EXPECT_EQ(paths.lock, "/y/droverd.lock");
}

TEST_F(PathsTest, TheStateDirectoryFollowsXdgThenHome) {
  setenv("HOME", "/h", 1);
  EXPECT_EQ(FindRuntimePaths().state, "/h/.local/state/drover");
  setenv("XDG_STATE_HOME", "/s", 1);
  EXPECT_EQ(FindRuntimePaths().state, "/s/drover");
  setenv("XDG_STATE_HOME", "relative", 1);
  EXPECT_EQ(FindRuntimePaths().state, "/h/.local/state/drover");
}

TEST_F(PathsTest, WithoutAHomeItSaysWhatToSet) {
  try {
    (void)FindRuntimePaths();
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind, "paths.home");
  }
}

TEST_F(PathsTest, ASocketPathOf107BytesIsTheLongest) {
  setenv("DROVER_STATE_DIR", "/x", 1);
  setenv("DROVER_SOCKET", ("/" + std::string(106, 's')).c_str(), 1);
  EXPECT_EQ(FindRuntimePaths().socket.size(), 107U);
  setenv("DROVER_SOCKET", ("/" + std::string(107, 's')).c_str(), 1);
  try {
    (void)FindRuntimePaths();
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind, "paths.too_long");
  }
}

TEST_F(PathsTest, TheProjectIsTheNearestDirectoryWithAConfiguration) {
  MakeDirectories(directory_ + "/p/backend/deep", 0755);
  CreateFile(directory_ + "/p/drover.yaml", "", 0644);
  EXPECT_EQ(FindProjectRoot(directory_ + "/p/backend/deep"), directory_ + "/p");
  EXPECT_EQ(FindProjectRoot(directory_ + "/p"), directory_ + "/p");
  CreateFile(directory_ + "/p/backend/drover.yaml", "", 0644);
  EXPECT_EQ(FindProjectRoot(directory_ + "/p/backend/deep"), directory_ + "/p/backend");
}

TEST_F(PathsTest, WithoutAConfigurationThereIsNoProject) {
  try {
    (void)FindProjectRoot(directory_);
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.code, Code::kNotFound);
    EXPECT_EQ(error.kind, "project.not_found");
    EXPECT_EQ(error.message, "there is no drover.yaml in " + directory_ + " or above it");
  }
}

}  // namespace
}  // namespace drover
