#include "daemon/view.h"

#include <algorithm>
#include <iterator>
#include <map>

#include "base/doctor_documents.h"
#include "base/posix.h"
#include "base/text.h"
#include "daemon/applied.h"
#include "environments/shell.h"
#include "migrations/folder.h"
#include "migrations/identifiers.h"

namespace drover::daemon {
namespace {

using environments::OnPending;
using environments::Target;
using environments::TargetKind;
using migrations::Graph;
using migrations::Revision;
using migrations::RevisionId;

std::string_view PolicyName(OnPending policy) {
  return policy == OnPending::kApply ? "apply" : "report";
}

EnvironmentStatus StatusOf(const View& view, std::size_t index) {
  const Verdict& verdict = view.verdicts[index];
  const Target& target = view.seen->targets[index];
  EnvironmentStatus status;
  status.name = verdict.environment;
  status.state = StateName(verdict.state);
  status.current = verdict.current;
  if (view.seen->graph) status.heads = view.seen->graph->Heads();
  status.pending = static_cast<std::int64_t>(verdict.pending);
  if (!target.path.empty()) status.path = target.path;
  status.same_as = verdict.same_as;
  status.policy = PolicyName(verdict.policy);
  status.is_protected = view.config().environments[index].is_protected;
  status.why = verdict.why;
  status.pending_names = verdict.pending_names;
  if (verdict.error) status.error = ToBody(*verdict.error);
  return status;
}

/// The one next command: that of the environment in the worst state, else of the worst finding.
std::optional<std::string> NextCommand(const StatusDocument& status, const View& view,
                                       const std::vector<std::size_t>& selected) {
  constexpr EnvironmentState kWorstFirst[] = {
      EnvironmentState::kConflict, EnvironmentState::kFailed,   EnvironmentState::kUnresolved,
      EnvironmentState::kOrphan,   EnvironmentState::kModified, EnvironmentState::kUnversioned,
      EnvironmentState::kHeld,     EnvironmentState::kPending,  EnvironmentState::kMissing};
  for (const EnvironmentState state : kWorstFirst) {
    for (const std::size_t index : selected) {
      const Verdict& verdict = view.verdicts[index];
      if (verdict.state == state && !verdict.next.empty()) return verdict.next;
    }
  }
  const bool fatal = std::ranges::any_of(
      status.findings, [](const Finding& finding) { return finding.severity == "fatal"; });
  if (fatal) return "drover doctor";
  for (const StrayEntry& stray : status.strays) {
    if (IsTrouble(stray)) return "drover strays";
  }
  if (std::ranges::any_of(status.findings, IsError)) return "drover doctor";
  return std::nullopt;
}

/// The path to show; what comes from a history has none.
std::string FileOf(const View& view, const Revision& revision) {
  return revision.archived ? std::string() : RelativeTo(revision.file, view.seen->root);
}

RevisionEntry EntryOf(const View& view, const Graph& graph, const Revision& revision,
                      const std::map<RevisionId, std::vector<std::string>>& positions) {
  const std::vector<RevisionId> children = graph.Children(revision.id);
  RevisionEntry entry{.revision = revision.id,
                      .down_revision = revision.down_revision,
                      .depends_on = revision.depends_on,
                      .branch_labels = revision.branch_labels,
                      .message = revision.message,
                      .created = revision.created,
                      .file = FileOf(view, revision),
                      .head = children.empty() && !revision.archived,
                      .branchpoint = children.size() > 1,
                      .mergepoint = revision.down_revision.size() > 1,
                      .draft = revision.draft,
                      .environments = {},
                      .up_sql = std::nullopt,
                      .down_sql = std::nullopt,
                      .orphan = revision.archived};
  if (entry.orphan) {
    entry.applied = ApplicationsOf(view, revision.id);
    const auto found = view.seen->elsewhere.find(revision.id);
    if (found != view.seen->elsewhere.end()) entry.elsewhere = Describe(found->second);
  }
  if (const auto found = positions.find(revision.id); found != positions.end()) {
    entry.environments = found->second;
  }
  return entry;
}

std::map<RevisionId, std::vector<std::string>> Positions(const View& view) {
  std::map<RevisionId, std::vector<std::string>> positions;
  for (const Verdict& verdict : view.verdicts) {
    for (const RevisionId& row : verdict.current) positions[row].push_back(verdict.environment);
  }
  return positions;
}

CurrentRevision CurrentOf(const View& view, std::size_t environment, const RevisionId& row) {
  const std::string& path = view.seen->targets[environment].path;
  const Graph* files = view.seen->graph.get();
  const Revision* revision = files == nullptr ? nullptr : files->Find(row);
  CurrentRevision current{.revision = row,
                          .head = revision != nullptr && files->Children(row).empty(),
                          .message = {},
                          .orphan = false,
                          .applied = ApplicationTo(view, environment, row)};
  if (const migrations::Lineage* lineage = view.seen->LineageOf(path)) {
    current.orphan = std::ranges::find(lineage->orphans, row) != lineage->orphans.end();
    if (revision == nullptr && lineage->graph) revision = lineage->graph->Find(row);
  }
  if (revision != nullptr) current.message = revision->message;
  return current;
}

/// What a database with these rows is at; rows that no file has are named as they are.
std::vector<RevisionId> EffectiveRows(const View& view, std::size_t environment) {
  const std::vector<RevisionId>& rows = view.verdicts[environment].current;
  const migrations::Lineage* lineage = view.seen->LineageOf(view.seen->targets[environment].path);
  const Graph* graph = lineage != nullptr ? lineage->graph.get() : view.seen->graph.get();
  if (graph == nullptr) return rows;
  std::vector<RevisionId> current = graph->EffectiveHeads(rows);
  for (const RevisionId& row : rows) {
    if (graph->Find(row) == nullptr) current.push_back(row);
  }
  return current;
}

const std::vector<RevisionId>& RowsOfDefault(const View& view) {
  const auto found =
      std::ranges::find(view.verdicts, view.config().default_environment, &Verdict::environment);
  static const std::vector<RevisionId> kNone;
  return found == view.verdicts.end() ? kNone : found->current;
}

/// What `target` means, "current" being the default environment's rows. A name is sought among the
/// files, then among the revisions whose files have gone.
std::vector<const Revision*> FindToShow(const View& view, const Graph& graph,
                                        std::span<const Revision> orphans,
                                        std::string_view target) {
  const auto find = [&](const RevisionId& id) {
    const auto orphan = std::ranges::find(orphans, id, &Revision::id);
    return orphan == orphans.end() ? graph.Find(id) : &*orphan;
  };
  std::vector<const Revision*> found;
  if (target == "current") {
    for (const RevisionId& row : RowsOfDefault(view)) {
      if (const Revision* revision = find(row)) found.push_back(revision);
    }
    return found;
  }
  try {
    const std::vector<RevisionId> meant = migrations::ResolveToShow(graph, target);
    if (meant.empty()) (void)migrations::ResolveRevision(graph, target);  // says why
    for (const RevisionId& id : meant) found.push_back(graph.Find(id));
  } catch (const Error& error) {
    if (error.code != Code::kNotFound || target.empty()) throw;
    for (const Revision& orphan : orphans) {
      if (orphan.id.starts_with(target)) found.push_back(&orphan);
    }
    if (found.size() != 1) throw;
  }
  return found;
}

}  // namespace

const environments::Config& View::config() const {
  if (!seen->config) throw Error(seen->config_error.value());
  return *seen->config;
}

const Graph& View::graph() const {
  (void)config();
  if (!seen->graph) throw Error(seen->migration_problems.at(0));
  return *seen->graph;
}

std::vector<std::size_t> SelectEnvironments(const View& view,
                                            const std::vector<std::string>& names) {
  const environments::Config& config = view.config();
  std::vector<std::size_t> selected;
  for (const std::string& name : names) {
    const environments::EnvironmentConfig& found = environments::FindEnvironment(config, name);
    selected.push_back(static_cast<std::size_t>(&found - config.environments.data()));
  }
  if (names.empty()) {
    for (std::size_t i = 0; i < config.environments.size(); ++i) selected.push_back(i);
  }
  return selected;
}

StatusDocument MakeStatus(const View& view, const std::vector<std::string>& names) {
  StatusDocument status;
  status.project = view.config().project;
  status.root = view.seen->root;
  status.trusted = view.seen->trusted;
  const std::vector<std::size_t> selected = SelectEnvironments(view, names);
  for (const std::size_t index : selected) status.environments.push_back(StatusOf(view, index));
  std::ranges::copy_if(view.strays, std::back_inserter(status.strays),
                       [](const StrayEntry& stray) { return !stray.ignored; });
  for (const Finding& finding : view.findings) {
    const bool elsewhere = !names.empty() && finding.environment &&
                           std::ranges::find(names, *finding.environment) == names.end();
    if (!elsewhere) status.findings.push_back(finding);
  }
  status.daemon = view.daemon;
  status.next = NextCommand(status, view, selected);
  return status;
}

std::optional<Finding> CheckWorkingDirectory(const View& view, const std::string& cwd) {
  if (cwd.empty() || !view.seen->config) return std::nullopt;
  std::optional<Finding> finding;
  for (const Target& target : view.seen->targets) {
    if (target.kind != TargetKind::kFile || !target.from_directory) continue;
    const Target::FromDirectory& from = *target.from_directory;
    const std::string there = RealPath(AbsolutePath(from.path, cwd));
    if (there == target.path) return std::nullopt;
    if (finding) continue;
    const std::string& root = view.seen->root;
    const std::string here = cwd == root ? "the project root" : Concat(RelativeTo(cwd, root), "/");
    const bool dotted = from.path.starts_with(".");
    finding = Finding{.code = "wrong-cwd",
                      .severity = "warning",
                      .environment = target.environment,
                      .message = Concat("from ", here, " the URL ", dotted ? "" : "./", from.path,
                                        " would be ", RelativeTo(there, root), ", not ",
                                        target.environment, "'s ", RelativeTo(target.path, root)),
                      .ground = "seen",
                      .fix = Concat("cd ", ShellQuote(from.directory)),
                      .where = std::nullopt};
  }
  return finding;
}

WhereDocument MakeWhere(const View& view, const std::vector<std::string>& names) {
  WhereDocument where;
  for (const std::size_t index : SelectEnvironments(view, names)) {
    const Target& target = view.seen->targets[index];
    EnvironmentWhere entry;
    entry.name = target.environment;
    if (!target.path.empty()) entry.path = target.path;
    if (target.file) {
      entry.exists = true;
      entry.device = target.file->identity.device;
      entry.inode = target.file->identity.inode;
    }
    entry.confidence = environments::ConfidenceName(target.confidence);
    entry.url_dialect = target.url_dialect;
    entry.variables.assign(target.variables.begin(), target.variables.end());
    entry.same_as = view.verdicts[index].same_as;
    entry.provenance = target.provenance;
    entry.mounts = target.mounts;
    entry.findings = target.findings;
    if (target.error) {
      entry.findings.push_back(
          {.code = target.error->kind,
           .severity = "error",
           .environment = target.environment,
           .message = target.error->message,
           .ground = "seen",
           .fix = target.error->hint.empty() ? std::nullopt : std::optional(target.error->hint),
           .where = target.error->where});
    }
    where.environments.push_back(std::move(entry));
  }
  return where;
}

void AddShell(WhereDocument& where, const View& view, const std::vector<std::string>& variables) {
  const auto shell = environments::ParseShellVariables(variables);
  environments::RealFiles files;
  for (EnvironmentWhere& entry : where.environments) {
    const environments::EnvironmentConfig* environment = view.config().Find(entry.name);
    const Target* target = view.seen->FindTarget(entry.name);
    if (environment == nullptr || target == nullptr) continue;
    auto compared =
        environments::CompareWithShell(view.config(), *environment, *target, shell, files);
    if (!compared) continue;
    entry.shell = std::move(compared->where);
    if (compared->finding) entry.findings.push_back(*std::move(compared->finding));
  }
}

CurrentDocument MakeCurrent(const View& view, const std::vector<std::string>& names) {
  CurrentDocument current;
  for (const std::size_t index : SelectEnvironments(view, names)) {
    EnvironmentCurrent entry{.name = view.verdicts[index].environment, .current = {}};
    for (const RevisionId& row : EffectiveRows(view, index)) {
      entry.current.push_back(CurrentOf(view, index, row));
    }
    current.environments.push_back(std::move(entry));
  }
  return current;
}

RevisionsDocument MakeRevisions(const View& view, std::string_view select,
                                std::string_view target) {
  const Graph& graph = GraphToShow(view);
  const auto positions = Positions(view);
  std::vector<Revision> orphans = Orphans(view);
  RevisionsDocument document;
  if (select == "show") {
    for (const Revision* revision : FindToShow(view, graph, orphans, target)) {
      RevisionEntry entry = EntryOf(view, graph, *revision, positions);
      if (revision->format == migrations::Format::kAlembic) {
        entry.source = ReadFile(revision->file, migrations::kLargestMigration);
      } else if (!revision->archived || !revision->up.sql.empty()) {
        entry.up_sql = revision->up.sql;
        if (revision->down) entry.down_sql = revision->down->sql;
      }
      entry.applied = ApplicationsOf(view, revision->id);
      if (!revision->archived) entry.differences = DifferencesOf(view, *revision);
      document.revisions.push_back(std::move(entry));
    }
    return document;
  }
  if (select == "all" && target.empty()) {
    // They lie above the files, unless a file is above them: then the graph has them already.
    for (const Revision& orphan : orphans) {
      if (graph.Find(orphan.id) != nullptr) continue;
      document.revisions.push_back(EntryOf(view, graph, orphan, positions));
    }
  }
  if (select == "heads") document.to_merge = graph.HeadsToMerge();
  const std::vector<bool> inside =
      target.empty() ? std::vector<bool>(graph.revisions().size(), true)
                     : migrations::ResolveRange(graph, target, RowsOfDefault(view));
  const auto order = graph.TopologicalOrder();
  for (std::size_t k = order.size(); k-- > 0;) {
    if (!inside[order[k]]) continue;
    RevisionEntry entry = EntryOf(view, graph, graph.At(order[k]), positions);
    const bool wanted = select == "heads"      ? entry.head
                        : select == "branches" ? entry.branchpoint
                                               : true;
    if (wanted) document.revisions.push_back(std::move(entry));
  }
  return document;
}

PlanDocument MakePlanDocument(const View& view, const std::string& environment,
                              const migrations::Plan& plan) {
  PlanDocument document;
  document.environment = environment;
  for (std::size_t i = 0; i < view.verdicts.size(); ++i) {
    if (view.verdicts[i].environment != environment) continue;
    document.same_as = view.verdicts[i].same_as;
    document.path = view.seen->targets[i].path;
  }
  document.from = plan.from;
  document.to = plan.to;
  document.warnings = plan.warnings;
  for (const migrations::Step& step : plan.steps) {
    document.steps.push_back(
        {.revision = step.revision.id,
         .direction = step.direction == migrations::Direction::kUp ? "up" : "down",
         .file = FileOf(view, step.revision),
         .message = step.revision.message,
         .transaction = step.revision.format == migrations::Format::kNative
                            ? std::optional(step.script().transaction)
                            : std::nullopt,
         .archived = step.revision.archived,
         .destructive = step.destructive,
         .output = std::nullopt});
  }
  return document;
}

}  // namespace drover::daemon
