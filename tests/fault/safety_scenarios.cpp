#include <algorithm>

#include "migrations/safety/backup.h"
#include "migrations/safety/safeguard.h"
#include "migrations/safety/transplant.h"
#include "tests/fault/scenario_support.h"

namespace drover::fault {
namespace {

BackupPolicy PolicyOf(const std::string& directory, std::size_t keep) {
  return {.directory = directory + "/backups", .keep = keep};
}

BackupOccasion Restoring() {
  return {.environment = "dev", .reason = "restore", .revisions = {"a"}};
}

/// What is in the backups that are listed, newest first.
std::vector<std::string> Backups(const std::string& directory) {
  std::vector<std::string> contents;
  for (const BackupEntry& entry : ListBackups(directory + "/app.db", PolicyOf(directory, 10))) {
    contents.push_back(Dump(entry.path));
  }
  return contents;
}

/// The three revisions up as a job carries them out: after a backup and a rehearsal.
class UpgradingSafely final : public PlanScenario {
 public:
  explicit UpgradingSafely(JournalMode mode)
      : PlanScenario("upgrade with backup and rehearsal", mode, 3) {}

  void Prepare(const std::string& directory) override {
    MakeBase(directory + "/app.db", mode_);
    (void)CarryOut(Upgrade(directory + "/app.db", graph_, "a"));
    before_ = Dump(directory + "/app.db");
  }

  /// What was there before the first revision must be in a backup after it.
  [[nodiscard]] std::string Content(const std::string& directory) override {
    std::string content = PlanScenario::Content(directory);
    if (content == before_) return content;
    const std::vector<std::string> kept = Backups(directory);
    if (std::ranges::find(kept, before_) != kept.end()) return content;
    return Concat("lost: no backup of what was there, but ", content);
  }

 protected:
  ApplyRequest Request(const std::string& directory) override { return To(directory, "d"); }
  void ReachUnit(const std::string& directory, int unit) override {
    (void)CarryOut(To(directory, std::string(1, "abcd"[unit])));
  }

 private:
  ApplyRequest To(const std::string& directory, std::string target) {
    ApplyRequest request = Upgrade(directory + "/app.db", graph_, std::move(target));
    const auto plan = request.plan;
    request.prepare = [this, directory, plan](const Plan& steps, Connection& live) {
      SafeguardRequest safeguard;
      safeguard.policy.backup = PolicyOf(directory, 10);
      safeguard.policy.rehearse = RehearsePolicy::kAlways;
      safeguard.path = directory + "/app.db";
      safeguard.environment = "dev";
      safeguard.reason = "upgrade";
      safeguard.version_table = kVersionTable;
      safeguard.by = Somebody();
      safeguard.plan = plan;
      Safeguard(std::move(safeguard)).Prepare(steps, live, ApplyObserver(), std::stop_token());
    };
    return request;
  }

  Graph graph_ = People();
  std::string before_;
};

/// A backup by itself, with room for one: the one before it is given up, but not too early.
class BackingUp final : public Scenario {
 public:
  explicit BackingUp(JournalMode mode) : mode_(mode) {}

  [[nodiscard]] std::string_view name() const override { return "backup"; }
  [[nodiscard]] int units() const override { return 1; }

  void Prepare(const std::string& directory) override {
    const std::string path = directory + "/app.db";
    MakeBase(path, mode_, kBase);
    old_ = Dump(path);
    (void)TakeBackup(path, PolicyOf(directory, 1), Restoring());
    Connection(path, OpenMode::kWrite).Execute("DELETE FROM letter WHERE id > 20");
    new_ = Dump(path);
  }

  [[nodiscard]] std::vector<Stage> Stages(const std::string&) override {
    return {{.complete = 0, .begun = false, .content = old_},
            {.complete = 1, .begun = false, .content = new_}};
  }

  [[nodiscard]] Report Run(const std::string& directory) override {
    Report report;
    try {
      (void)TakeBackup(directory + "/app.db", PolicyOf(directory, 1), Restoring());
      report.succeeded = true;
    } catch (const Error& error) {
      report.error = Concat(error.kind, ": ", error.message);
      // The new one is there when only the old one could not be removed.
      report.uncertain = error.code == Code::kIo;
    }
    return report;
  }

  /// The newest backup; all must be whole, and the database as it was.
  [[nodiscard]] std::string Content(const std::string& directory) override {
    if (Dump(directory + "/app.db") != new_) return "damaged: the database was changed";
    const std::vector<std::string> kept = Backups(directory);
    for (const std::string& content : kept) {
      if (content != old_ && content != new_) return Concat("damaged: a backup is ", content);
    }
    return kept.empty() ? "lost: there is no backup" : kept.front();
  }

 private:
  JournalMode mode_;
  std::string old_;
  std::string new_;
};

class Transplanting final : public Scenario {
 public:
  explicit Transplanting(JournalMode mode) : mode_(mode) {}

  [[nodiscard]] std::string_view name() const override { return "restore into a live file"; }
  [[nodiscard]] int units() const override { return 1; }

  void Prepare(const std::string& directory) override {
    MakeBase(directory + "/app.db", mode_, kBase);
    MakeBase(directory + "/source.db", JournalMode::kRollback,
             "CREATE TABLE other (id INTEGER PRIMARY KEY, text TEXT);"
             "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 99)"
             " INSERT INTO other SELECT i, hex(zeroblob(60)) FROM n;");
    kept_ = Dump(directory + "/app.db");
    new_ = Dump(directory + "/source.db");
  }

  [[nodiscard]] std::vector<Stage> Stages(const std::string&) override {
    return {{.complete = 0, .begun = false, .content = kept_},
            {.complete = 1, .begun = false, .content = new_}};
  }

  [[nodiscard]] Report Run(const std::string& directory) override {
    Report report;
    try {
      Connection source(directory + "/source.db", OpenMode::kRead);
      Transplant(source, directory + "/app.db", [&](Connection& live) {
        (void)KeepLocked(live, PolicyOf(directory, 10), Restoring());
      });
      report.succeeded = true;
    } catch (const Error& error) {
      report.error = Concat(error.kind, ": ", error.message);
      report.uncertain = error.code == Code::kIo;  // as transplant.h says
    }
    return report;
  }

  /// The live database's content; what it held before must be in it or in a backup.
  [[nodiscard]] std::string Content(const std::string& directory) override {
    std::string live = Dump(directory + "/app.db");
    const std::vector<std::string> kept = Backups(directory);
    for (const std::string& content : kept) {
      // The second one is made when the job is begun again.
      if (content != kept_ && content != new_) return Concat("damaged: a backup is ", content);
    }
    if (live == kept_ || std::ranges::find(kept, kept_) != kept.end()) return live;
    return Concat("lost: the live database is ", live);
  }

 private:
  JournalMode mode_;
  std::string kept_;
  std::string new_;
};

}  // namespace

ScenarioPtr SafeUpgradeScenario(JournalMode mode) {
  return std::make_unique<UpgradingSafely>(mode);
}
ScenarioPtr BackupScenario(JournalMode mode) { return std::make_unique<BackingUp>(mode); }
ScenarioPtr TransplantScenario(JournalMode mode) { return std::make_unique<Transplanting>(mode); }

}  // namespace drover::fault
