#include "migrations/safety/losses.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "base/text.h"

namespace drover::migrations {
namespace {

/// What the statements of a plan admit to, by lower-case name.
class Declared {
 public:
  explicit Declared(std::span<const Destruction> destructive) {
    for (const Destruction& each : destructive) {
      declared_.insert(Concat(each.kind, " ", ToLower(each.object)));
    }
  }

  [[nodiscard]] bool Has(std::string_view kind, std::string_view object) const {
    return declared_.contains(Concat(kind, " ", object));
  }

 private:
  std::set<std::string> declared_;
};

std::string Rows(std::int64_t rows) { return Count(static_cast<std::size_t>(rows), "row"); }

void FindLostRows(const DatabaseContent& before, const DatabaseContent& after,
                  const Declared& declared, std::vector<RehearsalProblem>& problems) {
  for (const auto& [key, table] : before.tables) {
    const auto now = after.tables.find(key);
    if (now == after.tables.end() || now->second.rows >= table.rows) continue;
    if (declared.Has("delete rows", key) || declared.Has("drop table", key)) continue;
    problems.push_back(
        {.kind = "rehearsal.rows_lost",
         .object = table.name,
         .message = Concat(table.name, " would be left with ", now->second.rows, " of its ",
                           Rows(table.rows), ", though nothing says so")});
  }
}

void FindMovedValues(const TableContent& before, const TableContent& after, const std::string& key,
                     const Declared& declared, std::vector<RehearsalProblem>& problems) {
  if (before.rows != after.rows) return;
  for (const auto& [column, digest] : after.columns) {
    const auto own = before.columns.find(column);
    if (own == before.columns.end() || own->second == digest) continue;
    const std::string object = Concat(key, ".", column);
    if (declared.Has("update rows", object) || declared.Has("drop column", object)) continue;
    const auto other = std::ranges::find_if(before.columns, [&](const auto& each) {
      return each.first != column && each.second == digest && digest.telling;
    });
    if (other == before.columns.end()) continue;
    problems.push_back({.kind = "rehearsal.values_moved",
                        .object = Concat(before.name, ".", column),
                        .message = Concat(before.name, ".", column, " would hold what was in ",
                                          before.name, ".", other->first)});
  }
}

void FindLostTriggers(const DatabaseContent& before, const DatabaseContent& after,
                      const Declared& declared, std::vector<RehearsalProblem>& problems) {
  for (const auto& [key, each] : before.attachments) {
    if (each.type != "trigger" || after.attachments.contains(key)) continue;
    if (!after.tables.contains(each.table) || declared.Has("drop trigger", ToLower(each.name))) {
      continue;
    }
    problems.push_back(
        {.kind = "rehearsal.trigger_lost",
         .object = each.name,
         .message = Concat(
             "the trigger ", each.name, " would go with the old ",
             before.tables.contains(each.table) ? before.tables.at(each.table).name : each.table,
             " and not come back")});
  }
}

void FindDanglingReferences(const DatabaseContent& before, const DatabaseContent& after,
                            std::vector<RehearsalProblem>& problems) {
  for (const auto& [tables, rows] : FindMoreGaps(before.gaps, after.gaps)) {
    const std::string reference = Concat(tables.first, " -> ", tables.second);
    problems.push_back(
        {.kind = "rehearsal.foreign_keys",
         .object = reference,
         .message = Concat(Rows(rows), " would refer to nothing (", reference, ")")});
  }
}

/// Is what `problem` says is gone there again, with the values that it had?
bool IsBack(const RehearsalProblem& problem, const std::string& key, const TableContent& before,
            const DatabaseContent& after) {
  const auto now = after.tables.find(key);
  if (now == after.tables.end() || now->second.rows != before.rows) return false;
  const auto same = [&](const auto& column) {
    const auto again = now->second.columns.find(column.first);
    return again != now->second.columns.end() && again->second == column.second;
  };
  if (problem.kind != "rehearsal.column_lost") return std::ranges::all_of(before.columns, same);
  const auto column = before.columns.find(problem.object.substr(before.name.size() + 1));
  return column != before.columns.end() && same(*column);
}

}  // namespace

std::vector<RehearsalProblem> CompareContent(const DatabaseContent& before,
                                             const DatabaseContent& after,
                                             std::span<const Destruction> destructive) {
  const Declared declared(destructive);
  std::vector<RehearsalProblem> problems;
  FindLostRows(before, after, declared, problems);
  for (const auto& [key, table] : before.tables) {
    const auto now = after.tables.find(key);
    if (now != after.tables.end()) {
      FindMovedValues(table, now->second, key, declared, problems);
    }
  }
  FindLostTriggers(before, after, declared, problems);
  FindDanglingReferences(before, after, problems);
  return problems;
}

std::vector<RehearsalProblem> FindLostObjects(const DatabaseContent& before,
                                              const DatabaseContent& after) {
  std::vector<RehearsalProblem> problems;
  for (const auto& [key, table] : before.tables) {
    if (table.rows == 0) continue;
    const auto now = after.tables.find(key);
    if (now == after.tables.end()) {
      problems.push_back(
          {.kind = "rehearsal.table_lost",
           .object = table.name,
           .message = Concat(table.name, " would be gone with its ", Rows(table.rows))});
      continue;
    }
    for (const auto& [column, digest] : table.columns) {
      if (digest.filled == 0 || now->second.columns.contains(column)) continue;
      problems.push_back({.kind = "rehearsal.column_lost",
                          .object = Concat(table.name, ".", column),
                          .message = Concat("the column ", table.name, ".", column,
                                            " would be gone with what ", Rows(digest.filled),
                                            digest.filled == 1 ? " has" : " have", " in it")});
    }
  }
  return problems;
}

std::vector<RehearsalProblem> FindLostOnTheWay(const DatabaseContent& before,
                                               const DatabaseContent& turn,
                                               const DatabaseContent& after) {
  std::vector<RehearsalProblem> lost;
  for (const auto& [key, table] : before.tables) {
    DatabaseContent alone;
    alone.tables.emplace(key, table);
    std::vector<RehearsalProblem> gone = FindLostObjects(alone, turn);
    FindLostRows(alone, turn, Declared({}), gone);
    for (RehearsalProblem& each : gone) {
      if (!IsBack(each, key, table, after)) lost.push_back(std::move(each));
    }
  }
  return lost;
}

}  // namespace drover::migrations
