#include "environments/strays/stray_text.h"

#include "base/posix.h"
#include "base/text.h"
#include "environments/strays/strays.h"

namespace drover::environments {
namespace {

constexpr std::size_t kCommandShown = 60;

std::string ShowDirectory(const std::string& directory, const std::string& root) {
  if (directory == root) return "the project root";
  const std::string shown = RelativeTo(directory, root);
  return shown.ends_with('/') ? shown : shown + "/";
}

/// "dev's database", or words for the case that no environment is known.
std::string Whose(const StrayEntry& entry) {
  return entry.environment ? Concat(*entry.environment, "'s database")
                           : "a database of the project";
}

std::string Origin(const StrayEntry& entry, const StrayFacts& facts) {
  if (!entry.made_from) return {};
  return Concat("made by something that ran in ", ShowDirectory(*entry.made_from, facts.root),
                " [inferred from the path]");
}

std::string WithOrigin(std::string clause, const StrayEntry& entry, const StrayFacts& facts) {
  const std::string origin = Origin(entry, facts);
  return origin.empty() ? clause : Concat(clause, "; ", origin);
}

std::string Unversioned(const StrayEntry& entry, const StrayFacts& facts) {
  const std::string origin = Origin(entry, facts);
  if (!origin.empty()) {
    return Concat("looks like ", Whose(entry), " ", origin, "; no version table [seen]");
  }
  if (entry.score && *entry.score >= 0.5) {
    return Concat("resembles ", Whose(entry), " in its columns but has no version table [seen]");
  }
  return Concat("has the name of ", Whose(entry), " but no version table [seen]");
}

std::string Diverged(const StrayEntry& entry, const StrayFacts& facts) {
  if (facts.schema_differs) {
    return Concat("is at the same revision as ", Whose(entry),
                  ", but its schema is another [seen]");
  }
  if (!facts.unknown_revision.empty()) {
    return Concat("is at revision ", Excerpt(facts.unknown_revision, 40),
                  ", which no migration here defines [seen in its version table]");
  }
  return Concat("is on another branch than ", Whose(entry), ": ", Count(facts.behind, "revision"),
                " fewer and ", Count(facts.ahead, "revision"), " more [seen in its version table]");
}

std::string Clause(const StrayEntry& entry, const ScannedFile& file, const StrayFacts& facts) {
  if (entry.kind == "alias") {
    return Concat("is ", Whose(entry),
                  " itself under another name, a hard link [seen: same inode]");
  }
  if (entry.kind == "not-a-db" && file.kind == "directory") {
    return "is a directory: a container engine makes one when a bind mount's source is missing "
           "[inferred from its name]";
  }
  if (entry.kind == "not-a-db") return Concat("is no SQLite database: ", file.problem, " [seen]");
  if (entry.kind == "orphaned-sidecar") return Concat("is ", file.problem, " [seen]");
  if (entry.kind == "tool-db") return Concat("belongs to ", facts.tool, " [inferred]");
  if (entry.kind == "backup") return "is called like a backup [inferred from its name]";
  if (entry.kind == "test") return "belongs to a test suite [inferred from its path]";
  if (entry.kind == "unreadable" || entry.kind == "encrypted-or-corrupt") {
    return WithOrigin(Concat("cannot be looked into: ", file.problem, " [seen]"), entry, facts);
  }
  if (entry.kind == "empty") {
    const std::string what =
        file.size == 0 ? "holds no bytes at all [seen]" : "holds no tables [seen]";
    return WithOrigin(what, entry, facts);
  }
  if (entry.kind == "duplicate") {
    return WithOrigin(
        Concat("is at the same revision as ", Whose(entry), " [seen in its version table]"), entry,
        facts);
  }
  if (entry.kind == "behind") {
    return WithOrigin(Concat("is ", Count(facts.behind, "revision"), " behind ", Whose(entry),
                             " [seen in its version table]"),
                      entry, facts);
  }
  if (entry.kind == "ahead") {
    return WithOrigin(Concat("is ", Count(facts.ahead, "revision"), " ahead of ", Whose(entry),
                             " [seen in its version table]"),
                      entry, facts);
  }
  if (entry.kind == "diverged") return WithOrigin(Diverged(entry, facts), entry, facts);
  if (entry.kind == "unversioned" || entry.kind == "related") return Unversioned(entry, facts);
  if (!file.problem.empty()) return Concat("cannot be looked into: ", file.problem, " [seen]");
  return "has nothing to do with the environments, judging by its name and tables [inferred]";
}

std::string Held(const std::vector<Holder>& holders) {
  const Holder& first = holders.front();
  std::string text = Concat("held open by pid ", first.pid);
  if (!first.command.empty()) text += Concat(" ", Excerpt(first.command, kCommandShown));
  if (!first.cwd.empty()) text += Concat(", cwd ", first.cwd);
  if (first.container) text += " of its container";
  if (holders.size() > 1)
    text += Concat(", and ", Count(holders.size() - 1, "other process", "other processes"));
  return text + " [seen in /proc]";
}

}  // namespace

std::string DescribeStray(const StrayEntry& entry, const ScannedFile& file,
                          const StrayFacts& facts) {
  std::string message = Clause(entry, file, facts);
  if (!file.problem.empty() && message.find(file.problem) == std::string::npos) {
    message += Concat("; ", file.problem, " [seen]");
  }
  if (!entry.holders.empty()) message += Concat("; ", Held(entry.holders));
  return message;
}

std::string FixFor(const StrayEntry& entry, const ScannedFile& file) {
  const std::string path = ShellQuote(entry.path);
  if (file.kind == "directory") return Concat("ls -la ", path);
  const bool opaque = entry.kind == "unreadable" || entry.kind == "encrypted-or-corrupt" ||
                      entry.kind == "not-a-db";
  if (opaque) return Concat("ls -l ", path);
  if (!entry.holders.empty() || entry.kind == "alias") return "drover where";
  const bool spare = entry.kind == "duplicate" || entry.kind == "behind" || entry.kind == "empty" ||
                     entry.kind == "orphaned-sidecar";
  if (spare && !entry.hot) return Concat("drover strays archive ", path);
  return entry.environment ? Concat("drover strays diff ", path) : "drover where";
}

}  // namespace drover::environments
