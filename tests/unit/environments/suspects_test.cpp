#include "environments/suspects.h"

#include <gmock/gmock.h>

#include "tests/unit/environments/fake_proc.h"

namespace drover::environments {
namespace {

using testing::ElementsAre;

class SuspectsTest : public FakeProcTest {
 protected:
  SuspectsTest() {
    Directory("backend/deep");
    stray_ = Write("backend/app.db", "x");
    Write("proc/uptime", "1000.50 3000.00\n");
    Remove("proc/77");
  }

  void Remove(std::string_view relative) const {
    const std::string command = Concat("rm -rf ", ShellQuote(Path(relative)));
    static_cast<void>(std::system(command.c_str()));
  }

  /// A process that began `age` seconds ago.
  void Process(int pid, const std::string& cwd, int age, int parent = 1) const {
    const std::string base = Concat("proc/", pid);
    Directory(base + "/fd");
    Directory(base + "/ns");
    Link("mnt:[1]", base + "/ns/mnt");
    Link(cwd, base + "/cwd");
    Write(base + "/cmdline", Concat("program", pid));
    const long ticks = (1000 - age) * sysconf(_SC_CLK_TCK);
    Write(base + "/stat", Concat(pid, " (a) b (c) S ", parent,
                                 " 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 ", ticks, " 0 0\n"));
  }

  void Opens(int pid, const std::string& path) const { Link(path, Concat("proc/", pid, "/fd/3")); }

  [[nodiscard]] std::vector<std::string> Found() const {
    const auto all =
        FindSuspects({{.path = stray_, .made_from = Path("backend")}}, Path(""), Path("proc"));
    std::vector<std::string> texts;
    for (const Suspect& each : all.at(stray_)) {
      texts.push_back(Concat(each.evidence, " ", each.process.pid));
    }
    return texts;
  }

  std::string stray_;
};

TEST_F(SuspectsTest, WhoHasItOpenComesFirstThenTheDirectoryThenWhatHasJustBegunNearby) {
  Process(50, Path(""), 2);
  Process(51, Path("backend"), 500);
  Process(52, Path("backend"), 1);
  Process(53, "/", 1);
  Opens(53, stray_);
  EXPECT_THAT(Found(), ElementsAre("open 53", "directory 52", "directory 51", "near 50"));
}

TEST_F(SuspectsTest, AProcessElsewhereOrNearbyForLongIsNone) {
  Process(50, Path(""), 60);             // an editor
  Process(51, Path("backend/deep"), 1);  // its ./app.db would be another file
  Process(52, "/", 1);
  EXPECT_THAT(Found(), ElementsAre());
}

TEST_F(SuspectsTest, TheShellOfASuspectIsNone) {
  Process(50, Path("backend"), 500);
  Process(51, Path("backend"), 1, 50);
  EXPECT_THAT(Found(), ElementsAre("directory 51"));
  Opens(50, stray_);
  EXPECT_THAT(Found(), ElementsAre("open 50", "directory 51"));
}

TEST_F(SuspectsTest, AProcessInAContainerIsKnownByTheIdentityOfItsDirectory) {
  Process(50, Path("backend"), 1);
  Link("mnt:[2]", "proc/50/ns/mnt");
  const auto found =
      FindSuspects({{.path = stray_, .made_from = Path("backend")}}, Path(""), Path("proc"));
  ASSERT_EQ(found.at(stray_).size(), 1U);
  EXPECT_TRUE(found.at(stray_)[0].process.container);
}

TEST_F(SuspectsTest, AFileThatHasGoneAgainHasStillItsDirectory) {
  Process(50, Path("backend"), 1);
  unlink(stray_.c_str());
  EXPECT_THAT(Found(), ElementsAre("directory 50"));
}

TEST_F(SuspectsTest, DamagedFactsAreSkipped) {
  Process(50, Path("backend"), 1);
  Write("proc/50/stat", "50 (x");
  EXPECT_THAT(Found(), ElementsAre());
  Process(51, Path("backend"), 1);
  unlink(Path("proc/uptime").c_str());
  EXPECT_THAT(Found(), ElementsAre("directory 51"));
  EXPECT_TRUE(FindSuspects({}, "/", "/proc").empty());
}

TEST_F(SuspectsTest, ARealProcessIsSeen) {
  const OtherProcess other([&](const auto& wait) {
    if (chdir(Path("backend").c_str()) != 0) _exit(1);
    const UniqueFd fd(open("app.db", O_RDONLY));
    wait();
  });
  const auto found = FindSuspects({{.path = stray_, .made_from = Path("backend")}}, Path(""));
  ASSERT_FALSE(found.at(stray_).empty());
  EXPECT_EQ(found.at(stray_)[0].evidence, "open");
  EXPECT_EQ(found.at(stray_)[0].process.pid, other.pid());
  EXPECT_NE(found.at(stray_)[0].at, "");
}

}  // namespace
}  // namespace drover::environments
