#include "base/text.h"
#include "client/render/render.h"

namespace drover::client {
namespace {

std::string_view OriginWords(std::string_view origin) {
  if (origin == "sql") return "what Alembic executes";
  if (origin == "partial") return "what Alembic executes, in part";
  if (origin == "nothing") return "nothing to do";
  return "no way back";
}

std::string RenderImported(const ImportedRevision& each, const Style& style) {
  const std::string_view mark =
      each.equal ? (style.unicode ? "✓" : "ok") : (style.unicode ? "✗" : "x");
  std::string out = Concat(Paint(style, each.equal ? Tone::kGreen : Tone::kRed, mark), " ",
                           Clean(each.revision), "  ", Clean(each.message), "\n", kIndent,
                           "up: ", OriginWords(each.up), "; down: ", OriginWords(each.down), "\n");
  for (const std::string& difference : each.differences) {
    out += Concat(kIndent, Paint(style, Tone::kRed, Concat("differs: ", Clean(difference))), "\n");
  }
  for (const ImportedCode& code : each.data_code) {
    if (!code.rows) continue;
    out += Concat(kIndent,
                  Paint(style, Tone::kYellow,
                        Concat("not translated: ", Clean(code.where), "  ", Clean(code.text))),
                  "\n");
  }
  for (const std::string& note : each.notes) out += Concat(kIndent, Clean(note), "\n");
  return out;
}

std::string Indented(std::string_view text) {
  std::string out;
  for (const std::string_view line : SplitLines(text)) {
    out += Concat(kIndent, Clean(line), "\n");
  }
  return out;
}

std::string RenderImportedConfig(const ImportedConfig& config, const Style& style) {
  std::string out;
  if (config.changed) {
    out += Concat(Clean(config.file), " is changed from\n\n", Indented(config.before), "\nto\n\n");
  } else if (config.problem.empty()) {
    out += Concat("In ", Clean(config.file), ":\n\n", Indented(config.before),
                  "\nbecomes (drover import --yes does it)\n\n");
  } else {
    out += Concat(Clean(config.file), " is not changed by drover: ", Clean(config.problem),
                  ". Write there\n\n");
  }
  out += Indented(config.after);
  if (config.changed) {
    out += Concat("\nNext: ", Paint(style, Tone::kCyan, "drover status"),
                  "; Alembic's files are as they were\n");
  }
  return out;
}

}  // namespace

std::string RenderImport(const ImportDocument& imported, std::string_view cwd,
                         std::string_view root, const Style& style) {
  std::string out;
  std::size_t untranslated = 0;
  for (const ImportedRevision& each : imported.revisions) {
    out += RenderImported(each, style);
    for (const ImportedCode& code : each.data_code) {
      if (!code.rows) continue;
      ++untranslated;
      break;
    }
  }
  for (const std::string& difference : imported.differences) {
    out += Concat(Paint(style, Tone::kRed, Concat("all together: ", Clean(difference))), "\n");
  }
  out += "\n";
  if (imported.equal) {
    out += "Replayed beside Alembic: the same schema and rows";
    out += untranslated == 0 ? ".\n"
                             : Concat(", but for what ", Count(untranslated, "revision"),
                                      " does with rows in Python.\n");
  }
  if (imported.error) return out;
  const std::string directory = FormatPath(imported.directory, cwd, root);
  out += Concat(Count(imported.revisions.size(), "file"),
                imported.written ? " written to " : " would be written to ", Clean(directory),
                " in ", FormatDuration(imported.duration_ms), ".\n\n");
  return out + RenderImportedConfig(imported.config, style);
}

}  // namespace drover::client
