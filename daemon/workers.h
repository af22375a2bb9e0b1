// The threads on which everything runs that may block: SQLite, file reading, child processes.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace drover::daemon {

/// What waits for whom: a look must not wait until every migration under way has ended.
enum class Lane : std::uint8_t {
  kLook,  // short: reading, judging, answering
  kJob,   // as long as a migration takes; always leaves one thread to the others
};

/// A fixed pool of threads with one queue for each lane, first in, first out; looks go first.
class Workers final {
 public:
  /// With one thread there is none to leave: jobs and looks share it.
  explicit Workers(std::size_t threads);

  /// Finishes the running tasks and drops those that have not begun.
  ~Workers();

  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  /// Thread-safe. A task must not throw.
  void Post(std::function<void()> task, Lane lane = Lane::kLook);

 private:
  void Run();
  [[nodiscard]] bool MayBeginJob() const;

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> looks_;
  std::deque<std::function<void()>> jobs_;
  std::size_t running_jobs_ = 0;
  std::size_t most_jobs_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace drover::daemon
