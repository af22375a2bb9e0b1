#include <algorithm>
#include <array>
#include <span>

#include "base/doctor_documents.h"
#include "base/text.h"
#include "client/render/render.h"

namespace drover::client {
namespace {

// Beyond this, environments that are current become one line on a terminal: it is one screen.
constexpr std::size_t kMostLines = 24;
constexpr std::size_t kWidestName = 24;
/// The others are a matter of `drover doctor`.
constexpr std::size_t kMostFindings = 3;

struct StateRow {
  std::string_view state;
  std::string_view mark;
  std::string_view ascii;
  Tone tone;
};

constexpr std::array kStates{
    StateRow{"current", "✓", "=", Tone::kGreen},   StateRow{"pending", "↑", "^", Tone::kYellow},
    StateRow{"applying", "…", "~", Tone::kCyan},   StateRow{"held", "‖", "#", Tone::kYellow},
    StateRow{"failed", "✗", "x", Tone::kRed},      StateRow{"conflict", "✗", "x", Tone::kRed},
    StateRow{"modified", "!", "!", Tone::kYellow}, StateRow{"orphan", "!", "!", Tone::kYellow},
    StateRow{"missing", "○", "o", Tone::kYellow},  StateRow{"unversioned", "?", "?", Tone::kYellow},
    StateRow{"unresolved", "✗", "x", Tone::kRed},
};

constexpr StateRow kUnknownState{"", "?", "?", Tone::kYellow};

const StateRow& RowOf(std::string_view state) {
  for (const StateRow& row : kStates) {
    if (row.state == state) return row;
  }
  return kUnknownState;
}

std::string Names(const std::vector<std::string>& names, std::string_view none) {
  return names.empty() ? std::string(none) : Join(names, ", ");
}

std::string RevisionText(const EnvironmentStatus& environment, const Style& style) {
  const std::string current = Names(environment.current, "(base)");
  std::string text = current;
  if (environment.state == "unresolved" || environment.state == "unversioned" ||
      (environment.state == "missing" && environment.current.empty())) {
    text = environment.heads.empty() ? "" : "-";
  }
  const std::string heads = Names(environment.heads, "");
  if (!heads.empty() && heads != current && environment.state != "unresolved") {
    text += Concat(" ", Arrow(style), " ", heads);
  }
  if (environment.pending > 0) text += Concat("  +", environment.pending);
  return text;
}

std::string PlaceText(const EnvironmentStatus& environment, std::string_view cwd,
                      std::string_view root) {
  std::string text =
      environment.path ? FormatPath(*environment.path, cwd, root) : std::string("(no path)");
  if (!environment.same_as.empty()) {
    text += Concat(" (same file as ", Join(environment.same_as, ", "), ")");
  }
  if (environment.is_protected) text += " (protected)";
  return text;
}

enum class Details : std::uint8_t { kShow, kShownAbove };

struct Columns {
  std::size_t name = 0;
  std::size_t state = 0;
  std::size_t revision = 0;
};

void AppendError(std::string& out, const EnvironmentStatus& environment, std::string_view cwd,
                 std::string_view root, const Style& style) {
  const ErrorBody& error = *environment.error;
  // The reason often repeats the error it comes from; once is enough.
  if (environment.why.find(error.message) == std::string::npos) {
    out += Concat(kIndent, Paint(style, Tone::kRed, error.message), "\n");
  }
  if (error.where && environment.why.find(*error.where) == std::string::npos) {
    out += Concat(kIndent, "at ", Paint(style, Tone::kBold, FormatPath(*error.where, cwd, root)),
                  "\n");
  }
  // A command of ours stands at the end of the screen already.
  if (!error.hint.empty() && !error.hint.starts_with("drover "))
    out += Concat(kIndent, "try: ", Clean(error.hint), "\n");
}

void AppendPending(std::string& out, const EnvironmentStatus& environment, const Style& style) {
  std::size_t widest = 0;
  for (const RevisionName& name : environment.pending_names) {
    widest = std::max(widest, DisplayWidth(Clean(name.revision)));
  }
  for (const RevisionName& name : environment.pending_names) {
    const std::string revision = Clean(name.revision);
    const std::size_t used = kIndent.size() + 2 + widest + 2;
    const std::size_t room = style.width > used ? style.width - used : 20;
    out += Concat(kIndent, Paint(style, Tone::kYellow, style.unicode ? "↑" : "^"), " ", revision,
                  Pad(revision, widest + 2), Shorten(style, name.message, room), "\n");
  }
  const auto shown = static_cast<std::int64_t>(environment.pending_names.size());
  if (shown > 0 && environment.pending > shown) {
    out += Concat(kIndent, "  and ", environment.pending - shown, " more\n");
  }
}

void AppendEnvironment(std::string& out, const EnvironmentStatus& environment, Details details,
                       const Columns& columns, std::string_view cwd, std::string_view root,
                       const Style& style) {
  const Tone tone = StateTone(environment.state);
  const std::string name = Clean(environment.name);
  const std::string state = Clean(environment.state);
  const std::string revision = Clean(RevisionText(environment, style));
  const std::size_t used = 2 + std::max(columns.name, DisplayWidth(name)) + 2 + columns.state + 2 +
                           std::max(columns.revision, DisplayWidth(revision)) + 2;
  const std::size_t room = style.width > used + 20 ? style.width - used : 20;
  out += Concat(StateMark(environment.state, style), " ", Paint(style, Tone::kBold, name),
                Pad(name, columns.name), "  ", Paint(style, tone, state), Pad(state, columns.state),
                "  ", revision, Pad(revision, columns.revision), "  ",
                ShortenMiddle(style, PlaceText(environment, cwd, root), room), "\n");
  if (details == Details::kShownAbove) return;
  const bool at_heads = environment.current == environment.heads;
  if (environment.state == "current" && at_heads && !environment.error) return;
  if (!environment.why.empty()) {
    out += Concat(kIndent, Paint(style, Tone::kPlain, environment.why), "\n");
  }
  if (environment.error) AppendError(out, environment, cwd, root, style);
  AppendPending(out, environment, style);
}

/// The same file in the same state has the same reasons: they are told once.
Details DetailsFor(const EnvironmentStatus& environment,
                   std::span<const EnvironmentStatus> before) {
  for (const EnvironmentStatus& other : before) {
    const bool same_file = std::find(environment.same_as.begin(), environment.same_as.end(),
                                     other.name) != environment.same_as.end();
    if (same_file && other.state == environment.state && other.why == environment.why) {
      return Details::kShownAbove;
    }
  }
  return Details::kShow;
}

void AppendEnvironments(std::string& out, std::span<const EnvironmentStatus> environments,
                        std::string_view cwd, std::string_view root, const Style& style) {
  Columns columns;
  for (const EnvironmentStatus& one : environments) {
    columns.name = std::max(columns.name, DisplayWidth(Clean(one.name)));
    columns.state = std::max(columns.state, DisplayWidth(Clean(one.state)));
    columns.revision = std::max(columns.revision, DisplayWidth(Clean(RevisionText(one, style))));
  }
  columns.name = std::min(columns.name, kWidestName);
  const bool folded = style.width > 0 && environments.size() > kMostLines;
  std::size_t current = 0;
  for (std::size_t i = 0; i < environments.size(); ++i) {
    const EnvironmentStatus& one = environments[i];
    if (folded && one.state == "current" && !one.error) {
      ++current;
    } else {
      AppendEnvironment(out, one, DetailsFor(one, environments.first(i)), columns, cwd, root,
                        style);
    }
  }
  if (folded && current == environments.size()) {
    out += Concat(StateMark("current", style), " all ", current, " environments are current\n");
  } else if (current > 0) {
    out += Concat(StateMark("current", style), " ", Count(current, "more is", "more are"),
                  " current\n");
  }
}

}  // namespace

std::string StateMark(std::string_view state, const Style& style) {
  const StateRow& row = RowOf(state);
  return Paint(style, row.tone, style.unicode ? row.mark : row.ascii);
}

Tone StateTone(std::string_view state) { return RowOf(state).tone; }

std::string RenderStatus(const StatusDocument& status, std::string_view cwd, const Style& style) {
  std::string out =
      Concat(Paint(style, Tone::kBold, status.project), "  ", Clean(status.root), "\n");
  std::vector<Finding> findings;
  for (const Finding& finding : status.findings) {
    if (finding.code == "wrong-cwd") {
      out += Concat(Paint(style, Tone::kRed, Concat("! ", finding.message)), "\n");
    } else {
      findings.push_back(finding);
    }
  }
  out += "\n";
  if (status.environments.empty()) out += "No environments are configured.\n";
  AppendEnvironments(out, status.environments, cwd, status.root, style);
  std::vector<StrayEntry> strays = status.strays;
  // Other programs' databases are nobody's trouble; drover strays lists them.
  std::erase_if(strays, [](const StrayEntry& stray) { return !IsTrouble(stray); });
  if (!strays.empty()) {
    out += Concat("\n", Paint(style, Tone::kBold, "Strays"), "\n");
    for (const StrayEntry& stray : strays) out += RenderStray(stray, cwd, status.root, style);
  }
  std::stable_sort(findings.begin(), findings.end(), [](const Finding& a, const Finding& b) {
    return SeverityRank(a.severity) < SeverityRank(b.severity);
  });
  if (!findings.empty()) {
    out += Concat("\n", Paint(style, Tone::kBold, "Findings"), "\n");
    const std::size_t shown = std::min(findings.size(), kMostFindings);
    for (std::size_t i = 0; i < shown; ++i) {
      out += RenderFinding(findings[i], cwd, status.root, style);
    }
    if (shown < findings.size()) {
      out += Concat("  and ", findings.size() - shown,
                    " more: ", Paint(style, Tone::kCyan, "drover doctor"), "\n");
    }
  }
  if (status.next) out += Concat("\nNext: ", Paint(style, Tone::kBold, *status.next), "\n");
  return out;
}

}  // namespace drover::client
