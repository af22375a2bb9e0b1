#include "migrations/identifiers.h"

#include <algorithm>

#include "base/error.h"
#include "base/hints.h"
#include "base/text.h"

namespace drover::migrations {
namespace {

/// Ids and labels of fewer characters cannot be abbreviated.
constexpr std::size_t kShortestAbbreviated = 4;

/// "label@symbol+N" taken apart; the parts that are missing are empty.
struct Parts {
  std::optional<std::string_view> label;
  std::string_view symbol;
  std::optional<std::int64_t> step;
};

Parts CutLabel(std::string_view text) {
  const std::size_t at = text.find('@');
  if (at == std::string_view::npos) return {.label = std::nullopt, .symbol = text, .step = {}};
  Parts parts{.label = std::nullopt, .symbol = text.substr(at + 1), .step = {}};
  if (at > 0) parts.label = text.substr(0, at);
  return parts;
}

/// Ids hold neither '+' nor '-', so the last sign begins the step.
Parts CutStep(std::string_view text) {
  Parts parts = CutLabel(text);
  const std::size_t sign = parts.symbol.find_last_of("+-");
  if (sign == std::string_view::npos) return parts;
  const std::string_view digits = parts.symbol.substr(sign + 1);
  const std::optional<std::int64_t> number = ParseInteger(digits);
  if (!number || digits.starts_with('-') || digits.starts_with('+')) return parts;
  parts.step = parts.symbol[sign] == '-' ? -*number : *number;
  parts.symbol = parts.symbol.substr(0, sign);
  return parts;
}

/// The ways a target may go: everything, or the lineage of "label@".
class Limits {
 public:
  explicit Limits(const Graph& graph) : graph_(graph) {}
  Limits(const Graph& graph, RevisionId branch)
      : graph_(graph), branch_(std::move(branch)), lineage_(graph.Lineage(*branch_)) {}

  [[nodiscard]] bool Allows(const RevisionId& id) const {
    return !branch_ || lineage_[graph_.PositionOf(id)];
  }
  [[nodiscard]] std::vector<RevisionId> Among(std::vector<RevisionId> ids) const {
    std::erase_if(ids, [&](const RevisionId& id) { return !Allows(id); });
    return ids;
  }
  [[nodiscard]] const std::optional<RevisionId>& branch() const { return branch_; }

 private:
  const Graph& graph_;
  std::optional<RevisionId> branch_;
  std::vector<bool> lineage_;
};

Error AmbiguousWalk(const Graph& graph, std::string_view target, std::span<const RevisionId> ways,
                    std::string_view what) {
  return {Code::kConflict, "ambiguous_relative",
          Concat("\"", target, "\" is ambiguous: ", what, " ", NameRevisions(graph, ways)),
          "name the revision itself, or a branch: label@" + std::string(target)};
}

Error OutOfRange(std::string message, std::string hint) {
  return {Code::kInvalid, "relative_out_of_range", std::move(message), std::move(hint)};
}

/// The revisions whose id or label begins with `symbol`, each once, in load order.
std::vector<RevisionId> StartingWith(const Graph& graph, std::string_view symbol,
                                     const Limits& limits) {
  const auto fits = [&](std::string_view key) {
    return key.size() >= kShortestAbbreviated && key.starts_with(symbol);
  };
  std::vector<RevisionId> found;
  for (const Revision& revision : graph.revisions()) {
    if ((fits(revision.id) || std::ranges::any_of(revision.branch_labels, fits)) &&
        limits.Allows(revision.id)) {
      found.push_back(revision.id);
    }
  }
  return found;
}

/// An id, a label, or the beginning of one.
RevisionId Named(const Graph& graph, std::string_view symbol, const Limits& limits) {
  if (symbol.empty()) {
    throw Error(Code::kInvalid, "empty_identifier", "a revision's name is empty", "drover history");
  }
  const Revision* exact = graph.Find(symbol);
  if (exact == nullptr) exact = graph.FindLabel(symbol);
  if (exact == nullptr) {
    const std::vector<RevisionId> candidates = StartingWith(graph, symbol, limits);
    if (candidates.size() > 1) {
      throw Error(
          Code::kConflict, "ambiguous_partial_id",
          Concat("\"", symbol, "\" fits several revisions: ", NameRevisions(graph, candidates)),
          "write more of the id");
    }
    if (!candidates.empty()) return candidates.front();
    // Outside the branch there may be one: then that is what is wrong.
    const std::vector<RevisionId> elsewhere = StartingWith(graph, symbol, Limits(graph));
    if (elsewhere.size() == 1) exact = graph.Find(elsewhere.front());
  }
  if (exact == nullptr) {
    const bool is_short = symbol.size() < kShortestAbbreviated;
    throw Error(Code::kNotFound, UnknownKind(symbol),
                Concat("there is no revision \"", symbol, "\"",
                       is_short ? ", and it is too short to be an abbreviation" : ""),
                "drover history");
  }
  if (!limits.Allows(exact->id)) {
    const std::vector<RevisionId> both{exact->id, *limits.branch()};
    throw Error(Code::kNotFound, "not_in_branch",
                Concat("revision ", NameRevisions(graph, std::span(both).first(1)),
                       " is not of the branch of ", NameRevisions(graph, std::span(both).last(1))),
                Concat("drover history -r ", both[1], "@base:"));
  }
  return exact->id;
}

Limits LimitsOf(const Graph& graph, const Parts& parts) {
  if (!parts.label) return Limits(graph);
  try {
    return {graph, Named(graph, *parts.label, Limits(graph))};
  } catch (Error& error) {
    if (error.code == Code::kNotFound) {
      error.message = Concat("there is no branch label or revision \"", *parts.label, "\"");
      error.hint = "drover history --graph";
    }
    throw;
  }
}

std::vector<RevisionId> SingleHead(const Graph& graph, const Limits& limits) {
  std::vector<RevisionId> heads = limits.Among(graph.Heads());
  if (heads.size() > 1) {
    const bool apart = limits.Among(graph.HeadsToMerge()).empty();
    throw Error(
        Code::kConflict, "multiple_heads",
        Concat("there are ", heads.size(), " heads: ", NameRevisions(graph, heads)),
        std::string(apart ? "name one of them; drover upgrade alone goes to all" : kMergeHint));
  }
  return heads;
}

/// A symbol without a step; nothing is base.
std::vector<RevisionId> Symbol(const Graph& graph, std::string_view symbol, const Limits& limits) {
  if (symbol == "base") return {};
  if (symbol == "head") return SingleHead(graph, limits);
  if (symbol == "heads") return limits.branch() ? limits.Among(graph.Heads()) : graph.RealHeads();
  return {Named(graph, symbol, limits)};
}

/// What lies beyond the last revision of a walk.
enum class Ends : std::uint8_t {
  kNothing,  // an error, downwards too: an upgrade leads to a revision
  kBase,     // below the oldest lies the empty database, and beyond that an error
  kClamp,    // the walk ends there
};

/// Walks `step` edges of down_revision from `at` ("" is base).
RevisionId Walk(const Graph& graph, RevisionId at, std::int64_t step, std::string_view target,
                const Limits& limits, Ends ends) {
  const bool up = step > 0;
  for (std::int64_t left = up ? step : -step; left > 0; --left) {
    std::vector<RevisionId> next;
    if (up) {
      next = limits.Among(at.empty() ? graph.Bases() : graph.Children(at));
    } else if (!at.empty()) {
      next = graph.Find(at)->down_revision;
      if (next.empty() && ends != Ends::kNothing) next.emplace_back();
    }
    if (next.empty() && ends == Ends::kClamp) return at;
    if (next.empty()) {
      throw OutOfRange(Concat("\"", target, "\" leads ",
                              up ? "beyond the newest" : "below the oldest", " revision"),
                       "drover history");
    }
    if (next.size() > 1) throw AmbiguousWalk(graph, target, next, "the ways lead to");
    at = std::move(next.front());
  }
  return at;
}

/// Where "+N" and "-N" start: "" is base.
RevisionId StartOfWalk(const Graph& graph, std::string_view target,
                       std::span<const RevisionId> rows, Direction direction,
                       const Limits& limits) {
  std::vector<RevisionId> starts(rows.begin(), rows.end());
  for (const RevisionId& row : rows) {
    if (graph.Find(row) != nullptr) continue;
    throw Error(Code::kDrift, UnknownKind(row),
                Concat("the database is at revision ", row, ", which no migration file has"),
                "drover status");
  }
  if (limits.branch()) {
    starts = limits.Among(std::move(starts));
    if (starts.empty()) {
      // Nothing of the branch is a row, but something may lie below one.
      std::vector<bool> applied = graph.Closure(rows);
      for (std::size_t i = 0; i < applied.size(); ++i) {
        applied[i] = applied[i] && limits.Allows(graph.At(i).id);
      }
      starts = graph.Maxima(applied);
    }
    if (starts.empty() && direction == Direction::kDown) {
      throw Error(
          Code::kInvalid, "branch_not_in_current",
          Concat("\"", target, "\": nothing of the branch of ", *limits.branch(), " is applied"),
          "drover current");
    }
  }
  if (starts.size() > 1) throw AmbiguousWalk(graph, target, starts, "the database is at");
  return starts.empty() ? RevisionId() : starts.front();
}

ResolvedTarget Resolve(const Graph& graph, std::string_view target,
                       std::span<const RevisionId> rows, Direction direction, Ends ends) {
  const bool up = direction == Direction::kUp;
  const Parts parts = CutStep(target);
  const Limits limits = LimitsOf(graph, parts);
  ResolvedTarget resolved{.revisions = {}, .branch = limits.branch()};
  if (!parts.step) {
    // A downgrade to "label@id" takes that label's branch down to any id, shared or not.
    if (up) {
      resolved.revisions = Symbol(graph, parts.symbol, limits);
    } else {
      const bool is_head = parts.symbol == "heads";  // a downgrade has one target
      resolved.revisions = Symbol(graph, is_head ? "head" : parts.symbol, Limits(graph));
    }
    return resolved;
  }
  RevisionId at;
  if (parts.symbol.empty()) {
    if (*parts.step == 0 || (*parts.step > 0) != up) {
      throw OutOfRange(Concat("\"", target, "\" leads nowhere ", up ? "up" : "down"),
                       up ? "drover upgrade +1" : "drover downgrade -1");
    }
    at = StartOfWalk(graph, target, rows, direction, limits);
  } else {
    const std::vector<RevisionId> starts = Symbol(graph, parts.symbol, limits);
    if (starts.size() > 1) throw AmbiguousWalk(graph, target, starts, "it may start at");
    if (!starts.empty()) at = starts.front();
  }
  const RevisionId start = at;
  at = Walk(graph, std::move(at), *parts.step, target, limits, ends);
  // Below the base of a line there is the end of that line, not of what it depends on.
  const bool bare = parts.symbol.empty() && !up && !start.empty();
  if (at.empty() && bare && !resolved.branch) resolved.branch = start;
  if (!at.empty()) resolved.revisions.push_back(std::move(at));
  return resolved;
}

/// What `text` would mean to upgrade and downgrade, for a hint; empty when it means nothing.
std::string MeaningOfRelative(const Graph& graph, std::string_view text) {
  const Parts parts = CutStep(text);
  if (!parts.step || parts.symbol.empty()) return {};
  try {
    const ResolvedTarget meant = ResolveTarget(graph, text, {}, Direction::kUp);
    return meant.revisions.size() == 1 ? meant.revisions.front() : std::string("base");
  } catch (const Error&) {
    return {};
  }
}

std::vector<RevisionId> BelowEachHead(const Graph& graph, std::int64_t step, std::string_view text,
                                      const Limits& limits) {
  std::vector<RevisionId> found;
  for (const RevisionId& head : limits.Among(graph.RealHeads())) {
    RevisionId below = Walk(graph, head, step, text, limits, Ends::kClamp);
    if (!below.empty() && std::ranges::find(found, below) == found.end()) {
      found.push_back(std::move(below));
    }
  }
  return found;
}

/// Those of `ids` that carry the branch's label, as `history` shows it; without one, its lineage.
std::vector<RevisionId> OfBranch(const Graph& graph, const RevisionId& branch,
                                 std::vector<RevisionId> ids) {
  const std::vector<std::string>& labels = graph.Find(branch)->branch_labels;
  if (labels.empty()) return Limits(graph, branch).Among(std::move(ids));
  const std::vector<std::vector<std::string>> spread = graph.SpreadLabels();
  std::erase_if(ids, [&](const RevisionId& id) {
    const std::vector<std::string>& carried = spread[graph.PositionOf(id)];
    return std::ranges::find(carried, labels.front()) == carried.end();
  });
  return ids;
}

}  // namespace

std::string UnknownKind(std::string_view id) {
  return id.size() < kShortestAbbreviated ? "unknown_revision_short_id" : "unknown_revision";
}

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

std::string_view TargetOfAll(const Graph& graph) {
  return graph.Heads().size() > 1 && graph.HeadsToMerge().empty() ? "heads" : "head";
}

ResolvedTarget ResolveTarget(const Graph& graph, std::string_view target,
                             std::span<const RevisionId> rows, Direction direction) {
  return Resolve(graph, target, rows, direction,
                 direction == Direction::kUp ? Ends::kNothing : Ends::kBase);
}

ResolvedTarget ResolveSymbol(const Graph& graph, std::string_view text) {
  const Parts parts = CutLabel(text);
  const Limits limits = LimitsOf(graph, parts);
  try {
    return {.revisions = Symbol(graph, parts.symbol, limits), .branch = limits.branch()};
  } catch (Error& error) {
    if (CutStep(text).step) {
      error.message = Concat(
          "\"", text, "\" names no revision: only upgrade, downgrade and history count steps");
      const std::string meaning = MeaningOfRelative(graph, text);
      error.hint = meaning.empty() ? std::string("drover history")
                                   : Concat("write ", meaning, " instead of ", text);
    }
    throw;
  }
}

std::vector<RevisionId> ResolveToShow(const Graph& graph, std::string_view text) {
  const Parts relative = CutStep(text);
  if (relative.step && relative.symbol.empty() && *relative.step < 0) {
    return BelowEachHead(graph, *relative.step, text, LimitsOf(graph, relative));
  }
  return ResolveSymbol(graph, text).revisions;
}

RevisionId ResolveRevision(const Graph& graph, std::string_view text) {
  const std::vector<RevisionId> resolved = ResolveSymbol(graph, text).revisions;
  if (resolved.size() == 1) return resolved.front();
  if (resolved.empty()) {
    throw Error(Code::kNotFound, "unknown_revision",
                Concat("\"", text, "\" stands for no revision here"), "drover history");
  }
  throw Error(
      Code::kConflict, "multiple_heads",
      Concat("\"", text, "\" stands for several revisions: ", NameRevisions(graph, resolved)),
      "name one of them");
}

std::optional<RangeText> CutRange(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  return RangeText{.from = Trim(text.substr(0, colon)), .to = Trim(text.substr(colon + 1))};
}

std::vector<bool> ResolveRange(const Graph& graph, std::string_view range,
                               std::span<const RevisionId> rows) {
  const std::optional<RangeText> text = CutRange(range);
  if (!text) {
    throw Error(Code::kInvalid, "range", Concat("\"", range, "\" is no range"),
                "drover history -r BASE:HEAD");
  }
  const auto side = [&](std::string_view word) -> ResolvedTarget {
    if (word == "current") return {.revisions = {rows.begin(), rows.end()}, .branch = {}};
    return ResolveTarget(graph, word, {}, Direction::kUp);
  };
  const auto is_bare_step = [](const Parts& parts) { return parts.step && parts.symbol.empty(); };
  const Parts from = CutStep(text->from);
  const Parts to = CutStep(text->to);
  ResolvedTarget lower;
  ResolvedTarget upper;
  const bool start_counts_from_end = is_bare_step(from) && *from.step < 0;
  if (!start_counts_from_end && !text->from.empty()) lower = side(text->from);
  if (text->to.empty()) {
    upper.revisions = graph.RealHeads();
  } else if (is_bare_step(to)) {
    upper = Resolve(graph, text->to, lower.revisions, Direction::kUp, Ends::kClamp);
  } else {
    upper = side(text->to);
  }
  if (start_counts_from_end) {
    const Limits limits = LimitsOf(graph, from);
    for (const RevisionId& end : upper.revisions) {
      RevisionId at = Walk(graph, end, *from.step, range, limits, Ends::kClamp);
      if (!at.empty()) lower.revisions.push_back(std::move(at));
    }
    lower.branch = limits.branch();
  }
  if (lower.branch) upper.revisions = OfBranch(graph, *lower.branch, std::move(upper.revisions));

  std::vector<bool> inside = graph.Closure(upper.revisions);
  if (lower.is_base()) return inside;
  for (const RevisionId& id : lower.revisions) {
    if (!inside[graph.PositionOf(id)]) {
      throw Error(Code::kInvalid, "range_not_ancestor",
                  Concat("revision ", id, " does not lie below ",
                         text->to.empty() ? std::string_view("any head of its branch") : text->to),
                  "drover history");
    }
  }
  const std::vector<bool> below = graph.Closure(lower.revisions);
  const std::vector<bool> following = graph.Descendants(lower.revisions);
  for (std::size_t i = 0; i < inside.size(); ++i) {
    inside[i] = inside[i] && !below[i] && following[i];
  }
  for (const RevisionId& id : lower.revisions) inside[graph.PositionOf(id)] = true;
  return inside;
}

}  // namespace drover::migrations
