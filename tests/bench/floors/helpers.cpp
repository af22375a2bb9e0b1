#include "tests/bench/floors/helpers.h"

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <new>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/text.h"
#include "migrations/history.h"

namespace drover::bench {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

void Check(bool ok, std::string_view what) {
  if (!ok) throw Error(Code::kIo, "bench", Concat(what, ": ", std::strerror(errno)));
}

/// Do these inotify events name more than the file that is renamed afterwards?
bool TellsOfSave(const char* events, ssize_t size) {
  for (ssize_t at = 0; at < size;) {
    inotify_event event{};
    std::memcpy(&event, events + at, sizeof(event));
    const std::string_view name = event.len > 0 ? events + at + sizeof(event) : "";
    if (!name.ends_with(".tmp")) return true;
    at += static_cast<ssize_t>(sizeof(event) + event.len);
  }
  return false;
}

}  // namespace

std::int64_t Now() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::int64_t>(now.tv_sec) * kSecond + now.tv_nsec;
}

struct Sleeper::Shared {
  std::atomic<std::int64_t> woke_at{0};
};

Sleeper::Sleeper(const std::string& directory) {
  void* memory =
      mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  Check(memory != MAP_FAILED, "mmap");
  shared_ = new (memory) Shared();
  const UniqueFd inotify(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  Check(inotify_add_watch(inotify.get(), directory.c_str(), IN_CLOSE_WRITE | IN_MOVED_TO) >= 0,
        "inotify_add_watch");
  std::array<int, 2> ends{};
  Check(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0, "socketpair");
  socket_.Reset(ends[0]);
  const UniqueFd other(ends[1]);
  child_ = fork();
  Check(child_ >= 0, "fork");
  if (child_ == 0) Sleep(inotify.get(), other.get());
}

Sleeper::~Sleeper() {
  kill(child_, SIGKILL);
  waitpid(child_, nullptr, 0);
  munmap(shared_, sizeof(Shared));
}

void Sleeper::Sleep(int inotify, int socket) const {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  const int poll = epoll_create1(EPOLL_CLOEXEC);
  for (const int fd : {inotify, socket}) {
    epoll_event wanted{};
    wanted.events = EPOLLIN;
    wanted.data.fd = fd;
    epoll_ctl(poll, EPOLL_CTL_ADD, fd, &wanted);
  }
  alignas(inotify_event) std::array<char, 4096> buffer{};
  for (;;) {
    epoll_event event{};
    if (epoll_wait(poll, &event, 1, -1) < 1) continue;
    const ssize_t size = read(event.data.fd, buffer.data(), buffer.size());
    const std::int64_t woke = Now();
    if (size == 0) _exit(0);
    if (event.data.fd == inotify && !TellsOfSave(buffer.data(), size)) continue;
    std::int64_t nothing = 0;
    if (size > 0) shared_->woke_at.compare_exchange_strong(nothing, woke);
  }
}

void Sleeper::Arm() { shared_->woke_at = 0; }

std::int64_t Sleeper::WokeAt() const {
  const std::int64_t deadline = Now() + kSecond;
  while (shared_->woke_at == 0 && Now() < deadline) {
    const timespec pause{.tv_sec = 0, .tv_nsec = 200'000};
    nanosleep(&pause, nullptr);
  }
  return shared_->woke_at;
}

void Sleeper::Wake() { Check(WriteAll(socket_.get(), "x"), "write"); }

std::int64_t SaveFile(const std::string& path, const std::string& text, Save how) {
  const std::string written = how == Save::kRename ? path + ".tmp" : path;
  UniqueFd file(open(written.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  Check(bool(file), written);
  Check(WriteAll(file.get(), text), written);
  std::int64_t begin = Now();
  file.Reset();
  if (how == Save::kRename) {
    begin = Now();
    Check(std::rename(written.c_str(), path.c_str()) == 0, written);
  }
  return begin;
}

Committer::Committer(const std::string& path) : connection_(path, migrations::OpenMode::kCreate) {
  connection_.Execute("PRAGMA synchronous=EXTRA");
  connection_.Execute(migrations::VersionTableSql("alembic_version"));
  connection_.Execute(migrations::HistoryTableSql());
  connection_.Execute("INSERT INTO alembic_version VALUES ('0')");
}

std::int64_t Committer::Commit() {
  ++count_;
  const std::string create =
      Concat("CREATE TABLE floor_", count_, " (id INTEGER PRIMARY KEY, note TEXT)");
  const std::string version = Concat("UPDATE alembic_version SET version_num = '", count_, "'");
  const std::string history = Concat(
      "INSERT INTO drover_history (revision, direction, state, up_sql, applied_at) VALUES ('",
      count_, "', 'up', 'done', '", create, "', '2026-01-01T00:00:00Z')");
  const std::int64_t begin = Now();
  connection_.Execute("BEGIN IMMEDIATE");
  connection_.Execute(create);
  connection_.Execute(version);
  connection_.Execute(history);
  connection_.Execute("COMMIT");
  return Now() - begin;
}

}  // namespace drover::bench
