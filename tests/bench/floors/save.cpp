// From the save of a one-statement migration to the `applied` event at a subscriber, and the floors
// of it, in turn.
//
//   bench_save SOCKET PROJECT SCRATCH ROUNDS GAP_MS
//
// PROJECT has an environment `dev` with `on_pending: apply` and no migration yet. Each line printed
// is a floor or a save and its time in ns: event_close, event_rename, commit, wake, save_close,
// save_rename; "save_* -1" is a save that was not applied within ten seconds.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <poll.h>
#include <string>
#include <sys/socket.h>
#include <sys/un.h>
#include <thread>

#include "base/error.h"
#include "base/posix.h"
#include "base/protocol.h"
#include "base/text.h"
#include "tests/bench/floors/helpers.h"

namespace drover::bench {
namespace {

constexpr int kPatienceMs = 10'000;

/// A connection that has subscribed to a project's events.
class Subscriber {
 public:
  Subscriber(const std::string& path, const std::string& project)
      : socket_(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof(address.sun_path) - 1);
    if (connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
      throw Error(Code::kUnavailable, "bench", Concat(path, ": ", std::strerror(errno)));
    }
    Params params;
    params.project = project;
    if (!WriteAll(socket_.get(), EncodeRequest(1, "subscribe", params))) {
      throw Error(Code::kIo, "bench", std::strerror(errno));
    }
    while (Line().find("\"id\":1") == std::string::npos) {
    }
  }

  /// The moment at which the event `applied` of `revision` had been read; -1 when it never came.
  std::int64_t AwaitApplied(const std::string& revision) {
    for (;;) {
      const std::string line = Line();
      if (line.empty()) return -1;
      if (line.find("\"event\":\"applied\"") != std::string::npos &&
          line.find(revision) != std::string::npos) {
        return read_at_;
      }
    }
  }

 private:
  /// The next line; empty when none comes.
  std::string Line() {
    for (;;) {
      const std::size_t end = buffer_.find('\n');
      if (end != std::string::npos) {
        std::string line = buffer_.substr(0, end);
        buffer_.erase(0, end + 1);
        return line;
      }
      pollfd wanted{.fd = socket_.get(), .events = POLLIN, .revents = 0};
      if (poll(&wanted, 1, kPatienceMs) < 1) return {};
      char piece[65536];
      const ssize_t size = recv(socket_.get(), piece, sizeof(piece), 0);
      read_at_ = Now();
      if (size <= 0) return {};
      buffer_.append(piece, static_cast<std::size_t>(size));
    }
  }

  UniqueFd socket_;
  std::string buffer_;
  std::int64_t read_at_ = 0;
};

class Saves {
 public:
  Saves(const std::string& socket, const std::string& project, const std::string& scratch)
      : project_(project),
        scratch_(scratch),
        sleeper_((MakeDirectories(scratch + "/events", 0700), scratch + "/events")),
        committer_(scratch + "/floor.db"),
        subscriber_(socket, project) {}

  void Round(std::chrono::milliseconds gap) {
    for (const Save how : {Save::kClose, Save::kRename}) {
      const char* name = how == Save::kClose ? "close" : "rename";
      ++count_;
      // Everything has slept before it is woken, the floors as well as the daemon.
      std::this_thread::sleep_for(gap / 4);
      sleeper_.Arm();
      const std::int64_t saved =
          SaveFile(Concat(scratch_, "/events/floor_", count_, ".sql"), Migration(), how);
      std::printf("event_%s %lld\n", name, Long(sleeper_.WokeAt() - saved));
      std::this_thread::sleep_for(gap / 4);
      std::printf("commit %lld\n", Long(committer_.Commit()));
      std::this_thread::sleep_for(gap / 4);
      sleeper_.Arm();
      const std::int64_t sent = Now();
      sleeper_.Wake();
      std::printf("wake %lld\n", Long(sleeper_.WokeAt() - sent));
      std::this_thread::sleep_for(gap / 4);
      const std::string file = Concat(project_, "/migrations/", Revision(count_), ".sql");
      const std::int64_t begin = SaveFile(file, Migration(), how);
      const std::int64_t applied = subscriber_.AwaitApplied(Revision(count_));
      std::printf("save_%s %lld\n", name, Long(applied < 0 ? -1 : applied - begin));
    }
  }

 private:
  static long long Long(std::int64_t value) { return value; }

  static std::string Revision(int number) {
    std::string digits = Concat(number);
    return Concat("5a7e", std::string(8 - digits.size(), '0'), digits);
  }

  [[nodiscard]] std::string Migration() const {
    return Concat(
        "-- revision: ", Revision(count_),
        "\n-- down_revision: ", count_ == 1 ? "none" : Revision(count_ - 1), "\n-- message: Save ",
        count_, "\n-- created: 2026-01-01T00:00:00Z\n-- migrate:up\nCREATE TABLE save_", count_,
        " (id INTEGER PRIMARY KEY, note TEXT);\n-- migrate:down\nDROP TABLE save_", count_, ";\n");
  }

  std::string project_;
  std::string scratch_;
  Sleeper sleeper_;
  Committer committer_;
  Subscriber subscriber_;
  int count_ = 0;
};

}  // namespace
}  // namespace drover::bench

int main(int argc, char** argv) {
  if (argc != 6) {
    std::fputs("usage: bench_save SOCKET PROJECT SCRATCH ROUNDS GAP_MS\n", stderr);
    return 2;
  }
  try {
    drover::bench::Saves saves(argv[1], argv[2], argv[3]);
    const int rounds = std::atoi(argv[4]);
    const std::chrono::milliseconds gap(std::atoi(argv[5]));
    for (int round = 0; round < rounds; ++round) saves.Round(gap);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_save: %s\n", error.what());
    return 1;
  }
  return 0;
}
