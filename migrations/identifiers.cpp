#include "migrations/identifiers.h"

#include <algorithm>

#include "base/error.h"
#include "base/hints.h"
#include "base/text.h"

namespace drover::migrations {
namespace {

/// "sym+N" or "sym-N" cut in two; no step for plain symbols.
struct Relative {
  std::string_view symbol;
  std::optional<std::int64_t> step;
};

Relative Cut(std::string_view target) {
  const std::size_t sign = target.find_last_of("+-");
  if (sign == std::string_view::npos) return {.symbol = target, .step = std::nullopt};
  std::string_view digits = target.substr(sign + 1);
  const std::optional<std::int64_t> number = ParseInteger(digits);
  if (!number || digits.starts_with('-')) return {.symbol = target, .step = std::nullopt};
  return {.symbol = target.substr(0, sign), .step = target[sign] == '-' ? -*number : *number};
}

Error Ambiguous(const Graph& graph, std::string_view target, std::span<const RevisionId> ways,
                std::string_view what) {
  return {Code::kConflict, "ambiguous_relative",
          Concat("\"", target, "\" is ambiguous: ", what, " ", NameRevisions(graph, ways)),
          "name the revision itself"};
}

RevisionId SingleHead(const Graph& graph) {
  const std::vector<RevisionId> heads = graph.Heads();
  if (heads.size() > 1) {
    throw Error(Code::kConflict, "multiple_heads",
                Concat("there are ", heads.size(), " heads: ", NameRevisions(graph, heads)),
                std::string(kMergeHint));
  }
  return heads.empty() ? RevisionId() : heads.front();
}

/// Walks `step` edges from `at` ("" is base).
RevisionId Walk(const Graph& graph, RevisionId at, std::int64_t step, std::string_view target) {
  const std::int64_t wanted = step;
  while (step != 0) {
    std::vector<RevisionId> next;
    if (step > 0) {
      next = at.empty() ? graph.Bases() : graph.Children(at);
    } else if (!at.empty()) {
      next = graph.Find(at)->down_revision;
      if (next.empty()) next.emplace_back();  // below a base lies the empty database
    }
    if (next.empty()) {
      throw Error(Code::kInvalid, "relative_out_of_range",
                  Concat("\"", target, "\" leads ",
                         wanted > 0 ? "beyond the newest" : "below the oldest", " revision"),
                  "drover history");
    }
    if (next.size() > 1) throw Ambiguous(graph, target, next, "the ways lead to");
    at = next.front();
    step += step > 0 ? -1 : 1;
  }
  return at;
}

RevisionId ByIdOrPrefix(const Graph& graph, std::string_view symbol) {
  if (graph.Find(symbol) != nullptr) return RevisionId(symbol);
  constexpr std::size_t kShortestAbbreviated = 4;
  std::vector<RevisionId> candidates;
  for (const Revision& revision : graph.revisions()) {
    const bool label =
        std::ranges::find(revision.branch_labels, symbol) != revision.branch_labels.end();
    if (label) return revision.id;
    if (!symbol.empty() && revision.id.size() >= kShortestAbbreviated &&
        revision.id.starts_with(symbol)) {
      candidates.push_back(revision.id);
    }
  }
  if (candidates.size() == 1) return candidates.front();
  if (candidates.empty()) {
    const bool is_short = symbol.size() < kShortestAbbreviated;
    throw Error(Code::kNotFound, is_short ? "unknown_revision_short_id" : "unknown_revision",
                Concat("there is no revision \"", symbol, "\"",
                       is_short ? ", and it is too short to be an abbreviation" : ""),
                "drover history");
  }
  throw Error(Code::kConflict, "ambiguous_partial_id",
              Concat("\"", symbol, "\" fits several revisions: ", NameRevisions(graph, candidates)),
              "write more of the id");
}

}  // namespace

std::string NameRevisions(const Graph& graph, std::span<const RevisionId> ids) {
  constexpr std::size_t kNamed = 8;
  std::vector<std::string> names;
  for (const RevisionId& id : ids.first(std::min(ids.size(), kNamed))) {
    const Revision* revision = graph.Find(id);
    if (id.empty()) {
      names.emplace_back("base");
    } else if (revision == nullptr || revision->message.empty()) {
      names.push_back(id);
    } else {
      names.push_back(Concat(id, " (", Excerpt(revision->message, 50), ")"));
    }
  }
  if (ids.size() > kNamed) names.push_back(Concat(ids.size() - kNamed, " more"));
  return Join(names, ", ");
}

ResolvedTarget ResolveTarget(const Graph& graph, std::string_view target,
                             std::span<const RevisionId> rows, Direction direction) {
  if (target == "heads") return {.revisions = graph.RealHeads()};
  if (target == "base") return {};
  const auto [symbol, step] = Cut(target);
  RevisionId at;
  if (symbol.empty() && step) {
    if (*step == 0 || (*step > 0) != (direction == Direction::kUp)) {
      throw Error(
          Code::kInvalid, "relative_out_of_range",
          Concat("\"", target, "\" leads nowhere ", direction == Direction::kUp ? "up" : "down"),
          direction == Direction::kUp ? "drover upgrade +1" : "drover downgrade -1");
    }
    if (rows.size() > 1) throw Ambiguous(graph, target, rows, "the database is at");
    if (!rows.empty()) at = rows.front();
    if (!at.empty() && graph.Find(at) == nullptr) (void)ByIdOrPrefix(graph, at);
  } else if (symbol == "head") {
    at = SingleHead(graph);
  } else if (symbol != "base") {
    at = ByIdOrPrefix(graph, symbol);
  }
  if (step) at = Walk(graph, std::move(at), *step, target);
  if (at.empty()) return {};
  return {.revisions = {std::move(at)}};
}

RevisionId ResolveRevision(const Graph& graph, std::string_view target) {
  const ResolvedTarget resolved = ResolveTarget(graph, target, {}, Direction::kUp);
  if (resolved.revisions.size() == 1) return resolved.revisions.front();
  if (resolved.is_base()) {
    throw Error(Code::kNotFound, "unknown_revision",
                Concat("\"", target, "\" stands for no revision here"), "drover history");
  }
  throw Error(Code::kConflict, "multiple_heads",
              Concat("\"", target,
                     "\" stands for several revisions: ", NameRevisions(graph, resolved.revisions)),
              "name one of them");
}

}  // namespace drover::migrations
