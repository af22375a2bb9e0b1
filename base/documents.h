// The JSON documents of drover's protocol and of `--json`, as plain structs. Key names are a
// stable contract (docs/json.md): keys are added, never renamed. std::nullopt is written as null.
//
// Each document names its members once: Fields(field) calls `field` with each key and member. The
// encoder and decoder (base/json.h) are such callables; a template costs nothing where it is not
// called.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/safety_documents.h"
#include "base/stray_documents.h"

namespace drover {

/// An Error on the wire.
struct ErrorBody {
  std::string code = "internal";
  std::string kind;
  std::string message;
  std::string hint;
  std::optional<std::string> where;

  static constexpr void Fields(auto&& field) {
    field("code", &ErrorBody::code);
    field("kind", &ErrorBody::kind);
    field("message", &ErrorBody::message);
    field("hint", &ErrorBody::hint);
    field("where", &ErrorBody::where);
  }
};

[[nodiscard]] ErrorBody ToBody(const Error& error);
[[nodiscard]] Error FromBody(const ErrorBody& body);

/// What `--json` prints on stderr when a command fails.
struct ErrorDocument {
  int v = 1;
  ErrorBody error;
  static constexpr void Fields(auto&& field) {
    field("v", &ErrorDocument::v);
    field("error", &ErrorDocument::error);
  }
};

/// One thing the user should know: stable code, severity, ground, message, the command that fixes.
struct Finding {
  std::string code;
  std::string severity = "warning";  // fatal | error | warning | info
  std::optional<std::string> environment;
  std::string message;
  std::string ground = "seen";  // seen | inferred
  std::optional<std::string> fix;
  std::optional<std::string> where;

  static constexpr void Fields(auto&& field) {
    field("code", &Finding::code);
    field("severity", &Finding::severity);
    field("environment", &Finding::environment);
    field("message", &Finding::message);
    field("ground", &Finding::ground);
    field("fix", &Finding::fix);
    field("where", &Finding::where);
  }
  bool operator==(const Finding&) const = default;
};

/// A revision named with its message, where a full RevisionEntry would be too much.
struct RevisionName {
  std::string revision;
  bool head = false;
  std::string message;
  static constexpr void Fields(auto&& field) {
    field("revision", &RevisionName::revision);
    field("head", &RevisionName::head);
    field("message", &RevisionName::message);
  }
  bool operator==(const RevisionName&) const = default;
};

struct EnvironmentStatus {
  std::string name;
  std::string state;  // the closed list of docs/states.md
  std::vector<std::string> current;
  std::vector<std::string> heads;
  std::int64_t pending = 0;
  std::optional<std::string> path;
  std::vector<std::string> same_as;
  std::string policy;
  bool is_protected = false;                // the JSON key is "protected"
  std::string why;                          // one sentence that explains the state
  std::vector<RevisionName> pending_names;  // the first few pending revisions, in order
  std::optional<ErrorBody> error;

  static constexpr void Fields(auto&& field) {
    field("name", &EnvironmentStatus::name);
    field("state", &EnvironmentStatus::state);
    field("current", &EnvironmentStatus::current);
    field("heads", &EnvironmentStatus::heads);
    field("pending", &EnvironmentStatus::pending);
    field("path", &EnvironmentStatus::path);
    field("same_as", &EnvironmentStatus::same_as);
    field("policy", &EnvironmentStatus::policy);
    field("protected", &EnvironmentStatus::is_protected);
    field("why", &EnvironmentStatus::why);
    field("pending_names", &EnvironmentStatus::pending_names);
    field("error", &EnvironmentStatus::error);
  }
};

/// Who answered, so that a stale daemon can be told from a current one.
struct DaemonInfo {
  std::int64_t pid = 0;
  std::string version;
  std::string watching;  // "inotify", "polling", or "nothing" for a process that only answers
  static constexpr void Fields(auto&& field) {
    field("pid", &DaemonInfo::pid);
    field("version", &DaemonInfo::version);
    field("watching", &DaemonInfo::watching);
  }
};

struct StatusDocument {
  int v = 1;
  std::string project;
  std::string root;
  bool trusted = false;
  std::vector<EnvironmentStatus> environments;
  std::vector<StrayEntry> strays;
  std::vector<Finding> findings;
  std::optional<std::string> next;
  DaemonInfo daemon;

  static constexpr void Fields(auto&& field) {
    field("v", &StatusDocument::v);
    field("project", &StatusDocument::project);
    field("root", &StatusDocument::root);
    field("trusted", &StatusDocument::trusted);
    field("environments", &StatusDocument::environments);
    field("strays", &StatusDocument::strays);
    field("findings", &StatusDocument::findings);
    field("next", &StatusDocument::next);
    field("daemon", &StatusDocument::daemon);
  }
};

/// What a step would destroy: "drop table users", "drop column users.age".
struct Destruction {
  std::string kind;  // the JSON key is "class"
  std::string object;
  static constexpr void Fields(auto&& field) {
    field("class", &Destruction::kind);
    field("object", &Destruction::object);
  }
  bool operator==(const Destruction&) const = default;
};

struct PlanStep {
  std::string revision;
  std::string direction;  // up | down
  std::string file;       // relative to the project root when below it
  std::string message;
  std::optional<bool> transaction;  // null: not drover but Alembic carries it out
  bool archived = false;            // the SQL is that of the database's history, not of the file
  std::vector<Destruction> destructive;
  std::optional<std::string> output;  // of Alembic, once carried out
  static constexpr void Fields(auto&& field) {
    field("revision", &PlanStep::revision);
    field("direction", &PlanStep::direction);
    field("file", &PlanStep::file);
    field("message", &PlanStep::message);
    field("transaction", &PlanStep::transaction);
    field("archived", &PlanStep::archived);
    field("destructive", &PlanStep::destructive);
    field("output", &PlanStep::output);
  }
};

/// A database's schema beside the one that its migrations make.
struct SchemaCheck {
  std::optional<bool> verified;  // null: could not be compared, see `reason`
  std::vector<SchemaDifference> differences;
  std::optional<std::string> reason;
  static constexpr void Fields(auto&& field) {
    field("verified", &SchemaCheck::verified);
    field("differences", &SchemaCheck::differences);
    field("reason", &SchemaCheck::reason);
  }
};

/// A plan, or, when `applied` is set, the result of carrying one out.
struct PlanDocument {
  int v = 1;
  std::string environment;
  std::vector<std::string> same_as;
  std::string path;
  std::vector<std::string> from;
  std::vector<std::string> to;
  std::vector<PlanStep> steps;
  std::vector<std::string> warnings;
  std::optional<std::string> sql;
  std::optional<std::int64_t> applied;
  std::optional<std::int64_t> duration_ms;
  std::optional<SchemaCheck> schema;  // stamp only
  std::optional<BackupEntry> backup;  // taken before the plan was carried out
  std::optional<RehearsalReport> rehearsal;

  static constexpr void Fields(auto&& field) {
    field("v", &PlanDocument::v);
    field("environment", &PlanDocument::environment);
    field("same_as", &PlanDocument::same_as);
    field("path", &PlanDocument::path);
    field("from", &PlanDocument::from);
    field("to", &PlanDocument::to);
    field("steps", &PlanDocument::steps);
    field("warnings", &PlanDocument::warnings);
    field("sql", &PlanDocument::sql);
    field("applied", &PlanDocument::applied);
    field("duration_ms", &PlanDocument::duration_ms);
    field("schema", &PlanDocument::schema);
    field("backup", &PlanDocument::backup);
    field("rehearsal", &PlanDocument::rehearsal);
  }
};

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
  }
};

struct RevisionsDocument {
  int v = 1;
  std::vector<RevisionEntry> revisions;
  static constexpr void Fields(auto&& field) {
    field("v", &RevisionsDocument::v);
    field("revisions", &RevisionsDocument::revisions);
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

/// One step of how a value was found: the value after it, and the line it comes from.
struct Provenance {
  std::string value;
  std::string from;
  static constexpr void Fields(auto&& field) {
    field("value", &Provenance::value);
    field("from", &Provenance::from);
  }
  bool operator==(const Provenance&) const = default;
};

/// A mount of the environment's container, as the compose file has it.
struct MountEntry {
  std::string target;
  std::string type;
  std::optional<std::string> host;
  std::optional<std::string> volume;
  bool read_only = false;
  static constexpr void Fields(auto&& field) {
    field("target", &MountEntry::target);
    field("type", &MountEntry::type);
    field("host", &MountEntry::host);
    field("volume", &MountEntry::volume);
    field("read_only", &MountEntry::read_only);
  }
  bool operator==(const MountEntry&) const = default;
};

/// What would be for an application, or docker compose, started from the client's shell.
struct ShellWhere {
  std::vector<std::string> variables;  // set there, and asked for by the environment
  std::optional<std::string> path;     // where they lead; null when that cannot be told
  bool same = false;                   // the environment's file
  static constexpr void Fields(auto&& field) {
    field("variables", &ShellWhere::variables);
    field("path", &ShellWhere::path);
    field("same", &ShellWhere::same);
  }
};

struct EnvironmentWhere {
  std::string name;
  std::optional<std::string> path;
  bool exists = false;
  std::optional<std::uint64_t> device;
  std::optional<std::uint64_t> inode;
  std::string confidence;   // certain | likely | unknown
  std::string url_dialect;  // sqlalchemy | flask | django | dbmate | uri | path; empty: no URL
  std::vector<std::string> same_as;
  std::vector<Provenance> provenance;
  std::vector<MountEntry> mounts;
  std::vector<std::string> variables;  // which the shell could set to change the answer
  std::optional<ShellWhere> shell;     // null: it sets none of them
  std::vector<Finding> findings;
  static constexpr void Fields(auto&& field) {
    field("name", &EnvironmentWhere::name);
    field("path", &EnvironmentWhere::path);
    field("exists", &EnvironmentWhere::exists);
    field("device", &EnvironmentWhere::device);
    field("inode", &EnvironmentWhere::inode);
    field("confidence", &EnvironmentWhere::confidence);
    field("url_dialect", &EnvironmentWhere::url_dialect);
    field("same_as", &EnvironmentWhere::same_as);
    field("provenance", &EnvironmentWhere::provenance);
    field("mounts", &EnvironmentWhere::mounts);
    field("variables", &EnvironmentWhere::variables);
    field("shell", &EnvironmentWhere::shell);
    field("findings", &EnvironmentWhere::findings);
  }
};

struct WhereDocument {
  int v = 1;
  std::vector<EnvironmentWhere> environments;
  static constexpr void Fields(auto&& field) {
    field("v", &WhereDocument::v);
    field("environments", &WhereDocument::environments);
  }
};

struct TrustDocument {
  int v = 1;
  std::string project;
  std::string config;  // absolute path of drover.yaml
  std::string sha256;  // of its content
  bool trusted = false;
  static constexpr void Fields(auto&& field) {
    field("v", &TrustDocument::v);
    field("project", &TrustDocument::project);
    field("config", &TrustDocument::config);
    field("trusted", &TrustDocument::trusted);
  }
};

/// The answer of `hello`, `ping` and `daemon status`.
struct HelloDocument {
  int v = 1;
  std::string server;   // "droverd 0.1.0"
  std::string version;  // "0.1.0"
  int protocol = 1;
  std::vector<std::string> capabilities;
  std::int64_t pid = 0;
  std::string socket;
  std::string started_at;
  std::vector<std::string> projects;
  std::int64_t clients = 0;
  static constexpr void Fields(auto&& field) {
    field("v", &HelloDocument::v);
    field("server", &HelloDocument::server);
    field("version", &HelloDocument::version);
    field("protocol", &HelloDocument::protocol);
    field("capabilities", &HelloDocument::capabilities);
    field("pid", &HelloDocument::pid);
    field("socket", &HelloDocument::socket);
    field("started_at", &HelloDocument::started_at);
    field("projects", &HelloDocument::projects);
    field("clients", &HelloDocument::clients);
  }
};

/// The answer of requests that have nothing to report but success.
struct DoneDocument {
  int v = 1;
  bool ok = true;
  std::string message;
  static constexpr void Fields(auto&& field) {
    field("v", &DoneDocument::v);
    field("ok", &DoneDocument::ok);
    field("message", &DoneDocument::message);
  }
};

/// One notification to subscribers; one line of `drover watch --json`.
struct EventDocument {
  int v = 1;
  std::string event;  // applied | failed | pending | stray | finding | config | state | overflow
  std::string at;     // UTC with milliseconds
  std::string project;
  std::optional<std::string> environment;
  std::optional<std::string> state;      // state: the new one
  std::optional<std::string> revision;   // applied
  std::optional<std::string> direction;  // applied: up | down
  std::optional<std::int64_t> duration_ms;
  std::optional<std::int64_t> pending;
  std::string message;
  std::optional<ErrorBody> error;
  std::optional<StrayEntry> stray;
  std::optional<Finding> finding;
  std::optional<std::string> output;  // applied, failed: the end of what Alembic printed
  static constexpr void Fields(auto&& field) {
    field("v", &EventDocument::v);
    field("event", &EventDocument::event);
    field("at", &EventDocument::at);
    field("project", &EventDocument::project);
    field("environment", &EventDocument::environment);
    field("state", &EventDocument::state);
    field("revision", &EventDocument::revision);
    field("direction", &EventDocument::direction);
    field("duration_ms", &EventDocument::duration_ms);
    field("pending", &EventDocument::pending);
    field("message", &EventDocument::message);
    field("error", &EventDocument::error);
    field("stray", &EventDocument::stray);
    field("finding", &EventDocument::finding);
    field("output", &EventDocument::output);
  }
};

/// A notification to the client that asked for a long job: how far it has come.
struct ProgressDocument {
  std::int64_t id = 0;    // of the request
  std::int64_t step = 0;  // from 1
  std::int64_t steps = 0;
  std::string revision;
  std::string message;
  std::int64_t statement = 0;  // of the step's script, from 1; 0 while it is young
  std::int64_t statements = 0;
  std::int64_t elapsed_ms = 0;
  bool rehearsing = false;  // on a copy of the data
  std::optional<std::string>
      waiting_for;  // who has the database locked: "pid 123 (python3 app.py)"
  static constexpr void Fields(auto&& field) {
    field("id", &ProgressDocument::id);
    field("step", &ProgressDocument::step);
    field("steps", &ProgressDocument::steps);
    field("revision", &ProgressDocument::revision);
    field("message", &ProgressDocument::message);
    field("statement", &ProgressDocument::statement);
    field("statements", &ProgressDocument::statements);
    field("elapsed_ms", &ProgressDocument::elapsed_ms);
    field("rehearsing", &ProgressDocument::rehearsing);
    field("waiting_for", &ProgressDocument::waiting_for);
  }
};

/// What `drover status --exit-code` and `droverd --once` exit with: the worst environment counts,
/// in the order 1 (failed, unresolved, or a wrong drover.yaml), 5 (conflict), 4 (modified, orphan),
/// 3 (work to be done), 0.
[[nodiscard]] int StatusExitCode(const StatusDocument& status);

/// `document` as one line of JSON. Defined for every document above; invalid UTF-8 (a file name may
/// hold any byte) is replaced by U+FFFD.
template <class Document>
[[nodiscard]] std::string EncodeDocument(const Document& document);

/// The inverse; keys that this version does not know are ignored, missing ones keep their default.
/// Throws kInvalid ("protocol.document") when the text is not JSON or a value has the wrong type.
template <class Document>
[[nodiscard]] Document DecodeDocument(std::string_view json);

}  // namespace drover
