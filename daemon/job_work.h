// The work of a job itself: what each command does to the database, between the intent and the
// outcome that jobs.cpp writes down.
#pragma once

#include <stop_token>

#include "daemon/jobs.h"

namespace drover::daemon {

/// One request's work, on the calling thread. Both outlive it.
class JobWork final {
 public:
  JobWork(const JobRequest& request, JobOutcome& outcome) : request_(request), outcome_(outcome) {}

  /// Fills the outcome in as far as it comes: the backup is there also when the rest fails. Throws
  /// what the engine throws.
  void Run(const migrations::ApplyObserver& observer, const std::stop_token& stop);

 private:
  void Apply(const migrations::ApplyObserver& observer, const std::stop_token& stop);
  void RunForAlembic(const migrations::ApplyObserver& observer, const std::stop_token& stop);
  [[nodiscard]] bool NothingToDo();
  void ApplyWithAlembic(const migrations::ApplyObserver& observer, const std::stop_token& stop);
  void MakeNew(const migrations::ApplyObserver& observer, const std::stop_token& stop);
  void Announce(migrations::ApplyResult result, const migrations::ApplyObserver& observer);
  [[nodiscard]] migrations::ApplyResult MakeFresh(const std::string& path,
                                                  const migrations::ApplyObserver& observer,
                                                  const std::stop_token& stop) const;
  void Note(const migrations::Safeguard& safeguard);
  void Repair();
  void Restore(const std::stop_token& stop);
  void Reset(const migrations::ApplyObserver& observer, const std::stop_token& stop);
  void Replace(migrations::Connection& content, const std::stop_token& stop);
  [[nodiscard]] migrations::ApplyRequest MakeApplyRequest() const;

  const JobRequest& request_;
  JobOutcome& outcome_;
};

}  // namespace drover::daemon
