#include "daemon/import_scripts.h"

#include <deque>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "base/text.h"
#include "migrations/alembic/offline_script.h"

namespace drover::daemon {
namespace {

using migrations::Direction;
using migrations::OfflineSection;
using migrations::Revision;
using migrations::RevisionId;

constexpr std::size_t kReasonTold = 200;

/// Stands on stdout, in front of the reason; a traceback goes elsewhere.
constexpr std::string_view kFailed = "FAILED: ";

constexpr std::string_view kParameters =
    "it leaves out the values of parameters (literal_binds=True in the offline part of env.py)";

/// The script without the reason for its end.
std::string_view WithoutReason(std::string_view output) {
  const std::size_t at = output.rfind(Concat("\n", kFailed));
  return at == std::string_view::npos ? output : output.substr(0, at + 1);
}

std::string ReasonOf(std::string_view output) {
  constexpr std::string_view kNoOffline = "This operation cannot proceed in --sql mode; ";
  std::string reason;
  for (const std::string_view line : SplitLines(output)) {
    if (!line.starts_with(kFailed)) continue;
    std::string_view words = line.substr(kFailed.size());
    if (words.starts_with(kNoOffline)) words.remove_prefix(kNoOffline.size());
    reason = Excerpt(words.substr(0, words.find(". ")), kReasonTold);
  }
  return reason;
}

class Collector {
 public:
  Collector(const OfflineRequest& request, Direction direction, const std::stop_token& stop)
      : request_(request), direction_(direction), stop_(stop) {}

  OfflineScripts Run() {
    if (direction_ == Direction::kUp) {
      starts_ = {"base"};
    } else {
      const std::vector<RevisionId> heads = request_.graph.Heads();
      starts_.assign(heads.begin(), heads.end());
    }
    while (!starts_.empty()) {
      const RevisionId start = starts_.front();
      starts_.pop_front();
      if (asked_.insert(start).second) Ask(start);
    }
    if (!scripts_.sql.empty()) AskOneByOne();
    return std::move(scripts_);
  }

 private:
  [[nodiscard]] bool IsKnown(const RevisionId& id) const {
    return scripts_.sql.contains(id) || scripts_.refused.contains(id);
  }

  [[nodiscard]] bool IsUp() const { return direction_ == Direction::kUp; }

  /// Takes what a range gives. The revision at which Alembic gave up; nothing if at none.
  std::optional<RevisionId> Take(const std::string& range) {
    const ChildResult result =
        request_.runner.WriteSql({IsUp() ? "upgrade" : "downgrade", range}, request_.path, stop_);
    std::vector<OfflineSection> sections = migrations::SplitOfflineScript(
        result.exit_code != 0 ? WithoutReason(result.output) : std::string_view(result.output),
        direction_, request_.version_table);
    std::optional<RevisionId> failed;
    if (result.exit_code != 0 && !sections.empty()) {
      OfflineSection begun = std::move(sections.back());
      sections.pop_back();
      failed = begun.revision;
      if (!scripts_.sql.contains(*failed)) {
        Refuse(begun, ReasonOf(result.output));
      }
    }
    for (OfflineSection& section : sections) {
      if (migrations::HasParameters(section.sql)) {
        Refuse(section, kParameters);
      } else {
        scripts_.sql.emplace(section.revision, std::move(section.sql));
      }
    }
    return failed;
  }

  void Refuse(const OfflineSection& section, std::string_view reason) {
    scripts_.refused.emplace(
        section.revision, OfflineRefusal{.reason = std::string(reason),
                                         .begun = migrations::BeginningWithoutData(section.sql)});
  }

  void Ask(const RevisionId& start) {
    const RevisionId end = IsUp() ? "heads" : EndBelow(start);
    const std::optional<RevisionId> failed = start == end ? start : Take(Concat(start, ":", end));
    if (IsUp()) {
      if (failed) starts_.push_back(*failed);
      return;
    }
    GoOnBelow(failed ? *failed : end);
  }

  void GoOnBelow(const RevisionId& id) {
    const Revision* revision = request_.graph.Find(id);
    if (revision == nullptr) return;  // "base"
    starts_.insert(starts_.end(), revision->down_revision.begin(), revision->down_revision.end());
  }

  /// How far down one command may go: one revision without a downgrade() in its way, and Alembic
  /// prints nothing at all.
  [[nodiscard]] RevisionId EndBelow(const RevisionId& start) const {
    const Revision* revision = request_.graph.Find(start);
    while (revision != nullptr && revision->down) {
      if (revision->down_revision.empty()) return "base";
      revision = request_.graph.Find(revision->down_revision.front());
    }
    return revision == nullptr ? "base" : revision->id;
  }

  /// What lies on branches that no range from a revision that failed has reached.
  void AskOneByOne() {
    for (const Revision& revision : request_.graph.revisions()) {
      if (IsKnown(revision.id) || (!IsUp() && !revision.down)) continue;
      const std::string below =
          revision.down_revision.empty() ? "base" : revision.down_revision.front();
      (void)Take(IsUp() ? Concat(below, ":", revision.id) : Concat(revision.id, ":", below));
    }
  }

  const OfflineRequest& request_;
  Direction direction_;
  const std::stop_token& stop_;
  OfflineScripts scripts_;
  std::deque<RevisionId> starts_;
  std::set<RevisionId> asked_;
};

}  // namespace

OfflineScripts CollectOfflineScripts(const OfflineRequest& request, migrations::Direction direction,
                                     const std::stop_token& stop) {
  return Collector(request, direction, stop).Run();
}

std::string Begun(const OfflineScripts& scripts, const RevisionId& id) {
  const auto refused = scripts.refused.find(id);
  return refused == scripts.refused.end() ? std::string() : refused->second.begun;
}

void DistrustRows(OfflineScripts& scripts, const RevisionId& id) {
  if (const auto refused = scripts.refused.find(id); refused != scripts.refused.end()) {
    refused->second.begun = migrations::BeginningWithoutRows(refused->second.begun);
  }
  const auto whole = scripts.sql.find(id);
  if (whole == scripts.sql.end()) return;
  std::string beginning = migrations::BeginningWithoutRows(whole->second);
  if (beginning == whole->second) return;
  scripts.sql.erase(whole);
  scripts.refused.emplace(
      id, OfflineRefusal{.reason = "its Python works with rows", .begun = std::move(beginning)});
}

}  // namespace drover::daemon
