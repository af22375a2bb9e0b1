#include "migrations/schema_compare.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

#include "base/text.h"
#include "migrations/schema_diff/enum_check.h"

namespace drover::migrations {
namespace {

constexpr std::size_t kChangeExcerpt = 100;

std::string DescribeColumn(const ColumnFacts& column) {
  std::vector<std::string> words;
  words.push_back(column.type.empty() ? "no type" : column.type);
  if (column.not_null) words.emplace_back("not null");
  if (!column.default_value.empty()) words.push_back(Concat("default ", column.default_value));
  if (!column.collation.empty()) words.push_back(Concat("collate ", column.collation));
  if (!column.generated.empty()) words.push_back(Concat("as ", column.generated));
  return Join(words, " ");
}

/// Finds the changes of one pair of tables.
class TableComparison {
 public:
  TableComparison(const SchemaObject& before, const SchemaObject& after)
      : before_(before), after_(after) {}

  std::vector<SchemaChange> Run() {
    const TableFacts& before = *before_.facts;
    const TableFacts& after = *after_.facts;
    CompareColumns(before.columns, after.columns);
    CompareClauses("key", before.keys, after.keys);
    CompareClauses("foreign key", before.foreign_keys, after.foreign_keys);
    CompareClauses("check", before.checks, after.checks);
    CompareClauses("option", before.others, after.others);
    return std::move(found_);
  }

 private:
  void Add(std::string part, std::string_view facet, std::string before, std::string after,
           ChangeSeverity severity) {
    found_.push_back({.type = "table",
                      .object = after_.name,
                      .part = std::move(part),
                      .facet = std::string(facet),
                      .before = std::move(before),
                      .after = std::move(after),
                      .severity = severity});
  }

  void CompareColumn(const ColumnFacts& before, const ColumnFacts& after) {
    using enum ChangeSeverity;
    const auto add = [&](std::string_view facet, const std::string& one, const std::string& two,
                         ChangeSeverity severity) {
      if (one != two) Add(after.name, facet, one, two, severity);
    };
    const auto or_none = [](const std::string& type) { return type.empty() ? "no type" : type; };
    add("type", or_none(before.type), or_none(after.type), kRisky);
    add("not null", before.not_null ? "not null" : "", after.not_null ? "not null" : "",
        after.not_null ? kRisky : kBenign);
    add("default", before.default_value, after.default_value, kBenign);
    add("collation", before.collation, after.collation, kRisky);
    add("generated", before.generated, after.generated, kRisky);
  }

  void CompareColumns(const std::vector<ColumnFacts>& before,
                      const std::vector<ColumnFacts>& after) {
    std::vector<std::string> common_before;
    std::vector<std::string> common_after;
    std::map<std::string, const ColumnFacts*> by_name;
    for (const ColumnFacts& column : before) by_name.emplace(ToLower(column.name), &column);
    for (const ColumnFacts& column : after) {
      const auto found = by_name.find(ToLower(column.name));
      if (found == by_name.end()) {
        Add(column.name, "column", "", DescribeColumn(column), ChangeSeverity::kBenign);
        continue;
      }
      CompareColumn(*found->second, column);
      common_after.push_back(found->first);
      by_name.erase(found);
    }
    for (const ColumnFacts& column : before) {
      if (by_name.contains(ToLower(column.name))) {
        Add(column.name, "column", DescribeColumn(column), "", ChangeSeverity::kBreaking);
      } else {
        common_before.push_back(ToLower(column.name));
      }
    }
    if (common_before != common_after) {
      Add("", "order", Join(common_before, ", "), Join(common_after, ", "), ChangeSeverity::kRisky);
    }
  }

  void CompareClauses(std::string_view facet, const std::vector<std::string>& before,
                      const std::vector<std::string>& after) {
    std::vector<std::string> gone;
    std::vector<std::string> added;
    std::ranges::set_difference(before, after, std::back_inserter(gone));
    std::ranges::set_difference(after, before, std::back_inserter(added));
    if (facet == "check") PairEnums(gone, added);
    for (std::string& clause : added) {
      Add("", facet, "", std::move(clause), ChangeSeverity::kRisky);
    }
    for (std::string& clause : gone) {
      const bool kept = facet == "option" || facet == "foreign key";
      Add("", facet, std::move(clause), "",
          kept ? ChangeSeverity::kRisky : ChangeSeverity::kBreaking);
    }
  }

  /// Two checks that list the values of one column are one that changed.
  void PairEnums(std::vector<std::string>& gone, std::vector<std::string>& added) {
    for (auto two = added.begin(); two != added.end();) {
      const std::optional<EnumCheck> after = ReadEnumCheck(*two);
      const auto one = std::ranges::find_if(gone, [&](const std::string& clause) {
        const std::optional<EnumCheck> before = ReadEnumCheck(clause);
        return before && after && before->column == after->column;
      });
      if (one == gone.end()) {
        ++two;
        continue;
      }
      const bool narrower =
          DescribeEnumChange(*ReadEnumCheck(*one), *after).find("- ") != std::string::npos;
      const ColumnFacts* column = after_.facts->Find(after->column);
      Add(column == nullptr ? after->column : column->name, "enum", *one, *two,
          narrower ? ChangeSeverity::kRisky : ChangeSeverity::kBenign);
      gone.erase(one);
      two = added.erase(two);
    }
  }

  const SchemaObject& before_;
  const SchemaObject& after_;
  std::vector<SchemaChange> found_;
};

void CompareObjects(const SchemaObject& before, const SchemaObject& after,
                    std::vector<SchemaChange>& found) {
  if (AreEqual(before, after)) return;
  if (before.facts && after.facts) {
    std::vector<SchemaChange> changes = ListTableChanges(before, after);
    std::ranges::move(changes, std::back_inserter(found));
    if (!changes.empty()) return;
  }
  found.push_back(
      {.type = after.type,
       .object = after.name,
       .part = "",
       .facet = "definition",
       .before = before.canonical,
       .after = after.canonical,
       .severity = after.type == "index" ? ChangeSeverity::kBenign : ChangeSeverity::kRisky});
}

/// An object that only one side has.
SchemaChange LoneObject(const SchemaObject& object, bool gone) {
  using enum ChangeSeverity;
  const bool relied_on = object.type == "table" || object.type == "view";
  const ChangeSeverity extra = object.type == "trigger" ? kRisky : kBenign;
  const ChangeSeverity missing = relied_on ? kBreaking : kRisky;
  return {.type = object.type,
          .object = object.name,
          .part = "",
          .facet = "object",
          .before = gone ? object.canonical : "",
          .after = gone ? "" : object.canonical,
          .severity = gone ? missing : extra};
}

bool IsColumnFacet(std::string_view facet) {
  return facet == "type" || facet == "not null" || facet == "default" || facet == "collation" ||
         facet == "generated";
}

std::string ColumnOf(const SchemaImage& image, const SchemaChange& change) {
  const SchemaObject* table = image.Find("table", change.object);
  const ColumnFacts* column =
      table != nullptr && table->facts ? table->facts->Find(change.part) : nullptr;
  return column == nullptr ? std::string() : DescribeColumn(*column);
}

}  // namespace

std::string_view SeverityName(ChangeSeverity severity) {
  switch (severity) {
    case ChangeSeverity::kBreaking:
      return "breaking";
    case ChangeSeverity::kRisky:
      return "risky";
    case ChangeSeverity::kBenign:
      return "benign";
  }
  return "benign";
}

std::vector<SchemaChange> ListTableChanges(const SchemaObject& before, const SchemaObject& after) {
  return TableComparison(before, after).Run();
}

std::vector<SchemaChange> ListChanges(const SchemaImage& before, const SchemaImage& after) {
  std::vector<SchemaChange> found;
  auto one = before.objects.begin();
  auto two = after.objects.begin();
  while (one != before.objects.end() || two != after.objects.end()) {
    const bool only_two = one == before.objects.end();
    const bool only_one = two == after.objects.end();
    if (only_two || (!only_one && (*two)->place < (*one)->place)) {
      found.push_back(LoneObject(**two++, false));
    } else if (only_one || (*one)->place < (*two)->place) {
      found.push_back(LoneObject(**one++, true));
    } else {
      CompareObjects(**one++, **two++, found);
    }
  }
  return found;
}

std::string SummaryLine(const SchemaChange& change) {
  const std::string name =
      change.part.empty() ? change.object : Concat(change.object, ".", change.part);
  if (change.facet == "object") {
    return Concat(change.after.empty() ? "- " : "+ ", change.type, " ", change.object);
  }
  if (change.facet == "column") {
    return change.after.empty() ? Concat("- ", name) : Concat("+ ", name, " ", change.after);
  }
  if (change.facet == "enum") {
    const std::optional<EnumCheck> before = ReadEnumCheck(change.before);
    const std::optional<EnumCheck> after = ReadEnumCheck(change.after);
    if (before && after) return Concat(name, ": ", DescribeEnumChange(*before, *after));
  }
  if (change.facet == "name") return Concat(name, ": was called ", change.before);
  if (change.facet == "definition") return Concat("~ ", change.type, " ", change.object);
  if (change.facet == "order") return Concat(name, ": columns in the order ", change.after);
  const std::string facet =
      change.part.empty() || change.facet == "not null" ? "" : Concat(change.facet, " ");
  if (change.before.empty()) return Concat(name, ": + ", facet, change.after);
  if (change.after.empty()) return Concat(name, ": - ", facet, change.before);
  return Concat(name, ": ", facet, change.before, " -> ", change.after);
}

std::vector<SchemaDifference> CompareSchemas(const SchemaImage& expected,
                                             const SchemaImage& actual) {
  std::vector<SchemaDifference> found;
  const auto add = [&](const SchemaChange& change, std::string_view kind, std::string what) {
    SchemaDifference difference{.type = change.type,
                                .object = change.object,
                                .kind = std::string(kind),
                                .what = std::move(what)};
    // A column of which several facts differ is told once.
    if (found.empty() || !(found.back() == difference)) found.push_back(std::move(difference));
  };
  for (const SchemaChange& change : ListChanges(expected, actual)) {
    const std::string here = Excerpt(change.after, kChangeExcerpt);
    const std::string there = Excerpt(change.before, kChangeExcerpt);
    if (change.facet == "object") {
      const bool extra = change.before.empty();
      add(change, extra ? "extra" : "missing",
          Concat(change.type, " ", change.object,
                 extra ? " is not in the migrations" : " is missing"));
    } else if (IsColumnFacet(change.facet)) {
      add(change, "different",
          Concat("column ", change.part, ": ", ColumnOf(actual, change), " here, ",
                 ColumnOf(expected, change), " in the migrations"));
    } else if (change.facet == "column") {
      add(change, "different",
          Concat("column ", change.part,
                 change.before.empty() ? " is not in the migrations" : " is missing"));
    } else if (change.facet == "order") {
      add(change, "different",
          Concat("columns in another order: ", change.after, " here, ", change.before,
                 " in the migrations"));
    } else if (change.facet == "definition") {
      add(change, "different", Concat(here, " here, ", there, " in the migrations"));
    } else {
      if (!change.after.empty()) {
        add(change, "different", Concat(change.after, " is not in the migrations"));
      }
      if (!change.before.empty()) {
        add(change, "different", Concat(change.before, " is missing"));
      }
    }
  }
  return found;
}

}  // namespace drover::migrations
