#include "daemon/judge.h"

#include <algorithm>

#include "base/hints.h"
#include "base/text.h"
#include "daemon/alembic.h"
#include "daemon/jobs.h"
#include "migrations/identifiers.h"
#include "migrations/native_format.h"
#include "migrations/plan.h"
#include "migrations/redo.h"
#include "migrations/sql_text.h"

namespace drover::daemon {
namespace {

using environments::DestructivePolicy;
using environments::OnPending;
using environments::Target;
using environments::TargetKind;
using migrations::DatabaseFacts;
using migrations::DatabaseKind;
using migrations::Graph;
using migrations::Revision;
using migrations::RevisionId;

constexpr std::size_t kPendingNamed = 5;
constexpr std::size_t kOrphansNamed = 3;
constexpr std::size_t kMessageShown = 60;

/// Judges one environment; each member function either settles the verdict and returns true, or
/// leaves it to the next.
class Judgement {
 public:
  Judgement(const Observation& seen, std::size_t index, const std::set<std::string>& applying)
      : seen_(seen),
        config_(seen.config->environments[index]),
        target_(seen.targets[index]),
        applying_(applying) {
    verdict_.environment = config_.name;
    verdict_.policy = config_.on_pending;
    for (std::size_t i = 0; i < seen.targets.size(); ++i) {
      if (i == index || target_.key.empty() || seen.targets[i].key != target_.key) continue;
      verdict_.same_as.push_back(seen.targets[i].environment);
      if (seen.config->environments[i].on_pending == OnPending::kReport) {
        verdict_.policy = OnPending::kReport;  // two on one file: the stricter policy wins
      }
    }
  }

  Verdict Decide() {
    if (Unresolved()) return std::move(verdict_);
    verdict_.current = facts_->rows;
    verdict_.inputs =
        InputsDigest(seen_.migrations_digest, seen_.config->sha256, target_.path, facts_->rows);
    (void)(Applying() || Unreadable() || Orphan() || BrokenMigrations() || Unversioned() ||
           Unfinished() || Modified() || Overlapping() || Conflict() || UpToDate() || Held() ||
           Failed() || Waiting());
    return std::move(verdict_);
  }

 private:
  bool Settle(EnvironmentState state, std::string why, std::string next = {}) {
    verdict_.state = state;
    verdict_.why = std::move(why);
    verdict_.next = std::move(next);
    return true;
  }

  bool SettleError(EnvironmentState state, const Error& error) {
    verdict_.error = error;
    return Settle(state, error.message, error.hint.starts_with("drover ") ? error.hint : "");
  }

  bool Unresolved() {
    if (target_.kind == TargetKind::kMemory) {
      return Settle(EnvironmentState::kUnresolved,
                    "an in-memory database lives only in the application: nothing to provision");
    }
    if (target_.kind == TargetKind::kUnresolved) {
      const ErrorBody body = target_.error.value_or(ErrorBody());
      verdict_.error = FromBody(body);
      return Settle(EnvironmentState::kUnresolved, body.message, "drover where");
    }
    const auto facts = seen_.databases.find(target_.path);
    if (facts == seen_.databases.end()) {
      return Settle(EnvironmentState::kUnresolved, "the database has not been looked at");
    }
    facts_ = facts->second.get();
    return false;
  }

  bool Applying() {
    if (!applying_.contains(target_.path)) return false;
    if (seen_.graph) CountPending();
    return Settle(EnvironmentState::kApplying, "a job is running");
  }

  bool Unreadable() {
    if (facts_->kind != DatabaseKind::kUnreadable) return false;
    return SettleError(EnvironmentState::kUnresolved, *facts_->problem);
  }

  /// An applied revision no file has.
  bool Orphan() {
    lineage_ = seen_.LineageOf(target_.path);
    // A file that is there but cannot be read is another trouble, told by BrokenMigrations().
    if (lineage_ == nullptr || lineage_->orphans.empty() || HasUnreadableFile()) return false;
    const std::vector<RevisionId>& orphans = lineage_->orphans;
    std::string message =
        Concat(orphans.size() > 1 ? "revisions " : "revision ", Join(orphans, ", "),
               orphans.size() > 1 ? " are" : " is", " applied, but no migration file has ",
               orphans.size() > 1 ? "them" : "it");
    for (const RevisionId& id : std::span(orphans).first(std::min(orphans.size(), kOrphansNamed))) {
      const std::string origin = Origin(id);
      if (!origin.empty()) message += Concat("; ", orphans.size() > 1 ? id + ": " : "", origin);
      if (const auto found = seen_.elsewhere.find(id); found != seen_.elsewhere.end()) {
        message += Concat("; its file is ", Describe(found->second));
      }
    }
    if (!seen_.elsewhere.empty() && !seen_.branch.empty()) {
      message += Concat("; this is branch ", seen_.branch);
    }
    const auto target = migrations::WayBackFromOrphans(*lineage_, facts_->rows);
    const std::string next = target ? WithEnvironment(seen_, WayOut(*target), config_.name) : "";
    verdict_.error = Error(Code::kDrift, "orphan", std::move(message),
                           target ? next : HowToFind(orphans.front()));
    return Settle(EnvironmentState::kOrphan, verdict_.error->message, next);
  }

  /// Aligning needs files that form a graph; going back does not.
  [[nodiscard]] std::string WayOut(const std::string& target) const {
    return seen_.graph ? "drover align" : Concat("drover downgrade ", target);
  }

  [[nodiscard]] std::string HowToFind(const RevisionId& orphan) const {
    const auto found = seen_.elsewhere.find(orphan);
    if (found == seen_.elsewhere.end()) {
      return Concat("git log --all --oneline -- '*", orphan, "*'");
    }
    return Concat("git checkout ", ShellQuote(found->second.branches.front()));
  }

  /// "\"Add notes\", applied by ann at 2026-02-12T23:20:18Z on branch main", as far as it is known.
  [[nodiscard]] std::string Origin(const RevisionId& id) const {
    const auto found = facts_->records.find(id);
    if (found == facts_->records.end()) return {};
    const migrations::AppliedRecord& record = found->second;
    const auto part = [](std::string_view before, const std::string& what) {
      return what.empty() ? std::string() : Concat(before, what);
    };
    const std::string when =
        Concat(part(" by ", record.applied_by), part(" at ", record.applied_at),
               part(" on branch ", record.git_branch));
    const std::string message = Excerpt(record.directives.message, kMessageShown);
    return Concat(message.empty() ? "" : Concat("\"", message, "\""),
                  message.empty() || when.empty() ? "" : ", ",
                  when.empty() ? "" : Concat("applied", when));
  }

  [[nodiscard]] bool HasUnreadableFile() const {
    return std::ranges::any_of(seen_.migration_problems, [](const Error& error) {
      return error.kind == "malformed_migration" || error.kind == "alembic.not_literal" ||
             error.kind == "illegal_character" || error.kind.starts_with("io.");
    });
  }

  bool BrokenMigrations() {
    if (seen_.graph) return false;
    if (seen_.migration_problems.empty()) {
      return Settle(EnvironmentState::kUnresolved, "the migrations have not been read");
    }
    return SettleError(EnvironmentState::kFailed, seen_.migration_problems.front());
  }

  bool Unversioned() {
    if (facts_->kind != DatabaseKind::kUnversioned) return false;
    const std::string why = Concat("has tables but no version table ", seen_.config->version_table);
    if (const std::string& other = facts_->other_version_table; !other.empty()) {
      return Settle(EnvironmentState::kUnversioned,
                    Concat(why, "; ", other, " looks like one: ", NameVersionTable(other)));
    }
    const auto match = seen_.matches.find(target_.path);
    if (match == seen_.matches.end() && seen_.graph && seen_.graph->TopologicalOrder().empty()) {
      return Settle(
          EnvironmentState::kUnversioned,
          Concat(why, ", and there are no migrations yet: its schema can become the first"),
          WithEnvironment(seen_, "drover drift --adopt", config_.name));
    }
    if (match == seen_.matches.end()) {
      return Settle(EnvironmentState::kUnversioned, Concat(why, ": left alone until it is stamped"),
                    WithEnvironment(seen_, "drover stamp REVISION", config_.name));
    }
    const auto& [revision, differences, equal_below] = match->second;
    const std::string command = Concat("drover stamp ", revision);
    if (differences > 0) {
      return Settle(EnvironmentState::kUnversioned,
                    Concat(why, ": its schema is nearest to that of ", revision, ", with ",
                           Count(differences, "difference")),
                    WithEnvironment(seen_, Concat(command, " --dry-run"), config_.name));
    }
    const std::string others =
        equal_below == 0 ? std::string()
                         : Concat(" (and of ", Count(equal_below, "revision"), " below it)");
    return Settle(EnvironmentState::kUnversioned,
                  Concat(why, ": its schema is that of ", revision, others),
                  WithEnvironment(seen_, command, config_.name));
  }

  bool Unfinished() {
    if (facts_->unfinished.empty()) return false;
    const auto failure = seen_.state.failures.find(target_.path);
    if (failure != seen_.state.failures.end() && failure->second.inputs == verdict_.inputs) {
      verdict_.error = FromBody(failure->second.error);
      return Settle(EnvironmentState::kFailed, verdict_.error->message,
                    WithEnvironment(seen_, "drover upgrade --yes", config_.name));
    }
    verdict_.error = Error(
        Code::kConflict, "history.unfinished",
        Concat("revision ", facts_->unfinished.front(),
               " runs without a transaction and was interrupted: part of it is applied"),
        WithEnvironment(seen_, Concat("drover stamp ", facts_->unfinished.front()), config_.name));
    return Settle(EnvironmentState::kFailed, verdict_.error->message, verdict_.error->hint);
  }

  bool Modified() {
    if (lineage_ == nullptr) return false;
    std::vector<const migrations::Edit*> edits;
    for (const migrations::Edit& edit : lineage_->edits) {
      if (edit.kind == migrations::EditKind::kModified) edits.push_back(&edit);
    }
    if (edits.empty()) return false;
    CountPending();
    std::vector<std::string> sentences;
    for (const migrations::Edit* edit : edits) {
      sentences.push_back(Concat("revision ", edit->revision,
                                 " was edited after being applied: ", Join(edit->changes, ", ")));
    }
    const Revision& first = *seen_.graph->Find(edits.front()->revision);
    const bool native = first.format == migrations::Format::kNative;
    verdict_.error = Error(Code::kDrift, "modified", Join(sentences, "; "), Remedy(edits),
                           Concat(first.file, ":", first.header_line, ":1"));
    return Settle(EnvironmentState::kModified,
                  native ? Concat(verdict_.error->message, " (drover show ", first.id,
                                  " shows the difference)")
                         : verdict_.error->message,
                  verdict_.error->hint);
  }

  /// The newest revision can be taken back and applied anew; below it an edit can only be accepted.
  [[nodiscard]] std::string Remedy(std::span<const migrations::Edit* const> edits) const {
    const RevisionId& first = edits.front()->revision;
    const bool native = seen_.config->format == migrations::Format::kNative;
    if (native && edits.size() == 1 && facts_->rows == std::vector<RevisionId>{first}) {
      try {
        (void)migrations::PlanRedo(*seen_.graph, *lineage_, facts_->rows, first);
        return WithEnvironment(seen_, "drover redo", config_.name);
      } catch (const Error&) {
        // No way back: what is left is to accept it.
      }
    }
    return WithEnvironment(seen_, Concat("drover repair ", first), config_.name);
  }

  /// Rows of which one lies below another: no plan can begin there.
  bool Overlapping() {
    if (facts_->rows.size() < 2) return false;
    try {
      (void)migrations::PlanUpgrade(*seen_.graph, facts_->rows, "heads",
                                    migrations::Drafts::kStopBefore);
    } catch (const Error& error) {
      return SettleError(EnvironmentState::kConflict, error);
    }
    return false;
  }

  bool Conflict() {
    // Lines that have nothing in common are meant to stay apart.
    const std::vector<RevisionId> heads = seen_.graph->HeadsToMerge();
    if (heads.empty()) return false;
    // Whoever has upgraded to all of them knows of them.
    std::vector<RevisionId> real = seen_.graph->RealHeads();
    std::ranges::sort(real);
    if (facts_->rows == real) return false;
    CountPending();
    verdict_.error = Error(Code::kConflict, "multiple_heads",
                           Concat("there are ", heads.size(),
                                  " heads: ", migrations::NameRevisions(*seen_.graph, heads)),
                           std::string(kMergeHint));
    return Settle(EnvironmentState::kConflict,
                  Concat(verdict_.error->message,
                         "; without a merge drover upgrade heads applies all of them"),
                  std::string(kMergeHint));
  }

  void CountPending() {
    pending_ = migrations::Pending(*seen_.graph, facts_->rows);
    verdict_.pending = pending_.size();
    for (const Revision* revision : pending_) {
      if (verdict_.pending_names.size() == kPendingNamed) break;
      const bool head = seen_.graph->Children(revision->id).empty();
      verdict_.pending_names.push_back(
          {.revision = revision->id, .head = head, .message = revision->message});
    }
  }

  bool UpToDate() {
    CountPending();
    if (!pending_.empty()) return false;
    if (facts_->kind == DatabaseKind::kMissing) {
      return Settle(EnvironmentState::kMissing,
                    seen_.missing_folders.empty()
                        ? std::string("there is no file yet, and no finished migration")
                        : Concat("there is no file yet, and no migrations folder ",
                                 seen_.missing_folders.front()));
    }
    const std::vector<bool> applied = seen_.graph->Closure(facts_->rows);
    std::size_t drafts = 0;
    std::size_t empty = 0;
    for (std::size_t i = 0; i < applied.size(); ++i) {
      const Revision& revision = seen_.graph->At(i);
      if (applied[i]) continue;
      if (revision.draft) {
        ++drafts;
      } else if (migrations::HasEmptyUp(revision)) {
        ++empty;
      }
    }
    std::string why = "up to date";
    if (drafts > 0) why += Concat("; ", Count(drafts, "draft"), " not applied");
    if (empty > 0) why += Concat("; ", Count(empty, "empty migration"), " not applied");
    return Settle(EnvironmentState::kCurrent, std::move(why));
  }

  bool Held() {
    const auto held = seen_.state.held.find(target_.path);
    // A database that was deleted has nothing to hold.
    if (facts_->kind == DatabaseKind::kMissing || held == seen_.state.held.end() ||
        held->second.migrations != seen_.migrations_digest) {
      return false;
    }
    return Settle(EnvironmentState::kHeld,
                  Concat("held since an explicit ", held->second.by, " at ", held->second.since,
                         ": automatic apply waits for `drover upgrade` or a changed migration"),
                  WithEnvironment(seen_, "drover upgrade", config_.name));
  }

  bool Failed() {
    const auto failure = seen_.state.failures.find(target_.path);
    if (failure == seen_.state.failures.end() || failure->second.inputs != verdict_.inputs) {
      return false;
    }
    verdict_.error = FromBody(failure->second.error);
    if (verdict_.error->kind == "alembic.half_applied") {  // a second try fails on what is there
      return Settle(EnvironmentState::kFailed, verdict_.error->message, verdict_.error->hint);
    }
    std::string next = WithEnvironment(seen_, "drover upgrade", config_.name);
    if (verdict_.error->kind == "alembic.url_ignored") {
      // A second try alone fails on the same, and nobody sees when env.py is another.
      verdict_.error->hint += Concat("; then ", next);
      return Settle(EnvironmentState::kFailed, verdict_.error->message);
    }
    // Under the policy "apply" a corrected file is tried by itself: the error's own hint leads on.
    if (verdict_.policy == OnPending::kApply && !verdict_.error->where.empty()) next.clear();
    return Settle(EnvironmentState::kFailed, verdict_.error->message, std::move(next));
  }

  bool Waiting() {
    const bool missing = facts_->kind == DatabaseKind::kMissing;
    const EnvironmentState state =
        missing ? EnvironmentState::kMissing : EnvironmentState::kPending;
    std::string next = WithEnvironment(seen_, "drover upgrade", config_.name);
    const std::string count = Count(pending_.size(), "migration");
    if (verdict_.policy == OnPending::kReport) {
      return Settle(state, Concat(count, " to apply, reported only (on_pending: report)"), next);
    }
    if (!seen_.trusted && seen_.config->format == migrations::Format::kAlembic) {
      return Settle(state,
                    Concat(count,
                           " to apply; that runs the project's own Python, so the policy waits for "
                           "`drover trust`"),
                    "drover trust");
    }
    if (!seen_.trusted && !IsBelow(target_.path, seen_.root)) {
      return Settle(state,
                    Concat(count,
                           " to apply; the file lies outside the project, so the policy "
                           "waits for `drover trust`"),
                    "drover trust");
    }
    if (seen_.config->destructive != DestructivePolicy::kAllow) {
      for (const Revision* revision : pending_) {
        const std::vector<Destruction> losses = seen_.DestructionOf(target_.path, *revision);
        const auto lost = std::ranges::find_if(losses, migrations::LosesData);
        if (lost == losses.end()) continue;
        return Settle(state,
                      Concat("revision ", revision->id, " would ", lost->kind, " ", lost->object,
                             ": that is yours to decide"),
                      next);
      }
    }
    verdict_.may_apply = true;
    return Settle(state, Concat(count, " to apply"), std::move(next));
  }

  const Observation& seen_;
  const environments::EnvironmentConfig& config_;
  const Target& target_;
  const std::set<std::string>& applying_;
  const DatabaseFacts* facts_ = nullptr;
  const migrations::Lineage* lineage_ = nullptr;
  std::vector<const Revision*> pending_;
  Verdict verdict_;
};

}  // namespace

std::string WithEnvironment(const Observation& seen, std::string_view command,
                            std::string_view environment) {
  const bool is_default = seen.config->default_environment == environment;
  return is_default ? std::string(command) : Concat(command, " -e ", environment);
}

std::string_view StateName(EnvironmentState state) {
  switch (state) {
    case EnvironmentState::kCurrent:
      return "current";
    case EnvironmentState::kPending:
      return "pending";
    case EnvironmentState::kApplying:
      return "applying";
    case EnvironmentState::kHeld:
      return "held";
    case EnvironmentState::kFailed:
      return "failed";
    case EnvironmentState::kConflict:
      return "conflict";
    case EnvironmentState::kModified:
      return "modified";
    case EnvironmentState::kOrphan:
      return "orphan";
    case EnvironmentState::kMissing:
      return "missing";
    case EnvironmentState::kUnversioned:
      return "unversioned";
    case EnvironmentState::kUnresolved:
      return "unresolved";
  }
  return "unresolved";
}

std::vector<Verdict> Judge(const Observation& observation, const std::set<std::string>& applying) {
  std::vector<Verdict> verdicts;
  for (std::size_t i = 0; i < observation.targets.size(); ++i) {
    verdicts.push_back(Judgement(observation, i, applying).Decide());
  }
  return verdicts;
}

}  // namespace drover::daemon
