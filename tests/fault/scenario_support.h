// What the scenarios share: a small project of four revisions, its content as text, and the job
// that carries out a plan on one database. Included by scenarios only.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/posix.h"
#include "tests/fault/scenarios.h"
#include "tests/unit/migrations/apply_support.h"

namespace drover::fault {

using namespace migrations;  // NOLINT: scenarios are about nothing else

inline constexpr std::string_view kBase =
    "CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT NOT NULL, pad TEXT);\n"
    "CREATE TABLE letter (id INTEGER PRIMARY KEY,"
    "  person INTEGER NOT NULL REFERENCES person ON DELETE CASCADE, text TEXT);\n"
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60)"
    " INSERT INTO person SELECT i, 'person ' || i, hex(zeroblob(90)) FROM n;\n"
    "INSERT INTO letter SELECT id, id, 'letter of ' || name FROM person;\n";

inline constexpr std::string_view kStatements =
    "PRAGMA cache_size=4;\n"
    "CREATE TABLE audit (id INTEGER PRIMARY KEY, what TEXT);\n"
    "ALTER TABLE person ADD COLUMN mail TEXT;\n"
    "UPDATE person SET mail = name || '@example.org', pad = hex(zeroblob(70));\n"
    "INSERT INTO audit SELECT id, 'mail of ' || name FROM person;\n";
inline constexpr std::string_view kStatementsDown =
    "DROP TABLE audit;\n"
    "UPDATE person SET pad = hex(zeroblob(90));\n"
    "ALTER TABLE person DROP COLUMN mail;\n";

inline constexpr std::string_view kRebuild =
    "PRAGMA foreign_keys=OFF;\n"
    "PRAGMA cache_size=4;\n"
    "CREATE TABLE person_new (id INTEGER PRIMARY KEY, name TEXT NOT NULL, pad TEXT,"
    " mail TEXT NOT NULL UNIQUE);\n"
    "INSERT INTO person_new SELECT id, name, pad, mail FROM person;\n"
    "DROP TABLE person;\n"
    "ALTER TABLE person_new RENAME TO person;\n"
    "PRAGMA foreign_keys=ON;\n";
inline constexpr std::string_view kRebuildDown =
    "CREATE TABLE person_old (id INTEGER PRIMARY KEY, name TEXT NOT NULL, pad TEXT, mail TEXT);\n"
    "INSERT INTO person_old SELECT id, name, pad, mail FROM person;\n"
    "DROP TABLE person;\n"
    "ALTER TABLE person_old RENAME TO person;\n";

inline constexpr std::string_view kIndex =
    "CREATE INDEX letter_person ON letter (person);\n"
    "DELETE FROM letter WHERE id % 3 = 0;\n";
inline constexpr std::string_view kIndexDown =
    "DROP INDEX letter_person;\n"
    "INSERT INTO letter SELECT id, id, 'letter of ' || name FROM person WHERE id % 3 = 0;\n";

inline Graph People() {
  return Graph({MakeRevision("a", {}, std::string(kBase), "DROP TABLE letter; DROP TABLE person;"),
                MakeRevision("b", {"a"}, std::string(kStatements), std::string(kStatementsDown)),
                MakeRevision("c", {"b"}, std::string(kRebuild), std::string(kRebuildDown)),
                MakeRevision("d", {"c"}, std::string(kIndex), std::string(kIndexDown))});
}

/// Every row of every table, and the schema.
inline std::string Dump(const std::string& path) {
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
inline void MakeBase(const std::string& path, JournalMode mode, std::string_view sql = {}) {
  Connection connection(path, OpenMode::kCreate);
  connection.Execute("PRAGMA page_size=512");
  (void)connection.QueryText(mode == JournalMode::kWal ? "PRAGMA journal_mode=WAL"
                                                       : "PRAGMA journal_mode=DELETE");
  connection.Execute("VACUUM");
  connection.Execute(sql);
}

inline void Tell(const Error& error, Report& report) {
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

}  // namespace drover::fault
