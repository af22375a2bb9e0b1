#include "daemon/taken_back.h"

#include <algorithm>

namespace drover::daemon {
namespace {

/// Is everything that belongs to `lower` part of `upper`, and not the other way round?
bool IsLess(const migrations::Graph& graph, const std::vector<migrations::RevisionId>& lower,
            const std::vector<migrations::RevisionId>& upper) {
  const std::vector<bool> below = graph.Closure(lower);
  const std::vector<bool> above = graph.Closure(upper);
  for (std::size_t i = 0; i < below.size(); ++i) {
    if (below[i] && !above[i]) return false;
  }
  return below != above;
}

}  // namespace

std::vector<std::size_t> FindTakenBack(const Observation& before, const Observation& now) {
  std::vector<std::size_t> found;
  if (!now.graph || before.migrations_digest != now.migrations_digest) return found;
  for (std::size_t i = 0; i < now.targets.size(); ++i) {
    const environments::Target& target = now.targets[i];
    const auto same = std::ranges::find(before.targets, target.path, &environments::Target::path);
    if (same == before.targets.end() || same->key != target.key) continue;
    const migrations::DatabaseFacts* was = before.FactsOf(target.path);
    const migrations::DatabaseFacts* is = now.FactsOf(target.path);
    if (was == nullptr || is == nullptr || is->kind != migrations::DatabaseKind::kVersioned) {
      continue;
    }
    if (was->rows != is->rows && IsLess(*now.graph, is->rows, was->rows)) found.push_back(i);
  }
  return found;
}

}  // namespace drover::daemon
