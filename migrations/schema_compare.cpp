#include "migrations/schema_compare.h"

#include <algorithm>
#include <iterator>
#include <map>

#include "base/text.h"

namespace drover::migrations {
namespace {

constexpr std::size_t kExcerpt = 100;

std::string Describe(const ColumnFacts& column) {
  std::vector<std::string> words;
  words.push_back(column.type.empty() ? "no type" : column.type);
  if (column.not_null) words.emplace_back("not null");
  if (!column.default_value.empty()) words.push_back(Concat("default ", column.default_value));
  if (!column.collation.empty()) words.push_back(Concat("collate ", column.collation));
  if (!column.generated.empty()) words.push_back(Concat("as ", column.generated));
  return Join(words, " ");
}

/// Finds the differences of one pair of tables.
class TableComparison {
 public:
  TableComparison(const SchemaObject& expected, const SchemaObject& actual,
                  std::vector<SchemaDifference>& found)
      : expected_(expected), actual_(actual), found_(found) {}

  void Run() {
    const TableFacts& expected = *expected_.facts;
    const TableFacts& actual = *actual_.facts;
    CompareColumns(expected.columns, actual.columns);
    CompareClauses(expected.keys, actual.keys);
    CompareClauses(expected.foreign_keys, actual.foreign_keys);
    CompareClauses(expected.checks, actual.checks);
    CompareClauses(expected.others, actual.others);
  }

 private:
  void Add(std::string what) {
    found_.push_back(
        {.type = "table", .object = actual_.name, .kind = "different", .what = std::move(what)});
  }

  void CompareColumns(const std::vector<ColumnFacts>& expected,
                      const std::vector<ColumnFacts>& actual) {
    std::vector<std::string> common_expected;
    std::vector<std::string> common_actual;
    std::map<std::string, const ColumnFacts*> by_name;
    for (const ColumnFacts& column : expected) by_name.emplace(ToLower(column.name), &column);
    for (const ColumnFacts& column : actual) {
      const auto found = by_name.find(ToLower(column.name));
      if (found == by_name.end()) {
        Add(Concat("column ", column.name, " is not in the migrations"));
        continue;
      }
      const std::string here = Describe(column);
      const std::string there = Describe(*found->second);
      if (here != there) {
        Add(Concat("column ", column.name, ": ", here, " here, ", there, " in the migrations"));
      }
      common_actual.push_back(found->first);
      by_name.erase(found);
    }
    for (const ColumnFacts& column : expected) {
      if (by_name.contains(ToLower(column.name))) {
        Add(Concat("column ", column.name, " is missing"));
      } else {
        common_expected.push_back(ToLower(column.name));
      }
    }
    if (common_expected != common_actual) {
      Add(Concat("columns in another order: ", Join(common_actual, ", "), " here, ",
                 Join(common_expected, ", "), " in the migrations"));
    }
  }

  void CompareClauses(const std::vector<std::string>& expected,
                      const std::vector<std::string>& actual) {
    std::vector<std::string> missing;
    std::vector<std::string> extra;
    std::ranges::set_difference(expected, actual, std::back_inserter(missing));
    std::ranges::set_difference(actual, expected, std::back_inserter(extra));
    for (const std::string& clause : extra) Add(Concat(clause, " is not in the migrations"));
    for (const std::string& clause : missing) Add(Concat(clause, " is missing"));
  }

  const SchemaObject& expected_;
  const SchemaObject& actual_;
  std::vector<SchemaDifference>& found_;
};

void CompareObjects(const SchemaObject& expected, const SchemaObject& actual,
                    std::vector<SchemaDifference>& found) {
  if (AreEqual(expected, actual)) return;
  const std::size_t before = found.size();
  if (expected.facts && actual.facts) TableComparison(expected, actual, found).Run();
  if (found.size() > before) return;
  found.push_back({.type = actual.type,
                   .object = actual.name,
                   .kind = "different",
                   .what = Concat(Excerpt(actual.canonical, kExcerpt), " here, ",
                                  Excerpt(expected.canonical, kExcerpt), " in the migrations")});
}

SchemaDifference Alone(const SchemaObject& object, std::string_view kind, std::string_view how) {
  return {.type = object.type,
          .object = object.name,
          .kind = std::string(kind),
          .what = Concat(object.type, " ", object.name, how)};
}

}  // namespace

std::vector<SchemaDifference> CompareSchemas(const SchemaImage& expected,
                                             const SchemaImage& actual) {
  std::vector<SchemaDifference> found;
  auto wanted = expected.objects.begin();
  auto there = actual.objects.begin();
  while (wanted != expected.objects.end() || there != actual.objects.end()) {
    const bool only_there = wanted == expected.objects.end();
    const bool only_wanted = there == actual.objects.end();
    if (only_there || (!only_wanted && (*there)->place < (*wanted)->place)) {
      found.push_back(Alone(**there++, "extra", " is not in the migrations"));
    } else if (only_wanted || (*wanted)->place < (*there)->place) {
      found.push_back(Alone(**wanted++, "missing", " is missing"));
    } else {
      CompareObjects(**wanted++, **there++, found);
    }
  }
  return found;
}

}  // namespace drover::migrations
