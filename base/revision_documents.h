// Revisions: where databases are, what there is, what is written. base/documents.h says how
// documents are made.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace drover {

/// How a revision came into a database, from its history.
struct Application {
  std::string environment;
  std::string direction;  // up | stamp
  std::string at;         // UTC
  std::string by;
  std::string host;
  std::string git_branch;
  std::string git_commit;
  static constexpr void Fields(auto&& field) {
    field("environment", &Application::environment);
    field("direction", &Application::direction);
    field("at", &Application::at);
    field("by", &Application::by);
    field("host", &Application::host);
    field("git_branch", &Application::git_branch);
    field("git_commit", &Application::git_commit);
  }
};

/// A row of a version table.
struct CurrentRevision {
  std::string revision;
  bool head = false;
  std::string message;
  bool orphan = false;                 // no migration file has it
  std::optional<Application> applied;  // null: the history does not know
  static constexpr void Fields(auto&& field) {
    field("revision", &CurrentRevision::revision);
    field("head", &CurrentRevision::head);
    field("message", &CurrentRevision::message);
    field("orphan", &CurrentRevision::orphan);
    field("applied", &CurrentRevision::applied);
  }
};

struct EnvironmentCurrent {
  std::string name;
  std::vector<CurrentRevision> current;
  static constexpr void Fields(auto&& field) {
    field("name", &EnvironmentCurrent::name);
    field("current", &EnvironmentCurrent::current);
  }
};

struct CurrentDocument {
  int v = 1;
  std::vector<EnvironmentCurrent> environments;
  static constexpr void Fields(auto&& field) {
    field("v", &CurrentDocument::v);
    field("environments", &CurrentDocument::environments);
  }
};

/// How the file of an applied revision differs from what was applied.
struct RevisionDifference {
  std::string environment;
  std::string kind;                  // modified | reformatted: only white space, comments and so on
  std::vector<std::string> changes;  // sentences
  std::string diff;                  // unified; empty when `kind` is "reformatted"
  static constexpr void Fields(auto&& field) {
    field("environment", &RevisionDifference::environment);
    field("kind", &RevisionDifference::kind);
    field("changes", &RevisionDifference::changes);
    field("diff", &RevisionDifference::diff);
  }
};

/// One revision of the graph, for heads, branches, history and show.
struct RevisionEntry {
  std::string revision;
  std::vector<std::string> down_revision;
  std::vector<std::string> depends_on;
  std::vector<std::string> branch_labels;
  std::string message;
  std::string created;
  std::string file;
  bool head = false;
  bool branchpoint = false;
  bool mergepoint = false;
  bool draft = false;
  std::vector<std::string> environments;          // whose version table holds this revision
  std::optional<std::string> up_sql;              // show only
  std::optional<std::string> down_sql;            // show only
  bool orphan = false;                            // applied somewhere, but no migration file has it
  std::vector<Application> applied{};             // show, and of orphans
  std::vector<RevisionDifference> differences{};  // show only
  std::optional<std::string> source{};            // show only: the text of an Alembic revision
  std::optional<std::string> elsewhere{};         // of orphans: the branches that have its file

  static constexpr void Fields(auto&& field) {
    field("revision", &RevisionEntry::revision);
    field("down_revision", &RevisionEntry::down_revision);
    field("depends_on", &RevisionEntry::depends_on);
    field("branch_labels", &RevisionEntry::branch_labels);
    field("message", &RevisionEntry::message);
    field("created", &RevisionEntry::created);
    field("file", &RevisionEntry::file);
    field("head", &RevisionEntry::head);
    field("branchpoint", &RevisionEntry::branchpoint);
    field("mergepoint", &RevisionEntry::mergepoint);
    field("draft", &RevisionEntry::draft);
    field("environments", &RevisionEntry::environments);
    field("up_sql", &RevisionEntry::up_sql);
    field("down_sql", &RevisionEntry::down_sql);
    field("orphan", &RevisionEntry::orphan);
    field("applied", &RevisionEntry::applied);
    field("differences", &RevisionEntry::differences);
    field("source", &RevisionEntry::source);
    field("elsewhere", &RevisionEntry::elsewhere);
  }
};

struct RevisionsDocument {
  int v = 1;
  std::vector<RevisionEntry> revisions;
  std::vector<std::string> to_merge{};  // heads only: those that share an ancestor with another
  static constexpr void Fields(auto&& field) {
    field("v", &RevisionsDocument::v);
    field("revisions", &RevisionsDocument::revisions);
    field("to_merge", &RevisionsDocument::to_merge);
  }
};

/// The answer of `repair`: the edit of an applied revision, and whether it was accepted.
struct RepairDocument {
  int v = 1;
  std::string environment;
  std::vector<std::string> same_as;
  std::string path;
  std::string revision;
  std::string message;
  std::string file;
  std::string kind;                  // modified | reformatted
  std::vector<std::string> changes;  // sentences
  std::string diff;                  // unified, from what was applied to what the file says
  bool repaired = false;
  static constexpr void Fields(auto&& field) {
    field("v", &RepairDocument::v);
    field("environment", &RepairDocument::environment);
    field("same_as", &RepairDocument::same_as);
    field("path", &RepairDocument::path);
    field("revision", &RepairDocument::revision);
    field("message", &RepairDocument::message);
    field("file", &RepairDocument::file);
    field("kind", &RepairDocument::kind);
    field("changes", &RepairDocument::changes);
    field("diff", &RepairDocument::diff);
    field("repaired", &RepairDocument::repaired);
  }
};

/// The answer of `revision` and `merge`: the file that was written.
struct NewRevisionDocument {
  int v = 1;
  std::string revision;
  std::string file;
  std::vector<std::string> down_revision;
  bool draft = false;
  std::vector<std::string> warnings;
  static constexpr void Fields(auto&& field) {
    field("v", &NewRevisionDocument::v);
    field("revision", &NewRevisionDocument::revision);
    field("file", &NewRevisionDocument::file);
    field("down_revision", &NewRevisionDocument::down_revision);
    field("draft", &NewRevisionDocument::draft);
    field("warnings", &NewRevisionDocument::warnings);
  }
};

}  // namespace drover
