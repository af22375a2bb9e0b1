#include "tests/fault/scenarios.h"

#include <algorithm>
#include <filesystem>

#include "base/posix.h"
#include "migrations/repair.h"
#include "migrations/safety/database_copy.h"
#include "migrations/safety/transplant.h"
#include "tests/unit/migrations/apply_support.h"

namespace drover::fault {
namespace {

using namespace migrations;  // NOLINT: this file is about nothing else

constexpr std::string_view kBase =
    "CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT NOT NULL, pad TEXT);\n"
    "CREATE TABLE letter (id INTEGER PRIMARY KEY,"
    "  person INTEGER NOT NULL REFERENCES person ON DELETE CASCADE, text TEXT);\n"
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60)"
    " INSERT INTO person SELECT i, 'person ' || i, hex(zeroblob(90)) FROM n;\n"
    "INSERT INTO letter SELECT id, id, 'letter of ' || name FROM person;\n";

constexpr std::string_view kStatements =
    "PRAGMA cache_size=4;\n"
    "CREATE TABLE audit (id INTEGER PRIMARY KEY, what TEXT);\n"
    "ALTER TABLE person ADD COLUMN mail TEXT;\n"
    "UPDATE person SET mail = name || '@example.org', pad = hex(zeroblob(70));\n"
    "INSERT INTO audit SELECT id, 'mail of ' || name FROM person;\n";
constexpr std::string_view kStatementsDown =
    "DROP TABLE audit;\n"
    "UPDATE person SET pad = hex(zeroblob(90));\n"
    "ALTER TABLE person DROP COLUMN mail;\n";

constexpr std::string_view kRebuild =
    "PRAGMA foreign_keys=OFF;\n"
    "PRAGMA cache_size=4;\n"
    "CREATE TABLE person_new (id INTEGER PRIMARY KEY, name TEXT NOT NULL, pad TEXT,"
    " mail TEXT NOT NULL UNIQUE);\n"
    "INSERT INTO person_new SELECT id, name, pad, mail FROM person;\n"
    "DROP TABLE person;\n"
    "ALTER TABLE person_new RENAME TO person;\n"
    "PRAGMA foreign_keys=ON;\n";
constexpr std::string_view kRebuildDown =
    "CREATE TABLE person_old (id INTEGER PRIMARY KEY, name TEXT NOT NULL, pad TEXT, mail TEXT);\n"
    "INSERT INTO person_old SELECT id, name, pad, mail FROM person;\n"
    "DROP TABLE person;\n"
    "ALTER TABLE person_old RENAME TO person;\n";

constexpr std::string_view kIndex =
    "CREATE INDEX letter_person ON letter (person);\n"
    "DELETE FROM letter WHERE id % 3 = 0;\n";
constexpr std::string_view kIndexDown =
    "DROP INDEX letter_person;\n"
    "INSERT INTO letter SELECT id, id, 'letter of ' || name FROM person WHERE id % 3 = 0;\n";

/// May be begun again: what else could a revision do that no transaction protects?
constexpr std::string_view kNoTransaction =
    "CREATE INDEX IF NOT EXISTS person_name ON person (name);\n"
    "CREATE TABLE IF NOT EXISTS note (id INTEGER PRIMARY KEY, text TEXT);\n"
    "INSERT OR IGNORE INTO note SELECT id, name FROM person;\n";

Graph People() {
  return Graph({MakeRevision("a", {}, std::string(kBase), "DROP TABLE letter; DROP TABLE person;"),
                MakeRevision("b", {"a"}, std::string(kStatements), std::string(kStatementsDown)),
                MakeRevision("c", {"b"}, std::string(kRebuild), std::string(kRebuildDown)),
                MakeRevision("d", {"c"}, std::string(kIndex), std::string(kIndexDown))});
}

/// Every row of every table, and the schema.
std::string Dump(const std::string& path) {
  if (!StatFile(path)) return "no file";
  try {
    Connection connection(path, OpenMode::kWrite);
    const std::string verdict = Join(connection.QueryColumn("PRAGMA integrity_check"), "; ");
    if (verdict != "ok") return Concat("damaged: ", verdict);
    const auto dangling = connection.QueryColumn("PRAGMA foreign_key_check");
    if (!dangling.empty()) return Concat("damaged: dangling rows in ", dangling.front());
    std::string text;
    for (const std::string& table :
         connection.QueryColumn("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY 1")) {
      // The other columns say when and how long.
      const std::string columns =
          table == kHistoryTable
              ? "revision || ' ' || direction || ' ' || state || ' ' || up_sha256"
              : Join(connection.QueryColumn(Concat("SELECT 'quote(\"' || name || '\")' FROM "
                                                   "pragma_table_info(",
                                                   QuoteLiteral(table), ")")),
                     " || ' ' || ");
      text += Concat(table, ":\n",
                     Join(connection.QueryColumn(Concat("SELECT ", columns, " FROM ",
                                                        QuoteIdentifier(table), " ORDER BY 1")),
                          "\n"),
                     "\n");
    }
    return Concat(
        text, Join(connection.QueryColumn("SELECT sql FROM sqlite_schema ORDER BY name"), "\n"));
  } catch (const Error& error) {
    return Concat("damaged: ", error.message);
  }
}

/// A database at `path` in journal mode `mode`, with small pages so that there are many.
void MakeBase(const std::string& path, JournalMode mode, std::string_view sql = {}) {
  Connection connection(path, OpenMode::kCreate);
  connection.Execute("PRAGMA page_size=512");
  (void)connection.QueryText(mode == JournalMode::kWal ? "PRAGMA journal_mode=WAL"
                                                       : "PRAGMA journal_mode=DELETE");
  connection.Execute("VACUUM");
  connection.Execute(sql);
}

void Tell(const Error& error, Report& report) {
  report.error = Concat(error.kind, ": ", error.message);
  report.uncertain = error.kind == "sqlite.not_durable";
}

/// A job on one database, `app.db`, that carries out a plan.
class PlanScenario : public Scenario {
 public:
  PlanScenario(std::string_view name, JournalMode mode, int units)
      : name_(name), mode_(mode), units_(units) {}

  [[nodiscard]] std::string_view name() const override { return name_; }
  [[nodiscard]] int units() const override { return units_; }

  [[nodiscard]] Report Run(const std::string& directory) override {
    Report report;
    ApplyObserver observer;
    observer.on_applied = [&](const AppliedStep&) {
      if (!FaultVfs::Instance().dead()) ++report.done;
    };
    try {
      (void)Apply(Request(directory), observer, std::stop_token());
      report.succeeded = true;
    } catch (const Error& error) {
      Tell(error, report);
    }
    return report;
  }

  [[nodiscard]] std::string Content(const std::string& directory) override {
    return Dump(directory + "/app.db");
  }

 protected:
  [[nodiscard]] virtual ApplyRequest Request(const std::string& directory) = 0;
  /// Brings the database to where it is after `unit` of the job's units.
  virtual void ReachUnit(const std::string& directory, int unit) = 0;

  [[nodiscard]] std::vector<Stage> Stages(const std::string& directory) override {
    const Image before = ReadTree(directory);
    std::vector<Stage> stages;
    for (int unit = 0; unit <= units_; ++unit) {
      WriteTree(directory, before);
      if (unit > 0) ReachUnit(directory, unit);
      stages.push_back({.complete = unit, .begun = false, .content = Content(directory)});
    }
    return stages;
  }

  std::string_view name_;
  JournalMode mode_;
  int units_;
};

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
        int number = 1;
        while (StatFile(Concat(directory, "/kept-", number))) ++number;
        WriteCopy(live, Concat(directory, "/kept-", number), CopyKind::kKept);
      });
      report.succeeded = true;
    } catch (const Error& error) {
      report.error = Concat(error.kind, ": ", error.message);
      report.uncertain = error.code == Code::kIo;  // as transplant.h says
    }
    return report;
  }

  /// The live database's content; what it held before must be in it or in a copy, and no copy under
  /// its final name may be half a one.
  [[nodiscard]] std::string Content(const std::string& directory) override {
    std::string live = Dump(directory + "/app.db");
    bool kept = live == kept_;
    for (int number = 1; number < 3; ++number) {
      const std::string path = Concat(directory, "/kept-", number);
      if (!StatFile(path)) continue;
      const std::string copy = Dump(path);
      // The second one is made when the job is begun again.
      if (copy != kept_ && copy != new_) return Concat("damaged: the copy is ", copy);
      kept = kept || copy == kept_;
    }
    return kept ? live : Concat("lost: the live database is ", live);
  }

 private:
  JournalMode mode_;
  std::string kept_;
  std::string new_;
};

}  // namespace

std::string_view JournalName(JournalMode mode) {
  return mode == JournalMode::kWal ? "wal" : "rollback";
}

ScenarioPtr UpgradeScenario(JournalMode mode) { return std::make_unique<Upgrading>(mode); }
ScenarioPtr DowngradeScenario(JournalMode mode) { return std::make_unique<Downgrading>(mode); }
ScenarioPtr CreateScenario() { return std::make_unique<Creating>(); }
ScenarioPtr NoTransactionScenario(JournalMode mode) {
  return std::make_unique<WithoutTransaction>(mode);
}
ScenarioPtr StampScenario(JournalMode mode) { return std::make_unique<Stamping>(mode); }
ScenarioPtr RepairScenario(JournalMode mode) { return std::make_unique<Repairing>(mode); }
ScenarioPtr TransplantScenario(JournalMode mode) { return std::make_unique<Transplanting>(mode); }

std::vector<ScenarioPtr> AllScenarios(JournalMode mode) {
  std::vector<ScenarioPtr> all;
  all.push_back(UpgradeScenario(mode));
  all.push_back(DowngradeScenario(mode));
  all.push_back(NoTransactionScenario(mode));
  all.push_back(StampScenario(mode));
  all.push_back(RepairScenario(mode));
  all.push_back(TransplantScenario(mode));
  return all;
}

}  // namespace drover::fault
