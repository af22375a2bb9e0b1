#include "daemon/alembic_program.h"

#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/daemon/scratch.h"

namespace drover::daemon {
namespace {

using drover::testing::Scratch;
using drover::testing::Spill;
using ::testing::ElementsAre;

class AlembicProgramTest : public ::testing::Test {
 protected:
  void Install(const std::string& name) const {
    std::filesystem::create_directories(scratch_ / ".venv/bin");
    Spill(scratch_ / (".venv/bin/" + name), "#!/bin/sh\n");
    std::filesystem::permissions(scratch_ / (".venv/bin/" + name), std::filesystem::perms(0755));
  }

  [[nodiscard]] std::vector<std::string> Find() const {
    return FindAlembicProgram({scratch_ / "nowhere", scratch_.path()});
  }

  Scratch scratch_;
};

TEST_F(AlembicProgramTest, TheVirtualEnvironmentsOwnComesFirst) {
  Install("python");
  Install("alembic");
  EXPECT_THAT(Find(), ElementsAre(scratch_ / ".venv/bin/alembic"));
}

TEST_F(AlembicProgramTest, APythonThatSeesTheSystemsAlembicWillDo) {
  Install("python");
  Spill(scratch_ / ".venv/pyvenv.cfg", "home = /usr/bin\ninclude-system-site-packages = false\n");
  EXPECT_NE(Find().front(), scratch_ / ".venv/bin/python");
  Spill(scratch_ / ".venv/pyvenv.cfg", "home = /usr/bin\ninclude-system-site-packages = true\n");
  EXPECT_THAT(Find(), ElementsAre(scratch_ / ".venv/bin/python", "-m", "alembic"));
}

TEST_F(AlembicProgramTest, SoWillOneThatHasItWithoutAScript) {
  Install("python");
  Spill(scratch_ / ".venv/pyvenv.cfg", "home = /usr/bin\n");
  std::filesystem::create_directories(scratch_ / ".venv/lib/python3.11/site-packages/alembic");
  EXPECT_THAT(Find(), ElementsAre(scratch_ / ".venv/bin/python", "-m", "alembic"));
}

}  // namespace
}  // namespace drover::daemon
