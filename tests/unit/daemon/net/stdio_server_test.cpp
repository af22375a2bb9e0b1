#include <fcntl.h>
#include <functional>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <memory>
#include <poll.h>
#include <string>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/posix.h"
#include "base/text.h"
#include "daemon/net/server.h"
#include "tests/unit/daemon/scratch.h"

namespace drover::daemon {
namespace {

using drover::testing::Scratch;
using drover::testing::Slurp;
using drover::testing::Spill;
using ::testing::HasSubstr;

/// Serves stdin and stdout until the end: echoes lines; "later" is answered by a timer, "big" with
/// a mebibyte. Exits with 0 when on_end was called.
[[noreturn]] void ServeAndExit() {
  bool ended = false;
  {
    Loop loop;
    std::unique_ptr<Loop::Timer> timer;
    const SessionHandler handler{
        .on_line =
            [&](const std::shared_ptr<Session>& session, std::string_view line) {
              session->BeginRequest();
              if (line == "later") {
                timer = loop.After(std::chrono::milliseconds(30), [session] {
                  session->Send("at last\n");
                  session->EndRequest();
                });
                return;
              }
              session->Send(line == "big" ? std::string(1'048'576, 'b') + "\n"
                                          : Concat(line, "!\n"));
              session->EndRequest();
            },
        .on_closed = {}};
    const StdioServer server(loop, handler, [&] {
      ended = true;
      loop.Stop();
    });
    const auto deadline = loop.After(std::chrono::seconds(10), [&] { loop.Stop(); });
    loop.Run();
  }
  _exit(ended ? 0 : 3);
}

/// Runs the server in a child process with these descriptors; returns its exit code.
class Served {
 public:
  Served(int in, int out) : pid_(fork()) {
    if (pid_ == 0) {
      if (in >= 0) dup2(in, STDIN_FILENO);
      if (in < 0) close(STDIN_FILENO);
      dup2(out, STDOUT_FILENO);
      for (int fd = 3; fd < 64; ++fd) close(fd);
      ServeAndExit();
    }
  }
  int Wait() const {
    int status = 0;
    waitpid(pid_, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

 private:
  pid_t pid_;
};

UniqueFd OpenOutput(const std::string& path) {
  return UniqueFd(open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
}

TEST(StdioServerTest, RegularFilesWork) {
  const Scratch scratch;
  Spill(scratch / "in", "one\ntwo\nthree");
  const UniqueFd in(open((scratch / "in").c_str(), O_RDONLY | O_CLOEXEC));
  const UniqueFd out = OpenOutput(scratch / "out");
  EXPECT_EQ(Served(in.get(), out.get()).Wait(), 0);
  EXPECT_EQ(Slurp(scratch / "out"), "one!\ntwo!\nthree!\n");
}

TEST(StdioServerTest, DevNullEndsAtOnce) {
  const UniqueFd null(open("/dev/null", O_RDWR | O_CLOEXEC));
  EXPECT_EQ(Served(null.get(), null.get()).Wait(), 0);
}

TEST(StdioServerTest, AClosedStdinEndsAtOnce) {
  const UniqueFd null(open("/dev/null", O_RDWR | O_CLOEXEC));
  EXPECT_EQ(Served(-1, null.get()).Wait(), 0);
}

TEST(StdioServerTest, ADirectoryAsInputEndsAtOnce) {
  const UniqueFd directory(open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const UniqueFd null(open("/dev/null", O_RDWR | O_CLOEXEC));
  EXPECT_EQ(Served(directory.get(), null.get()).Wait(), 0);
}

TEST(StdioServerTest, TheEndWaitsForTheLastAnswer) {
  const Scratch scratch;
  Spill(scratch / "in", "later\n");
  const UniqueFd in(open((scratch / "in").c_str(), O_RDONLY | O_CLOEXEC));
  const UniqueFd out = OpenOutput(scratch / "out");
  EXPECT_EQ(Served(in.get(), out.get()).Wait(), 0);
  EXPECT_EQ(Slurp(scratch / "out"), "at last\n");
}

TEST(StdioServerTest, ALargeAnswerPassesThroughAPipeWhole) {
  const Scratch scratch;
  Spill(scratch / "in", "big\n");
  const UniqueFd in(open((scratch / "in").c_str(), O_RDONLY | O_CLOEXEC));
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  const UniqueFd read_end(ends[0]);
  UniqueFd write_end(ends[1]);
  const Served served(in.get(), write_end.get());
  write_end.Reset();
  std::string all;
  char chunk[65536];
  for (ssize_t got = 0; (got = read(read_end.get(), chunk, sizeof chunk)) > 0;) {
    all.append(chunk, static_cast<std::size_t>(got));
  }
  EXPECT_EQ(all.size(), 1'048'577U);
  EXPECT_EQ(served.Wait(), 0);
}

TEST(StdioServerTest, PipesAreNotMadeNonBlocking) {
  int in[2];
  int out[2];
  ASSERT_EQ(pipe2(in, O_CLOEXEC), 0);
  ASSERT_EQ(pipe2(out, O_CLOEXEC), 0);
  const UniqueFd in_read(in[0]);
  UniqueFd in_write(in[1]);
  const UniqueFd out_read(out[0]);
  const UniqueFd out_write(out[1]);
  const Served served(in_read.get(), out_write.get());
  ASSERT_TRUE(WriteAll(in_write.get(), "a\n"));
  char answer[3];
  ASSERT_EQ(read(out_read.get(), answer, 3), 3);
  EXPECT_EQ(std::string(answer, 3), "a!\n");
  EXPECT_EQ(fcntl(in_read.get(), F_GETFL) & O_NONBLOCK, 0);
  EXPECT_EQ(fcntl(out_write.get(), F_GETFL) & O_NONBLOCK, 0);
  in_write.Reset();
  EXPECT_EQ(served.Wait(), 0);
}

TEST(StdioServerTest, OneSocketMayServeBothDirections) {
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  const UniqueFd ours(ends[0]);
  UniqueFd theirs(ends[1]);
  const Served served(theirs.get(), theirs.get());
  theirs.Reset();
  ASSERT_TRUE(WriteAll(ours.get(), "a\nlater\n"));
  shutdown(ours.get(), SHUT_WR);
  std::string all;
  char chunk[256];
  for (ssize_t got = 0; (got = read(ours.get(), chunk, sizeof chunk)) > 0;) {
    all.append(chunk, static_cast<std::size_t>(got));
  }
  EXPECT_EQ(all, "a!\nat last\n");
  EXPECT_EQ(served.Wait(), 0);
}

TEST(StdioServerTest, AReaderThatWentAwayEndsTheSessionWithoutASignal) {
  int in[2];
  int out[2];
  ASSERT_EQ(pipe2(in, O_CLOEXEC), 0);
  ASSERT_EQ(pipe2(out, O_CLOEXEC), 0);
  const UniqueFd in_read(in[0]);
  const UniqueFd in_write(in[1]);
  UniqueFd out_read(out[0]);
  UniqueFd out_write(out[1]);
  const Served served(in_read.get(), out_write.get());
  out_write.Reset();
  out_read.Reset();
  ASSERT_TRUE(WriteAll(in_write.get(), "a\n"));
  EXPECT_EQ(served.Wait(), 0) << "although its input never ends";
}

TEST(StdioServerTest, AFullDiskEndsTheSession) {
  const Scratch scratch;
  Spill(scratch / "in", "a\n");
  const UniqueFd in(open((scratch / "in").c_str(), O_RDONLY | O_CLOEXEC));
  const UniqueFd full(open("/dev/full", O_WRONLY | O_CLOEXEC));
  EXPECT_EQ(Served(in.get(), full.get()).Wait(), 0);
}

TEST(StdioServerTest, AnEndlessLineIsRefused) {
  const Scratch scratch;
  Spill(scratch / "in", std::string(2 * kMaxRequestBytes, 'x'));
  const UniqueFd in(open((scratch / "in").c_str(), O_RDONLY | O_CLOEXEC));
  const UniqueFd out = OpenOutput(scratch / "out");
  EXPECT_EQ(Served(in.get(), out.get()).Wait(), 0);
  EXPECT_THAT(Slurp(scratch / "out"), HasSubstr("protocol.too_large"));
}

TEST(StdioServerTest, ItCanBeDestroyedWhileInputIsStillOpen) {
  int in[2];
  ASSERT_EQ(pipe2(in, O_CLOEXEC), 0);
  const UniqueFd in_read(in[0]);
  const UniqueFd in_write(in[1]);
  const pid_t child = fork();
  if (child == 0) {
    dup2(in_read.get(), STDIN_FILENO);
    bool ended = false;
    {
      Loop loop;
      {
        const StdioServer server(loop, {.on_line = [](const auto&, auto) {}, .on_closed = {}},
                                 [&] { ended = true; });
      }
      loop.Post([&] { loop.Stop(); });
      loop.Run();
    }
    _exit(ended ? 1 : 0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace drover::daemon
