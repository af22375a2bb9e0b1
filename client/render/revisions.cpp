#include <algorithm>

#include "base/text.h"
#include "client/render/render.h"

namespace drover::client {
namespace {

/// " (head) (branchpoint) [dev, docker]": what there is to say about a revision besides its name.
std::string Markers(const RevisionEntry& entry, const Style& style) {
  std::string out;
  if (!entry.branch_labels.empty())
    out += Concat(" (", Clean(Join(entry.branch_labels, ", ")), ")");
  if (entry.head) out += Concat(" ", Paint(style, Tone::kGreen, "(head)"));
  if (entry.branchpoint) out += " (branchpoint)";
  if (entry.mergepoint) out += " (mergepoint)";
  if (entry.draft) out += Concat(" ", Paint(style, Tone::kYellow, "(draft)"));
  if (!entry.environments.empty()) {
    out += Concat(" ", Paint(style, Tone::kCyan, Concat("[", Join(entry.environments, ", "), "]")));
  }
  return out;
}

std::string Parents(const RevisionEntry& entry) {
  return entry.down_revision.empty() ? "<base>" : Clean(Join(entry.down_revision, ", "));
}

/// Does an entry name one that stands before it as its parent?
bool OldestFirst(const std::vector<RevisionEntry>& entries) {
  for (std::size_t i = 1; i < entries.size(); ++i) {
    const auto& parents = entries[i].down_revision;
    if (std::find(parents.begin(), parents.end(), entries[i - 1].revision) != parents.end()) {
      return true;
    }
  }
  return false;
}

void AppendMessage(std::string& out, const RevisionEntry& entry) {
  if (!entry.message.empty()) out += Concat(", ", Clean(entry.message));
  out += "\n";
}

/// SQL keeps its lines; only what could harm the terminal goes.
void AppendSql(std::string& out, std::string_view title, const std::optional<std::string>& sql,
               const Style& style) {
  if (!sql) return;
  out += Concat("\n", Paint(style, Tone::kBold, title), "\n");
  for (const std::string_view line : SplitLines(Trim(*sql))) {
    const std::string clean = Clean(line);
    out += clean.empty() ? "\n" : Concat("    ", clean, "\n");
  }
}

}  // namespace

std::string RenderCurrent(const CurrentDocument& current, const Style& style) {
  std::size_t widest = 0;
  for (const EnvironmentCurrent& one : current.environments) {
    widest = std::max(widest, DisplayWidth(Clean(one.name)));
  }
  std::string out;
  for (const EnvironmentCurrent& one : current.environments) {
    const std::string name = Clean(one.name);
    const std::string begin = Concat(Paint(style, Tone::kBold, name), Pad(name, widest), "  ");
    if (one.current.empty()) out += Concat(begin, "(base)\n");
    for (const RevisionName& revision : one.current) {
      out += Concat(begin, Clean(revision.revision), revision.head ? " " : "",
                    Paint(style, Tone::kGreen, revision.head ? "(head)" : ""),
                    revision.message.empty() ? "" : ", ", Clean(revision.message), "\n");
    }
  }
  return out;
}

std::string RenderHistory(const RevisionsDocument& revisions, const Style& style) {
  std::vector<RevisionEntry> entries = revisions.revisions;
  if (OldestFirst(entries)) std::reverse(entries.begin(), entries.end());
  std::string out;
  for (const RevisionEntry& entry : entries) {
    out += Concat(Parents(entry), " -> ", Paint(style, Tone::kBold, entry.revision),
                  Markers(entry, style));
    AppendMessage(out, entry);
  }
  return out;
}

std::string RenderHeads(const RevisionsDocument& revisions, const Style& style) {
  std::string out;
  for (const RevisionEntry& entry : revisions.revisions) {
    out += Concat(Paint(style, Tone::kBold, entry.revision), Markers(entry, style));
    AppendMessage(out, entry);
  }
  return out;
}

std::string RenderShow(const RevisionsDocument& revisions, const Style& style) {
  std::string out;
  for (const RevisionEntry& entry : revisions.revisions) {
    if (!out.empty()) out += "\n";
    out += Concat("Revision: ", Paint(style, Tone::kBold, entry.revision), Markers(entry, style),
                  "\nParent:   ", Parents(entry), "\n");
    if (!entry.depends_on.empty()) {
      out += Concat("Depends:  ", Clean(Join(entry.depends_on, ", ")), "\n");
    }
    out += Concat("File:     ", Clean(entry.file), "\n");
    if (!entry.created.empty()) out += Concat("Created:  ", Clean(entry.created), "\n");
    if (!entry.message.empty()) out += Concat("\n    ", Clean(entry.message), "\n");
    AppendSql(out, "up", entry.up_sql, style);
    AppendSql(out, "down", entry.down_sql, style);
  }
  return out;
}

std::string RenderNewRevision(const NewRevisionDocument& revision, std::string_view cwd,
                              std::string_view root, const Style& style) {
  // The file's path may be relative to the root, which is not where the user need be.
  const std::string absolute = revision.file.starts_with("/") || root.empty()
                                   ? revision.file
                                   : Concat(root, "/", revision.file);
  std::string out =
      Concat("wrote ", Paint(style, Tone::kBold, FormatPath(absolute, cwd, root)), "\n");
  out += Concat(
      "revision ", Clean(revision.revision), " follows ",
      revision.down_revision.empty() ? "<base>" : Clean(Join(revision.down_revision, ", ")), "\n");
  if (revision.draft) {
    out += "It is a draft: remove its `-- draft` line when it is ready to be applied.\n";
  }
  return out;
}

}  // namespace drover::client
