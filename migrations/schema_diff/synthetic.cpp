#include "migrations/schema_diff/synthetic.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>

#include "base/error.h"
#include "base/text.h"
#include "migrations/sql_text.h"

namespace drover::migrations {
namespace {

constexpr int kRowsPerTable = 6;
constexpr int kTriesPerRow = 40;

/// Numbers that are the same on every machine.
class SteadyNumbers {
 public:
  explicit SteadyNumbers(std::string_view seed) {
    for (const char c : seed) state_ = state_ * 31 + static_cast<unsigned char>(c);
  }
  std::size_t Below(std::size_t limit) {
    state_ = state_ * 6364136223846793005ULL + 1442695040888963407ULL;
    return static_cast<std::size_t>((state_ >> 33U) % limit);
  }

 private:
  std::uint64_t state_ = 88172645463325252ULL;
};

/// What the CHECKs of a table compare its columns with, and the neighbours of numbers.
std::vector<std::string> CheckLiterals(const TableFacts& facts) {
  std::vector<std::string> literals;
  for (const std::string& check : facts.checks) {
    Lexer lexer(check);
    while (const std::optional<Token> token = lexer.Next()) {
      if (token->kind == TokenKind::kString) literals.emplace_back(token->text);
      if (token->kind != TokenKind::kNumber) continue;
      literals.emplace_back(token->text);
      const std::optional<std::int64_t> number = ParseInteger(token->text);
      if (!number || *number < 0 || *number > (std::int64_t{1} << 52U)) continue;
      literals.push_back(Concat(*number + 1));
      literals.push_back(Concat(*number - 1));
      literals.push_back(Concat(
          "'", std::string(static_cast<std::size_t>(std::min<std::int64_t>(*number, 64)), 'x'),
          "'"));
    }
  }
  return literals;
}

struct ForeignColumn {
  std::string table;
  std::string column;
};

/// Fills one table.
class TableFiller {
 public:
  TableFiller(Connection& database, const SchemaObject& table)
      : database_(database), table_(table), facts_(*table.facts), numbers_(table.place) {
    ReadForeign();
    const std::vector<std::string> from_checks = CheckLiterals(facts_);
    const std::vector<std::string> awkward = AwkwardLiterals();
    for (const ColumnFacts& column : facts_.columns) {
      if (!column.generated.empty()) continue;
      std::vector<std::string> values = from_checks;
      // The literals of the checks first, so that an enumeration is met at once.
      for (const std::string& literal : awkward) values.push_back(literal);
      if (!column.not_null) values.emplace_back("NULL");
      columns_.push_back(&column);
      values_.push_back(std::move(values));
    }
  }

  int Fill() {
    int made = 0;
    for (int row = 0; row < kRowsPerTable; ++row) {
      for (int attempt = 0; attempt < kTriesPerRow; ++attempt) {
        if (!Insert(row, attempt)) continue;
        ++made;
        break;
      }
    }
    return made;
  }

 private:
  void ReadForeign() {
    Statement rows = database_.Prepare(
        "SELECT lower(f.\"from\"), f.\"table\", coalesce(f.\"to\", (SELECT x.name FROM "
        "pragma_table_xinfo(f.\"table\") x WHERE x.pk = f.seq + 1)) "
        "FROM pragma_foreign_key_list(?1) f");
    const std::vector<SqlValue> values{table_.name};
    rows.Bind(values);
    while (rows.Step()) {
      if (!rows.IsNull(2)) foreign_[rows.Text(0)] = {.table = rows.Text(1), .column = rows.Text(2)};
    }
  }

  std::string Value(std::size_t index, int row, int attempt) {
    const ColumnFacts& column = *columns_[index];
    const std::string lower = ToLower(column.name);
    if (lower == facts_.rowid_column) return Concat(row * row * 4 + 3);
    const auto foreign = foreign_.find(lower);
    if (foreign != foreign_.end()) {
      // All columns of one key take the same parent row.
      return Concat("(SELECT ", QuoteIdentifier(foreign->second.column), " FROM main.",
                    QuoteIdentifier(foreign->second.table), " LIMIT 1 OFFSET ", (row + attempt) % 3,
                    ")");
    }
    const std::vector<std::string>& values = values_[index];
    if (attempt == 0) return values[(static_cast<std::size_t>(row) + index) % values.size()];
    return values[numbers_.Below(values.size())];
  }

  bool Insert(int row, int attempt) {
    std::vector<std::string> names;
    std::vector<std::string> values;
    if (facts_.rowid_column.empty() && !facts_.Is("without rowid")) {
      constexpr std::array<std::string_view, 3> kAliases{"rowid", "_rowid_", "oid"};
      for (const std::string_view alias : kAliases) {
        if (facts_.Find(alias) != nullptr) continue;
        names.emplace_back(alias);
        values.push_back(Concat(row * row * 4 + 3));
        break;
      }
    }
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      names.push_back(QuoteIdentifier(columns_[i]->name));
      values.push_back(Value(i, row, attempt));
    }
    if (names.empty()) return false;
    try {
      Statement insert =
          database_.Prepare(Concat("INSERT INTO main.", QuoteIdentifier(table_.name), " (",
                                   Join(names, ", "), ") VALUES (", Join(values, ", "), ")"));
      (void)insert.Step();
      return true;
    } catch (const Error&) {
      return false;  // a constraint: other values may do
    }
  }

  Connection& database_;
  const SchemaObject& table_;
  const TableFacts& facts_;
  SteadyNumbers numbers_;
  std::map<std::string, ForeignColumn> foreign_;  // by lower-case column
  std::vector<const ColumnFacts*> columns_;
  std::vector<std::vector<std::string>> values_;
};

/// Parents before children, as far as there is such an order.
std::vector<const SchemaObject*> InFillOrder(Connection& database, const SchemaImage& image) {
  std::map<std::string, std::set<std::string>> parents;
  Statement rows = database.Prepare(
      "SELECT lower(m.name), lower(f.\"table\") FROM sqlite_schema m, "
      "pragma_foreign_key_list(m.name) f WHERE m.type = 'table'");
  while (rows.Step()) {
    if (rows.Text(0) != rows.Text(1)) parents[rows.Text(0)].insert(rows.Text(1));
  }
  std::vector<const SchemaObject*> left;
  for (const auto& object : image.objects) {
    if (object->facts) left.push_back(object.get());
  }
  std::vector<const SchemaObject*> ordered;
  while (!left.empty()) {
    const auto free = std::ranges::find_if(left, [&](const SchemaObject* table) {
      return std::ranges::none_of(left, [&](const SchemaObject* other) {
        return parents[ToLower(table->name)].contains(ToLower(other->name));
      });
    });
    const auto next = free == left.end() ? left.begin() : free;
    ordered.push_back(*next);
    left.erase(next);
  }
  return ordered;
}

bool IsEmptyTable(Connection& database, const std::string& name) {
  Statement any =
      database.Prepare(Concat("SELECT 1 FROM main.", QuoteIdentifier(name), " LIMIT 1"));
  return !any.Step();
}

void BumpSequence(Connection& database, const std::string& name) {
  Statement bump =
      database.Prepare("UPDATE main.sqlite_sequence SET seq = seq + 100 WHERE name = ?1");
  const std::vector<SqlValue> values{name};
  bump.Bind(values);
  (void)bump.Step();
}

}  // namespace

std::vector<std::string> AwkwardLiterals() {
  return {"0",   "-1",   "9007199254740993", "''",    "'007'", "'abc'", "x'00'",
          "1.5", "'12'", "0.1 + 0.2",        "'1e3'", "2"};
}

std::vector<std::string> FillTables(Connection& database, const SchemaImage& image,
                                    CheckRule rule) {
  std::vector<std::string> unfilled;
  database.SetTriggers(TriggerMode::kRest);
  database.Execute("SAVEPOINT drover_fill");
  for (const SchemaObject* table : InFillOrder(database, image)) {
    if (!IsEmptyTable(database, table->name)) continue;
    TableFiller filler(database, *table);
    if (filler.Fill() == 0) {
      unfilled.push_back(table->name);
      if (rule == CheckRule::kIgnoreAtLast) {
        database.Execute("PRAGMA ignore_check_constraints=ON");
        (void)filler.Fill();
        database.Execute("PRAGMA ignore_check_constraints=OFF");
      }
    }
    if (table->facts->Is("autoincrement")) BumpSequence(database, table->name);
  }
  database.Execute("RELEASE drover_fill");
  database.SetTriggers(TriggerMode::kFire);
  return unfilled;
}

}  // namespace drover::migrations
