// What the policy does not try again: jobs without effect, while everything their outcome depends
// on is the same. The state file remembers failures too, across restarts; but the disk may be full,
// and that the reason for one. Lives on the loop's thread.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/error.h"
#include "daemon/jobs.h"
#include "daemon/observe.h"
#include "daemon/view.h"
#include "migrations/footprint.h"

namespace drover::daemon {

class Retries final {
 public:
  /// A job has ended, well or not.
  void NoteEnd(const JobRequest& request, const JobOutcome& outcome);

  /// Of the verdicts that policy would act on, those whose job would be the same again become
  /// failed ones. What was tried with other inputs is forgotten.
  void Refuse(View& view);

  /// A lock that is gone, a permission that was given, are no changes of the inputs, but they are
  /// what the job was waiting for. Returns the databases that may be tried again, and forgets their
  /// failures. `jobs` tells which have a job now.
  [[nodiscard]] std::vector<std::string> TakeUnblocked(const Observation& seen,
                                                       const JobQueue& jobs);

  /// Has a job failed because of somebody's lock, or because it may not write? The end of neither
  /// is an event.
  [[nodiscard]] bool shut_out() const { return !outside_failures_.empty(); }

 private:
  struct Attempt {
    std::string inputs;
    Error error;
  };
  /// A job that failed on a lock or by I/O.
  struct OutsideFailure {
    Code code;
    migrations::Footprint left;  // as the job left the database
    bool writable = true;        // it, and its directory, by us
  };

  std::map<std::string, Attempt> attempts_;  // by target path, as what follows
  std::map<std::string, OutsideFailure> outside_failures_;
};

}  // namespace drover::daemon
