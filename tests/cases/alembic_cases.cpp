// Cases computed by running Alembic itself (format: `about` in alembic_cases.json). A difference is
// a failure unless it is one of the deviations that docs/migrations.md explains to users; those are
// spelled out in Deviation() below, next to the reason.
#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/posix.h"
#include "base/text.h"
#include "migrations/author.h"
#include "migrations/graph.h"
#include "migrations/identifiers.h"
#include "migrations/native_format.h"
#include "migrations/plan.h"
#include "tests/cases/case_runner.h"

namespace drover::cases {
namespace {

using migrations::Direction;
using migrations::Drafts;
using migrations::Graph;
using migrations::Plan;
using migrations::Purge;
using migrations::Revision;
using migrations::RevisionId;

constexpr std::size_t kLargestFile = 256U << 20U;

std::vector<std::string> Strings(const Json& array) {
  return array.get<std::vector<std::string>>();
}

std::vector<std::string> Sorted(std::vector<std::string> ids) {
  std::ranges::sort(ids);
  return ids;
}

/// The edges of a case's graph, read without drover's Graph: the yardstick for orders.
class Edges {
 public:
  explicit Edges(const Json& graph) {
    std::map<std::string, std::string> labels;
    for (const Json& node : graph) {
      for (const std::string& label : Strings(node.at("labels"))) labels[label] = node.at("rev");
    }
    for (const Json& node : graph) {
      std::set<std::string>& below = below_[node.at("rev")];
      for (const std::string& id : Strings(node.at("down"))) below.insert(id);
      for (const std::string& id : Strings(node.at("depends_on"))) {
        below.insert(labels.contains(id) ? labels.at(id) : id);
      }
    }
  }

  [[nodiscard]] bool IsBelow(const std::string& lower, const std::string& upper) const {
    std::set<std::string> seen;
    std::vector<std::string> open{upper};
    while (!open.empty()) {
      const std::string at = open.back();
      open.pop_back();
      const auto found = below_.find(at);
      if (found == below_.end()) continue;
      for (const std::string& id : found->second) {
        if (id == lower) return true;
        if (seen.insert(id).second) open.push_back(id);
      }
    }
    return false;
  }

  [[nodiscard]] bool HasCycle() const {
    return std::ranges::any_of(below_,
                               [&](const auto& node) { return IsBelow(node.first, node.first); });
  }

  /// Does every revision of `order` come after those of it that lie below it?
  [[nodiscard]] bool Respects(std::vector<std::string> order, bool newest_first) const {
    if (newest_first) std::ranges::reverse(order);
    for (std::size_t i = 0; i < order.size(); ++i) {
      for (std::size_t k = i + 1; k < order.size(); ++k) {
        if (IsBelow(order[k], order[i])) return false;
      }
    }
    return true;
  }

 private:
  std::map<std::string, std::set<std::string>> below_;
};

/// The case's graph as files drover would read, so that what the reader refuses is part of it.
Graph ReadGraph(const Json& nodes) {
  std::vector<Revision> revisions;
  for (const Json& node : nodes) {
    Revision revision;
    revision.id = node.at("rev");
    revision.down_revision = Strings(node.at("down"));
    revision.depends_on = Strings(node.at("depends_on"));
    revision.branch_labels = Strings(node.at("labels"));
    revisions.push_back(migrations::ParseMigration(migrations::FormatMigration(revision),
                                                   Concat(revision.id, ".sql")));
  }
  return Graph(std::move(revisions));
}

Json PlanJson(const Plan& plan) {
  Json steps = Json::array();
  for (const migrations::Step& step : plan.steps) steps.push_back(step.revision.id);
  return {{"steps", std::move(steps)}, {"heads_after", plan.to}};
}

Json GraphJson(const Graph& graph) {
  Json branch_points = Json::array();
  Json merge_points = Json::array();
  Json labels = Json::object();
  const std::vector<std::vector<std::string>> spread = graph.SpreadLabels();
  for (std::size_t i = 0; i < graph.revisions().size(); ++i) {
    const Revision& revision = graph.At(i);
    if (graph.Children(revision.id).size() > 1) branch_points.push_back(revision.id);
    if (revision.down_revision.size() > 1) merge_points.push_back(revision.id);
    if (!spread[i].empty()) labels[revision.id] = spread[i];
  }
  return {{"heads", graph.Heads()},          {"bases", graph.Bases()},
          {"real_heads", graph.RealHeads()}, {"real_bases", graph.RealBases()},
          {"branch_points", branch_points},  {"merge_points", merge_points},
          {"labels", std::move(labels)}};
}

Json HistoryJson(const Graph& graph, const std::string& range,
                 const std::vector<RevisionId>& rows) {
  const std::vector<bool> inside = migrations::ResolveRange(graph, range, rows);
  Json order = Json::array();
  const auto topological = graph.TopologicalOrder();
  for (std::size_t k = topological.size(); k-- > 0;) {
    if (inside[topological[k]]) order.push_back(graph.At(topological[k]).id);
  }
  return {{"order", std::move(order)}};
}

/// "r2 --splice" without the flag; true when it was there.
bool TakeFlag(std::string& target, std::string_view flag) {
  const std::size_t at = target.find(flag);
  if (at == std::string::npos) return false;
  target.erase(at, flag.size());
  target = std::string(Trim(target));
  return true;
}

Json Answer(const Json& one) {
  const Graph graph = ReadGraph(one.at("graph"));
  const std::string command = one.at("command");
  std::string target = one.at("target");
  const std::vector<RevisionId> rows = Strings(one.at("current_heads"));
  if (command == "graph") return GraphJson(graph);
  if (command == "resolve") {
    return {{"revisions", migrations::ResolveToShow(graph, target)}};
  }
  if (command == "upgrade") {
    return PlanJson(migrations::PlanUpgrade(graph, rows, target, Drafts::kInclude));
  }
  if (command == "downgrade") return PlanJson(migrations::PlanDowngrade(graph, rows, target));
  if (command == "stamp") {
    const Purge purge = TakeFlag(target, "--purge") ? Purge::kYes : Purge::kNo;
    return PlanJson(migrations::PlanStamp(graph, rows, target, purge));
  }
  if (command == "history") return HistoryJson(graph, target, rows);
  if (command == "current") return {{"revisions", graph.EffectiveHeads(rows)}};
  if (command == "revision") {
    const bool splice = TakeFlag(target, "--splice");
    return {{"down", migrations::ResolveParents(graph, target, splice)}};
  }
  if (command == "upgrade_sql" || command == "downgrade_sql") {
    const Direction direction = command == "upgrade_sql" ? Direction::kUp : Direction::kDown;
    return PlanJson(migrations::PlanOffline(graph, target, direction, Drafts::kInclude));
  }
  throw Error(Code::kInvalid, "case.command", Concat("unknown command \"", command, "\""));
}

/// Is `got` what `expected` says? Lists are sets, except orders, which must respect the edges:
/// among independent branches Alembic's order is an artefact of hashing and file names.
bool Equal(const Json& expected, const Json& got, const Edges& edges, bool newest_first) {
  for (const auto& [key, value] : expected.items()) {
    if (!got.contains(key)) return false;
    if (key == "labels") {
      std::map<std::string, std::vector<std::string>> wanted;
      std::map<std::string, std::vector<std::string>> have;
      for (const auto& [id, list] : value.items()) wanted[id] = Sorted(Strings(list));
      for (const auto& [id, list] : got.at(key).items()) have[id] = Sorted(Strings(list));
      if (wanted != have) return false;
      continue;
    }
    if (Sorted(Strings(value)) != Sorted(Strings(got.at(key)))) return false;
    const bool is_order = key == "steps" || key == "order";
    if (is_order && !edges.Respects(Strings(got.at(key)), newest_first)) return false;
  }
  return true;
}

/// The kind of error that drover deliberately answers with where Alembic goes on.
std::optional<std::string> Deviation(const Json& one, const Edges& edges) {
  const std::string command = one.at("command");
  const std::string target = one.at("target");
  // Two files with one id: Alembic warns and goes on with one of them.
  std::set<std::string> ids;
  for (const Json& node : one.at("graph")) {
    if (!ids.insert(node.at("rev")).second) return "duplicate_revision";
  }
  const bool refused_already = one.contains("expect_error");
  // Alembic overlooks a cycle that is entered from a base and left to a head.
  if (!refused_already && edges.HasCycle()) return "cycle";
  // "-1" with several rows: Alembic takes whichever row the database returns first.
  const bool bare_step = target.size() > 1 && target[0] == '-' && target.find('@') == target.npos;
  if (command == "downgrade" && bare_step && one.at("current_heads").size() > 1 &&
      !refused_already) {
    return "ambiguous_relative";
  }
  // Alembic stamps rows that its own next upgrade refuses.
  if (command == "stamp" && one.contains("expect")) {
    const std::vector<std::string> after = Strings(one.at("expect").at("heads_after"));
    for (const std::string& lower : after) {
      for (const std::string& upper : after) {
        if (edges.IsBelow(lower, upper)) return "overlapping_revisions";
      }
    }
  }
  return std::nullopt;
}

bool Passes(const Json& one, const Json& got) {
  const Edges edges(one.at("graph"));
  const std::string error = got.value("error", "");
  if (const std::optional<std::string> deviation = Deviation(one, edges)) {
    if (*deviation == "cycle") return error == "cycle" || error == "dependency_cycle";
    return error == *deviation;
  }
  // Where Alembic fails by a defect of its own, the file suggests the right answer.
  if (one.contains("suggested_error")) return error == std::string(one.at("suggested_error"));
  const std::string command = one.at("command");
  const bool newest_first =
      command == "downgrade" || command == "downgrade_sql" || command == "history";
  const auto equal = [&](const Json& expected) {
    return error.empty() && Equal(expected, got, edges, newest_first);
  };
  if (one.contains("suggested_expect")) return equal(one.at("suggested_expect"));
  if (one.contains("expect_error")) return error == std::string(one.at("expect_error"));
  if (one.contains("expect_any_of")) {
    return std::ranges::any_of(one.at("expect_any_of"), equal);
  }
  return equal(one.at("expect"));
}

}  // namespace

std::vector<CaseResult> RunAlembicCases(const std::string& file) {
  const Json parsed = Json::parse(ReadFile(file, kLargestFile));
  std::vector<CaseResult> results;
  for (const Json& one : parsed.at("cases")) {
    CaseResult result{.id = one.at("id"), .pass = false, .got = {}};
    try {
      result.got = Answer(one);
    } catch (const Error& error) {
      result.got = {{"error", error.kind}, {"message", error.message}, {"hint", error.hint}};
    }
    result.pass = Passes(one, result.got);
    results.push_back(std::move(result));
  }
  return results;
}

}  // namespace drover::cases
