#include "daemon/announce.h"

#include <algorithm>

namespace drover::daemon {
namespace {

EventDocument Event(std::string_view name, std::string_view message) {
  EventDocument event;
  event.event = name;
  event.message = message;
  return event;
}

std::string ErrorText(const View* view) {
  if (view == nullptr || !view->seen->config_error) return "";
  return view->seen->config_error->where + view->seen->config_error->message;
}

/// Of the file's bytes: a configuration that is read again without a change is no news.
std::string Digest(const View& view) { return view.seen->config ? view.seen->config->sha256 : ""; }

void AnnounceConfig(const View* before, const View& now, std::vector<EventDocument>& events) {
  if (ErrorText(before) == ErrorText(&now) && (!before || Digest(*before) == Digest(now))) return;
  EventDocument event = Event("config", "the configuration was read again");
  if (now.seen->config_error) {
    event.error = ToBody(*now.seen->config_error);
    event.message = now.seen->config_error->message;
  }
  events.push_back(std::move(event));
}

const Verdict* FindVerdict(const View* view, const std::string& environment) {
  if (view == nullptr) return nullptr;
  const auto found = std::ranges::find(view->verdicts, environment, &Verdict::environment);
  return found == view->verdicts.end() ? nullptr : &*found;
}

void AnnounceVerdict(const Verdict* was, const Verdict& verdict,
                     std::vector<EventDocument>& events) {
  if (was != nullptr && was->state == verdict.state && was->pending == verdict.pending &&
      was->why == verdict.why) {
    return;
  }
  const bool reported =
      verdict.pending > 0 && !verdict.may_apply &&
      (verdict.state == EnvironmentState::kPending || verdict.state == EnvironmentState::kMissing);
  EventDocument event = Event(reported ? "pending" : "state", verdict.why);
  event.environment = verdict.environment;
  event.state = StateName(verdict.state);
  event.pending = static_cast<std::int64_t>(verdict.pending);
  if (verdict.error) event.error = ToBody(*verdict.error);
  events.push_back(std::move(event));
}

}  // namespace

std::vector<EventDocument> AnnounceChanges(const View* before, const View& now) {
  std::vector<EventDocument> events;
  AnnounceConfig(before, now, events);
  for (const Verdict& verdict : now.verdicts) {
    AnnounceVerdict(FindVerdict(before, verdict.environment), verdict, events);
  }
  for (const Finding& finding : now.findings) {
    const bool known =
        before != nullptr && std::ranges::find(before->findings, finding) != before->findings.end();
    if (known || finding.code == "config-error") continue;
    EventDocument event = Event("finding", finding.message);
    event.environment = finding.environment;
    event.finding = finding;
    events.push_back(std::move(event));
  }
  return events;
}

std::vector<EventDocument> AnnounceStrays(const std::vector<StrayEntry>& before,
                                          const std::vector<StrayEntry>& now) {
  std::vector<EventDocument> events;
  for (const StrayEntry& stray : now) {
    const auto known = std::ranges::find(before, stray.path, &StrayEntry::path);
    if (known != before.end() && known->kind == stray.kind) continue;
    if (!IsTrouble(stray)) continue;
    EventDocument event = Event("stray", stray.message);
    event.environment = stray.environment;
    event.stray = stray;
    events.push_back(std::move(event));
  }
  return events;
}

}  // namespace drover::daemon
