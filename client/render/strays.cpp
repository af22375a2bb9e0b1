#include <algorithm>

#include "base/text.h"
#include "client/render/render.h"

namespace drover::client {
namespace {

constexpr std::size_t kMostHolders = 5;
constexpr std::size_t kLongestCommand = 60;

std::string DirectoryText(std::string_view path, std::string_view cwd, std::string_view root) {
  if (path == cwd) return std::string(path);
  return FormatPath(path, cwd, root);
}

/// "/usr/bin/python3 x" as "python3 x": where the interpreter lies helps nobody.
std::string CommandText(std::string_view command) {
  const std::size_t end = std::min(command.find(' '), command.size());
  const std::size_t slash = command.substr(0, end).rfind('/');
  if (slash != std::string_view::npos) command.remove_prefix(slash + 1);
  return Excerpt(Clean(command), kLongestCommand);
}

std::string ProcessText(const Holder& process, std::string_view cwd, std::string_view root) {
  const std::string where = process.container ? Concat(Clean(process.cwd), " of its container")
                                              : Clean(DirectoryText(process.cwd, cwd, root));
  return Concat(CommandText(process.command), " (pid ", process.pid,
                process.cwd.empty() ? ", of another user" : Concat(", working in ", where), ")");
}

std::string HolderText(const Holder& holder, std::string_view cwd, std::string_view root) {
  return Concat("held open by ", ProcessText(holder, cwd, root), " [seen]");
}

/// Never "X did it" unless it was seen with the file open.
std::string SuspectText(const Suspect& suspect, std::string_view cwd, std::string_view root) {
  const std::string who = ProcessText(suspect.process, cwd, root);
  if (suspect.evidence == "open") {
    return Concat("made by ", who, ", which had it open when it appeared [seen]");
  }
  if (suspect.evidence == "directory") {
    return Concat("perhaps made by ", who, ", which was there when it appeared [inferred]");
  }
  return Concat("perhaps made by ", who, ", which had just begun when it appeared [inferred]");
}

std::string RowsText(const std::vector<TableRows>& rows) {
  std::vector<std::string> counts;
  for (const TableRows& each : rows) {
    counts.push_back(Concat(Clean(each.table), " ", each.rows, each.more ? "+" : ""));
  }
  return Concat("rows: ", Join(counts, ", "));
}

}  // namespace

std::string RenderStray(const StrayEntry& stray, std::string_view cwd, std::string_view root,
                        const Style& style) {
  std::string out = Concat(Paint(style, Tone::kYellow, "!"), " ",
                           Paint(style, Tone::kBold, FormatPath(stray.path, cwd, root)), "  ",
                           Clean(stray.kind), ", ", FormatSize(stray.size));
  if (!stray.revision.empty()) out += Concat(", at ", Clean(Join(stray.revision, ", ")));
  if (stray.environment) out += Concat(", resembles ", Clean(*stray.environment));
  out += "\n";
  if (!stray.rows.empty()) out += Concat(kIndent, RowsText(stray.rows), "\n");
  // The message tells the same in one long sentence; the lines below are easier to read.
  const bool told_below = stray.made_from || !stray.holders.empty();
  if (!stray.message.empty() && !told_below) {
    out += Concat(kIndent, Clean(stray.message), "\n");
  }
  if (stray.made_from) {
    out += Concat(kIndent, "made from ", Clean(DirectoryText(*stray.made_from, cwd, root)),
                  " (inferred from its path)\n");
  }
  for (std::size_t i = 0; i < stray.holders.size() && i < kMostHolders; ++i) {
    out += Concat(kIndent, Clean(HolderText(stray.holders[i], cwd, root)), "\n");
  }
  if (stray.holders.size() > kMostHolders) {
    out +=
        Concat(kIndent, "and by ",
               Count(stray.holders.size() - kMostHolders, "more process", "more processes"), "\n");
  }
  for (const Suspect& suspect : stray.suspects) {
    const bool told = std::ranges::any_of(
        stray.holders, [&](const Holder& holder) { return holder.pid == suspect.process.pid; });
    if (told) continue;
    out += Concat(kIndent, Clean(SuspectText(suspect, cwd, root)), "\n");
    if (suspect.evidence != "directory") break;
  }
  if (stray.fix) out += Concat(kIndent, Paint(style, Tone::kCyan, *stray.fix), "\n");
  return out;
}

std::string RenderStrays(const StraysDocument& strays, StraysShown shown, std::string_view cwd,
                         std::string_view root, const Style& style) {
  std::string out;
  std::size_t listed = 0;
  std::size_t quiet = 0;
  for (const StrayEntry& stray : strays.strays) {
    if (shown == StraysShown::kAll || IsTrouble(stray)) {
      out += RenderStray(stray, cwd, root, style);
      ++listed;
    } else {
      ++quiet;
    }
  }
  if (listed == 0) {
    out += strays.truncated ? "No strays in the part of the project that was scanned.\n"
                            : "No strays: every SQLite file of the project is accounted for.\n";
  }
  if (quiet > 0) {
    out += Concat(Paint(style, Tone::kDim, Count(quiet, "database")),
                  Paint(style, Tone::kDim, " of other tools, of tests, or kept as a backup: "),
                  Paint(style, Tone::kCyan, "drover strays --all"), "\n");
  }
  if (!strays.archives.empty()) {
    out += Concat(Paint(style, Tone::kDim, Count(strays.archives.size(), "archived database")),
                  Paint(style, Tone::kDim, ": "),
                  Paint(style, Tone::kCyan, "drover strays restore"), "\n");
  }
  if (strays.truncated) {
    out += "The project is larger than the scan's limits: set `strays: roots` in drover.yaml.\n";
  }
  return out;
}

std::string RenderFinding(const Finding& finding, std::string_view cwd, std::string_view root,
                          const Style& style) {
  const bool bad = finding.severity == "fatal" || finding.severity == "error";
  const bool info = finding.severity == "info";
  const std::string_view mark = bad ? (style.unicode ? "✗" : "x") : info ? "-" : "!";
  std::string out = Concat(Paint(style,
                                 bad    ? Tone::kRed
                                 : info ? Tone::kDim
                                        : Tone::kYellow,
                                 mark),
                           " ");
  if (finding.environment) out += Concat(Paint(style, Tone::kBold, *finding.environment), ": ");
  out += Clean(finding.message);
  out += Concat(finding.ground == "inferred" ? " (inferred)" : "", "  ",
                Paint(style, Tone::kDim, Concat("[", finding.code, "]")), "\n");
  if (finding.where && finding.message.find(*finding.where) == std::string::npos) {
    out += Concat(kIndent, "at ", Clean(FormatPath(*finding.where, cwd, root)), "\n");
  }
  if (finding.fix) out += Concat(kIndent, Paint(style, Tone::kCyan, *finding.fix), "\n");
  return out;
}

}  // namespace drover::client
