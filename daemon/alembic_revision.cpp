#include "daemon/alembic_revision.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <utility>

#include "base/posix.h"
#include "base/text.h"
#include "daemon/alembic.h"
#include "daemon/alembic_runner.h"
#include "daemon/changes.h"
#include "daemon/safety.h"
#include "migrations/alembic/version_file.h"
#include "migrations/author.h"
#include "migrations/safety/database_copy.h"
#include "migrations/safety/scratch_file.h"

namespace drover::daemon {
namespace {

constexpr std::size_t kVersionFileBytes = std::size_t{4} << 20U;

/// Every revision file of the project.
std::set<std::string> VersionFiles(const View& view) {
  std::set<std::string> files;
  for (const std::string& directory : view.seen->migration_directories) {
    std::error_code none;
    for (const auto& entry : std::filesystem::directory_iterator(directory, none)) {
      const std::string name = entry.path().filename().string();
      if (migrations::IsVersionFileName(name)) files.insert(entry.path().string());
    }
  }
  return files;
}

/// The file that is there now, was not before, and holds `revision`; empty when there is none.
/// Somebody may be saving another one at the same time.
std::string NewFile(const std::set<std::string>& before, const View& view,
                    const migrations::RevisionId& revision) {
  for (const std::string& file : VersionFiles(view)) {
    if (before.contains(file)) continue;
    try {
      const std::string text = ReadFile(file, kVersionFileBytes);
      if (migrations::ParseVersionFile(text, file).revision.id == revision) return file;
    } catch (const Error&) {
      continue;
    }
  }
  return {};
}

void Add(std::vector<std::string>& arguments, std::string_view option, const std::string& value) {
  if (value.empty()) return;
  arguments.push_back(Concat(option, "=", value));  // a value may begin with a dash
}

std::vector<std::string> RevisionArguments(const Params& params) {
  std::vector<std::string> arguments{"revision", Concat("--message=", params.message)};
  for (const std::string& head : SplitList(params.head, ' ')) Add(arguments, "--head", head);
  if (params.splice) arguments.emplace_back("--splice");
  Add(arguments, "--branch-label", params.branch_label);
  for (const std::string& other : params.depends_on) Add(arguments, "--depends-on", other);
  Add(arguments, "--rev-id", params.rev_id);
  return arguments;
}

NewRevisionDocument Written(const View& view, const std::string& file) {
  const migrations::Revision revision =
      migrations::ParseVersionFile(ReadFile(file, kVersionFileBytes), file).revision;
  return {.v = 1,
          .revision = revision.id,
          .file = RelativeTo(file, view.seen->root),
          .down_revision = revision.down_revision,
          .draft = false,
          .warnings = WarnOfBrokenConfig(view)};
}

/// Has Alembic write the revision with the id of `params`, looking at the database at `path`.
NewRevisionDocument WriteBy(const View& view, const AlembicRunner& runner, const std::string& path,
                            const Params& params, const std::vector<std::string>& arguments,
                            const std::stop_token& stop) {
  const std::set<std::string> before = VersionFiles(view);
  runner.Run(arguments, path, stop);
  const std::string file = NewFile(before, view, params.rev_id);
  if (!file.empty()) return Written(view, file);
  throw Error(
      Code::kConflict, "alembic.no_effect",
      Concat("Alembic says that it has done its ", arguments.front(), ", but no new file in ",
             Join(view.seen->migration_directories, ", "), " has the revision ", params.rev_id),
      "drover doctor");
}

/// With an id of drover's own, unless there is one: it tells which file is the new one. Throws what
/// Alembic would say in its own words, or not at all, about the id and the heads.
Params Checked(const View& view, Params params) {
  if (view.seen->graph) {
    params.rev_id = migrations::ChooseRevisionId(*view.seen->graph, params.rev_id);
  } else if (params.rev_id.empty()) {
    params.rev_id = migrations::NewRevisionId();
  }
  return params;
}

/// The same of a revision that follows the head.
Params CheckedRevision(const View& view, const Params& wanted) {
  Params params = Checked(view, wanted);
  const bool at_head = params.head.empty() && view.seen->graph && !view.seen->graph->empty();
  if (at_head) (void)migrations::ResolveParents(*view.seen->graph, "head", params.splice);
  return params;
}

/// A private database at the project's heads for Alembic to look at.
void MakeModel(const View& view, std::size_t index, const AlembicRunner& runner,
               const std::string& to, const std::stop_token& stop) {
  const environments::Target& target = view.seen->targets[index];
  if (target.file) {
    (void)migrations::CopyLive(target.path, [&](migrations::Connection& source) {
      migrations::WriteCopy(source, to, migrations::CopyKind::kScratch);
    });
  }
  runner.CheckUrl(target.file ? to + "-probe" : to, stop);
  runner.Run({"upgrade", "heads"}, to, stop);
}

}  // namespace

bool WritesByAlembic(const View& view) {
  return view.seen->config && view.seen->config->format == migrations::Format::kAlembic;
}

NewRevisionDocument WriteAlembicRevision(const View& view, const Params& wanted,
                                         const std::stop_token& stop) {
  const Params params = CheckedRevision(view, wanted);
  const std::size_t index = OneEnvironment(view, params);
  const AlembicRunner runner(AlembicSettingFor(*view.seen, index));
  return WriteBy(view, runner, view.seen->targets[index].path, params, RevisionArguments(params),
                 stop);
}

NewRevisionDocument WriteAlembicMerge(const View& view, const Params& wanted,
                                      const std::stop_token& stop) {
  const Params params = Checked(view, wanted);
  std::vector<std::string> parents = params.revisions;
  if (view.seen->graph) {
    const std::size_t all = view.seen->graph->Heads().size();
    const auto joined = migrations::ResolveMergeParents(*view.seen->graph, params.revisions);
    if (parents.empty() && joined.size() < all) parents = joined;
  }
  if (parents.empty()) parents.emplace_back("heads");
  std::vector<std::string> arguments{"merge"};
  Add(arguments, "--message", params.message);
  Add(arguments, "--rev-id", params.rev_id);
  Add(arguments, "--branch-label", params.branch_label);
  arguments.insert(arguments.end(), parents.begin(), parents.end());
  const std::size_t index = OneEnvironment(view, params);
  const AlembicRunner runner(AlembicSettingFor(*view.seen, index));
  return WriteBy(view, runner, view.seen->targets[index].path, params, arguments, stop);
}

AutogenerateDocument AutogenerateByAlembic(const View& view, const StateStore& store,
                                           const Params& wanted, const std::stop_token& stop) {
  if (wanted.dry_run) {
    throw Error(Code::kInvalid, "usage",
                "Alembic's autogenerate has no dry run: it writes the file",
                "drover revision --autogenerate -m \"…\", then read it");
  }
  const Params params = CheckedRevision(view, wanted);
  const std::size_t index = OneEnvironment(view, params);
  CheckTarget(view.seen->targets[index]);
  const AlembicRunner runner(AlembicSettingFor(*view.seen, index));
  const migrations::ScratchDirectory place(view.seen->targets[index].path,
                                           SafetyOf(view.config(), store).backup);
  const std::string model = place.path() + "/model.db";
  MakeModel(view, index, runner, model, stop);
  std::vector<std::string> arguments = RevisionArguments(params);
  arguments.emplace_back("--autogenerate");
  const NewRevisionDocument written = WriteBy(view, runner, model, params, arguments, stop);
  AutogenerateDocument document;
  document.message = Concat("written by Alembic, after ", written.down_revision.empty()
                                                              ? std::string("base")
                                                              : Join(written.down_revision, ", "));
  document.notes.emplace_back(
      "Alembic does not see renames, CHECKs, triggers, views and data: read it before it is "
      "applied");
  document.revision = written.revision;
  document.file = written.file;
  return document;
}

}  // namespace drover::daemon
