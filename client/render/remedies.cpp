#include <algorithm>

#include "base/text.h"
#include "client/render/render.h"

namespace drover::client {
namespace {

std::string RowsOf(const std::optional<std::int64_t>& rows) {
  return rows ? Concat(*rows) : std::string("no table");
}

std::string Revisions(const std::vector<std::string>& revisions) {
  return revisions.empty() ? std::string("no revision") : Clean(Join(revisions, ", "));
}

/// The archive that a remedy has made of a stray, rather than of what an environment was before.
const ArchiveEntry* ArchiveOf(const RemedyDocument& remedy, std::string_view reason) {
  const auto found = std::ranges::find(remedy.archives, reason, &ArchiveEntry::reason);
  return found == remedy.archives.end() ? nullptr : &*found;
}

std::string Undo(const RemedyDocument& remedy) {
  if (remedy.action == "archive" && !remedy.archives.empty()) {
    return Concat("drover strays restore ", remedy.archives.front().id);
  }
  if (remedy.action == "ignore") {
    return Concat("drover strays ignore ", ShellQuote(remedy.path), " --undo");
  }
  const ArchiveEntry* replaced = ArchiveOf(remedy, "replaced");
  if (remedy.action != "adopt" || replaced == nullptr) return {};
  return Concat("drover strays adopt ", replaced->id, " -e ", remedy.environment.value_or("dev"));
}

}  // namespace

std::string RenderStrayDiff(const StrayDiffDocument& diff, std::string_view cwd,
                            std::string_view root, const Style& style) {
  std::string out = Concat(Paint(style, Tone::kBold, FormatPath(diff.path, cwd, root)), ", at ",
                           Revisions(diff.revision), "\n", "compared with ",
                           Paint(style, Tone::kBold, Clean(diff.environment)), ", ",
                           FormatPath(diff.environment_path, cwd, root), ", at ",
                           Revisions(diff.environment_revision), "\n\n");
  if (diff.differences.empty()) out += "The schemas are equal.\n";
  for (const SchemaDifference& each : diff.differences) {
    const std::string_view mark = each.kind == "missing" ? "-" : each.kind == "extra" ? "+" : "~";
    out +=
        Concat(mark, " ", Clean(each.type), " ", Clean(each.object), ": ", Clean(each.what), "\n");
  }
  if (diff.rows.empty()) return out;
  std::size_t width = 0;
  for (const RowsPair& each : diff.rows) width = std::max(width, each.table.size());
  out += "\nRows here and there\n";
  for (const RowsPair& each : diff.rows) {
    out += Concat(kIndent, Clean(each.table), Pad(each.table, width + 2), RowsOf(each.stray), " / ",
                  RowsOf(each.environment), each.more ? " or more" : "",
                  each.stray == each.environment ? "" : "  *", "\n");
  }
  return out;
}

std::string RenderRemedy(const RemedyDocument& remedy, std::string_view cwd, std::string_view root,
                         const Style& style) {
  std::string out;
  if (!remedy.done) {
    out += "Would:\n";
    for (const std::string& step : remedy.steps) out += Concat(kIndent, Clean(step), "\n");
    return out;
  }
  const std::string path = FormatPath(remedy.path, cwd, root);
  const std::string_view mark = style.unicode ? "✓" : "ok";
  std::string what = Concat(path, " is ignored while it stays what it is");
  if (remedy.action == "archive") what = Concat(path, " is archived");
  if (remedy.action == "restore") what = Concat(path, " is back");
  if (remedy.action == "notice") what = Concat(path, " is listed again");
  if (remedy.action == "adopt") {
    what = Concat(path, " is now ", Clean(remedy.environment.value_or("")),
                  "'s database, which is held");
  }
  out += Concat(Paint(style, Tone::kGreen, mark), " ", what, "\n");
  for (const ArchiveEntry& archive : remedy.archives) {
    if (remedy.action == "restore") break;
    out += Concat(kIndent, archive.id, ": ", archive.reason == "replaced" ? "what it was" : "it",
                  " lies in ", FormatPath(archive.directory, cwd, root), "\n");
  }
  const std::string undo = Undo(remedy);
  if (!undo.empty()) out += Concat(kIndent, "undo: ", Paint(style, Tone::kCyan, undo), "\n");
  return out;
}

std::string RenderArchives(const StraysDocument& strays, std::string_view cwd,
                           std::string_view root, const Style& style) {
  std::string out;
  for (const ArchiveEntry& archive : strays.archives) {
    const bool replaced = archive.reason == "replaced";
    const std::string what =
        replaced ? Concat("what ", Clean(archive.environment), " held before an adopt")
                 : Clean(archive.kind);
    out += Concat(
        Paint(style, Tone::kBold, archive.id), "  ", FormatPath(archive.path, cwd, root), "  ",
        what, ", ", FormatSize(archive.size), ", ", Clean(archive.at), "\n", kIndent,
        Paint(style, Tone::kCyan,
              replaced ? Concat("drover strays adopt ", archive.id, " -e ", archive.environment)
                       : Concat("drover strays restore ", archive.id)),
        "\n");
  }
  return out.empty() ? "Nothing is archived.\n" : out;
}

}  // namespace drover::client
