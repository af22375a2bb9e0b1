#include "client/render/doctor.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "client/render/render.h"

namespace drover::client {
namespace {

struct Heading {
  std::string_view one;
  std::string_view several;
  std::string_view mark;
  std::string_view ascii;
  Tone tone;
};

// By SeverityRank().
constexpr std::array kHeadings{
    Heading{"Fatal: data will be lost", "Fatal: data will be lost", "✗", "x", Tone::kRed},
    Heading{"Error", "Errors", "✗", "x", Tone::kRed},
    Heading{"Warning", "Warnings", "!", "!", Tone::kYellow},
    Heading{"Good to know", "Good to know", "-", "-", Tone::kDim},
};

std::string Capital(std::string text) {
  if (!text.empty() && text[0] >= 'a' && text[0] <= 'z') {
    text[0] = static_cast<char>(text[0] - 'a' + 'A');
  }
  return text;
}

void AppendDiagnosis(std::string& out, const Finding& finding, const Heading& heading,
                     std::string_view cwd, std::string_view root, const Style& style) {
  out += Concat("  ", Paint(style, heading.tone, style.unicode ? heading.mark : heading.ascii), " ",
                Paint(style, Tone::kBold, finding.code));
  if (finding.environment) out += Concat("  ", Clean(*finding.environment));
  out += Concat("  ", Paint(style, Tone::kDim, Concat("(", finding.ground, ")")), "\n");
  out += Concat(kIndent, Clean(finding.message), "\n");
  if (finding.where) {
    out += Concat(kIndent, Paint(style, Tone::kDim, "at   "),
                  Clean(FormatPath(*finding.where, cwd, root)), "\n");
  }
  if (finding.fix) {
    out += Concat(kIndent, Paint(style, Tone::kDim, "fix  "),
                  Paint(style, Tone::kCyan, *finding.fix), "\n");
  }
}

std::string Verdict(const DoctorDocument& doctor, const Style& style) {
  std::array<std::size_t, 4> counts{};
  for (const Finding& finding : doctor.findings) {
    ++counts[static_cast<std::size_t>(SeverityRank(finding.severity))];
  }
  std::vector<std::string> told;
  if (counts[0] > 0) told.push_back(Concat(counts[0], " fatal"));
  if (counts[1] > 0) told.push_back(Count(counts[1], "error"));
  if (counts[2] > 0) told.push_back(Count(counts[2], "warning"));
  if (told.empty()) {
    return Paint(style, Tone::kGreen, Concat(style.unicode ? "✓" : "ok", " Everything is well."));
  }
  return Paint(style, counts[0] + counts[1] > 0 ? Tone::kRed : Tone::kYellow,
               Concat(Join(told, ", "), "."));
}

}  // namespace

std::string RenderDoctor(const DoctorDocument& doctor, FixesShown fixes, std::string_view cwd,
                         const Style& style) {
  std::string out =
      Concat(Paint(style, Tone::kBold, doctor.project), "  ", Clean(doctor.root), "\n\n");
  for (std::size_t rank = 0; rank < kHeadings.size(); ++rank) {
    const Heading& heading = kHeadings[rank];
    std::vector<const Finding*> group;
    for (const Finding& finding : doctor.findings) {
      if (SeverityRank(finding.severity) == static_cast<int>(rank)) group.push_back(&finding);
    }
    if (group.empty()) continue;
    out +=
        Concat(Paint(style, Tone::kBold, group.size() > 1 ? heading.several : heading.one), "\n");
    for (const Finding* finding : group) {
      AppendDiagnosis(out, *finding, heading, cwd, doctor.root, style);
    }
    out += "\n";
  }
  out += Verdict(doctor, style);
  if (!doctor.checked.empty()) out += Concat(" Checked: ", Clean(Join(doctor.checked, ", ")), ".");
  out += "\n";
  const auto planned = std::count_if(doctor.fixes.begin(), doctor.fixes.end(),
                                     [](const FixEntry& fix) { return fix.state == "planned"; });
  if (fixes == FixesShown::kHint && planned > 0) {
    out += Concat(Count(static_cast<std::size_t>(planned), "fix is", "fixes are"),
                  " safe: ", Paint(style, Tone::kCyan, "drover doctor --fix"), "\n");
  }
  if (!doctor.findings.empty()) {
    out += Concat("What a code means: ",
                  Paint(style, Tone::kCyan, Concat("drover doctor ", doctor.findings.front().code)),
                  "\n");
  }
  return out;
}

std::string RenderFixes(const DoctorDocument& doctor, const Style& style) {
  if (doctor.fixes.empty()) return "Nothing here can be fixed without a decision of yours.\n\n";
  const bool planned = doctor.fixes.front().state == "planned";
  std::string out = planned ? "Would do:\n" : "Done:\n";
  for (const FixEntry& fix : doctor.fixes) {
    const bool failed = fix.state == "failed";
    const std::string_view mark = failed    ? (style.unicode ? "✗" : "x")
                                  : planned ? "-"
                                            : (style.unicode ? "✓" : "ok");
    out += Concat("  ",
                  Paint(style,
                        failed    ? Tone::kRed
                        : planned ? Tone::kDim
                                  : Tone::kGreen,
                        mark),
                  " ", Paint(style, Tone::kCyan, fix.command), "  ",
                  Paint(style, Tone::kDim, Concat("[", fix.code, "]")), "\n");
    if (failed) out += Concat(kIndent, "failed: ", Clean(fix.message), "\n");
    if (failed && !fix.hint.empty()) out += Concat(kIndent, Clean(fix.hint), "\n");
  }
  return out + "\n";
}

std::string RenderExplanation(const ExplainDocument& explanation, const Style& style) {
  const auto line = [&](std::string_view name, const std::string& text) {
    return Concat(Paint(style, Tone::kDim, name), Clean(text), "\n");
  };
  return Concat(
      Paint(style, Tone::kBold, explanation.code), "  ", Clean(explanation.severity), "\n",
      Clean(Capital(explanation.explanation)), ".\n\n", line("What is lost     ", explanation.loss),
      line("How it is known  ", explanation.sight), line("What to do       ", explanation.cure));
}

}  // namespace drover::client
