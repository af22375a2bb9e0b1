#include "tests/fault/sweep.h"

#include <algorithm>
#include <filesystem>

#include "base/text.h"
#include "tests/unit/migrations/support.h"

namespace drover::fault {
namespace {

constexpr std::size_t kExamples = 3;

class Sweeper {
 public:
  Sweeper(Scenario& scenario, const SweepOptions& options)
      : scenario_(scenario), options_(options), vfs_(FaultVfs::Instance()) {
    std::filesystem::create_directory(directory_);
    scenario_.Prepare(directory_);
    before_ = ReadTree(directory_);
    stages_ = scenario_.Stages(directory_);
  }

  Tally Run() {
    for (int at = options_.first;; at += options_.stride) {
      bool struck = false;
      for (int seed = 0; seed < options_.seeds; ++seed) struck = One(at, seed) || struck;
      if (!struck) return std::move(tally_);
    }
  }

 private:
  /// False when the job came to its end without reaching the fault.
  bool One(int at, int seed) {
    WriteTree(directory_, before_);
    vfs_.Begin(directory_, {.fault = options_.fault,
                            .at = at,
                            .seed = static_cast<std::uint64_t>(seed),
                            .syncs = options_.syncs});
    Report report = scenario_.Run(directory_);
    const bool struck = vfs_.struck();
    // What a job says when the machine is already without power, nobody hears.
    if (vfs_.dead()) report.succeeded = false;
    const bool dead = vfs_.dead();
    if (options_.fault == Fault::kPower) vfs_.PowerOff();
    vfs_.End();
    if (!struck && options_.fault != Fault::kPower) return false;
    Judge(report, dead,
          Concat(scenario_.name(), ", ", FaultName(options_.fault), " at call ", at, ", seed ",
                 seed));
    return struck;
  }

  void Judge(const Report& report, bool dead, const std::string& which) {
    ++tally_.runs;
    const std::string content = scenario_.Content(directory_);
    const auto stage = std::ranges::find(stages_, content, &Stage::content);
    if (stage == stages_.end()) {
      ++tally_.corrupt;
      Remember(which, content);
      return;
    }
    const int units = scenario_.units();
    const int done = report.succeeded ? units : report.done;
    if (stage->complete == units) {
      ++tally_.after;
    } else if (stage->complete == 0 && !stage->begun) {
      ++tally_.before;
    } else {
      ++tally_.between;
    }
    if (stage->complete < done) {
      ++tally_.gone;
      Remember(which, Concat(done, " reported, ", stage->complete, " there"));
    }
    if (!dead && !report.uncertain && stage->complete > done) {
      ++tally_.silent;
      Remember(which, Concat(stage->complete, " there, ", done, " reported; ", report.error));
    }
    const Report again = scenario_.Run(directory_);
    if (!again.succeeded || scenario_.Content(directory_) != stages_.back().content) {
      ++tally_.stuck;
      Remember(which, Concat("again: ", again.error));
    }
  }

  void Remember(const std::string& which, const std::string& what) {
    if (tally_.examples.size() < kExamples) {
      tally_.examples.push_back(Concat(which, ": ", what.substr(0, 300)));
    }
  }

  Scenario& scenario_;
  const SweepOptions& options_;
  FaultVfs& vfs_;
  migrations::TempDir temporary_;
  std::string directory_ = temporary_ / "d";
  Image before_;
  std::vector<Stage> stages_;
  Tally tally_;
};

}  // namespace

Tally& Tally::operator+=(const Tally& other) {
  runs += other.runs;
  before += other.before;
  between += other.between;
  after += other.after;
  corrupt += other.corrupt;
  gone += other.gone;
  silent += other.silent;
  stuck += other.stuck;
  examples.insert(examples.end(), other.examples.begin(), other.examples.end());
  return *this;
}

Tally Sweep(Scenario& scenario, const SweepOptions& options) {
  return Sweeper(scenario, options).Run();
}

std::string_view FaultName(Fault fault) {
  switch (fault) {
    case Fault::kIoErrorOnce:
      return "IOERR once";
    case Fault::kIoError:
      return "IOERR";
    case Fault::kFull:
      return "disk full";
    case Fault::kPower:
      return "power";
    case Fault::kNone:
      break;
  }
  return "none";
}

}  // namespace drover::fault
