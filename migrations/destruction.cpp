#include "migrations/destruction.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <set>
#include <sqlite3.h>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "migrations/copied_columns.h"
#include "migrations/sql_text.h"
#include "migrations/sqlite.h"

namespace drover::migrations {
namespace {

/// What one statement does, as SQLite tells the authorizer. Names are lower-case, like all keys
/// here.
struct Touched {
  bool schema = false;  // creates, drops or alters something, or moves between savepoints
  bool drops = false;   // an index, a trigger, a view or a table, by itself or with its table
  std::string altered;  // a table
  std::set<std::string> created;   // tables and whatever belongs to one
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
      touched.altered = second == nullptr ? std::string() : ToLower(second);
      touched.schema = true;
      break;
    case SQLITE_DROP_TABLE:
    case SQLITE_DROP_VTABLE:
      touched.dropped.insert(name);
      touched.drops = true;
      touched.schema = true;
      break;
    case SQLITE_CREATE_TABLE:
    case SQLITE_CREATE_VTABLE:
      touched.inserted.insert(name);  // AS SELECT may fill it
      touched.created.insert(name);
      touched.schema = true;
      break;
    case SQLITE_CREATE_INDEX:
    case SQLITE_CREATE_TRIGGER:
    case SQLITE_CREATE_VIEW:
      touched.created.insert(name);
      touched.schema = true;
      break;
    case SQLITE_DROP_INDEX:
    case SQLITE_DROP_TRIGGER:
    case SQLITE_DROP_VIEW:
      touched.drops = true;
      touched.schema = true;
      break;
    case SQLITE_CREATE_TEMP_INDEX:
    case SQLITE_CREATE_TEMP_TABLE:
    case SQLITE_CREATE_TEMP_TRIGGER:
    case SQLITE_CREATE_TEMP_VIEW:
    case SQLITE_DROP_TEMP_INDEX:
    case SQLITE_DROP_TEMP_TABLE:
    case SQLITE_DROP_TEMP_TRIGGER:
    case SQLITE_DROP_TEMP_VIEW:
    case SQLITE_SAVEPOINT:
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
  std::int64_t row = 0;              // of the schema table: stays when the table is renamed
  std::string name;                  // as written
  std::vector<std::string> columns;  // as written, in order
};

/// The user's table called `key`; nothing for SQLite's own, shadow tables and views.
std::optional<Table> ReadTable(Connection& memory, const std::string& key) {
  if (IsInternal(key)) return std::nullopt;
  Statement rows = memory.Prepare(
      "SELECT m.rowid, m.name, x.name FROM sqlite_schema m, pragma_table_xinfo(m.name) x "
      "WHERE m.type = 'table' AND m.name = ?1 COLLATE NOCASE ORDER BY x.cid");
  const std::vector<SqlValue> values{key};
  rows.Bind(values);
  std::optional<Table> table;
  while (rows.Step()) {
    if (!table) table = Table{.row = rows.Integer(0), .name = rows.Text(1), .columns = {}};
    table->columns.push_back(rows.Text(2));
  }
  return table;
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
/// Reads a table when it is first touched: a schema may be large, and a script is not.
class Trace {
 public:
  explicit Trace(Connection& memory) : memory_(memory) {}

  /// Before a statement runs: what it touches is read as it is now.
  void Before(const Touched& touched) {
    for (const std::string& key : touched.dropped) (void)Find(key);
    for (const std::string& key : touched.read) (void)Find(key);
    if (!touched.altered.empty()) {
      (void)Find(touched.altered);
      then_ = ReadTable(memory_, touched.altered);
    }
    if ((touched.drops || !touched.altered.empty()) && !dependents_) {
      dependents_ = ReadDependents(memory_);
    }
  }

  /// A statement that changes rows, which is not run.
  void Rows(const Touched& touched, std::string_view sql) {
    for (const std::string& key : touched.deleted) {
      if (const Origin* origin = Find(key)) Found("delete rows", origin->table.name);
    }
    for (const auto& [key, column] : touched.updated) {
      const Origin* origin = Find(key);
      if (origin == nullptr) continue;
      if (const auto known = origin->columns.find(column); known != origin->columns.end()) {
        Found("update rows", Concat(origin->table.name, ".", known->second));
      }
    }
    if (Replaces(sql)) {
      for (const std::string& key : touched.inserted) {
        if (const Origin* origin = Find(key)) Found("update rows", origin->table.name);
      }
    }
    Copies(touched, sql);
  }

  /// A statement that has changed the schema.
  void Schema(const Touched& touched, std::string_view sql) {
    for (const std::string& key : touched.created) {
      created_.insert(key);
      if (!living_.contains(key)) living_[key] = nullptr;
    }
    Copies(touched, sql);
    for (const std::string& key : touched.dropped) {
      const auto living = living_.find(key);
      if (living == living_.end()) continue;
      if (living->second) gone_.emplace_back(key, std::move(living->second));
      // Whatever has this name from now on is the script's own.
      living->second = nullptr;
    }
    if (!touched.altered.empty() && then_) Altered(touched.altered);
  }

  /// The script has ended: what has it lost?
  [[nodiscard]] std::vector<Destruction> End() {
    for (const auto& [key, origin] : gone_) Gone(key, *origin);
    if (dependents_) CompareDependents();
    return std::move(found_);
  }

 private:
  /// What a table was before the script.
  struct Origin {
    Table table;
    std::map<std::string, std::string> columns;  // present name → original one, as written
  };

  /// The table that stands where another was, and from which columns its own were filled.
  struct Successor {
    Table table;
    std::map<std::string, std::string> carried;
  };

  void Found(std::string kind, std::string object) {
    Destruction one{.kind = std::move(kind), .object = std::move(object)};
    if (std::ranges::find(found_, one) == found_.end()) found_.push_back(std::move(one));
  }

  /// Null for a table that the script has made, and for what is none.
  const Origin* Find(const std::string& key) {
    const auto known = living_.find(key);
    if (known != living_.end()) return known->second.get();
    std::unique_ptr<Origin>& origin = living_[key];
    if (std::optional<Table> table = ReadTable(memory_, key)) {
      origin = std::make_unique<Origin>();
      for (const std::string& column : table->columns) origin->columns[ToLower(column)] = column;
      origin->table = std::move(*table);
    }
    return origin.get();
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

  /// The lower-case names after FROM.
  static std::set<std::string> NamedSources(std::string_view statement) {
    std::set<std::string> names;
    Lexer lexer(statement);
    bool named = false;
    std::string name;
    while (const std::optional<Token> token = lexer.Next()) {
      if (named && token->kind != TokenKind::kSymbol) {
        name = ToLower(NameOf(*token));
        named = false;
      } else if (token->text == "." && !name.empty()) {
        named = true;  // what stood before it was a schema
      } else {
        if (!name.empty()) names.insert(std::exchange(name, {}));
        named = ToLower(token->text) == "from";
      }
    }
    if (!name.empty()) names.insert(name);
    return names;
  }

  /// Rows that go from one table into another outlive the first.
  void Copies(const Touched& touched, std::string_view statement) {
    const bool only_some = CopiesOnlySome(statement);
    // A whole table that is transferred as it is (SELECT *) reads no column for the authorizer.
    const std::set<std::string> sources =
        touched.read.empty() ? NamedSources(statement) : touched.read;
    for (const std::string& into : touched.inserted) {
      for (const std::string& from : sources) {
        const Origin* const origin = Find(from);
        if (origin == nullptr) continue;
        copied_[into].insert(origin->table.name);
        if (only_some) thinned_.insert(origin->table.name);
        if (sources.size() == 1) carried_[into] = FindCopiedColumns(statement);
      }
    }
  }

  /// One ALTER TABLE: the table or a column has another name, or a column has come or gone.
  void Altered(const std::string& key) {
    Statement now = memory_.Prepare("SELECT lower(name) FROM sqlite_schema WHERE rowid = ?1");
    const std::vector<SqlValue> row{then_->row};
    now.Bind(row);
    const std::string name = now.Step() ? now.Text(0) : key;
    if (name != key) {
      Move(copied_, key, name);
      Move(carried_, key, name);
      living_.erase(name);
      Move(living_, key, name);
      living_[key] = nullptr;
      return;
    }
    const auto living = living_.find(key);
    const std::optional<Table> table = ReadTable(memory_, key);
    if (living != living_.end() && living->second && table) AlterColumns(*living->second, *table);
  }

  template <class Map>
  static void Move(Map& map, const std::string& from, const std::string& to) {
    auto node = map.extract(from);
    if (node.empty()) return;
    node.key() = to;
    map.insert(std::move(node));
  }

  void AlterColumns(Origin& origin, const Table& now) {
    const bool dropped = now.columns.size() < then_->columns.size();
    for (std::size_t i = 0; i < then_->columns.size(); ++i) {
      const std::string& column = then_->columns[i];
      if (dropped) {
        if (std::ranges::find(now.columns, column) != now.columns.end()) continue;
        const auto known = origin.columns.extract(ToLower(column));
        if (!known.empty()) Found("drop column", Concat(origin.table.name, ".", known.mapped()));
      } else {
        Move(origin.columns, ToLower(column), ToLower(now.columns[i]));
      }
    }
  }

  /// The table that has taken the place of a dropped one: under the name that it had before the
  /// script, or under the last one.
  std::optional<Successor> Rebuilt(const std::string& last, const Origin& origin) {
    for (const std::string& key : {ToLower(origin.table.name), last}) {
      const auto copied = copied_.find(key);
      if (copied == copied_.end() || !copied->second.contains(origin.table.name)) continue;
      std::optional<Table> table = ReadTable(memory_, key);
      if (table) return Successor{.table = std::move(*table), .carried = carried_[key]};
    }
    return std::nullopt;
  }

  /// A table of the database was dropped, then called `last`: for good, or has it been rebuilt?
  void Gone(const std::string& last, const Origin& origin) {
    const std::string& name = origin.table.name;
    const std::optional<Successor> rebuilt = Rebuilt(last, origin);
    if (!rebuilt) {
      Found("drop table", name);
      return;
    }
    if (thinned_.contains(name)) Found("delete rows", name);
    std::set<std::string> left;
    for (const std::string& column : rebuilt->table.columns) {
      const auto from = rebuilt->carried.find(ToLower(column));  // under another name, perhaps
      left.insert(from == rebuilt->carried.end() ? ToLower(column) : from->second);
    }
    for (const std::string& column : origin.table.columns) {
      const bool kept = std::ranges::any_of(origin.columns, [&](const auto& known) {
        return known.second == column && left.contains(known.first);
      });
      if (!kept) Found("drop column", Concat(name, ".", column));
    }
  }

  /// What went with its table goes without saying.
  void CompareDependents() {
    std::set<std::pair<std::string, std::string>> now;
    for (const Dependent& one : ReadDependents(memory_)) now.emplace(one.type, one.name);
    for (const Dependent& one : *dependents_) {
      if (now.contains({one.type, one.name}) || created_.contains(ToLower(one.name))) continue;
      if (one.type == "view" || ReadTable(memory_, one.table)) {
        Found(Concat("drop ", one.type), one.name);
      }
    }
  }

  Connection& memory_;
  std::map<std::string, std::unique_ptr<Origin>> living_;  // by present name; null: not one of ours
  /// By the last name.
  std::vector<std::pair<std::string, std::unique_ptr<Origin>>> gone_;
  std::map<std::string, std::set<std::string>> copied_;  // present name ← original tables
  std::map<std::string, std::map<std::string, std::string>> carried_;  // FindCopiedColumns()
  std::set<std::string> thinned_;  // original tables of which perhaps not all rows were copied
  std::set<std::string> created_;
  std::optional<std::set<Dependent>> dependents_;  // before the first of them went
  std::optional<Table> then_;                      // the table that a statement alters, before it
  std::vector<Destruction> found_;
};

/// The schema of the database, without its rows.
class SchemaCopy {
 public:
  SchemaCopy(std::span<const std::string> schema, const Stubs& stubs) {
    RegisterStubs(memory_, stubs);
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
    Trace trace(memory_);
    Each(script, [&](const Touched& touched, std::string_view sql, const auto& step) {
      trace.Before(touched);
      if (touched.schema) {
        step();
        trace.Schema(touched, sql);
      } else {
        trace.Rows(touched, sql);
      }
    });
    return trace.End();
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

  StatementPtr Prepare(const char* sql, const char** tail, Touched& touched) {
    sqlite3_set_authorizer(memory_.raw(), Note, &touched);
    sqlite3_stmt* raw = nullptr;
    const int result = sqlite3_prepare_v3(memory_.raw(), sql, -1, 0, &raw, tail);
    sqlite3_set_authorizer(memory_.raw(), nullptr, nullptr);
    StatementPtr statement(raw);
    if (result != SQLITE_OK) ThrowSqlite(memory_.raw(), result, "");
    return statement;
  }

  Connection memory_{"", OpenMode::kMemory};
};

}  // namespace

bool LosesData(const Destruction& destruction) {
  constexpr std::array<std::string_view, 3> kLosing{"drop table", "drop column", "delete rows"};
  return std::ranges::find(kLosing, destruction.kind) != kLosing.end();
}

bool MayDestroy(std::string_view sql) {
  Lexer lexer(sql);
  std::string before = ";";
  while (const auto token = lexer.Next()) {
    std::string word = token->text.size() <= 7 ? ToLower(token->text) : std::string();
    // Neither "ON DELETE CASCADE" nor the function replace() destroys anything.
    if (token->kind == TokenKind::kWord &&
        (word == "drop" || (word == "delete" && before != "on") ||
         (word == "replace" && (before == ";" || before == "or")))) {
      return true;
    }
    before = std::move(word);
  }
  return false;
}

std::vector<std::vector<Destruction>> ClassifyDestruction(std::span<const Script* const> scripts,
                                                          std::span<const std::string> schema,
                                                          const Stubs& stubs) {
  std::vector<std::vector<Destruction>> found;
  if (std::ranges::any_of(scripts, [](const Script* one) { return MayDestroy(one->sql); })) {
    try {
      SchemaCopy copy(schema, stubs);
      for (const Script* script : scripts) found.push_back(copy.Run(*script));
    } catch (const Error&) {
      // From here on the schema is not known.
    }
  }
  for (const Script* script : scripts.subspan(found.size())) {
    found.push_back(FindDestruction(script->sql));
  }
  return found;
}

}  // namespace drover::migrations
