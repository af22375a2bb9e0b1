#include "base/text.h"
#include "client/ask.h"
#include "client/commands.h"
#include "client/consent.h"
#include "client/editor.h"
#include "client/render/render.h"
#include "client/session.h"
#include "client/verbs.h"

namespace drover::client {
namespace {

/// What is only shown needs no daemon to go on with it.
CallOptions ChangeOptions(const Invocation& invocation, const Params& params) {
  CallOptions options = OptionsFor(invocation);
  if (params.dry_run || params.sql) return options;
  options.on_detach = [] {
    PrintError(
        "drover: detached: the migration goes on in the daemon; Ctrl-C again cancels it; drover "
        "watch shows it\n");
  };
  return options;
}

/// What the verb means without a target. The daemon knows what is newest, and what redo is about.
std::string TargetOf(const Invocation& invocation) {
  const std::vector<std::string>& given = invocation.arguments.positionals;
  if (!given.empty()) return Join(given, " ");
  return invocation.verb->name == "stamp" || invocation.verb->name == "edit" ? "head" : "";
}

void FillChange(const Invocation& invocation, Params& params) {
  const Arguments& arguments = invocation.arguments;
  params.target = TargetOf(invocation);
  params.dry_run = arguments.dry_run;
  params.confirm = arguments.yes;
  params.confirm_environment = arguments.confirm;
}

/// Has the file written and opens it in `editor` unless that is empty.
int RunNewRevision(const Invocation& invocation, const Params& params, const std::string& editor) {
  // The connection ends with this statement: the editor may be open for an hour.
  const std::string json =
      Open(invocation).Call(invocation.verb->method, params, OptionsFor(invocation));
  if (PrintedAsJson(invocation, json)) return 0;
  const auto written = DecodeDocument<NewRevisionDocument>(json);
  Print(RenderNewRevision(written, invocation.cwd, invocation.project, invocation.out));
  if (!editor.empty()) OpenInEditor(editor, AbsolutePath(written.file, invocation.project));
  return 0;
}

/// The editor of --edit, empty without it. Found before anything is written.
std::string EditorFor(const Arguments& arguments) {
  if (!arguments.edit) return {};
  if (arguments.json) {
    throw Error(Code::kInvalid, "usage", "--edit does not go with --json",
                "drover revision -m \"Add a table\" --edit");
  }
  CheckEditorTerminal();
  return FindEditor();
}

}  // namespace

int RunChange(Invocation& invocation) {
  const Arguments& arguments = invocation.arguments;
  Connection connection = Open(invocation);
  for (Params& params : ParamsPerEnvironment(invocation)) {
    FillChange(invocation, params);
    params.draft = arguments.draft;
    params.purge = arguments.purge;
    params.sql = arguments.sql;
    const auto preview = [&](std::string_view shown) {
      return RenderPlan(DecodeDocument<PlanDocument>(shown), invocation.cwd, invocation.project,
                        invocation.err);
    };
    const std::string json = CallWithConsent(invocation, connection, invocation.verb->method,
                                             params, preview, ChangeOptions(invocation, params));
    PrintPlan(invocation, json);
  }
  return 0;
}

int RunRepair(Invocation& invocation) {
  Connection connection = Open(invocation);
  for (Params& params : ParamsPerEnvironment(invocation)) {
    FillChange(invocation, params);
    const auto preview = [&](std::string_view shown) {
      return RenderRepair(DecodeDocument<RepairDocument>(shown), invocation.err);
    };
    const std::string json = CallWithConsent(invocation, connection, invocation.verb->method,
                                             params, preview, ChangeOptions(invocation, params));
    if (PrintedAsJson(invocation, json)) continue;
    auto repair = DecodeDocument<RepairDocument>(json);
    const bool was_shown = params.confirm && !invocation.arguments.yes;
    if (was_shown) repair.diff.clear();
    Print(RenderRepair(repair, invocation.out));
  }
  return 0;
}

int RunRevision(Invocation& invocation) {
  const Arguments& arguments = invocation.arguments;
  if (arguments.message.empty()) {
    throw Error(Code::kInvalid, "usage", "drover revision needs a message",
                "drover revision -m \"Add a table\"");
  }
  if (arguments.autogenerate) return RunAutogenerate(invocation);
  const bool planned =
      arguments.dry_run || arguments.allow_data_loss || !arguments.backfills.empty();
  if (planned) {
    throw Error(Code::kInvalid, "usage",
                "--dry-run, --backfill and --allow-data-loss are about --autogenerate",
                "drover revision --autogenerate -m \"…\"");
  }
  const std::string editor = EditorFor(arguments);
  return RunNewRevision(invocation, RevisionParams(invocation), editor);
}

int RunEdit(Invocation& invocation) {
  if (invocation.arguments.json) {
    throw Error(Code::kInvalid, "usage", "edit has nothing to print as JSON", "drover show --json");
  }
  CheckEditorTerminal();
  const std::string editor = FindEditor();
  Params params = ParamsFor(invocation);
  params.select = "show";
  params.target = TargetOf(invocation);
  const auto shown = DecodeDocument<RevisionsDocument>(
      Open(invocation).Call(invocation.verb->method, params, OptionsFor(invocation)));
  if (shown.revisions.size() != 1) {
    throw Error(Code::kConflict, "multiple_heads",
                Concat("\"", params.target, "\" stands for ", shown.revisions.size(), " revisions"),
                "drover heads");
  }
  const RevisionEntry& revision = shown.revisions.front();
  if (revision.file.empty()) {
    throw Error(Code::kNotFound, "orphan",
                Concat("revision ", revision.revision, " has no file any more"),
                Concat("drover show ", revision.revision));
  }
  OpenInEditor(editor, AbsolutePath(revision.file, invocation.project));
  return 0;
}

int RunMerge(Invocation& invocation) {
  const Arguments& arguments = invocation.arguments;
  Params params = ParamsFor(invocation);
  params.revisions = arguments.positionals;
  params.message = arguments.message;
  params.rev_id = arguments.rev_id;
  params.branch_label = arguments.branch_label;
  return RunNewRevision(invocation, params, {});
}

int RunTrust(Invocation& invocation) {
  Connection connection = Open(invocation);
  const std::string json = connection.Call("trust", ParamsFor(invocation), OptionsFor(invocation));
  if (PrintedAsJson(invocation, json)) return 0;
  Print(RenderTrust(DecodeDocument<TrustDocument>(json), invocation.out));
  return 0;
}

}  // namespace drover::client
