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
  if (entry.orphan) out += Concat(" ", Paint(style, Tone::kYellow, "(orphan)"));
  if (entry.draft) out += Concat(" ", Paint(style, Tone::kYellow, "(draft)"));
  if (!entry.environments.empty()) {
    out += Concat(" ", Paint(style, Tone::kCyan, Concat("[", Join(entry.environments, ", "), "]")));
  }
  return out;
}

std::string Parents(const RevisionEntry& entry) {
  if (entry.down_revision.empty()) return entry.orphan ? "not known" : "<base>";
  return Clean(Join(entry.down_revision, ", "));
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

/// " to dev by ann at 2026-02-12T23:20:18Z on branch main", as far as it is known.
std::string Circumstances(const Application& application) {
  const auto part = [](std::string_view before, const std::string& what) {
    return what.empty() ? std::string() : Concat(before, Clean(what));
  };
  return Concat(part(" to ", application.environment), part(" by ", application.by),
                part(" at ", application.at), part(" on branch ", application.git_branch));
}

std::string_view Participle(const Application& application) {
  return application.direction == "stamp" ? "stamped" : "applied";
}

/// The file of an orphan has gone: where it came from is the way to find it.
void AppendOrigin(std::string& out, const RevisionEntry& entry) {
  if (!entry.orphan) return;
  for (const Application& application : entry.applied) {
    out += Concat("    no file; ", Participle(application), Circumstances(application), "\n");
  }
}

void AppendDifferences(std::string& out, const RevisionEntry& entry, const Style& style) {
  for (const RevisionDifference& difference : entry.differences) {
    const bool modified = difference.kind == "modified";
    out += Concat("\n",
                  Paint(style, modified ? Tone::kYellow : Tone::kBold,
                        Concat(modified ? "edited" : "reformatted", " since it was applied to ",
                               difference.environment)),
                  "\n");
    for (const std::string& change : difference.changes) {
      out += Concat("    ", Clean(change), "\n");
    }
    out += RenderDiff(difference.diff, style);
  }
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
    for (const CurrentRevision& revision : one.current) {
      out += Concat(begin, Clean(revision.revision), revision.head ? " " : "",
                    Paint(style, Tone::kGreen, revision.head ? "(head)" : ""),
                    revision.orphan ? " " : "",
                    Paint(style, Tone::kYellow, revision.orphan ? "(orphan)" : ""),
                    revision.message.empty() ? "" : ", ", Clean(revision.message), "\n");
      if (revision.orphan && revision.applied) {
        Application application = *revision.applied;
        application.environment.clear();  // it stands at the line's beginning
        out += Concat("    no file; ", Participle(application), Circumstances(application), "\n");
      }
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
    AppendOrigin(out, entry);
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
    out += Concat("File:     ",
                  !entry.orphan     ? ""
                  : entry.elsewhere ? Concat("none here; ", Clean(*entry.elsewhere))
                  : entry.up_sql    ? std::string("none; the SQL is that of the history")
                                    : std::string("none"),
                  Clean(entry.file), "\n");
    if (!entry.created.empty()) out += Concat("Created:  ", Clean(entry.created), "\n");
    for (const Application& application : entry.applied) {
      out += Concat(application.direction == "stamp" ? "Stamped: " : "Applied: ",
                    Circumstances(application), "\n");
    }
    if (!entry.message.empty()) out += Concat("\n    ", Clean(entry.message), "\n");
    AppendSql(out, "source", entry.source, style);
    AppendSql(out, "up", entry.up_sql, style);
    AppendSql(out, "down", entry.down_sql, style);
    AppendDifferences(out, entry, style);
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
  for (const std::string& warning : revision.warnings) out += Concat("! ", Clean(warning), "\n");
  return out;
}

}  // namespace drover::client
