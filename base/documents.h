// The JSON documents of drover's protocol and of `--json`, as plain structs. Key names are a
// stable contract (docs/json.md): keys are added, never renamed. std::nullopt is written as null.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "base/error.h"
#include "base/fields.h"
#include "base/stray_documents.h"

namespace drover {

/// An Error on the wire.
struct ErrorBody {
  std::string code = "internal";
  std::string kind;
  std::string message;
  std::string hint;
  std::optional<std::string> where;

  static constexpr auto Fields() {
    return std::tuple{Field{"code", &ErrorBody::code}, Field{"kind", &ErrorBody::kind},
                      Field{"message", &ErrorBody::message}, Field{"hint", &ErrorBody::hint},
                      Field{"where", &ErrorBody::where}};
  }
};

[[nodiscard]] ErrorBody ToBody(const Error& error);
[[nodiscard]] Error FromBody(const ErrorBody& body);

/// What `--json` prints on stderr when a command fails.
struct ErrorDocument {
  int v = 1;
  ErrorBody error;
  static constexpr auto Fields() {
    return std::tuple{Field{"v", &ErrorDocument::v}, Field{"error", &ErrorDocument::error}};
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

  static constexpr auto Fields() {
    return std::tuple{Field{"code", &Finding::code},
                      Field{"severity", &Finding::severity},
                      Field{"environment", &Finding::environment},
                      Field{"message", &Finding::message},
                      Field{"ground", &Finding::ground},
                      Field{"fix", &Finding::fix},
                      Field{"where", &Finding::where}};
  }
  bool operator==(const Finding&) const = default;
};

/// A revision named with its message, where a full RevisionEntry would be too much.
struct RevisionName {
  std::string revision;
  bool head = false;
  std::string message;
  static constexpr auto Fields() {
    return std::tuple{Field{"revision", &RevisionName::revision},
                      Field{"head", &RevisionName::head}, Field{"message", &RevisionName::message}};
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

  static constexpr auto Fields() {
    return std::tuple{Field{"name", &EnvironmentStatus::name},
                      Field{"state", &EnvironmentStatus::state},
                      Field{"current", &EnvironmentStatus::current},
                      Field{"heads", &EnvironmentStatus::heads},
                      Field{"pending", &EnvironmentStatus::pending},
                      Field{"path", &EnvironmentStatus::path},
                      Field{"same_as", &EnvironmentStatus::same_as},
                      Field{"policy", &EnvironmentStatus::policy},
                      Field{"protected", &EnvironmentStatus::is_protected},
                      Field{"why", &EnvironmentStatus::why},
                      Field{"pending_names", &EnvironmentStatus::pending_names},
                      Field{"error", &EnvironmentStatus::error}};
  }
};

/// Who answered, so that a stale daemon can be told from a current one.
struct DaemonInfo {
  std::int64_t pid = 0;
  std::string version;
  std::string watching;  // "inotify", "polling", or "nothing" for a process that only answers
  static constexpr auto Fields() {
    return std::tuple{Field{"pid", &DaemonInfo::pid}, Field{"version", &DaemonInfo::version},
                      Field{"watching", &DaemonInfo::watching}};
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

  static constexpr auto Fields() {
    return std::tuple{Field{"v", &StatusDocument::v},
                      Field{"project", &StatusDocument::project},
                      Field{"root", &StatusDocument::root},
                      Field{"trusted", &StatusDocument::trusted},
                      Field{"environments", &StatusDocument::environments},
                      Field{"strays", &StatusDocument::strays},
                      Field{"findings", &StatusDocument::findings},
                      Field{"next", &StatusDocument::next},
                      Field{"daemon", &StatusDocument::daemon}};
  }
};

/// What a step would destroy: "drop table users", "drop column users.age".
struct Destruction {
  std::string kind;  // the JSON key is "class"
  std::string object;
  static constexpr auto Fields() {
    return std::tuple{Field{"class", &Destruction::kind}, Field{"object", &Destruction::object}};
  }
  bool operator==(const Destruction&) const = default;
};

struct PlanStep {
  std::string revision;
  std::string direction;  // up | down
  std::string file;       // relative to the project root when below it
  std::string message;
  bool transaction = true;
  bool archived = false;  // the SQL is that of the database's history, not of the file
  std::vector<Destruction> destructive;
  static constexpr auto Fields() {
    return std::tuple{Field{"revision", &PlanStep::revision},
                      Field{"direction", &PlanStep::direction},
                      Field{"file", &PlanStep::file},
                      Field{"message", &PlanStep::message},
                      Field{"transaction", &PlanStep::transaction},
                      Field{"archived", &PlanStep::archived},
                      Field{"destructive", &PlanStep::destructive}};
  }
};

/// A database's schema beside the one that its migrations make.
struct SchemaCheck {
  std::optional<bool> verified;  // null: could not be compared, see `reason`
  std::vector<SchemaDifference> differences;
  std::optional<std::string> reason;
  static constexpr auto Fields() {
    return std::tuple{Field{"verified", &SchemaCheck::verified},
                      Field{"differences", &SchemaCheck::differences},
                      Field{"reason", &SchemaCheck::reason}};
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

  static constexpr auto Fields() {
    return std::tuple{Field{"v", &PlanDocument::v},
                      Field{"environment", &PlanDocument::environment},
                      Field{"same_as", &PlanDocument::same_as},
                      Field{"path", &PlanDocument::path},
                      Field{"from", &PlanDocument::from},
                      Field{"to", &PlanDocument::to},
                      Field{"steps", &PlanDocument::steps},
                      Field{"warnings", &PlanDocument::warnings},
                      Field{"sql", &PlanDocument::sql},
                      Field{"applied", &PlanDocument::applied},
                      Field{"duration_ms", &PlanDocument::duration_ms},
                      Field{"schema", &PlanDocument::schema}};
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
  static constexpr auto Fields() {
    return std::tuple{Field{"environment", &Application::environment},
                      Field{"direction", &Application::direction},
                      Field{"at", &Application::at},
                      Field{"by", &Application::by},
                      Field{"host", &Application::host},
                      Field{"git_branch", &Application::git_branch},
                      Field{"git_commit", &Application::git_commit}};
  }
};

/// A row of a version table.
struct CurrentRevision {
  std::string revision;
  bool head = false;
  std::string message;
  bool orphan = false;                 // no migration file has it
  std::optional<Application> applied;  // null: the history does not know
  static constexpr auto Fields() {
    return std::tuple{
        Field{"revision", &CurrentRevision::revision}, Field{"head", &CurrentRevision::head},
        Field{"message", &CurrentRevision::message}, Field{"orphan", &CurrentRevision::orphan},
        Field{"applied", &CurrentRevision::applied}};
  }
};

struct EnvironmentCurrent {
  std::string name;
  std::vector<CurrentRevision> current;
  static constexpr auto Fields() {
    return std::tuple{Field{"name", &EnvironmentCurrent::name},
                      Field{"current", &EnvironmentCurrent::current}};
  }
};

struct CurrentDocument {
  int v = 1;
  std::vector<EnvironmentCurrent> environments;
  static constexpr auto Fields() {
    return std::tuple{Field{"v", &CurrentDocument::v},
                      Field{"environments", &CurrentDocument::environments}};
  }
};

/// How the file of an applied revision differs from what was applied.
struct RevisionDifference {
  std::string environment;
  std::string kind;                  // modified | reformatted: only white space, comments and so on
  std::vector<std::string> changes;  // sentences
  std::string diff;                  // unified; empty when `kind` is "reformatted"
  static constexpr auto Fields() {
    return std::tuple{Field{"environment", &RevisionDifference::environment},
                      Field{"kind", &RevisionDifference::kind},
                      Field{"changes", &RevisionDifference::changes},
                      Field{"diff", &RevisionDifference::diff}};
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

  static constexpr auto Fields() {
    return std::tuple{Field{"revision", &RevisionEntry::revision},
                      Field{"down_revision", &RevisionEntry::down_revision},
                      Field{"depends_on", &RevisionEntry::depends_on},
                      Field{"branch_labels", &RevisionEntry::branch_labels},
                      Field{"message", &RevisionEntry::message},
                      Field{"created", &RevisionEntry::created},
                      Field{"file", &RevisionEntry::file},
                      Field{"head", &RevisionEntry::head},
                      Field{"branchpoint", &RevisionEntry::branchpoint},
                      Field{"mergepoint", &RevisionEntry::mergepoint},
                      Field{"draft", &RevisionEntry::draft},
                      Field{"environments", &RevisionEntry::environments},
                      Field{"up_sql", &RevisionEntry::up_sql},
                      Field{"down_sql", &RevisionEntry::down_sql},
                      Field{"orphan", &RevisionEntry::orphan},
                      Field{"applied", &RevisionEntry::applied},
                      Field{"differences", &RevisionEntry::differences}};
  }
};

struct RevisionsDocument {
  int v = 1;
  std::vector<RevisionEntry> revisions;
  static constexpr auto Fields() {
    return std::tuple{Field{"v", &RevisionsDocument::v},
                      Field{"revisions", &RevisionsDocument::revisions}};
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
  static constexpr auto Fields() {
    return std::tuple{Field{"v", &RepairDocument::v},
                      Field{"environment", &RepairDocument::environment},
                      Field{"same_as", &RepairDocument::same_as},
                      Field{"path", &RepairDocument::path},
                      Field{"revision", &RepairDocument::revision},
                      Field{"message", &RepairDocument::message},
                      Field{"file", &RepairDocument::file},
                      Field{"kind", &RepairDocument::kind},
                      Field{"changes", &RepairDocument::changes},
                      Field{"diff", &RepairDocument::diff},
                      Field{"repaired", &RepairDocument::repaired}};
  }
};

/// The answer of `revision` and `merge`: the file that was written.
struct NewRevisionDocument {
  int v = 1;
  std::string revision;
  std::string file;
  std::vector<std::string> down_revision;
  bool draft = false;
  static constexpr auto Fields() {
    return std::tuple{Field{"v", &NewRevisionDocument::v},
                      Field{"revision", &NewRevisionDocument::revision},
                      Field{"file", &NewRevisionDocument::file},
                      Field{"down_revision", &NewRevisionDocument::down_revision},
                      Field{"draft", &NewRevisionDocument::draft}};
  }
};

/// One step of how a value was found: the value after it, and the line it comes from.
struct Provenance {
  std::string value;
  std::string from;
  static constexpr auto Fields() {
    return std::tuple{Field{"value", &Provenance::value}, Field{"from", &Provenance::from}};
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
  static constexpr auto Fields() {
    return std::tuple{Field{"target", &MountEntry::target}, Field{"type", &MountEntry::type},
                      Field{"host", &MountEntry::host}, Field{"volume", &MountEntry::volume},
                      Field{"read_only", &MountEntry::read_only}};
  }
  bool operator==(const MountEntry&) const = default;
};

struct EnvironmentWhere {
  std::string name;
  std::optional<std::string> path;
  bool exists = false;
  std::optional<std::uint64_t> device;
  std::optional<std::uint64_t> inode;
  std::string confidence;  // certain | likely | unknown
  std::vector<std::string> same_as;
  std::vector<Provenance> provenance;
  std::vector<MountEntry> mounts;
  std::vector<Finding> findings;
  static constexpr auto Fields() {
    return std::tuple{Field{"name", &EnvironmentWhere::name},
                      Field{"path", &EnvironmentWhere::path},
                      Field{"exists", &EnvironmentWhere::exists},
                      Field{"device", &EnvironmentWhere::device},
                      Field{"inode", &EnvironmentWhere::inode},
                      Field{"confidence", &EnvironmentWhere::confidence},
                      Field{"same_as", &EnvironmentWhere::same_as},
                      Field{"provenance", &EnvironmentWhere::provenance},
                      Field{"mounts", &EnvironmentWhere::mounts},
                      Field{"findings", &EnvironmentWhere::findings}};
  }
};

struct WhereDocument {
  int v = 1;
  std::vector<EnvironmentWhere> environments;
  static constexpr auto Fields() {
    return std::tuple{Field{"v", &WhereDocument::v},
                      Field{"environments", &WhereDocument::environments}};
  }
};

struct TrustDocument {
  int v = 1;
  std::string project;
  std::string config;  // absolute path of drover.yaml
  std::string sha256;  // of its content
  bool trusted = false;
  static constexpr auto Fields() {
    return std::tuple{Field{"v", &TrustDocument::v}, Field{"project", &TrustDocument::project},
                      Field{"config", &TrustDocument::config},
                      Field{"sha256", &TrustDocument::sha256},
                      Field{"trusted", &TrustDocument::trusted}};
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
  static constexpr auto Fields() {
    return std::tuple{Field{"v", &HelloDocument::v},
                      Field{"server", &HelloDocument::server},
                      Field{"version", &HelloDocument::version},
                      Field{"protocol", &HelloDocument::protocol},
                      Field{"capabilities", &HelloDocument::capabilities},
                      Field{"pid", &HelloDocument::pid},
                      Field{"socket", &HelloDocument::socket},
                      Field{"started_at", &HelloDocument::started_at},
                      Field{"projects", &HelloDocument::projects},
                      Field{"clients", &HelloDocument::clients}};
  }
};

/// The answer of requests that have nothing to report but success.
struct DoneDocument {
  int v = 1;
  bool ok = true;
  std::string message;
  static constexpr auto Fields() {
    return std::tuple{Field{"v", &DoneDocument::v}, Field{"ok", &DoneDocument::ok},
                      Field{"message", &DoneDocument::message}};
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
  static constexpr auto Fields() {
    return std::tuple{Field{"v", &EventDocument::v},
                      Field{"event", &EventDocument::event},
                      Field{"at", &EventDocument::at},
                      Field{"project", &EventDocument::project},
                      Field{"environment", &EventDocument::environment},
                      Field{"state", &EventDocument::state},
                      Field{"revision", &EventDocument::revision},
                      Field{"direction", &EventDocument::direction},
                      Field{"duration_ms", &EventDocument::duration_ms},
                      Field{"pending", &EventDocument::pending},
                      Field{"message", &EventDocument::message},
                      Field{"error", &EventDocument::error},
                      Field{"stray", &EventDocument::stray},
                      Field{"finding", &EventDocument::finding}};
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
  std::optional<std::string>
      waiting_for;  // who has the database locked: "pid 123 (python3 app.py)"
  static constexpr auto Fields() {
    return std::tuple{Field{"id", &ProgressDocument::id},
                      Field{"step", &ProgressDocument::step},
                      Field{"steps", &ProgressDocument::steps},
                      Field{"revision", &ProgressDocument::revision},
                      Field{"message", &ProgressDocument::message},
                      Field{"statement", &ProgressDocument::statement},
                      Field{"statements", &ProgressDocument::statements},
                      Field{"elapsed_ms", &ProgressDocument::elapsed_ms},
                      Field{"waiting_for", &ProgressDocument::waiting_for}};
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
