#include "migrations/destruction.h"

#include <algorithm>
#include <array>
#include <memory>
#include <set>
#include <sqlite3.h>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "migrations/sql_text.h"
#include "migrations/sqlite.h"

namespace drover::migrations {
namespace {

/// What one statement does, as SQLite tells the authorizer. Names are lower-case, like all keys
/// here.
struct Touched {
  bool schema = false;  // creates, drops or alters something, or moves between savepoints
  bool alters = false;
  std::set<std::string> dropped;   // tables
  std::set<std::string> deleted;   // rows of these tables
  std::set<std::string> inserted;  // rows into these tables
  std::set<std::string> read;
  std::set<std::pair<std::string, std::string>> updated;  // table, column
};

bool IsInternal(std::string_view table) { return table.starts_with("sqlite_"); }

int Note(void* context, int action, const char* first, const char* second, const char*,
         const char* trigger) {
  auto& touched = *static_cast<Touched*>(context);
  const std::string name = first == nullptr ? std::string() : ToLower(first);
  switch (action) {
    case SQLITE_ALTER_TABLE:
      touched.alters = true;
      touched.schema = true;
      break;
    case SQLITE_DROP_TABLE:
    case SQLITE_DROP_VTABLE:
      touched.dropped.insert(name);
      touched.schema = true;
      break;
    case SQLITE_CREATE_INDEX:
    case SQLITE_CREATE_TABLE:
    case SQLITE_CREATE_TEMP_INDEX:
    case SQLITE_CREATE_TEMP_TABLE:
    case SQLITE_CREATE_TEMP_TRIGGER:
    case SQLITE_CREATE_TEMP_VIEW:
    case SQLITE_CREATE_TRIGGER:
    case SQLITE_CREATE_VIEW:
    case SQLITE_CREATE_VTABLE:
    case SQLITE_DROP_INDEX:
    case SQLITE_DROP_TEMP_INDEX:
    case SQLITE_DROP_TEMP_TABLE:
    case SQLITE_DROP_TEMP_TRIGGER:
    case SQLITE_DROP_TEMP_VIEW:
    case SQLITE_DROP_TRIGGER:
    case SQLITE_DROP_VIEW:
    case SQLITE_SAVEPOINT:
      if (action == SQLITE_CREATE_TABLE) touched.inserted.insert(name);  // AS SELECT may fill it
      touched.schema = true;
      break;
    case SQLITE_DELETE:
      if (!IsInternal(name)) touched.deleted.insert(name);
      break;
    case SQLITE_INSERT:
      if (!IsInternal(name)) touched.inserted.insert(name);
      break;
    case SQLITE_UPDATE:
      // What a trigger updates is its author's business as usual; what it deletes is gone.
      if (!IsInternal(name) && trigger == nullptr && second != nullptr) {
        touched.updated.emplace(name, ToLower(second));
      }
      break;
    case SQLITE_READ:
      touched.read.insert(name);
      break;
    default:
      break;
  }
  return SQLITE_OK;
}

struct Table {
  std::string name;                  // as written
  std::vector<std::string> columns;  // as written, in order
};
using Tables = std::map<std::string, Table>;

Tables ReadTables(Connection& memory) {
  Tables tables;
  Statement rows = memory.Prepare(
      "SELECT l.name, x.name FROM pragma_table_list l, pragma_table_xinfo(l.name) x "
      "WHERE l.schema = 'main' AND l.type IN ('table', 'virtual') "
      "AND l.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY l.name, x.cid");
  while (rows.Step()) {
    Table& table = tables[ToLower(rows.Text(0))];
    table.name = rows.Text(0);
    table.columns.push_back(rows.Text(1));
  }
  return tables;
}

/// An index, a trigger or a view, with the table it belongs to.
struct Dependent {
  std::string type;
  std::string name;
  std::string table;
  auto operator<=>(const Dependent&) const = default;
};

std::set<Dependent> ReadDependents(Connection& memory) {
  std::set<Dependent> dependents;
  Statement rows = memory.Prepare(
      "SELECT type, name, lower(tbl_name) FROM sqlite_schema WHERE type <> 'table' AND sql IS NOT "
      "NULL");
  while (rows.Step()) {
    dependents.insert({.type = rows.Text(0), .name = rows.Text(1), .table = rows.Text(2)});
  }
  return dependents;
}

/// Follows the tables and columns of the database through one script, whatever they are renamed to.
class Lineage {
 public:
  explicit Lineage(Tables before) : before_(std::move(before)) {
    for (const auto& [key, table] : before_) {
      Origin& origin = living_[key];
      origin.table = key;
      for (const std::string& column : table.columns) origin.columns[ToLower(column)] = column;
    }
  }

  /// A statement that changes rows, which is not run.
  void Rows(const Touched& touched, std::string_view sql) {
    for (const std::string& key : touched.deleted) {
      if (const Origin* origin = Find(key)) Found("delete rows", NameOf(*origin));
    }
    for (const auto& [key, column] : touched.updated) {
      const Origin* origin = Find(key);
      if (origin == nullptr) continue;
      if (const auto known = origin->columns.find(column); known != origin->columns.end()) {
        Found("update rows", Concat(NameOf(*origin), ".", known->second));
      }
    }
    if (Replaces(sql)) {
      for (const std::string& key : touched.inserted) {
        if (const Origin* origin = Find(key)) Found("update rows", NameOf(*origin));
      }
    }
    Copies(touched);
  }

  /// A statement that has changed the schema from `then` to `now`.
  void Schema(const Touched& touched, const Tables& then, const Tables& now) {
    for (const std::string& key : touched.dropped) living_.erase(key);
    Copies(touched);
    if (touched.alters) Altered(then, now);
  }

  /// The script has ended, with these tables.
  void End(const Tables& after) {
    std::set<std::string> alive;
    for (const auto& [key, origin] : living_) alive.insert(origin.table);
    for (const auto& [key, table] : before_) {
      if (alive.contains(key)) continue;
      const auto rebuilt = after.find(key);
      const auto copied = copied_.find(key);
      if (rebuilt == after.end() || copied == copied_.end() || !copied->second.contains(key)) {
        Found("drop table", table.name);
        continue;
      }
      std::set<std::string> left;
      for (const std::string& column : rebuilt->second.columns) left.insert(ToLower(column));
      for (const std::string& column : table.columns) {
        if (!left.contains(ToLower(column))) Found("drop column", Concat(table.name, ".", column));
      }
    }
  }

  [[nodiscard]] std::vector<Destruction> Take() { return std::move(found_); }

  void Found(std::string kind, std::string object) {
    Destruction one{.kind = std::move(kind), .object = std::move(object)};
    if (std::ranges::find(found_, one) == found_.end()) found_.push_back(std::move(one));
  }

 private:
  /// What a living table was before the script.
  struct Origin {
    std::string table;
    std::map<std::string, std::string> columns;  // present name → original one, as written
  };

  [[nodiscard]] const Origin* Find(const std::string& key) const {
    const auto found = living_.find(key);
    return found == living_.end() ? nullptr : &found->second;
  }

  [[nodiscard]] const std::string& NameOf(const Origin& origin) const {
    return before_.at(origin.table).name;
  }

  static bool Replaces(std::string_view sql) {
    Lexer lexer(sql);
    std::array<std::string, 3> words;
    for (std::string& word : words) {
      if (const auto token = lexer.Next()) word = ToLower(token->text);
    }
    return words[0] == "replace" ||
           (words[0] == "insert" && words[1] == "or" && words[2] == "replace");
  }

  /// Rows that go from one table into another outlive the first.
  void Copies(const Touched& touched) {
    for (const std::string& into : touched.inserted) {
      for (const std::string& from : touched.read) {
        if (const Origin* origin = Find(from)) copied_[into].insert(origin->table);
      }
    }
  }

  /// One ALTER TABLE: a table or a column has another name, or a column has come or gone.
  void Altered(const Tables& then, const Tables& now) {
    for (const auto& [key, table] : then) {
      if (now.contains(key)) {
        const auto living = living_.find(key);
        if (living != living_.end()) AlterColumns(living->second, table, now.at(key));
        continue;
      }
      const auto renamed =
          std::ranges::find_if(now, [&](const auto& entry) { return !then.contains(entry.first); });
      if (renamed == now.end()) continue;
      Move(living_, key, renamed->first);
      Move(copied_, key, renamed->first);
    }
  }

  template <class Map>
  static void Move(Map& map, const std::string& from, const std::string& to) {
    auto node = map.extract(from);
    if (node.empty()) return;
    node.key() = to;
    map.insert(std::move(node));
  }

  void AlterColumns(Origin& origin, const Table& then, const Table& now) {
    const bool dropped = now.columns.size() < then.columns.size();
    for (std::size_t i = 0; i < then.columns.size(); ++i) {
      const std::string was = ToLower(then.columns[i]);
      if (dropped) {
        if (std::ranges::find(now.columns, then.columns[i]) != now.columns.end()) continue;
        const auto known = origin.columns.extract(was);
        if (!known.empty()) Found("drop column", Concat(NameOf(origin), ".", known.mapped()));
      } else {
        Move(origin.columns, was, ToLower(now.columns[i]));
      }
    }
  }

  Tables before_;
  std::map<std::string, Origin> living_;                 // by present name
  std::map<std::string, std::set<std::string>> copied_;  // present name ← original tables
  std::vector<Destruction> found_;
};

struct Finalizer {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};

/// The schema of the database, without its rows.
class Replay {
 public:
  explicit Replay(std::span<const std::string> schema) {
    memory_.Execute("PRAGMA foreign_keys=OFF");
    for (const std::string& sql : schema) {
      try {
        memory_.Execute(sql);
      } catch (const Error& error) {
        // A virtual table brings its shadow tables along.
        if (error.message.find("already exists") == std::string::npos) throw;
      }
    }
  }

  std::vector<Destruction> Run(const Script& script) {
    if (!MayDestroy(script.sql)) {
      Each(script, [](const Touched&, std::string_view, const auto& step) { step(); });
      return {};
    }
    Lineage lineage(ReadTables(memory_));
    const std::set<Dependent> dependents = ReadDependents(memory_);
    Each(script, [&](const Touched& touched, std::string_view sql, const auto& step) {
      if (!touched.schema) {
        lineage.Rows(touched, sql);
        return;
      }
      const Tables then = ReadTables(memory_);
      step();
      lineage.Schema(touched, then, ReadTables(memory_));
    });
    const Tables after = ReadTables(memory_);
    lineage.End(after);
    CompareDependents(lineage, dependents, after);
    return lineage.Take();
  }

 private:
  /// Calls `visit` for every statement, with a function that runs it if it changes the schema: on
  /// empty tables the others have nothing to do, but may fail.
  template <class Visit>
  void Each(const Script& script, const Visit& visit) {
    const auto pair = FindOuterTransaction(script.sql);
    const std::string& sql = pair ? pair->without : script.sql;
    const std::string_view text = sql;
    for (std::size_t at = BlankPrefix(text); at < text.size(); at += BlankPrefix(text.substr(at))) {
      Touched touched;
      const char* tail = nullptr;
      const auto statement = Prepare(sql.c_str() + at, &tail, touched);
      const auto end = static_cast<std::size_t>(tail - sql.c_str());
      if (statement) {
        visit(touched, text.substr(at, end - at), [&] {
          if (touched.schema) Step(statement.get());
        });
      }
      if (end <= at) break;  // a NUL byte: the run will refuse it
      at = end;
    }
  }

  void Step(sqlite3_stmt* statement) {
    while (sqlite3_step(statement) == SQLITE_ROW) {
    }
    if (const int result = sqlite3_reset(statement); result != SQLITE_OK) {
      ThrowSqlite(memory_.raw(), result, "");
    }
  }

  std::unique_ptr<sqlite3_stmt, Finalizer> Prepare(const char* sql, const char** tail,
                                                   Touched& touched) {
    sqlite3_set_authorizer(memory_.raw(), Note, &touched);
    sqlite3_stmt* raw = nullptr;
    const int result = sqlite3_prepare_v3(memory_.raw(), sql, -1, 0, &raw, tail);
    sqlite3_set_authorizer(memory_.raw(), nullptr, nullptr);
    std::unique_ptr<sqlite3_stmt, Finalizer> statement(raw);
    if (result != SQLITE_OK) ThrowSqlite(memory_.raw(), result, "");
    return statement;
  }

  /// What went with its table goes without saying.
  void CompareDependents(Lineage& lineage, const std::set<Dependent>& before, const Tables& after) {
    std::set<std::pair<std::string, std::string>> now;
    for (const Dependent& one : ReadDependents(memory_)) now.emplace(one.type, one.name);
    for (const Dependent& one : before) {
      const bool expected = one.type == "view" || after.contains(one.table);
      if (expected && !now.contains({one.type, one.name})) {
        lineage.Found(Concat("drop ", one.type), one.name);
      }
    }
  }

  Connection memory_{"", OpenMode::kMemory};
};

}  // namespace

bool LosesData(const Destruction& destruction) {
  constexpr std::array<std::string_view, 3> kLosing{"drop table", "drop column", "delete rows"};
  return std::ranges::find(kLosing, destruction.kind) != kLosing.end();
}

bool MayDestroy(std::string_view sql) {
  constexpr std::array<std::string_view, 5> kWords{"drop", "delete", "update", "replace", "alter"};
  Lexer lexer(sql);
  while (const auto token = lexer.Next()) {
    if (token->kind != TokenKind::kWord || token->text.size() > 7) continue;
    if (std::ranges::find(kWords, ToLower(token->text)) != kWords.end()) return true;
  }
  return false;
}

DestructionByRevision ClassifyDestruction(std::span<const Revision* const> revisions,
                                          std::span<const std::string> schema) {
  DestructionByRevision found;
  const auto keep = [&found](const Revision& revision, std::vector<Destruction> losses) {
    if (!losses.empty()) found.emplace(revision.id, std::move(losses));
  };
  // Nothing after the last one that may destroy needs to be run.
  std::size_t last = revisions.size();
  while (last > 0 && !MayDestroy(revisions[last - 1]->up.sql)) --last;
  std::size_t i = 0;
  if (last > 0) {
    try {
      Replay replay(schema);
      for (; i < last; ++i) keep(*revisions[i], replay.Run(revisions[i]->up));
    } catch (const Error&) {
      // From here on the schema is not known.
    }
  }
  for (; i < last; ++i) keep(*revisions[i], FindDestruction(revisions[i]->up.sql));
  return found;
}

}  // namespace drover::migrations
