#include <algorithm>

#include "base/text.h"
#include "client/render/render.h"

namespace drover::client {
namespace {

std::string RowsOrBase(const std::vector<std::string>& revisions) {
  return revisions.empty() ? std::string("base") : Clean(Join(revisions, ", "));
}

/// "2026-03-01 12:00:00": an RFC 3339 time for reading.
std::string ReadableTime(std::string_view at) {
  std::string text(at.substr(0, std::min<std::size_t>(at.size(), 19)));
  std::ranges::replace(text, 'T', ' ');
  return Clean(text);
}

std::string Line(const BackupEntry& backup, const Style& style) {
  std::string line = Concat(
      Paint(style, Tone::kBold, Clean(backup.id)), "  ", ReadableTime(backup.at), "  ",
      FormatSize(static_cast<std::uint64_t>(backup.bytes)), "  at ", RowsOrBase(backup.revisions));
  if (backup.reason != "backup") line += Concat(", before ", Clean(backup.reason));
  if (!backup.environment.empty()) line += Concat(" of ", Clean(backup.environment));
  if (backup.checked != "ok")
    line += Concat("  ", Paint(style, Tone::kYellow, Clean(backup.checked)));
  return line;
}

}  // namespace

std::string RenderBackup(const BackupDocument& taken, std::string_view cwd, std::string_view root,
                         const Style& style) {
  const std::string_view mark = style.unicode ? "✓" : "ok";
  const std::string what = taken.reused
                               ? "the latest backup holds just this: "
                               : Concat("kept in ", FormatDuration(taken.duration_ms), ": ");
  return Concat(Paint(style, Tone::kGreen, mark), " ", what, Line(taken.backup, style), "\n",
                kIndent, FormatPath(taken.backup.path, cwd, root), "\n");
}

std::string RenderBackups(const BackupsDocument& backups, const Style& style) {
  if (backups.backups.empty()) return "There is no backup. `drover backup` takes one.\n";
  std::string out;
  for (const BackupEntry& each : backups.backups) out += Concat(Line(each, style), "\n");
  return out;
}

std::string RenderRestore(const RestoreDocument& restore, std::string_view cwd,
                          std::string_view root, const Style& style) {
  std::string out;
  if (!restore.done) {
    out += "Would:\n";
    for (const std::string& step : restore.steps) out += Concat(kIndent, Clean(step), "\n");
    return out;
  }
  const std::string_view mark = style.unicode ? "✓" : "ok";
  const std::string path = FormatPath(restore.path, cwd, root);
  const std::string place =
      restore.action == "reset"
          ? Concat(Clean(restore.environment), " begins anew")
          : Concat(restore.backup ? Clean(restore.backup->id) : std::string(), " is back");
  out += Concat(Paint(style, Tone::kGreen, mark), " ", place, " in ", path, ", at ",
                RowsOrBase(restore.revisions), "\n");
  for (const std::string& warning : restore.warnings) {
    out += Concat(Paint(style, Tone::kYellow, "!"), " ", Clean(warning), "\n");
  }
  if (restore.kept) {
    out += Concat(kIndent, "what it was is backup ", Clean(restore.kept->id), "; undo: ",
                  Paint(style, Tone::kCyan,
                        Concat("drover restore ", Clean(restore.kept->id), " -e ",
                               Clean(restore.environment))),
                  "\n");
  }
  return out;
}

std::string RenderVerify(const VerifyDocument& verified, const Style& style) {
  std::string out;
  std::size_t failed = 0;
  for (const VerifiedRevision& each : verified.revisions) {
    const bool bad = each.outcome == "failed";
    if (bad) ++failed;
    const std::string_view mark = bad                    ? (style.unicode ? "✗" : "x")
                                  : each.outcome == "ok" ? (style.unicode ? "✓" : "ok")
                                                         : (style.unicode ? "↑" : "^");
    out +=
        Concat(Paint(style, bad ? Tone::kRed : Tone::kGreen, mark), " ", Clean(each.revision), "  ",
               Clean(each.message), each.outcome == "irreversible" ? "  (no way down)" : "", "\n");
    for (const std::string& problem : each.problems) {
      out += Concat(kIndent, Paint(style, Tone::kRed, Clean(problem)), "\n");
    }
    for (const std::string& note : each.notes) out += Concat(kIndent, Clean(note), "\n");
  }
  if (verified.revisions.empty()) return "There is nothing to verify.\n";
  out += Concat(Count(verified.revisions.size(), "revision"), " verified on ", Clean(verified.data),
                " in ", FormatDuration(verified.duration_ms),
                failed == 0 ? std::string() : Concat(", ", failed, " failed"), "\n");
  return out;
}

std::string RenderLog(const LogDocument& log, const Style& style) {
  if (log.entries.empty()) return "Nothing has been done to this project's databases.\n";
  std::string out;
  for (const LogEntry& each : log.entries) {
    const bool bad = each.outcome == "failed" || each.outcome == "recovered";
    const Tone tone = bad ? Tone::kRed : each.outcome == "open" ? Tone::kYellow : Tone::kGreen;
    out += Concat(ReadableTime(each.at), "  ", Clean(each.environment), "  ",
                  Paint(style, tone, Concat(Clean(each.command), " ", Clean(each.outcome))), "  ",
                  RowsOrBase(each.from), " ", Arrow(style), " ", RowsOrBase(each.to));
    if (each.duration_ms > 0) out += Concat("  in ", FormatDuration(each.duration_ms));
    if (!each.by.empty()) out += Concat("  by ", Clean(each.by));
    if (!each.backup.empty()) out += Concat("  backup ", Clean(each.backup));
    out += "\n";
    if (!each.message.empty()) out += Concat(kIndent, Clean(each.message), "\n");
  }
  return out;
}

}  // namespace drover::client
