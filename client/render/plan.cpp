#include <algorithm>

#include "base/text.h"
#include "client/render/render.h"

namespace drover::client {
namespace {

std::string Rows(const std::vector<std::string>& rows) {
  return rows.empty() ? "base" : Clean(Join(rows, ", "));
}

bool IsDown(const PlanStep& step) { return step.direction == "down"; }

bool GoesDown(const PlanDocument& plan) {
  return !plan.steps.empty() && std::all_of(plan.steps.begin(), plan.steps.end(), IsDown);
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
  const bool down = GoesDown(plan);
  if (plan.applied) {
    const auto done = static_cast<std::size_t>(std::max<std::int64_t>(*plan.applied, 0));
    return Concat(name, down ? "reverted " : "applied ", Count(done, "migration"), took, ", ", way,
                  "\n");
  }
  return Concat(name, "would ", down ? "revert " : "apply ", Count(plan.steps.size(), "migration"),
                ", ", way, "\n");
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
             step.transaction ? "" : "  (no transaction)", "\n");
  for (const Destruction& one : step.destructive) {
    out += Concat("      ",
                  Paint(style, Tone::kRed, Concat("destroys: ", one.kind, " ", one.object)), "\n");
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
  return out;
}

}  // namespace drover::client
