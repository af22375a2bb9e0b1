#include "migrations/schema_diff/rename.h"

#include <algorithm>
#include <optional>
#include <set>
#include <tuple>

#include "base/text.h"

namespace drover::migrations {
namespace {

constexpr double kLikelyTable = 0.6;
constexpr double kLikelyColumn = 0.5;

std::set<std::string> TableNames(const SchemaImage& image) {
  std::set<std::string> names;
  for (const auto& object : image.objects) {
    if (object->type == "table") names.insert(ToLower(object->name));
  }
  return names;
}

/// A column without its name.
std::string ColumnNature(const ColumnFacts& column) {
  return Concat(column.type, "\t", column.not_null ? "not null" : "", "\t", column.default_value,
                "\t", column.collation, "\t", column.generated);
}

std::set<std::string> NamedNatures(const TableFacts& facts) {
  std::set<std::string> natures;
  for (const ColumnFacts& column : facts.columns) {
    natures.insert(Concat(ToLower(column.name), "\t", ColumnNature(column)));
  }
  return natures;
}

std::size_t CommonAffix(std::string_view one, std::string_view two) {
  const std::size_t most = std::min(one.size(), two.size());
  std::size_t front = 0;
  while (front < most && one[front] == two[front]) ++front;
  std::size_t back = 0;
  while (back < most && one[one.size() - 1 - back] == two[two.size() - 1 - back]) ++back;
  return std::max(front, back);
}

/// 0 to 1: how much of the shorter name the other one begins or ends with.
double NameLikeness(const std::string& one, const std::string& two) {
  const std::string lower_one = ToLower(one);
  const std::string lower_two = ToLower(two);
  const std::size_t shorter = std::min(lower_one.size(), lower_two.size());
  if (shorter == 0) return 0;
  return static_cast<double>(CommonAffix(lower_one, lower_two)) / static_cast<double>(shorter);
}

double TableScore(const SchemaObject& from, const SchemaObject& to) {
  const std::set<std::string> one = NamedNatures(*from.facts);
  const std::set<std::string> two = NamedNatures(*to.facts);
  std::vector<std::string> common;
  std::ranges::set_intersection(one, two, std::back_inserter(common));
  const double all = static_cast<double>(one.size() + two.size() - common.size());
  double score = all == 0 ? 0 : static_cast<double>(common.size()) / all;
  if (from.facts->keys == to.facts->keys && from.facts->checks == to.facts->checks) score += 0.1;
  if (from.facts->foreign_keys == to.facts->foreign_keys) score += 0.05;
  return std::min(score, 1.0);
}

/// How often a column is mentioned by name in clauses of its table, with the name left out.
std::set<std::string> Memberships(const TableFacts& facts, const std::string& column) {
  std::set<std::string> found;
  for (const auto* clauses : {&facts.keys, &facts.foreign_keys}) {
    for (const std::string& clause : *clauses) {
      const std::size_t open = clause.find('(');
      const std::size_t close = clause.find(')', open);
      if (open == std::string::npos || close == std::string::npos) continue;
      const std::string inside = clause.substr(open + 1, close - open - 1);
      if (inside != ToLower(column)) continue;
      found.insert(Concat(clause.substr(0, open), clause.substr(close)));
    }
  }
  return found;
}

/// Finds pairs of what only one side has.
class Proposer {
 public:
  Proposer(const SchemaImage& current, const SchemaImage& desired, const RenameMap& renames)
      : current_(current), desired_(desired), renames_(renames) {}

  std::vector<RenameProposal> Run() {
    Tables();
    for (const auto& object : desired_.objects) {
      if (!object->facts) continue;
      const SchemaObject* old = current_.Find("table", renames_.OldTable(object->name));
      if (old != nullptr && old->facts) Columns(*old, *object);
    }
    std::ranges::stable_sort(proposals_, [](const RenameProposal& one, const RenameProposal& two) {
      return std::tuple(-one.score, one.table, one.from, one.to) <
             std::tuple(-two.score, two.table, two.from, two.to);
    });
    return std::move(proposals_);
  }

 private:
  [[nodiscard]] bool IsRenamedAway(const std::string& table) const {
    return std::ranges::any_of(renames_.tables, [&](const TableRename& one) {
      return ToLower(one.from) == ToLower(table);
    });
  }

  void Tables() {
    std::vector<const SchemaObject*> gone;
    std::vector<const SchemaObject*> added;
    for (const auto& object : current_.objects) {
      if (object->facts && desired_.Find("table", object->name) == nullptr &&
          !IsRenamedAway(object->name)) {
        gone.push_back(object.get());
      }
    }
    for (const auto& object : desired_.objects) {
      if (object->facts && current_.Find("table", renames_.OldTable(object->name)) == nullptr) {
        added.push_back(object.get());
      }
    }
    for (const SchemaObject* from : gone) {
      for (const SchemaObject* to : added) {
        const double score = TableScore(*from, *to);
        if (score < kLikelyTable) continue;
        const auto alike = [&](const std::vector<const SchemaObject*>& all) {
          return std::ranges::count_if(
              all, [&](const SchemaObject* one) { return one->canonical == from->canonical; });
        };
        const bool certain =
            from->canonical == to->canonical && alike(gone) == 1 && alike(added) == 1;
        proposals_.push_back({.table = "",
                              .from = from->name,
                              .to = to->name,
                              .score = score,
                              .certain = certain,
                              .hint = RenameComment(from->name)});
      }
    }
  }

  void Columns(const SchemaObject& old, const SchemaObject& object) {
    struct Place {
      const ColumnFacts* column;
      std::size_t ordinal;
    };
    std::vector<Place> gone;
    std::vector<Place> added;
    const auto& before = old.facts->columns;
    const auto& after = object.facts->columns;
    const auto is_source = [&](const ColumnFacts& column) {
      return std::ranges::any_of(after, [&](const ColumnFacts& one) {
        return ToLower(renames_.OldColumn(object.name, one.name)) == ToLower(column.name);
      });
    };
    for (std::size_t i = 0; i < before.size(); ++i) {
      if (!is_source(before[i])) gone.push_back({&before[i], i});
    }
    for (std::size_t i = 0; i < after.size(); ++i) {
      const std::string source = renames_.OldColumn(object.name, after[i].name);
      if (old.facts->Find(source) == nullptr) added.push_back({&after[i], i});
    }
    for (const Place& from : gone) {
      for (const Place& to : added) {
        const bool same = ColumnNature(*from.column) == ColumnNature(*to.column);
        if (!same && from.column->type != to.column->type) continue;
        double score = same ? 0.5 : 0.2;
        if (from.ordinal == to.ordinal) score += 0.2;
        if (Memberships(*old.facts, from.column->name) ==
            Memberships(*object.facts, to.column->name)) {
          score += 0.1;
        }
        score += 0.2 * NameLikeness(from.column->name, to.column->name);
        if (score < kLikelyColumn) continue;
        const bool certain =
            same && from.ordinal == to.ordinal && gone.size() == 1 && added.size() == 1;
        proposals_.push_back({.table = object.name,
                              .from = from.column->name,
                              .to = to.column->name,
                              .score = std::min(score, 1.0),
                              .certain = certain,
                              .hint = RenameComment(from.column->name)});
      }
    }
  }

  const SchemaImage& current_;
  const SchemaImage& desired_;
  const RenameMap& renames_;
  std::vector<RenameProposal> proposals_;
};

/// Takes the hints about tables that can be followed, in an order in which they can.
void ResolveTables(const SchemaImage& current, const SchemaImage& desired,
                   std::span<const RenameHint> hints, RenameMap& renames) {
  std::set<std::string> names = TableNames(current);
  bool again = true;
  while (again) {
    again = false;
    for (const RenameHint& hint : hints) {
      if (!hint.column.empty()) continue;
      const std::string from = ToLower(hint.from);
      const std::string to = ToLower(hint.table);
      const SchemaObject* there = current.Find("table", hint.from);
      const SchemaObject* wanted = desired.Find("table", hint.table);
      if (there == nullptr || wanted == nullptr || !names.contains(from) || names.contains(to)) {
        continue;
      }
      if (there->facts.has_value() != wanted->facts.has_value()) continue;
      names.erase(from);
      names.insert(to);
      renames.tables.push_back({.from = there->name, .to = wanted->name});
      again = true;
    }
  }
}

void ResolveColumns(const SchemaImage& current, const SchemaImage& desired,
                    std::span<const RenameHint> hints, RenameMap& renames) {
  std::map<std::string, std::set<std::string>> names;
  bool again = true;
  while (again) {
    again = false;
    for (const RenameHint& hint : hints) {
      if (hint.column.empty()) continue;
      const SchemaObject* wanted = desired.Find("table", hint.table);
      if (wanted == nullptr || !wanted->facts) continue;
      const SchemaObject* there = current.Find("table", renames.OldTable(hint.table));
      if (there == nullptr || !there->facts) continue;
      auto [place, is_new] = names.try_emplace(wanted->place);
      std::set<std::string>& columns = place->second;
      if (is_new) {
        for (const ColumnFacts& column : there->facts->columns) {
          columns.insert(ToLower(column.name));
        }
      }
      const ColumnFacts* old = there->facts->Find(hint.from);
      const ColumnFacts* column = wanted->facts->Find(hint.column);
      const std::string from = ToLower(hint.from);
      const std::string to = ToLower(hint.column);
      if (old == nullptr || column == nullptr || !columns.contains(from) || columns.contains(to)) {
        continue;
      }
      columns.erase(from);
      columns.insert(to);
      renames.columns.push_back({.table = wanted->name, .from = old->name, .to = column->name});
      again = true;
    }
  }
}

}  // namespace

std::string RenameMap::OldTable(std::string_view table) const {
  for (const TableRename& one : tables) {
    if (ToLower(one.to) == ToLower(table)) return one.from;
  }
  return std::string(table);
}

std::string RenameMap::OldColumn(std::string_view table, std::string_view column) const {
  for (const ColumnRename& one : columns) {
    if (ToLower(one.table) == ToLower(table) && ToLower(one.to) == ToLower(column)) return one.from;
  }
  return std::string(column);
}

RenameMap Inverted(const RenameMap& renames) {
  RenameMap inverted;
  for (const TableRename& one : renames.tables) {
    inverted.tables.insert(inverted.tables.begin(), {.from = one.to, .to = one.from});
  }
  for (const ColumnRename& one : renames.columns) {
    inverted.columns.insert(inverted.columns.begin(),
                            {.table = renames.OldTable(one.table), .from = one.to, .to = one.from});
  }
  return inverted;
}

RenameMap ResolveRenames(const SchemaImage& current, const SchemaImage& desired,
                         std::span<const RenameHint> hints) {
  RenameMap renames;
  ResolveTables(current, desired, hints, renames);
  ResolveColumns(current, desired, hints, renames);
  return renames;
}

std::vector<RenameProposal> ProposeRenames(const SchemaImage& current, const SchemaImage& desired,
                                           const RenameMap& renames) {
  return Proposer(current, desired, renames).Run();
}

}  // namespace drover::migrations
