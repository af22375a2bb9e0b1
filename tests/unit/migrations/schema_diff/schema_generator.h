// Random schemas, pairs of them, and rows, for tests: the same for the same seed.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/text.h"
#include "migrations/schema_diff/hints.h"
#include "migrations/sql_text.h"
#include "migrations/sqlite.h"

namespace drover::migrations {

struct MadeColumn {
  std::string name;
  std::string type;
  std::vector<std::string> constraints;
  std::string renamed_from{};
};

struct MadeTable {
  std::string name;
  std::vector<MadeColumn> columns;
  std::vector<std::string> constraints;
  std::string options;
  bool strict = false;
  std::string renamed_from{};
};

struct MadeSchema {
  static std::string Hint(const std::string& from) {
    return from.empty() ? "" : Concat(" /* ", RenameComment(from).substr(3), " */");
  }

  std::vector<MadeTable> tables;
  std::vector<std::string> extras;  // indexes, views, triggers

  [[nodiscard]] std::string Sql() const {
    std::string sql;
    for (const MadeTable& table : tables) {
      std::vector<std::string> parts;
      for (const MadeColumn& column : table.columns) {
        parts.push_back(Concat(SqlName(column.name), " ", column.type));
        for (const std::string& constraint : column.constraints) {
          parts.back() += Concat(" ", constraint);
        }
        parts.back() += Hint(column.renamed_from);
      }
      for (const std::string& constraint : table.constraints) parts.push_back(constraint);
      sql += Concat("CREATE TABLE ", SqlName(table.name), Hint(table.renamed_from), " (",
                    Join(parts, ", "), ")", table.options, ";\n");
    }
    for (const std::string& extra : extras) sql += Concat(extra, ";\n");
    return sql;
  }
};

class SchemaGenerator final {
 public:
  explicit SchemaGenerator(std::uint32_t seed) : random_(seed) {}

  MadeSchema Schema() {
    MadeSchema schema;
    const std::size_t count = 1 + Below(3);
    for (std::size_t i = 0; i < count; ++i)
      schema.tables.push_back(Table(kTableNames[i + Below(2) * 3]));
    Extras(schema);
    return schema;
  }

  /// The same schema with a few things otherwise.
  MadeSchema Mutated(MadeSchema schema) {
    const std::size_t count = 1 + Below(3);
    for (std::size_t i = 0; i < count; ++i) Mutate(schema);
    if (Below(2) == 0) {
      schema.extras.clear();
      Extras(schema);
    }
    return schema;
  }

  /// The same SQL in another spelling.
  std::string Respelt(std::string_view sql) {
    std::string out;
    Lexer lexer(sql);
    std::size_t end = 0;
    while (const std::optional<Token> token = lexer.Next()) {
      // Symbols that touch may be one operator.
      if (token->offset > end || token->kind != TokenKind::kSymbol) out += Blank();
      end = token->offset + token->text.size();
      if (token->kind == TokenKind::kWord && Below(2) == 0) {
        for (const char c : token->text) {
          out.push_back(Below(2) == 0 && c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c);
        }
      } else if (token->kind == TokenKind::kQuotedName && Below(2) == 0) {
        out += Concat("[", NameOf(*token), "]");
      } else {
        out += token->text;
      }
    }
    return out;
  }

  /// INSERT statements for the tables of a database.
  std::vector<std::string> Rows(Connection& database) {
    std::vector<std::string> statements;
    for (const std::string& table : database.QueryColumn(
             "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'")) {
      const std::vector<std::string> columns = database.QueryColumn(Concat(
          "SELECT name FROM pragma_table_xinfo(", QuoteLiteral(table), ") WHERE hidden = 0"));
      const std::size_t count = Below(6);
      for (std::size_t row = 0; row < count && !columns.empty(); ++row) {
        std::vector<std::string> names;
        std::vector<std::string> values;
        for (const std::string& column : columns) {
          names.push_back(QuoteIdentifier(column));
          values.emplace_back(kValues[Below(kValues.size())]);
        }
        statements.push_back(Concat("INSERT OR IGNORE INTO ", QuoteIdentifier(table), " (",
                                    Join(names, ", "), ") VALUES (", Join(values, ", "), ")"));
      }
    }
    return statements;
  }

  std::size_t Below(std::size_t limit) { return random_() % limit; }

 private:
  static constexpr std::array<std::string_view, 6> kTableNames{"users",
                                                               "order",
                                                               "Mixed",
                                                               "a b",
                                                               "gr\xC3\xB6\xC3\x9F"
                                                               "e",
                                                               "t"};
  static constexpr std::array<std::string_view, 8> kColumnNames{"a",      "b",  "c d", "Name",
                                                                "select", "x1", "n",   "rowid"};
  static constexpr std::array<std::string_view, 9> kTypes{
      "INTEGER", "INT", "TEXT", "VARCHAR(10)", "REAL", "BLOB", "NUMERIC", "", "DOUBLE PRECISION"};
  static constexpr std::array<std::string_view, 5> kStrictTypes{"INT", "TEXT", "REAL", "BLOB",
                                                                "ANY"};
  static constexpr std::array<std::string_view, 9> kValues{
      "NULL", "1", "2", "-7", "'x'", "'12'", "1.5", "x'00ff'", "'long text'"};

  template <class List>
  std::string Pick(const List& list) {
    return std::string(list[Below(list.size())]);
  }

  std::string Blank() {
    switch (Below(5)) {
      case 0:
        return "\n";
      case 1:
        return " -- it's a comment\n";
      case 2:
        return " /* ; */ ";
      default:
        return " ";
    }
  }

  MadeColumn Column(const MadeTable& table, std::string name) {
    MadeColumn column{.name = std::move(name),
                      .type = table.strict ? Pick(kStrictTypes) : Pick(kTypes),
                      .constraints = {}};
    const std::string quoted = SqlName(column.name);
    const bool text = column.type == "TEXT" || column.type == "VARCHAR(10)";
    if (Below(8) == 0 && !table.columns.empty()) {
      // SQLite does not hold a generated column to the type that STRICT asks for.
      if (table.strict) column.type = "TEXT";
      column.constraints.push_back(Concat("AS (", SqlName(table.columns.front().name), " || 'g')",
                                          Below(2) == 0 ? " STORED" : ""));
      return column;
    }
    if (Below(4) == 0) {
      constexpr std::array<std::string_view, 5> kDefaults{"DEFAULT 1", "DEFAULT (1 + 1)",
                                                          "DEFAULT CURRENT_TIMESTAMP",
                                                          "DEFAULT 'x y'", "DEFAULT NULL"};
      column.constraints.push_back(text ? "DEFAULT 'd  e'" : Pick(kDefaults));
    }
    if (Below(5) == 0) column.constraints.emplace_back("NOT NULL");
    if (Below(6) == 0) column.constraints.emplace_back("COLLATE NOCASE");
    if (Below(7) == 0)
      column.constraints.push_back(Concat("CHECK (", quoted, " <> 'no, (never)')"));
    if (Below(9) == 0) column.constraints.emplace_back("UNIQUE");
    if (Below(8) == 0) {
      column.constraints.emplace_back(
          Concat("REFERENCES ", SqlName(parent_), "(", SqlName("id"), ")",
                 Below(2) == 0 ? " ON DELETE CASCADE" : " DEFERRABLE INITIALLY DEFERRED"));
    }
    return column;
  }

  MadeTable Table(std::string_view name) {
    MadeTable table;
    table.name = name;
    table.strict = Below(6) == 0;
    std::vector<std::string> options;
    const std::size_t key = Below(5);
    if (key < 3) {
      MadeColumn id{.name = "id", .type = "INTEGER", .constraints = {}};
      if (key == 0) id.constraints.emplace_back("PRIMARY KEY");
      if (key == 1) id.constraints.emplace_back("PRIMARY KEY AUTOINCREMENT");
      if (key == 2) {
        table.constraints.emplace_back("CONSTRAINT k PRIMARY KEY (id)");
        if (Below(2) == 0) options.emplace_back("WITHOUT ROWID");
      }
      table.columns.push_back(std::move(id));
      parent_ = table.name;
    }
    const std::size_t count = 1 + Below(4);
    const std::size_t first = Below(kColumnNames.size());
    for (std::size_t i = 0; i < count; ++i) {
      table.columns.push_back(
          Column(table, std::string(kColumnNames[(first + i) % kColumnNames.size()])));
    }
    if (Below(5) == 0) {
      table.constraints.push_back(Concat("UNIQUE (", SqlName(table.columns.back().name), ", ",
                                         SqlName(table.columns.front().name), ")"));
    }
    if (Below(5) == 0) {
      table.constraints.push_back(Concat("CONSTRAINT \"the check\" CHECK (length(",
                                         SqlName(table.columns.back().name), ") < 50)"));
    }
    if (table.strict) options.emplace_back("STRICT");
    if (!options.empty()) table.options = Concat(" ", Join(options, ", "));
    return table;
  }

  void Extras(MadeSchema& schema) {
    for (std::size_t i = 0; i < schema.tables.size(); ++i) {
      const MadeTable& table = schema.tables[i];
      const std::string name = SqlName(table.name);
      const std::string column = SqlName(table.columns[Below(table.columns.size())].name);
      const std::string index = Concat("\"i ", i, "\"");
      switch (Below(7)) {
        case 0:
          schema.extras.push_back(
              Concat("CREATE INDEX ", index, " ON ", name, " (", column, " DESC)"));
          break;
        case 1:
          schema.extras.push_back(Concat("CREATE INDEX ", index, " ON ", name, " (lower(", column,
                                         ") COLLATE NOCASE) WHERE ", column, " IS NOT NULL"));
          break;
        case 2:
          schema.extras.push_back(
              Concat("CREATE UNIQUE INDEX ", index, " ON ", name, " (", column, ")"));
          break;
        default:
          break;
      }
      if (Below(3) == 0) {
        schema.extras.push_back(Concat("CREATE VIEW v", i, " AS SELECT ", column, " FROM ", name));
      }
      if (Below(4) == 0) {
        const MadeTable& other = schema.tables[Below(schema.tables.size())];
        schema.extras.push_back(Concat("CREATE TRIGGER r", i, " AFTER DELETE ON ", name,
                                       " BEGIN DELETE FROM ", SqlName(other.name), " WHERE ",
                                       SqlName(other.columns.front().name), " = OLD.", column,
                                       "; END"));
      }
    }
  }

  void Mutate(MadeSchema& schema) {
    const std::size_t what = Below(12);
    if (what == 0 && schema.tables.size() > 1) {
      schema.tables.erase(schema.tables.begin() +
                          static_cast<std::ptrdiff_t>(Below(schema.tables.size())));
      return;
    }
    if (what == 1) {
      schema.tables.push_back(Table("extra"));
      return;
    }
    MadeTable& table = schema.tables[Below(schema.tables.size())];
    const std::size_t at = Below(table.columns.size());
    MadeColumn& column = table.columns[at];
    switch (what) {
      case 2:
      case 3:
        if (table.columns.size() > 1) {
          table.columns.erase(table.columns.begin() + static_cast<std::ptrdiff_t>(at));
        }
        break;
      case 4:
        table.columns.insert(table.columns.begin(), Column(table, "first"));
        break;
      case 5:
        if (table.strict && !column.constraints.empty()) break;
        column.type = table.strict ? Pick(kStrictTypes) : Pick(kTypes);
        break;
      case 6:
        if (!column.constraints.empty()) column.constraints.pop_back();
        break;
      case 8:
        if (column.renamed_from.empty() && column.name != "id") {
          column.renamed_from = std::exchange(column.name, "fresh name");
        }
        break;
      case 9:
        if (table.renamed_from.empty()) {
          table.renamed_from = std::exchange(table.name, Concat("new ", table.name));
        }
        break;
      case 7:
        std::ranges::reverse(table.columns);
        break;
      default:
        table.columns.push_back(Column(table, "added"));
        break;
    }
  }

  std::mt19937 random_;
  std::string parent_ = "users";
};

}  // namespace drover::migrations
