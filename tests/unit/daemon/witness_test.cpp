#include "daemon/witness.h"

#include <csignal>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/posix.h"
#include "tests/unit/daemon/support.h"

namespace drover::daemon {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

/// Another process that makes a file and keeps it open: our own is never a suspect.
class Opener {
 public:
  explicit Opener(const std::string& path) : pid_(fork()) {
    if (pid_ == 0) {
      (void)open(path.c_str(), O_RDWR | O_CREAT, 0644);
      for (;;) pause();
    }
    while (!StatFile(path)) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  Opener(const Opener&) = delete;
  Opener& operator=(const Opener&) = delete;
  ~Opener() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  [[nodiscard]] pid_t pid() const { return pid_; }

 private:
  pid_t pid_;
};

class WitnessTest : public ::testing::Test {
 protected:
  WitnessTest() { seen_.root = scratch_.path(); }

  void Note(std::vector<FileSign> signs) {
    machine_.OnLoop([&] { witness_->Note(seen_, signs); });
  }

  std::vector<Suspect> Of(const std::string& path) {
    std::vector<Suspect> suspects;
    machine_.OnLoop([&] { suspects = witness_->Of(path); });
    return suspects;
  }

  /// What is known once the look through /proc has come to an end.
  std::vector<Suspect> Await(const std::string& path) {
    const auto deadline = std::chrono::steady_clock::now() + drover::testing::kPatience;
    std::vector<Suspect> suspects;
    do {
      suspects = Of(path);
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    } while (suspects.empty() && std::chrono::steady_clock::now() < deadline);
    return suspects;
  }

  drover::testing::Scratch scratch_;
  drover::testing::Machine machine_;
  Observation seen_;
  std::shared_ptr<Witness> witness_ = std::make_shared<Witness>(machine_.loop, *machine_.workers);
};

TEST_F(WitnessTest, WhoHasTheNewFileOpenIsRemembered) {
  const std::string path = scratch_ / "app.db";
  const Opener mine(path);
  Note({{.path = path, .created = true}});
  const std::vector<Suspect> suspects = Await(path);
  ASSERT_THAT(suspects, SizeIs(1));
  EXPECT_EQ(suspects[0].process.pid, mine.pid());
  EXPECT_EQ(suspects[0].evidence, "open");
}

TEST_F(WitnessTest, AnotherFileOfThatNameHasNoHistory) {
  const std::string path = scratch_ / "app.db";
  const Opener mine(path);
  Note({{.path = path, .created = true}});
  ASSERT_THAT(Await(path), SizeIs(1));
  const Opener other(scratch_ / "new");
  std::filesystem::rename(scratch_ / "new", path);
  EXPECT_THAT(Of(path), IsEmpty());
}

TEST_F(WitnessTest, OnlyWhatAppearedIsLookedAt) {
  const std::string path = scratch_ / "old.db";
  const Opener mine(path);
  Note({{.path = path, .created = false}, {.path = scratch_ / "none.db", .created = true}});
  const std::string known = scratch_ / "known.db";
  const Opener also(known);
  Note({{.path = known, .created = true}});
  ASSERT_THAT(Await(known), SizeIs(1)) << "a look that began later has ended";
  EXPECT_THAT(Of(path), IsEmpty());
  EXPECT_THAT(Of(scratch_ / "none.db"), IsEmpty());
}

}  // namespace
}  // namespace drover::daemon
