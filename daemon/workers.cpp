#include "daemon/workers.h"

#include <utility>

namespace drover::daemon {

Workers::Workers(std::size_t threads) : most_jobs_(threads > 1 ? threads - 1 : 1) {
  for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { Run(); });
}

Workers::~Workers() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    looks_.clear();
    jobs_.clear();
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void Workers::Post(std::function<void()> task, Lane lane) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
    (lane == Lane::kJob ? jobs_ : looks_).push_back(std::move(task));
  }
  wake_.notify_one();
}

bool Workers::MayBeginJob() const { return !jobs_.empty() && running_jobs_ < most_jobs_; }

void Workers::Run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return stopping_ || !looks_.empty() || MayBeginJob(); });
    if (stopping_) return;
    const bool job = looks_.empty();
    auto& queue = job ? jobs_ : looks_;
    std::function<void()> task = std::move(queue.front());
    queue.pop_front();
    if (job) ++running_jobs_;
    lock.unlock();
    task();
    task = nullptr;  // what it holds may end only outside the lock
    lock.lock();
    // This thread itself looks for the next job: no other needs to be woken.
    if (job) --running_jobs_;
  }
}

}  // namespace drover::daemon
