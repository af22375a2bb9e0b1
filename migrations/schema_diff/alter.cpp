#include "migrations/schema_diff/alter.h"

#include <algorithm>
#include <numeric>

#include "base/error.h"
#include "base/text.h"
#include "migrations/schema_text.h"
#include "migrations/sql_text.h"

namespace drover::migrations {
namespace {

constexpr std::size_t kMostForAllOrders = 4;

struct AlterSteps {
  std::vector<std::string> drops;
  std::vector<std::string> adds;
};

bool IsSameColumn(const ColumnFacts& one, const ColumnFacts& two) {
  return ToLower(one.name) == ToLower(two.name) && one.type == two.type &&
         one.default_value == two.default_value && one.collation == two.collation &&
         one.generated == two.generated && one.says_not_null == two.says_not_null;
}

/// Can dropping and adding at the end lead to the wanted list of columns at all?
bool IsWithinReach(const TableFacts& from, const TableFacts& to) {
  bool adding = false;
  std::size_t kept = 0;
  for (const ColumnFacts& column : to.columns) {
    const ColumnFacts* old = from.Find(column.name);
    if (old == nullptr) {
      adding = true;
      continue;
    }
    if (adding || !IsSameColumn(*old, column)) return false;
    const auto at = static_cast<std::size_t>(old - from.columns.data());
    if (at < kept) return false;
    kept = at;
  }
  return true;
}

AlterSteps FindSteps(const SchemaObject& from, const SchemaObject& to) {
  AlterSteps steps;
  const std::string table = Concat("ALTER TABLE main.", SqlName(from.name));
  // What is computed from another column must go before that column.
  for (const bool generated : {true, false}) {
    for (const ColumnFacts& column : from.facts->columns) {
      if (to.facts->Find(column.name) != nullptr || column.generated.empty() == generated) continue;
      steps.drops.push_back(Concat(table, " DROP COLUMN ", SqlName(column.name)));
    }
  }
  for (const ColumnText& column : ReadTableText(to.sql).columns) {
    if (from.facts->Find(column.name) != nullptr) continue;
    const std::string_view text =
        std::string_view(to.sql).substr(column.begin, column.end - column.begin);
    steps.adds.push_back(Concat(table, " ADD COLUMN ", WithoutComments(text)));
  }
  return steps;
}

std::vector<std::vector<std::string>> AlterOrders(const AlterSteps& steps) {
  std::vector<std::vector<std::string>> orders(2);
  std::ranges::copy(steps.drops, std::back_inserter(orders[0]));
  std::ranges::copy(steps.adds, std::back_inserter(orders[0]));
  std::ranges::copy(steps.adds, std::back_inserter(orders[1]));
  std::ranges::copy(steps.drops, std::back_inserter(orders[1]));
  if (steps.drops.empty() || steps.adds.empty()) orders.pop_back();
  const std::size_t count = orders[0].size();
  if (count > kMostForAllOrders || steps.drops.empty()) return orders;
  const std::vector<std::string> all = orders[0];
  std::vector<std::size_t> places(count);
  std::iota(places.begin(), places.end(), std::size_t{0});
  do {
    std::vector<std::size_t> adds;
    std::ranges::copy_if(places, std::back_inserter(adds),
                         [&](std::size_t place) { return place >= steps.drops.size(); });
    if (!std::ranges::is_sorted(adds)) continue;
    std::vector<std::string> order;
    for (const std::size_t place : places) order.push_back(all[place]);
    if (std::ranges::find(orders, order) == orders.end()) orders.push_back(std::move(order));
  } while (std::ranges::next_permutation(places).found);
  return orders;
}

}  // namespace

AlterAttempt TryAlter(Scratch& scratch, const SchemaObject& from, const SchemaObject& to) {
  AlterAttempt attempt;
  if (!IsWithinReach(*from.facts, *to.facts)) return attempt;
  const AlterSteps steps = FindSteps(from, to);
  if (steps.drops.empty() && steps.adds.empty()) return attempt;
  const std::string integrity = scratch.Integrity(from.name);
  for (std::vector<std::string>& order : AlterOrders(steps)) {
    Trial trial(scratch.connection());
    try {
      for (const std::string& statement : order) scratch.Run(statement);
    } catch (const Error& error) {
      if (attempt.refusal.empty()) attempt.refusal = error.message;
      continue;
    }
    const SchemaImage image = scratch.Read();
    const SchemaObject* result = image.Find("table", from.name);
    if (result == nullptr || !AreEqual(*result, to)) continue;
    const std::string complaint = scratch.Integrity(from.name);
    if (complaint != integrity && complaint != "ok") {
      attempt.refusal = complaint;
      continue;
    }
    trial.Keep();
    attempt.works = true;
    attempt.statements = std::move(order);
    return attempt;
  }
  return attempt;
}

}  // namespace drover::migrations
