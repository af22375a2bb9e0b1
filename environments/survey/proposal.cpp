#include "environments/survey/proposal.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

#include "base/text.h"

namespace drover::environments {
namespace {

constexpr std::size_t kColumns = 100;

bool IsSafeCharacter(char c) {
  constexpr std::string_view kSafe = "_-./+:=$~@";
  return IsLetter(c) || (c >= '0' && c <= '9') || kSafe.find(c) != std::string_view::npos;
}

/// Could a reader take the plain text for something else than a text?
bool IsAmbiguous(std::string_view text) {
  constexpr std::array<std::string_view, 10> kWords{"true", "false", "yes", "no", "on",
                                                    "off",  "null",  "y",   "n",  "~"};
  return IsOneOf(kWords, ToLower(text)) ||
         text.find_first_not_of("0123456789.+-_exobabcdfABCDFEX:") == std::string_view::npos;
}

/// `text` in lines that begin with "# ", below `indent`.
void AppendComment(std::string& out, std::string_view indent, std::string_view text) {
  std::string line;
  const auto flush = [&] {
    if (!line.empty()) out += Concat(indent, "# ", line, "\n");
    line.clear();
  };
  for (const std::string& word : SplitList(OneLine(text), ' ')) {
    if (!line.empty() && indent.size() + 3 + line.size() + word.size() > kColumns) flush();
    line += Concat(line.empty() ? "" : " ", word);
  }
  flush();
}

std::string YamlList(const std::vector<std::string>& texts) {
  if (texts.size() == 1) return YamlText(texts.front());
  std::vector<std::string> quoted;
  for (const std::string& text : texts) quoted.push_back(YamlText(text));
  return Concat("[", Join(quoted, ", "), "]");
}

void AppendEnvironment(std::string& out, const ProposedSource& source) {
  for (const std::string& comment : source.comments) AppendComment(out, "  ", comment);
  out += Concat("  ", source.name, ":\n");
  if (!source.service.empty()) {
    out += Concat("    compose:\n      file: ", YamlList(source.compose_files),
                  "\n      service: ", YamlText(source.service), "\n");
  }
  if (!source.url.empty()) out += Concat("    url: ", YamlText(source.url), "\n");
  if (!source.dialect.empty()) out += Concat("    url_dialect: ", source.dialect, "\n");
  if (!source.relative_to.empty()) {
    out += Concat("    relative_to: ", YamlText(source.relative_to), "\n");
  }
  if (!source.env_files.empty()) out += Concat("    env_file: ", YamlList(source.env_files), "\n");
  out += "    on_pending: report\n";
}

}  // namespace

std::string YamlText(std::string_view text) {
  // ${…} reads as a URL with a variable; its braces are plain outside of lists.
  const bool variable = text.starts_with("${") && text.ends_with('}');
  const std::string_view inner = variable ? text.substr(2, text.size() - 3) : text;
  const bool safe = !inner.empty() && std::ranges::all_of(inner, IsSafeCharacter) &&
                    (variable || IsLetter(inner[0]) || inner[0] == '.' || inner[0] == '/' ||
                     (inner[0] >= '0' && inner[0] <= '9')) &&
                    !inner.ends_with(':') && !IsAmbiguous(text);
  if (safe) return std::string(text);
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string quoted = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      quoted += {'\\', c};
    } else if (byte < 0x20 || byte == 0x7F) {
      quoted += {'\\', 'x', kHex[byte >> 4U], kHex[byte & 15U]};
    } else {
      quoted += c;
    }
  }
  return quoted + "\"";
}

std::string WriteProposal(const Proposal& proposal) {
  std::string out;
  if (!proposal.schema.empty()) {
    out += Concat("# yaml-language-server: $schema=", OneLine(proposal.schema), "\n");
  }
  for (const std::string& line : proposal.head) AppendComment(out, "", line);
  out += Concat("\nproject: ", YamlText(proposal.project), "\n\nmigrations:\n");
  for (const std::string& line : proposal.migrations) AppendComment(out, "  ", line);
  if (proposal.alembic) out += "  format: alembic\n";
  if (!proposal.alembic_config.empty()) {
    out += Concat("  config: ", YamlText(proposal.alembic_config), "\n");
  }
  if (!proposal.alembic_section.empty()) {
    out += Concat("  section: ", YamlText(proposal.alembic_section), "\n");
  }
  if (!proposal.directories.empty()) {
    out += Concat("  directory: ", YamlList(proposal.directories), "\n");
  }
  if (!proposal.version_table.empty()) {
    out += Concat("  version_table: ", YamlText(proposal.version_table), "\n");
  }
  if (!proposal.url_variable.empty()) {
    out += Concat("  url_variable: ", YamlText(proposal.url_variable), "\n");
  }
  out += "\nenvironments:\n";
  AppendComment(
      out, "  ",
      "on_pending: report says what is pending; apply lets the daemon upgrade by itself.");
  for (const ProposedSource& source : proposal.environments) {
    if (&source != &proposal.environments.front()) out += "\n";
    AppendEnvironment(out, source);
  }
  if (!proposal.stray_ignore.empty()) {
    out += "\nstrays:\n";
    for (const std::string& line : proposal.strays) AppendComment(out, "  ", line);
    out += "  ignore:\n";
    for (const std::string& pattern : proposal.stray_ignore) {
      out += Concat("    - ", YamlText(pattern), "\n");
    }
  }
  if (!proposal.tail.empty()) out += "\n";
  for (const std::string& line : proposal.tail) AppendComment(out, "", line);
  return out;
}

}  // namespace drover::environments
