// The schema of a database as a value: every table, index, view and trigger in a form that does not
// depend on how its SQL was written. Tables are known by their facts, so that a column that ALTER
// TABLE added equals one that CREATE TABLE named. drover's own tables, SQLite's, and the version
// tables of other tools are not part of it.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "migrations/sqlite.h"

namespace drover::migrations {

/// Text is canonical (schema_text.h) but for the name.
struct ColumnFacts {
  std::string name;  // as written
  std::string type;  // "varchar(32)"; empty: none
  bool not_null = false;
  std::string default_value;   // empty: none
  std::string collation;       // empty: binary
  std::string generated;       // "a + b stored"; empty: not generated
  bool says_not_null = false;  // NOT NULL is written there: a primary key may imply not_null
};

/// Keys, foreign keys and checks are whole clauses, sorted: their order and names mean nothing.
struct TableFacts {
  std::vector<ColumnFacts> columns;       // in order
  std::vector<std::string> keys;          // "primary key (a, b desc)", "unique (c)"
  std::vector<std::string> foreign_keys;  // "foreign key (a) references p(id) on delete cascade"
  std::vector<std::string> checks;        // "check (a > 0)"
  std::vector<std::string> others;        // "autoincrement", "strict", "without rowid", conflicts
  std::string rowid_column;               // lower-case; the one that is the rowid, if any

  [[nodiscard]] bool Is(std::string_view option) const;  // one of `others`
  /// The column of this name, in any case; null when there is none.
  [[nodiscard]] const ColumnFacts* Find(std::string_view column) const;
};

struct SchemaObject {
  std::string type;       // table | index | view | trigger
  std::string name;       // as written
  std::string table;      // the table that an index or trigger belongs to, as written
  std::string place;      // where it is sorted: tables first, then by type and lower-case name
  std::string canonical;  // equal for equal objects, whatever their SQL looks like
  std::string sql;        // as SQLite keeps it
  std::optional<TableFacts> facts;  // of tables that are not virtual
};

/// Do two objects differ in nothing but how they are written?
[[nodiscard]] bool AreEqual(const SchemaObject& one, const SchemaObject& two);

struct SchemaImage {
  /// Sorted by place; never null. Images read by one reader share what is equal.
  std::vector<std::shared_ptr<const SchemaObject>> objects;

  bool operator==(const SchemaImage& other) const;

  /// The object of this type and name (in any case); null when there is none.
  [[nodiscard]] const SchemaObject* Find(std::string_view type, std::string_view name) const;

  /// SHA-256 over all objects.
  [[nodiscard]] std::string Digest() const;
};

/// Reads images. What an object's SQL means is worked out once, so that reading again after each of
/// many changes is cheap. Not thread-safe.
class SchemaReader final {
 public:
  /// `version_table` is left out of the images.
  explicit SchemaReader(std::string_view version_table) : version_table_(version_table) {}

  /// Throws like Connection::Execute. Two statements must see the same schema: call it inside a
  /// transaction, or on a database that nobody else writes to.
  [[nodiscard]] SchemaImage Read(Connection& connection);

 private:
  std::string version_table_;
  /// By type, name and SQL; of an index also by the SQL of its table.
  std::unordered_map<std::string, std::shared_ptr<const SchemaObject>> known_;
};

/// Is a table of this name some tool's record of its migrations, or of its replication?
[[nodiscard]] bool IsToolTable(std::string_view name);

}  // namespace drover::migrations
