// The parts of bench_save that stand for one floor each: how long an event, a wake-up and a durable
// commit take on this machine when nothing else is done.
#pragma once

#include <cstdint>
#include <string>
#include <sys/types.h>

#include "base/posix.h"
#include "migrations/sqlite.h"

namespace drover::bench {

/// CLOCK_MONOTONIC in ns: comparable between processes.
[[nodiscard]] std::int64_t Now();

/// A second process that sleeps in epoll until a file in `directory` was saved, or a byte came
/// through a socket, and notes at what time it woke.
class Sleeper final {
 public:
  explicit Sleeper(const std::string& directory);
  Sleeper(const Sleeper&) = delete;
  Sleeper& operator=(const Sleeper&) = delete;
  ~Sleeper();

  /// Before what is to wake it.
  void Arm();
  /// The time at which it woke after Arm(); 0 when it did not within a second.
  [[nodiscard]] std::int64_t WokeAt() const;
  /// Sends the byte.
  void Wake();

 private:
  [[noreturn]] void Sleep(int inotify, int socket) const;

  struct Shared;
  Shared* shared_ = nullptr;
  UniqueFd socket_;
  pid_t child_ = -1;
};

enum class Save : std::uint8_t { kClose, kRename };

/// Writes `path` as an editor would and returns the moment just before the call that completes it.
std::int64_t SaveFile(const std::string& path, const std::string& text, Save how);

/// One database in which each call commits what drover commits for a one-statement migration, with
/// the same durability, through a connection that stays open.
class Committer final {
 public:
  explicit Committer(const std::string& path);
  /// Returns its duration in ns.
  std::int64_t Commit();

 private:
  migrations::Connection connection_;
  int count_ = 0;
};

}  // namespace drover::bench
