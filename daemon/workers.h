// The threads on which everything runs that may block: SQLite, file reading, child processes.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace drover::daemon {

/// A fixed pool of threads with one queue, first in, first out.
class Workers final {
 public:
  explicit Workers(std::size_t threads);

  /// Finishes the running tasks and drops those that have not begun.
  ~Workers();

  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  /// Thread-safe. A task must not throw.
  void Post(std::function<void()> task);

 private:
  void Run();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> tasks_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace drover::daemon
