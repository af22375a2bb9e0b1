#include "daemon/instance.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <optional>
#include <string>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "tests/unit/daemon/net/client.h"
#include "tests/unit/daemon/scratch.h"

namespace drover::daemon {
namespace {

using drover::testing::Client;
using drover::testing::ListenAt;
using drover::testing::ScopedVariable;
using drover::testing::Slurp;
using drover::testing::Spill;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;

class InstanceTest : public ::testing::Test {
 protected:
  /// The error that a start meets, or nothing.
  [[nodiscard]] std::optional<Error> StartError() const {
    try {
      const Instance instance(paths_);
      return std::nullopt;
    } catch (const Error& error) {
      return error;
    }
  }

  drover::testing::Scratch scratch_;
  RuntimePaths paths_{.socket = scratch_ / "run/droverd.sock",
                      .lock = scratch_ / "run/droverd.lock",
                      .state = scratch_ / "state/drover",
                      .log = scratch_ / "state/drover/droverd.log"};
};

TEST_F(InstanceTest, AFreshStartMakesPrivateDirectoriesAndAPrivateSocket) {
  Instance instance(paths_);
  const UniqueFd listener = instance.TakeListener();
  EXPECT_TRUE(listener);
  EXPECT_FALSE(instance.TakeListener());
  EXPECT_EQ(StatFile(scratch_ / "run")->mode, 0700U);
  EXPECT_EQ(StatFile(paths_.state)->mode, 0700U);
  EXPECT_EQ(StatFile(paths_.socket)->mode, 0600U);
  EXPECT_EQ(StatFile(paths_.lock)->mode, 0600U);
  EXPECT_NE(fcntl(listener.get(), F_GETFL) & O_NONBLOCK, 0);
  EXPECT_NE(fcntl(listener.get(), F_GETFD) & FD_CLOEXEC, 0);
  EXPECT_TRUE(Client(paths_.socket).connected());
}

TEST_F(InstanceTest, TheLockNamesTheProcessAndItsStart) {
  const Instance instance(paths_);
  EXPECT_THAT(Slurp(paths_.lock), MatchesRegex(Concat(getpid(), " 20..-..-..T..:..:..Z\n")));
}

TEST_F(InstanceTest, TheEndRemovesTheSocketAndTheNextStartSucceeds) {
  { const Instance instance(paths_); }
  EXPECT_FALSE(StatFile(paths_.socket));
  EXPECT_FALSE(StartError());
}

TEST_F(InstanceTest, ASocketLeftByAKilledDaemonIsReplaced) {
  MakeDirectories(scratch_ / "run", 0700);
  ListenAt(paths_.socket).Reset();
  ASSERT_TRUE(StatFile(paths_.socket));
  const Instance instance(paths_);
  EXPECT_TRUE(instance.SocketIsOurs());
  EXPECT_TRUE(Client(paths_.socket).connected());
}

TEST_F(InstanceTest, ALiveDaemonIsLeftAloneAndNamed) {
  const Instance instance(paths_);
  const std::optional<Error> error = StartError();
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code, Code::kConflict);
  EXPECT_EQ(error->kind, "daemon.running");
  EXPECT_THAT(error->message, HasSubstr(Concat("already running, pid ", getpid(), ", since 20")));
  EXPECT_THAT(error->message, HasSubstr("socket " + paths_.socket));
  EXPECT_EQ(error->hint, "drover daemon status");
  EXPECT_TRUE(Client(paths_.socket).connected());
}

TEST_F(InstanceTest, AnAnsweringSocketWithoutALockIsLeftAloneToo) {
  MakeDirectories(scratch_ / "run", 0700);
  const UniqueFd other = ListenAt(paths_.socket);
  const std::optional<Error> error = StartError();
  ASSERT_TRUE(error);
  EXPECT_EQ(error->kind, "daemon.running");
  EXPECT_TRUE(Client(paths_.socket).connected());
}

TEST_F(InstanceTest, ARegularFileInPlaceOfTheSocketIsUntouched) {
  MakeDirectories(scratch_ / "run", 0700);
  Spill(paths_.socket, "precious");
  const std::optional<Error> error = StartError();
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code, Code::kRefused);
  EXPECT_EQ(error->kind, "daemon.not_a_socket");
  EXPECT_EQ(error->hint, Concat("mv ", paths_.socket, " ", paths_.socket, ".old"));
  EXPECT_EQ(Slurp(paths_.socket), "precious");
}

TEST_F(InstanceTest, ASymbolicLinkInPlaceOfTheSocketIsNotFollowed) {
  MakeDirectories(scratch_ / "run", 0700);
  Spill(scratch_ / "precious", "precious");
  ASSERT_EQ(symlink((scratch_ / "precious").c_str(), paths_.socket.c_str()), 0);
  EXPECT_EQ(StartError().value().kind, "daemon.not_a_socket");
  EXPECT_EQ(Slurp(scratch_ / "precious"), "precious");
}

TEST_F(InstanceTest, ADirectoryThatOthersMayWriteToIsRefusedWithTheRemedy) {
  MakeDirectories(scratch_ / "run", 0700);
  for (const mode_t mode : {0770, 0702, 0777}) {
    chmod((scratch_ / "run").c_str(), mode);
    const std::optional<Error> error = StartError();
    ASSERT_TRUE(error);
    EXPECT_EQ(error->code, Code::kRefused);
    EXPECT_EQ(error->kind, "daemon.directory");
    EXPECT_EQ(error->hint, Concat("chmod 700 ", scratch_ / "run"));
  }
  chmod((scratch_ / "run").c_str(), 0755);
  EXPECT_FALSE(StartError()) << "reading its names is harmless: the socket itself is private";
}

TEST_F(InstanceTest, AStateDirectoryThatOthersMayWriteToIsRefused) {
  MakeDirectories(paths_.state, 0700);
  chmod(paths_.state.c_str(), 0777);
  EXPECT_EQ(StartError().value().hint, Concat("chmod 700 ", paths_.state));
}

TEST_F(InstanceTest, ASharedDirectoryLikeTmpIsNotToBeClosed) {
  MakeDirectories(scratch_ / "run", 0700);
  chmod((scratch_ / "run").c_str(), 01777);
  EXPECT_THAT(StartError().value().hint, HasSubstr("export DROVER_STATE_DIR="));
}

TEST_F(InstanceTest, ADirectoryOfAnotherUserIsRefused) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can give a directory away";
  MakeDirectories(scratch_ / "run", 0700);
  ASSERT_EQ(chown((scratch_ / "run").c_str(), 65534, 65534), 0);
  const std::optional<Error> error = StartError();
  ASSERT_TRUE(error);
  EXPECT_EQ(error->kind, "daemon.directory");
  EXPECT_THAT(error->message, HasSubstr("belongs to user 65534"));
}

TEST_F(InstanceTest, AFileInPlaceOfTheDirectoryIsRefused) {
  Spill(scratch_ / "run", "x");
  EXPECT_EQ(StartError().value().kind, "daemon.directory");
}

TEST_F(InstanceTest, AHeldLockWithoutASocketIsWaitedForAndThenNamed) {
  MakeDirectories(scratch_ / "run", 0700);
  Spill(paths_.lock, "4242 2026-02-12T23:20:18Z\n");
  const UniqueFd lock(open(paths_.lock.c_str(), O_RDWR | O_CLOEXEC));
  ASSERT_EQ(flock(lock.get(), LOCK_EX), 0);
  const auto begin = std::chrono::steady_clock::now();
  const std::optional<Error> error = StartError();
  EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(2000));
  ASSERT_TRUE(error);
  EXPECT_THAT(error->message, HasSubstr("pid 4242, since 2026-02-12T23:20:18Z"));
}

TEST_F(InstanceTest, APredecessorOnItsWayOutIsWaitedFor) {
  MakeDirectories(scratch_ / "run", 0700);
  UniqueFd lock(open(paths_.lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  ASSERT_EQ(flock(lock.get(), LOCK_EX), 0);
  std::thread predecessor([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    lock.Reset();
  });
  EXPECT_FALSE(StartError());
  predecessor.join();
}

TEST_F(InstanceTest, OfTwentyParallelStartsExactlyOneWins) {
  int report[2];
  ASSERT_EQ(pipe2(report, O_CLOEXEC), 0);
  UniqueFd read_end(report[0]);
  UniqueFd write_end(report[1]);
  int hold[2];
  ASSERT_EQ(pipe2(hold, O_CLOEXEC), 0);
  const UniqueFd hold_read(hold[0]);
  UniqueFd hold_write(hold[1]);
  std::vector<pid_t> children;
  for (int i = 0; i < 20; ++i) {
    const pid_t child = fork();
    if (child == 0) {
      hold_write.Reset();
      char verdict = 'w';
      {
        std::optional<Instance> instance;
        try {
          instance.emplace(paths_);
        } catch (const Error& error) {
          verdict = error.kind == "daemon.running" ? 'l' : 'e';
        }
        (void)!write(write_end.get(), &verdict, 1);
        // The winner lives until all have tried.
        char end = 0;
        (void)!read(hold_read.get(), &end, 1);
      }
      _exit(0);
    }
    children.push_back(child);
  }
  write_end.Reset();
  std::string verdicts;
  char verdict = 0;
  for (int i = 0; i < 20 && read(read_end.get(), &verdict, 1) == 1; ++i) verdicts += verdict;
  hold_write.Reset();
  for (const pid_t child : children) waitpid(child, nullptr, 0);
  std::sort(verdicts.begin(), verdicts.end());
  EXPECT_EQ(verdicts, std::string(19, 'l') + "w");
  EXPECT_FALSE(StatFile(paths_.socket));
}

TEST_F(InstanceTest, AReplacedSocketIsNoticedAndNotRemoved) {
  UniqueFd other;
  {
    const Instance instance(paths_);
    EXPECT_TRUE(instance.SocketIsOurs());
    unlink(paths_.socket.c_str());
    EXPECT_FALSE(instance.SocketIsOurs());
    Spill(scratch_ / "filler", "");  // takes the inode that was freed
    other = ListenAt(paths_.socket);
    EXPECT_FALSE(instance.SocketIsOurs());
  }
  EXPECT_TRUE(StatFile(paths_.socket));
}

TEST_F(InstanceTest, ASocketPathThatIsTooLongIsAnError) {
  paths_.socket = scratch_ / "run/" + std::string(120, 'x');
  EXPECT_EQ(StartError().value().kind, "paths.too_long");
}

TEST_F(InstanceTest, AnInheritedSocketIsAdoptedAndLeftInPlace) {
  MakeDirectories(scratch_ / "systemd", 0700);
  const std::string path = scratch_ / "systemd/drover.sock";
  const UniqueFd socket = ListenAt(path);
  const pid_t child = fork();
  if (child == 0) {
    dup2(socket.get(), 3);
    const ScopedVariable pid("LISTEN_PID", Concat(getpid()));
    const ScopedVariable count("LISTEN_FDS", "1");
    bool good = false;
    {
      Instance instance(paths_);
      good = instance.paths().socket == path && instance.TakeListener().get() == 3 &&
             instance.SocketIsOurs() && getenv("LISTEN_FDS") == nullptr;
    }
    _exit(good && StatFile(path) ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

TEST_F(InstanceTest, ListenVariablesOfAnotherProcessAreIgnored) {
  const ScopedVariable pid("LISTEN_PID", "1");
  const ScopedVariable count("LISTEN_FDS", "1");
  const Instance instance(paths_);
  EXPECT_EQ(instance.paths().socket, paths_.socket);
}

TEST_F(InstanceTest, AnInheritedDescriptorThatIsNoSocketIsAnError) {
  const pid_t child = fork();
  if (child == 0) {
    const UniqueFd null(open("/dev/null", O_RDWR));
    dup2(null.get(), 3);
    const ScopedVariable pid("LISTEN_PID", Concat(getpid()));
    const ScopedVariable count("LISTEN_FDS", "1");
    const std::optional<Error> error = StartError();
    _exit(error && error->kind == "daemon.inherited" ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

std::string Receive(int fd) {
  char text[256];
  const ssize_t got = recv(fd, text, sizeof text, MSG_DONTWAIT);
  return got < 0 ? "nothing" : std::string(text, static_cast<std::size_t>(got));
}

TEST(NotifySystemdTest, SendsOneDatagram) {
  const drover::testing::Scratch scratch;
  const std::string path = scratch / "notify";
  const sockaddr_un address = drover::testing::AddressOf(path);
  const UniqueFd fd(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  const ScopedVariable variable("NOTIFY_SOCKET", path);
  NotifySystemd("READY=1");
  EXPECT_EQ(Receive(fd.get()), "READY=1");
  NotifySystemd("RELOADING=1");
  EXPECT_THAT(Receive(fd.get()), MatchesRegex("RELOADING=1\nMONOTONIC_USEC=[0-9]+"));
}

TEST(NotifySystemdTest, AbstractSocketsAreReachedToo) {
  const std::string name = Concat("drover-unit-", getpid());
  sockaddr_un address = drover::testing::AddressOf("@" + name);
  address.sun_path[0] = '\0';
  const UniqueFd fd(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  ASSERT_EQ(bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), size), 0);
  const ScopedVariable variable("NOTIFY_SOCKET", "@" + name);
  NotifySystemd("STOPPING=1");
  EXPECT_EQ(Receive(fd.get()), "STOPPING=1");
}

TEST(NotifySystemdTest, NothingHappensWithoutAUsableAddress) {
  unsetenv("NOTIFY_SOCKET");
  NotifySystemd("READY=1");
  for (const char* value : {"relative", "/nonexistent/socket"}) {
    const ScopedVariable variable("NOTIFY_SOCKET", value);
    NotifySystemd("READY=1");
  }
  const ScopedVariable variable("NOTIFY_SOCKET", "/" + std::string(300, 'x'));
  NotifySystemd("READY=1");
}

TEST(ReportStartupTest, WritesAndClosesThePipe) {
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  const UniqueFd read_end(ends[0]);
  UniqueFd write_end(ends[1]);
  ReportStartup(write_end, "ready\n");
  EXPECT_FALSE(write_end);
  char text[16];
  EXPECT_EQ(read(read_end.get(), text, sizeof text), 6);
  EXPECT_EQ(std::string(text, 6), "ready\n");
  EXPECT_EQ(read(read_end.get(), text, sizeof text), 0);
  ReportStartup(write_end, "ready\n");  // nothing to write to any more
}

TEST(ReportStartupTest, AClientThatLeftIsNoHarm) {
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  UniqueFd(ends[0]).Reset();
  UniqueFd write_end(ends[1]);
  ReportStartup(write_end, "ready\n");
  EXPECT_FALSE(write_end);
}

}  // namespace
}  // namespace drover::daemon
