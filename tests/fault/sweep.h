// Sweeps: one job is carried out again and again, each time with a fault at the next call, and what
// it leaves is judged. A scenario says what the job is and which states of its files are right.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tests/fault/disk.h"
#include "tests/fault/fault_vfs.h"

namespace drover::fault {

/// A state in which a job may leave its files.
struct Stage {
  int complete = 0;     // how many of the job's units are entirely there
  bool begun = false;   // the next one runs without a transaction and is recorded as begun
  std::string content;  // what an honest reader sees, as text
};

/// What a job has told its user.
struct Report {
  int done = 0;  // units that were reported as done, in order
  bool succeeded = false;
  /// "The next unit is there, but may not be durable", or that which of the two stands is not
  /// known.
  bool uncertain = false;
  std::string error;
};

/// A job on files of one directory.
class Scenario {
 public:
  virtual ~Scenario() = default;

  [[nodiscard]] virtual std::string_view name() const = 0;
  /// How many units the whole job has.
  [[nodiscard]] virtual int units() const = 0;
  /// The files before, made once in `directory`.
  virtual void Prepare(const std::string& directory) = 0;
  /// Every right state, from the files before to those after; found without any fault.
  [[nodiscard]] virtual std::vector<Stage> Stages(const std::string& directory) = 0;
  /// Carries the job out. Never throws.
  [[nodiscard]] virtual Report Run(const std::string& directory) = 0;
  /// What an honest reader sees, as text; begins with "damaged" when something is broken, and with
  /// "lost" when what was there before is nowhere.
  [[nodiscard]] virtual std::string Content(const std::string& directory) = 0;
};

/// How often what happened.
struct Tally {
  int runs = 0;
  int before = 0;
  int between = 0;
  int after = 0;
  int corrupt = 0;                    // none of the stages
  int gone = 0;                       // something was reported as done that is not there
  int silent = 0;                     // all is there, but the job reported that it is not
  int stuck = 0;                      // with the cause gone, the same job still fails
  std::vector<std::string> examples;  // of what must not be, a few

  Tally& operator+=(const Tally& other);
};

struct SweepOptions {
  Fault fault = Fault::kIoError;
  Syncs syncs = Syncs::kHonest;
  int first = 1;   // the first call that fails
  int stride = 1;  // every call from there, or every n-th one
  int seeds = 1;   // power failures at each call
};

/// Runs `scenario` with the fault at the first, second, … call until it is not reached any more; a
/// power failure also after the last one.
[[nodiscard]] Tally Sweep(Scenario& scenario, const SweepOptions& options);

/// "IOERR once", "IOERR", "disk full", "power".
[[nodiscard]] std::string_view FaultName(Fault fault);

}  // namespace drover::fault
