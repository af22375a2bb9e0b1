#include "migrations/safety/safeguard.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "migrations/safety/content.h"
#include "migrations/safety/database_copy.h"
#include "migrations/safety/scratch_file.h"
#include "migrations/sql_text.h"

namespace drover::migrations {
bool OnlyAdds(std::string_view sql) {
  Lexer lexer(sql);
  std::vector<std::string> words;  // the first three of a statement, lower-case
  bool selects = false;
  const auto adds = [&] {
    if (words.empty()) return true;
    if (words.size() < 2 || words[0] != "create") return false;
    if (words[1] == "table") return !selects && (words.size() < 3 || words[2] != "if");
    return words[1] == "view" || words[1] == "index";
  };
  while (const std::optional<Token> token = lexer.Next()) {
    if (token->text == ";") {
      if (!adds()) return false;
      words.clear();
      selects = false;
      continue;
    }
    const std::string word = ToLower(token->text);
    // The statements within a trigger would be taken for statements of the script.
    if (word == "trigger") return false;
    selects |= word == "select";
    if (words.size() < 3) words.push_back(word);
  }
  return adds();
}

Rehearsal RehearseOnCopy(const SafeguardRequest& request, const ApplyObserver& observer,
                         const std::stop_token& stop) {
  const ScratchFile copy(request.path, request.policy.backup);
  RequireSpace(copy.directory(), 2 * SizeOf(TakeFootprint(request.path)),
               Concat("a rehearsal on a copy of ", request.path));
  (void)CopyLive(request.path,
                 [&](Connection& source) { WriteCopy(source, copy.path(), CopyKind::kScratch); });
  return Rehearse({.database = request.path,
                   .copy = copy.path(),
                   .version_table = request.version_table,
                   .by = request.by,
                   .stubs = request.stubs,
                   .snapshots = request.snapshots,
                   .graph = request.graph,
                   .plan = request.plan,
                   .carry_out = request.carry_out,
                   .losses = request.losses},
                  observer, stop);
}

void Safeguard::Prepare(const Plan& plan, Connection& live, const ApplyObserver& observer,
                        const std::stop_token& stop) {
  const bool harmless =
      !request_.carry_out &&
      std::ranges::all_of(plan.steps, [](const Step& step) { return OnlyAdds(step.script().sql); });
  if (harmless || !HoldsRows(live, request_.version_table)) return;
  if (request_.policy.backup.keep > 0) {
    backup_ = TakeBackup(request_.path, request_.policy.backup,
                         {.environment = request_.environment,
                          .reason = request_.reason,
                          .revisions = plan.from})
                  .entry;
  }
  if (request_.policy.rehearse != RehearsePolicy::kNever) RehearsePlan(observer, stop);
}

void Safeguard::RehearsePlan(const ApplyObserver& observer, const std::stop_token& stop) {
  ApplyObserver watching;
  watching.on_progress = [&](const ApplyProgress& made) {
    if (!observer.on_progress) return;
    ApplyProgress progress = made;
    progress.rehearsing = true;
    observer.on_progress(progress);
  };
  Rehearsal rehearsal;
  try {
    rehearsal = RehearseOnCopy(request_, watching, stop);
  } catch (const Error& error) {
    const bool optional =
        request_.policy.rehearse == RehearsePolicy::kAuto && error.kind == "backup.no_space";
    if (!optional) throw;
    rehearsal_.emplace();
    rehearsal_->outcome = "skipped";
    rehearsal_->reason = error.message;
    return;
  }
  rehearsal_ = std::move(rehearsal.report);
  const bool accepted = rehearsal_->outcome == "refused" && request_.findings == Findings::kAccept;
  if (rehearsal.error && !accepted) throw Error(*rehearsal.error);
}

}  // namespace drover::migrations
