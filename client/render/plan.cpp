#include <algorithm>
#include <set>

#include "base/text.h"
#include "client/render/render.h"

namespace drover::client {
namespace {

std::string Rows(const std::vector<std::string>& rows) {
  return rows.empty() ? "base" : Clean(Join(rows, ", "));
}

bool IsDown(const PlanStep& step) { return step.direction == "down"; }

struct PlanWords {
  std::string_view done;
  std::string_view planned;
};

/// How many migrations the steps are about.
std::size_t CountMigrations(const PlanDocument& plan) {
  std::set<std::string_view> revisions;
  for (const PlanStep& step : plan.steps) revisions.insert(step.revision);
  return revisions.size();
}

/// A redo takes down what it applies again, an align goes from one branch to another; everything
/// else goes one way.
PlanWords WordsFor(const PlanDocument& plan) {
  const auto down = std::count_if(plan.steps.begin(), plan.steps.end(), IsDown);
  if (down == 0) return {"applied ", "apply "};
  if (down == std::ssize(plan.steps)) return {"reverted ", "revert "};
  if (down * 2 == std::ssize(plan.steps) &&
      CountMigrations(plan) == static_cast<std::size_t>(down)) {
    return {"redid ", "redo "};
  }
  return {"reverted and applied ", "revert and apply "};
}

/// ", schema verified": how the database's schema compares with that of the revision.
std::string Verification(const PlanDocument& plan) {
  if (!plan.schema) return "";
  if (!plan.schema->verified) return ", not verified";
  if (*plan.schema->verified) return ", schema verified";
  return Concat(", schema differs in ", Count(plan.schema->differences.size(), "point"));
}

void AppendSchema(std::string& out, const SchemaCheck& schema, const Style& style) {
  const std::string mark = Paint(style, Tone::kYellow, "!");
  for (const SchemaDifference& one : schema.differences) {
    const std::string object =
        one.kind == "different" ? Concat(one.type, " ", one.object, ": ") : std::string();
    out += Concat(mark, " ", Clean(Concat(object, one.what)), "\n");
  }
  if (schema.reason) out += Concat(mark, " not verified: ", Clean(*schema.reason), "\n");
}

std::string Headline(const PlanDocument& plan, const Style& style) {
  const std::string name = Concat(Paint(style, Tone::kBold, plan.environment), ": ");
  const std::string way = Concat(Rows(plan.from), " ", Arrow(style), " ", Rows(plan.to));
  if (plan.steps.empty() && plan.from == plan.to) {
    return Concat(name, "nothing to do, it is at ", Rows(plan.to), Verification(plan), "\n");
  }
  const std::string took =
      plan.duration_ms ? Concat(" in ", FormatDuration(*plan.duration_ms)) : std::string();
  if (plan.steps.empty()) {
    const std::string verification = Verification(plan);
    if (!plan.applied) return Concat(name, "would stamp ", way, verification, "\n");
    return Concat(name, "stamped", verification, verification.empty() ? " " : ", ", way, took,
                  "\n");
  }
  const PlanWords words = WordsFor(plan);
  return Concat(name, plan.applied ? words.done : Concat("would ", words.planned),
                Count(CountMigrations(plan), "migration"), took, ", ", way, "\n");
}

void AppendStep(std::string& out, const PlanStep& step, const Style& style) {
  const std::string_view mark =
      IsDown(step) ? (style.unicode ? "↓" : "v") : (style.unicode ? "↑" : "^");
  const std::string revision = Clean(step.revision);
  const std::size_t used = 4 + DisplayWidth(revision) + 2;
  const std::size_t room = style.width > used + 20 ? style.width - used : 20;
  out +=
      Concat("  ", Paint(style, IsDown(step) ? Tone::kYellow : Tone::kGreen, mark), " ", revision,
             "  ", Shorten(style, step.message.empty() ? step.file : step.message, room),
             step.transaction.value_or(true) ? "" : "  (no transaction)",
             step.archived ? "  (as it was applied)" : "", "\n");
  for (const Destruction& one : step.destructive) {
    out += Concat("      ",
                  Paint(style, Tone::kRed, Concat("destroys: ", one.kind, " ", one.object)), "\n");
  }
  if (step.output) out += RenderOutput(*step.output, OutputOf::kSuccess, style);
}

std::string RowCount(const std::optional<std::int64_t>& rows) {
  return rows ? Concat(*rows) : std::string("none");
}

/// What the plan did to the copy; of one that was not only shown, no more than that it was tried.
void AppendRehearsal(std::string& out, const RehearsalReport& report, const Style& style) {
  if (report.outcome == "skipped") return;  // a warning says so
  const std::string took = FormatDuration(report.duration_ms);
  if (report.outcome == "ok") {
    out += Concat("  rehearsed on a copy of the data in ", took, "\n");
  } else {
    out +=
        Concat("  ",
               Paint(style, Tone::kRed,
                     report.outcome == "failed" ? "fails on a copy of the data"
                                                : "does more to a copy of the data than it says"),
               ", after ", took, "\n");
  }
  for (const RehearsalProblem& each : report.problems) {
    out += Concat(kIndent, Paint(style, Tone::kRed, style.unicode ? "✗" : "x"), " ",
                  Clean(each.message),
                  each.object.find(':') == std::string::npos ? std::string()
                                                             : Concat("  ", Clean(each.object)),
                  "\n");
  }
  for (const RowsChanged& each : report.tables) {
    out += Concat(kIndent, Clean(each.table), ": ", RowCount(each.before), " ", Arrow(style), " ",
                  RowCount(each.after), " rows\n");
  }
  if (report.bytes_after != report.bytes_before && report.outcome != "failed") {
    out +=
        Concat(kIndent, "size: ", FormatSize(static_cast<std::uint64_t>(report.bytes_before)), " ",
               Arrow(style), " ", FormatSize(static_cast<std::uint64_t>(report.bytes_after)), "\n");
  }
  for (const std::string& each : report.warnings) {
    out += Concat(kIndent, Paint(style, Tone::kYellow, "!"), " ", Clean(each), "\n");
  }
}

}  // namespace

std::string RenderPlan(const PlanDocument& plan, std::string_view cwd, std::string_view root,
                       const Style& style) {
  std::string out = Headline(plan, style);
  for (const PlanStep& step : plan.steps) AppendStep(out, step, style);
  if (plan.schema) AppendSchema(out, *plan.schema, style);
  for (const std::string& warning : plan.warnings) {
    out += Concat(Paint(style, Tone::kYellow, "!"), " ", Clean(warning), "\n");
  }
  if (!plan.path.empty() && !plan.steps.empty()) {
    out += Concat("  in ", Clean(FormatPath(plan.path, cwd, root)));
    if (!plan.same_as.empty())
      out += Concat(" (same file as ", Clean(Join(plan.same_as, ", ")), ")");
    out += "\n";
  }
  if (plan.rehearsal) AppendRehearsal(out, *plan.rehearsal, style);
  if (plan.backup) {
    out += Concat("  backup ", plan.backup->id, "; undo: ",
                  Paint(style, Tone::kCyan,
                        Concat("drover restore ", plan.backup->id, " -e ", plan.environment)),
                  "\n");
  }
  return out;
}

}  // namespace drover::client
