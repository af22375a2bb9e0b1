#include "tests/fault/scenarios.h"

#include "migrations/repair.h"
#include "migrations/snapshots/fresh_database.h"
#include "tests/fault/scenario_support.h"

namespace drover::fault {
namespace {

/// May be begun again: what else could a revision do that no transaction protects?
constexpr std::string_view kNoTransaction =
    "CREATE INDEX IF NOT EXISTS person_name ON person (name);\n"
    "CREATE TABLE IF NOT EXISTS note (id INTEGER PRIMARY KEY, text TEXT);\n"
    "INSERT OR IGNORE INTO note SELECT id, name FROM person;\n";

class Upgrading final : public PlanScenario {
 public:
  explicit Upgrading(JournalMode mode) : PlanScenario("upgrade", mode, 3) {}

  void Prepare(const std::string& directory) override {
    MakeBase(directory + "/app.db", mode_);
    (void)CarryOut(Upgrade(directory + "/app.db", graph_, "a"));
  }

 protected:
  ApplyRequest Request(const std::string& directory) override {
    return Upgrade(directory + "/app.db", graph_);
  }
  void ReachUnit(const std::string& directory, int unit) override {
    (void)CarryOut(Upgrade(directory + "/app.db", graph_, std::string(1, "abcd"[unit])));
  }

 private:
  Graph graph_ = People();
};

class Downgrading final : public PlanScenario {
 public:
  explicit Downgrading(JournalMode mode) : PlanScenario("downgrade", mode, 3) {}

  void Prepare(const std::string& directory) override {
    MakeBase(directory + "/app.db", mode_);
    (void)CarryOut(Upgrade(directory + "/app.db", graph_));
  }

 protected:
  ApplyRequest Request(const std::string& directory) override {
    return Downgrade(directory + "/app.db", graph_, "a");
  }
  void ReachUnit(const std::string& directory, int unit) override {
    (void)CarryOut(Downgrade(directory + "/app.db", graph_, std::string(1, "dcba"[unit])));
  }

 private:
  Graph graph_ = People();
};

class Creating final : public PlanScenario {
 public:
  Creating() : PlanScenario("upgrade of a missing file", JournalMode::kRollback, 1) {}

  void Prepare(const std::string&) override {}

  /// A file without tables is no database yet.
  [[nodiscard]] std::string Content(const std::string& directory) override {
    const std::string content = PlanScenario::Content(directory);
    return content.empty() ? "no file" : content;
  }

 protected:
  ApplyRequest Request(const std::string& directory) override {
    return Upgrade(directory + "/app.db", graph_, "a");
  }
  void ReachUnit(const std::string& directory, int) override { (void)CarryOut(Request(directory)); }

 private:
  Graph graph_ = People();
};

/// From nothing to the last revision, by way of a snapshot.
class CreatingFresh final : public PlanScenario {
 public:
  enum class Before : std::uint8_t { kKept, kNothing };

  explicit CreatingFresh(Before before)
      : PlanScenario(before == Before::kKept ? "fresh database from a snapshot"
                                             : "fresh database, and its snapshot",
                     JournalMode::kRollback, before == Before::kKept ? 1 : 4),
        before_(before) {}

  void Prepare(const std::string& directory) override {
    if (before_ == Before::kNothing) return;
    (void)Carry(directory + "/other.db", directory);
    unlink((directory + "/other.db").c_str());
  }

  [[nodiscard]] Report Run(const std::string& directory) override {
    Report report;
    int steps = 0;
    try {
      steps = Carry(directory + "/app.db", directory);
      report.succeeded = true;
    } catch (const Error& error) {
      Tell(error, report);
      steps = reported_;
    }
    report.done = steps * units() / 4;
    return report;
  }

  /// A file without tables is no database yet.
  [[nodiscard]] std::string Content(const std::string& directory) override {
    const std::string content = PlanScenario::Content(directory);
    return content.empty() ? "no file" : content;
  }

 protected:
  ApplyRequest Request(const std::string& directory) override {
    return Upgrade(directory + "/app.db", graph_);
  }
  void ReachUnit(const std::string& directory, int unit) override {
    const std::string target = units() == 1 ? "d" : std::string(1, " abcd"[unit]);
    (void)CarryOut(Upgrade(directory + "/app.db", graph_, target));
  }

 private:
  int Carry(const std::string& path, const std::string& directory) {
    reported_ = 0;
    ApplyObserver observer;
    observer.on_applied = [&](const AppliedStep&) {
      if (!FaultVfs::Instance().dead()) ++reported_;
    };
    const Snapshots snapshots(directory + "/snapshots", {.worth = 1});
    (void)ApplyWithSnapshots(Upgrade(path, graph_), snapshots, observer, std::stop_token());
    return reported_;
  }

  Before before_;
  int reported_ = 0;
  Graph graph_ = People();
};

class WithoutTransaction final : public PlanScenario {
 public:
  explicit WithoutTransaction(JournalMode mode)
      : PlanScenario("upgrade, transaction:false", mode, 2) {}

  void Prepare(const std::string& directory) override {
    MakeBase(directory + "/app.db", mode_);
    (void)CarryOut(Upgrade(directory + "/app.db", graph_, "a"));
  }

  /// What of it is recorded a second time, after the job was begun again, is no difference.
  [[nodiscard]] std::string Content(const std::string& directory) override {
    std::string content = PlanScenario::Content(directory);
    const std::string begun = "t up applying ";
    const std::size_t at = content.find(begun);
    if (at == std::string::npos || content.find("t up done ") == std::string::npos) return content;
    content.erase(at, content.find('\n', at) + 1 - at);
    return content;
  }

 protected:
  ApplyRequest Request(const std::string& directory) override {
    return Upgrade(directory + "/app.db", graph_);
  }
  void ReachUnit(const std::string& directory, int unit) override {
    (void)CarryOut(Upgrade(directory + "/app.db", graph_, unit == 1 ? "t" : "u"));
  }

  std::vector<Stage> Stages(const std::string& directory) override {
    const Image before = ReadTree(directory);
    std::vector<Stage> stages = PlanScenario::Stages(directory);
    std::string script;
    for (std::size_t begin = 0; begin < kNoTransaction.size();) {
      const Graph broken = Make(script + "SELECT nothing;");
      WriteTree(directory, before);
      (void)RunError(Upgrade(directory + "/app.db", broken));
      const std::string wrong = ScriptSha256(script + "SELECT nothing;");
      std::string content = PlanScenario::Content(directory);
      content.replace(content.find(wrong), wrong.size(), ScriptSha256(kNoTransaction));
      stages.insert(stages.end() - 1, {.complete = 0, .begun = true, .content = content});
      const std::size_t end = kNoTransaction.find('\n', begin) + 1;
      script += kNoTransaction.substr(begin, end - begin);
      begin = end;
    }
    const Graph broken = Make(script + "SELECT nothing;");
    WriteTree(directory, before);
    (void)RunError(Upgrade(directory + "/app.db", broken));
    std::string content = PlanScenario::Content(directory);
    const std::string wrong = ScriptSha256(script + "SELECT nothing;");
    content.replace(content.find(wrong), wrong.size(), ScriptSha256(kNoTransaction));
    stages.insert(stages.end() - 1, {.complete = 0, .begun = true, .content = content});
    return stages;
  }

 private:
  static Graph Make(const std::string& script) {
    Revision without = MakeRevision("t", {"a"}, script);
    without.up.transaction = false;
    return Graph({MakeRevision("a", {}, std::string(kBase)), without,
                  MakeRevision("u", {"t"}, "CREATE TABLE last (x);")});
  }

  Graph graph_ = Make(std::string(kNoTransaction));
};

class Stamping final : public PlanScenario {
 public:
  explicit Stamping(JournalMode mode) : PlanScenario("stamp", mode, 1) {}

  void Prepare(const std::string& directory) override {
    MakeBase(directory + "/app.db", mode_, kBase);
  }

  [[nodiscard]] Report Run(const std::string& directory) override {
    Report report;
    try {
      (void)Stamp(Request(directory), graph_);
      report.succeeded = true;
    } catch (const Error& error) {
      Tell(error, report);
    }
    return report;
  }

 protected:
  ApplyRequest Request(const std::string& directory) override {
    return StampTo(directory + "/app.db", graph_, "d", Purge::kYes);
  }
  void ReachUnit(const std::string& directory, int) override {
    (void)Stamp(Request(directory), graph_);
  }

 private:
  Graph graph_ = People();
};

class Repairing final : public PlanScenario {
 public:
  explicit Repairing(JournalMode mode) : PlanScenario("repair", mode, 1) {}

  void Prepare(const std::string& directory) override {
    MakeBase(directory + "/app.db", mode_);
    (void)CarryOut(Upgrade(directory + "/app.db", graph_, "b"));
  }

  /// A second repair writes a second row; who says so twice has not lost anything.
  [[nodiscard]] std::string Content(const std::string& directory) override {
    std::string content = PlanScenario::Content(directory);
    const std::size_t first = content.find("b repair ");
    const std::size_t second = content.find("b repair ", first + 1);
    if (first == std::string::npos || second == std::string::npos) return content;
    content.erase(second, content.find('\n', second) + 1 - second);
    return content;
  }

  [[nodiscard]] Report Run(const std::string& directory) override {
    Report report;
    try {
      DoRepair(directory);
      report.succeeded = true;
    } catch (const Error& error) {
      Tell(error, report);
    }
    return report;
  }

 protected:
  ApplyRequest Request(const std::string& directory) override {
    return Upgrade(directory + "/app.db", graph_);
  }
  void ReachUnit(const std::string& directory, int) override { DoRepair(directory); }

 private:
  static void DoRepair(const std::string& directory) {
    Repair({.path = directory + "/app.db",
            .version_table = kVersionTable,
            .by = Somebody(),
            .rows = {"b"},
            .rows_after = {"b"}},
           MakeRevision("b", {"a"}, "SELECT 1; -- edited", "SELECT 2;"));
  }

  Graph graph_ = People();
};

}  // namespace

std::string_view JournalName(JournalMode mode) {
  return mode == JournalMode::kWal ? "wal" : "rollback";
}

ScenarioPtr UpgradeScenario(JournalMode mode) { return std::make_unique<Upgrading>(mode); }
ScenarioPtr DowngradeScenario(JournalMode mode) { return std::make_unique<Downgrading>(mode); }
ScenarioPtr CreateScenario() { return std::make_unique<Creating>(); }
ScenarioPtr FreshScenario() {
  return std::make_unique<CreatingFresh>(CreatingFresh::Before::kKept);
}
ScenarioPtr FirstFreshScenario() {
  return std::make_unique<CreatingFresh>(CreatingFresh::Before::kNothing);
}
ScenarioPtr NoTransactionScenario(JournalMode mode) {
  return std::make_unique<WithoutTransaction>(mode);
}
ScenarioPtr StampScenario(JournalMode mode) { return std::make_unique<Stamping>(mode); }
ScenarioPtr RepairScenario(JournalMode mode) { return std::make_unique<Repairing>(mode); }

std::vector<ScenarioPtr> AllScenarios(JournalMode mode) {
  std::vector<ScenarioPtr> all;
  all.push_back(UpgradeScenario(mode));
  all.push_back(DowngradeScenario(mode));
  all.push_back(NoTransactionScenario(mode));
  all.push_back(StampScenario(mode));
  all.push_back(RepairScenario(mode));
  all.push_back(BackupScenario(mode));
  all.push_back(TransplantScenario(mode));
  all.push_back(SafeUpgradeScenario(mode));
  return all;
}

}  // namespace drover::fault
