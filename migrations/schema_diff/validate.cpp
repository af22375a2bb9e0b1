#include "migrations/schema_diff/validate.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "migrations/stubs.h"

namespace drover::migrations {
namespace {

std::optional<std::string> CompileError(Connection& database, std::string_view sql) {
  try {
    (void)database.Prepare(sql);
    return std::nullopt;
  } catch (const Error& error) {
    return error.message;
  }
}

/// What is written to, with its triggers.
struct TriggerHost {
  std::string name;
  bool is_view = false;
};

/// Statements that compile all triggers of a table, one for each event, and its computed columns.
std::vector<std::string> EventStatements(Connection& database, const TriggerHost& host) {
  const std::string name = Concat("main.", QuoteIdentifier(host.name));
  std::vector<std::string> statements{Concat("EXPLAIN DELETE FROM ", name)};
  Statement rows =
      database.Prepare("SELECT name FROM pragma_table_xinfo(?1) WHERE hidden = 0 ORDER BY cid");
  const std::vector<SqlValue> values{host.name};
  rows.Bind(values);
  std::vector<std::string> sets;
  std::vector<std::string> columns;
  while (rows.Step()) {
    columns.push_back(QuoteIdentifier(rows.Text(0)));
    sets.push_back(Concat(columns.back(), "=", columns.back()));
  }
  if (columns.empty()) return statements;
  statements.push_back(Concat("EXPLAIN UPDATE ", name, " SET ", Join(sets, ", ")));
  std::vector<std::string> nulls(columns.size(), "NULL");
  statements.push_back(Concat("EXPLAIN INSERT INTO ", name, " (", Join(columns, ", "), ") VALUES (",
                              Join(nulls, ", "), ")"));
  return statements;
}

std::optional<std::string> TriggerError(Connection& database, const TriggerHost& host) {
  for (const std::string& statement : EventStatements(database, host)) {
    const std::optional<std::string> error = CompileError(database, statement);
    // Of the three events, a view has triggers for some.
    if (error && !error->starts_with("cannot modify")) return error;
  }
  return std::nullopt;
}

std::vector<std::string> TriggersOn(Connection& database, const std::string& table) {
  Statement rows = database.Prepare(
      "SELECT name FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = ?1 COLLATE NOCASE "
      "ORDER BY rowid");
  const std::vector<SqlValue> values{table};
  rows.Bind(values);
  std::vector<std::string> names;
  while (rows.Step()) names.push_back(rows.Text(0));
  return names;
}

/// The trigger on `host` that does not compile, by looking at each without the others.
std::optional<BrokenObject> FindBrokenTrigger(Connection& database, const TriggerHost& host) {
  const std::vector<std::string> triggers = TriggersOn(database, host.name);
  for (const std::string& suspect : triggers) {
    database.Execute("SAVEPOINT drover_suspect");
    for (const std::string& other : triggers) {
      if (other != suspect) database.Execute(Concat("DROP TRIGGER main.", QuoteIdentifier(other)));
    }
    const std::optional<std::string> error = TriggerError(database, host);
    database.Execute("ROLLBACK TO drover_suspect; RELEASE drover_suspect");
    if (error) return BrokenObject{.type = "trigger", .name = suspect, .message = *error};
  }
  return std::nullopt;
}

std::vector<TriggerHost> TriggerHosts(Connection& database) {
  Statement rows = database.Prepare(
      "SELECT l.name, l.type = 'view' FROM pragma_table_list l WHERE l.schema = 'main' AND "
      "l.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND (l.type = 'table' OR (l.type = 'view' AND "
      "l.name IN (SELECT tbl_name COLLATE NOCASE FROM sqlite_schema WHERE type = 'trigger'))) "
      "ORDER BY 1");
  std::vector<TriggerHost> hosts;
  while (rows.Step()) hosts.push_back({.name = rows.Text(0), .is_view = rows.Integer(1) != 0});
  return hosts;
}

void CheckParents(Connection& database, const PlaceOfObject& where) {
  Statement rows = database.Prepare(
      "SELECT m.name, f.\"table\", EXISTS (SELECT 1 FROM sqlite_schema p WHERE p.type = 'table' "
      "AND p.name = f.\"table\" COLLATE NOCASE) FROM sqlite_schema m, "
      "pragma_foreign_key_list(m.name) f WHERE m.type = 'table' ORDER BY m.rowid, f.id");
  std::vector<std::string> tables;
  while (rows.Step()) {
    const std::string table = rows.Text(0);
    if (rows.Integer(2) == 0) {
      throw Error(
          Code::kInvalid, "schema.foreign_key",
          Concat("table ", table, " references table ", rows.Text(1), ", which does not exist"),
          "correct the name, or define the table", where("table", table));
    }
    if (std::ranges::find(tables, table) == tables.end()) tables.push_back(table);
  }
  for (const std::string& table : tables) {
    try {
      (void)database.QueryText(Concat("PRAGMA foreign_key_check(", QuoteIdentifier(table), ")"));
    } catch (const Error& error) {
      throw Error(Code::kInvalid, "schema.foreign_key",
                  Concat("table ", table, ": ", error.message),
                  "the columns that a foreign key names must be the parent's primary key or UNIQUE",
                  where("table", table));
    }
  }
}

}  // namespace

std::vector<BrokenObject> FindBrokenObjects(Connection& database) {
  std::vector<BrokenObject> broken;
  for (const std::string& view :
       database.QueryColumn("SELECT name FROM sqlite_schema WHERE type = 'view' ORDER BY rowid")) {
    const std::optional<std::string> error =
        CompileError(database, Concat("SELECT * FROM main.", QuoteIdentifier(view), " LIMIT 0"));
    if (error) broken.push_back({.type = "view", .name = view, .message = *error});
  }
  for (const TriggerHost& host : TriggerHosts(database)) {
    const bool hosted_by_broken =
        host.is_view && std::ranges::any_of(broken, [&](const BrokenObject& one) {
          return ToLower(one.name) == ToLower(host.name);
        });
    if (hosted_by_broken) continue;
    if (!host.is_view) {
      const std::optional<std::string> error =
          CompileError(database, Concat("SELECT * FROM main.", QuoteIdentifier(host.name)));
      if (error) {
        broken.push_back({.type = "table", .name = host.name, .message = *error});
        continue;
      }
    }
    const std::optional<std::string> error = TriggerError(database, host);
    if (!error) continue;
    const std::optional<BrokenObject> trigger = FindBrokenTrigger(database, host);
    broken.push_back(trigger.value_or(BrokenObject{
        .type = host.is_view ? "view" : "table", .name = host.name, .message = *error}));
  }
  return broken;
}

void ValidateSchema(Connection& database, const PlaceOfObject& where) {
  const std::vector<BrokenObject> broken = FindBrokenObjects(database);
  if (!broken.empty()) {
    const BrokenObject& first = broken.front();
    throw Error(Code::kInvalid, Concat("schema.", first.type),
                Concat(first.type, " ", first.name, " cannot work: ", first.message),
                StubHint(first.message).value_or("correct it, or what it refers to"),
                where(first.type, first.name));
  }
  CheckParents(database, where);
}

}  // namespace drover::migrations
