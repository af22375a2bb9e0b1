#include "daemon/retries.h"

#include <unistd.h>

#include "base/posix.h"
#include "base/text.h"
#include "migrations/lock_state.h"

namespace drover::daemon {
namespace {

migrations::Footprint FootprintOf(const std::string& path) {
  try {
    return migrations::TakeFootprint(path);
  } catch (const Error&) {
    return {};
  }
}

bool IsWritable(const std::string& path) {
  return access(path.c_str(), W_OK) == 0 && access(DirectoryName(path).c_str(), W_OK) == 0;
}

}  // namespace

void Retries::NoteEnd(const JobRequest& request, const JobOutcome& outcome) {
  outside_failures_.erase(request.path);
  if (outcome.error) {
    const Code code = outcome.error->code;
    if (code == Code::kBusy || code == Code::kIo) {
      // What it looks like now: our own attempt may have left a trace.
      outside_failures_.insert_or_assign(request.path,
                                         OutsideFailure{.code = code,
                                                        .left = FootprintOf(request.path),
                                                        .writable = IsWritable(request.path)});
    }
  } else if (!outcome.result.steps.empty()) {
    attempts_.erase(request.path);
  }
  if (request.origin != JobOrigin::kPolicy || !outcome.result.steps.empty()) return;
  attempts_.insert_or_assign(
      request.path,
      Attempt{.inputs = InputsDigest(request.migrations_digest, request.config_sha256, request.path,
                                     request.rows),
              .error = outcome.error.value_or(
                  Error(Code::kInternal, "job.nothing_done", "the upgrade found nothing to do"))});
}

void Retries::Refuse(View& view) {
  for (std::size_t i = 0; i < view.verdicts.size(); ++i) {
    Verdict& verdict = view.verdicts[i];
    const auto attempt = attempts_.find(view.seen->targets[i].path);
    if (attempt == attempts_.end() || verdict.state == EnvironmentState::kApplying) continue;
    if (attempt->second.inputs != verdict.inputs) {
      attempts_.erase(attempt);
      continue;
    }
    if (!verdict.may_apply) continue;
    verdict.may_apply = false;
    verdict.state = EnvironmentState::kFailed;
    verdict.why = attempt->second.error.message;
    verdict.error = attempt->second.error;
  }
}

std::vector<std::string> Retries::TakeUnblocked(const Observation& seen, const JobQueue& jobs) {
  std::vector<std::string> unblocked;
  std::erase_if(outside_failures_, [&](const auto& failure) {
    const auto& [path, before] = failure;
    const auto now = seen.footprints.find(path);
    const bool same = now != seen.footprints.end() && now->second == before.left;
    const bool unlocked = before.code == Code::kBusy && !migrations::IsLocked(path);
    const bool permitted = !before.writable && IsWritable(path);
    if (jobs.Has(path) || (same && !unlocked && !permitted)) return false;
    attempts_.erase(path);
    unblocked.push_back(path);
    return true;
  });
  return unblocked;
}

}  // namespace drover::daemon
