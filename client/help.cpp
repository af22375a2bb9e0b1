#include "client/help.h"

#include <algorithm>

#include "base/text.h"

namespace drover::client {
namespace {

constexpr std::size_t kNameColumns = 16;
constexpr std::size_t kOptionColumns = 26;

/// What follows "--" is a command's: our options stand before it.
std::string UsageOf(std::string_view positionals) {
  if (positionals.empty()) return " [OPTIONS]";
  if (positionals.starts_with("[--")) return Concat(" [OPTIONS] ", positionals);
  return Concat(" ", positionals, " [OPTIONS]");
}

void AppendRow(std::string& out, const Style& style, std::string_view name,
               std::string_view summary, std::size_t columns) {
  out += Concat("  ", Paint(style, Tone::kCyan, name),
                Pad(name, std::max(columns, name.size() + 2)), summary, "\n");
}

std::string OptionText(const OptionRow& row) {
  std::string text;
  if (row.short_name != '\0') text = {'-', row.short_name, ',', ' '};
  text += Concat("--", row.name);
  if (!row.value.empty()) text += Concat(" ", row.value);
  return text;
}

void AppendOptions(std::string& out, const Style& style, const Verb* verb) {
  for (const OptionRow& row : Options()) {
    const bool wanted =
        verb == nullptr ? IsGlobal(row.option) : !IsGlobal(row.option) && Takes(*verb, row.option);
    if (wanted) AppendRow(out, style, OptionText(row), row.summary, kOptionColumns);
  }
}

}  // namespace

std::string RenderOverview(const Style& style) {
  std::string out =
      "drover keeps a project's SQLite databases at the right revision, and shows why.\n\n"
      "Usage: drover [OPTIONS] VERB ...\n";
  struct Heading {
    Group group;
    std::string_view text;
  };
  for (const Heading& heading : {Heading{Group::kRead, "Look"}, Heading{Group::kWrite, "Change"},
                                 Heading{Group::kDaemon, "Daemon"}}) {
    out += Concat("\n", Paint(style, Tone::kBold, heading.text), "\n");
    for (const Verb& verb : Verbs()) {
      if (verb.group == heading.group) {
        AppendRow(out, style, verb.name, verb.summary, kNameColumns);
      }
    }
  }
  out += Concat("\n", Paint(style, Tone::kBold, "Options of every verb"), "\n");
  AppendOptions(out, style, nullptr);
  out += "\ndrover help VERB explains a verb. Start with: drover status\n";
  return out;
}

std::string RenderVerbHelp(const Verb& verb, const Style& style) {
  const bool has_options = verb.options.front() != Option::kNone;
  std::string out = Concat("drover ", verb.name, ": ", verb.summary, "\n\nUsage: drover ",
                           verb.name, UsageOf(verb.positionals), "\n");
  if (has_options) {
    out += Concat("\n", Paint(style, Tone::kBold, "Options"), "\n");
    AppendOptions(out, style, &verb);
  }
  out += Concat("\n", Paint(style, Tone::kBold, "Options of every verb"), "\n");
  AppendOptions(out, style, nullptr);
  out += Concat("\n", Paint(style, Tone::kBold, "Examples"), "\n");
  for (const Example& example : verb.examples) {
    if (example.command.empty()) continue;
    out +=
        Concat("  ", Paint(style, Tone::kCyan, example.command), "\n      ", example.meaning, "\n");
  }
  return out;
}

}  // namespace drover::client
