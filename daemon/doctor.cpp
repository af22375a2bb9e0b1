#include "daemon/doctor.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <mutex>
#include <optional>
#include <utility>

#include "base/posix.h"
#include "base/text.h"
#include "daemon/findings.h"
#include "daemon/git_process.h"
#include "environments/hazards.h"
#include "migrations/inspect.h"

namespace drover::daemon {
namespace {

using environments::Ground;
using environments::MakeFinding;
using environments::SafeFix;
using environments::Target;

constexpr std::uint64_t kLargestChecked = std::uint64_t{256} << 20U;

bool Concerns(const std::vector<std::string>& names,
              const std::optional<std::string>& environment) {
  return names.empty() || !environment || std::ranges::find(names, *environment) != names.end();
}

class Examination final {
 public:
  explicit Examination(const View& view) : view_(view), root_(view.seen->root) {}

  std::vector<Finding> Collect(const std::string& cwd) {
    found_ = view_.findings;
    const std::vector<Finding>& notes = view_.seen->hazards.notes;
    found_.insert(found_.end(), notes.begin(), notes.end());
    if (const auto wrong = CheckWorkingDirectory(view_, cwd)) found_.push_back(*wrong);
    for (const StrayEntry& stray : view_.strays) {
      if (!stray.ignored) CheckStray(stray);
    }
    for (std::size_t i = 0; i < view_.verdicts.size(); ++i) CheckState(i);
    for (const Target& target : view_.seen->targets) CheckDamage(target);
    return std::move(found_);
  }

 private:
  [[nodiscard]] std::string Short(const std::string& path) const { return RelativeTo(path, root_); }

  void Tell(Finding finding, const std::optional<std::string>& environment) {
    finding.environment = environment;
    found_.push_back(std::move(finding));
  }

  [[nodiscard]] const Target* TargetOf(const std::optional<std::string>& environment) const {
    return environment ? view_.seen->FindTarget(*environment) : nullptr;
  }

  void CheckStray(const StrayEntry& stray) {
    CheckCopy(stray);
    if (!IsTrouble(stray) || stray.kind == "alias") return;  // which is told as hard-linked
    const bool in_place = std::ranges::any_of(
        view_.seen->targets, [&](const Target& target) { return target.path == stray.path; });
    if (in_place) return;
    if (!stray.made_from) {
      Tell(MakeFinding("stray-database", Concat(Short(stray.path), ": ", stray.message), stray.path,
                       stray.fix),
           stray.environment);
      return;
    }
    const Target* target = TargetOf(stray.environment);
    const bool runs_there = std::ranges::any_of(stray.holders, [&](const Holder& holder) {
      return !holder.container && holder.cwd == *stray.made_from;
    });
    const std::string from =
        *stray.made_from == root_ ? "the project root" : Concat(Short(*stray.made_from), "/");
    const std::string proper = target == nullptr || !target->from_directory
                                   ? std::string()
                                   : Concat("; start it from ",
                                            target->from_directory->directory == root_
                                                ? std::string("the project root")
                                                : Short(target->from_directory->directory),
                                            ", or make the URL absolute");
    Tell(MakeFinding(
             "wrong-cwd-stray",
             Concat(Short(stray.path), " (", stray.kind, ") looks like ",
                    stray.environment.value_or("a database of the project"),
                    runs_there ? ", opened by what runs in " : ", made by something started in ",
                    from, proper),
             stray.path, stray.fix, runs_there ? Ground::kSeen : Ground::kInferred),
         stray.environment);
  }

  /// A copy that was made while the original's -wal was there lacks what is in that.
  void CheckCopy(const StrayEntry& stray) {
    if (!stray.without_wal) return;
    for (const Target& target : view_.seen->targets) {
      const auto footprint = view_.seen->footprints.find(target.path);
      if (footprint == view_.seen->footprints.end() || !footprint->second.wal ||
          footprint->second.wal->size == 0 || !LooksLikeCopy(stray, target)) {
        continue;
      }
      const auto copy = StatFile(stray.path);
      const auto began = BirthTime(target.path + "-wal");
      if (!copy || (began && copy->changed_ns <= *began)) continue;
      Tell(MakeFinding("copied-without-wal",
                       Concat(Short(stray.path), " was copied without the -wal of ",
                              Short(target.path), ": what is only in that is missing in the copy"),
                       stray.path,
                       Concat("sqlite3 ", ShellQuote(target.path), " \".backup ",
                              ShellQuote(stray.path), "\""),
                       Ground::kInferred),
           target.environment);
      return;
    }
  }

  [[nodiscard]] static bool LooksLikeCopy(const StrayEntry& stray, const Target& target) {
    if (stray.environment) return *stray.environment == target.environment;
    const std::string name = BaseName(target.path);
    const std::string stem = name.substr(0, name.rfind('.'));
    return BaseName(stray.path).find(stem) != std::string::npos;
  }

  /// What only the state of an environment tells.
  void CheckState(std::size_t index) {
    const Verdict& verdict = view_.verdicts[index];
    if (!verdict.error || verdict.error->kind == "hot_journal") return;
    const Error& error = *verdict.error;
    const bool told = std::ranges::any_of(found_, [&](const Finding& finding) {
      return finding.message.find(error.message) != std::string::npos ||
             (!error.where.empty() && finding.where == error.where && IsError(finding));
    });
    if (told) return;
    std::string_view code;
    switch (verdict.state) {
      case EnvironmentState::kUnresolved:
        code = "environment-unresolved";
        break;
      case EnvironmentState::kFailed:
        code = "environment-failed";
        break;
      case EnvironmentState::kConflict:
        code = "environment-conflict";
        break;
      case EnvironmentState::kModified:
        code = "environment-modified";
        break;
      case EnvironmentState::kOrphan:
        code = "environment-orphan";
        break;
      default:
        return;
    }
    std::string fix =
        verdict.next.empty() || verdict.next == "drover where" ? error.hint : verdict.next;
    Finding finding = MakeFinding(code, error.message, error.where);
    if (!fix.empty()) finding.fix = std::move(fix);
    if (error.where.empty()) finding.where = std::nullopt;
    Tell(std::move(finding), verdict.environment);
  }

  /// Whether a single file that is mounted was left half written shows only in all of its pages.
  void CheckDamage(const Target& target) {
    const auto danger = std::ranges::find_if(found_, [&](const Finding& finding) {
      return finding.code == "journal-across-single-file" &&
             finding.environment == target.environment && finding.severity != "fatal";
    });
    if (danger == found_.end() || !target.file || target.file->size > kLargestChecked) return;
    const auto damage = migrations::InspectDamage(target.path);
    if (!damage) return;
    danger->severity = "fatal";
    danger->message =
        Concat(Short(target.path), " is damaged (", Excerpt(*damage, 80),
               ") and mounted as a single file: the -journal that would repair it stayed in the "
               "container");
  }

  const View& view_;
  const std::string& root_;
  std::vector<Finding> found_;
};

std::string Named(std::size_t count, std::string_view what, const std::vector<std::string>& names) {
  constexpr std::size_t kMostNamed = 6;
  const bool all = names.size() <= kMostNamed;
  return names.empty() || !all ? Count(count, what)
                               : Concat(Count(count, what), " (", Join(names, ", "), ")");
}

std::vector<std::string> Checked(const View& view, const std::vector<std::string>& names) {
  std::vector<std::string> checked{"drover.yaml"};
  const Observation& seen = *view.seen;
  std::vector<std::string> environments;
  std::vector<std::string> composed;
  std::set<std::string> databases;
  for (const Target& target : seen.targets) {
    if (!Concerns(names, target.environment)) continue;
    environments.push_back(target.environment);
    if (target.file) databases.insert(target.path);
    const environments::EnvironmentConfig* config = seen.config->Find(target.environment);
    if (config != nullptr && config->compose) composed.push_back(config->compose->service);
  }
  if (seen.graph) checked.push_back(Count(seen.graph->revisions().size(), "migration"));
  checked.push_back(Named(environments.size(), "environment", environments));
  checked.push_back(Count(databases.size(), "database"));
  if (!composed.empty()) checked.push_back(Named(composed.size(), "compose service", composed));
  checked.emplace_back("git");
  checked.emplace_back(view.strays_truncated ? "strays (not in the whole tree: it is too large)"
                                             : "strays");
  return checked;
}

FixEntry EntryOf(const SafeFix& fix, const std::string& root) {
  return {.code = fix.code,
          .environment = fix.environment,
          .command = FixCommand(fix, root),
          .state = "planned",
          .message = {},
          .hint = {}};
}

// git -----------------------------------------------------------------------------------------

bool IsTracked(const std::string& top, const std::vector<std::string>& files) {
  environments::GitTracking git("");
  std::vector<std::string> paths;
  for (const std::string& file : files) paths.push_back(AbsolutePath(file, top));
  const auto answers = git.Ask(paths);
  return !answers || std::ranges::any_of(answers->files, &environments::GitFile::tracked);
}

/// Takes files out of git's index and leaves them where they are.
void Untrack(const SafeFix& fix) {
  if (!IsTracked(fix.path, fix.values)) return;
  std::vector<std::string> arguments{"--literal-pathspecs", "rm", "--cached", "--quiet",
                                     "--ignore-unmatch",    "--"};
  arguments.insert(arguments.end(), fix.values.begin(), fix.values.end());
  const ChildResult result = RunGit(fix.path, std::move(arguments));
  if (result.exit_code == 0 || !IsTracked(fix.path, fix.values)) return;
  throw Error(Code::kConflict, "git.failed", Concat("git: ", Excerpt(OneLine(result.output), 200)),
              FixCommand(fix, fix.path));
}

void CarryOutFix(const SafeFix& fix, const std::string& root) {
  switch (fix.kind) {
    case SafeFix::Kind::kRemoveEmptyDirectory:
      environments::RemoveEmptyDirectory(fix.path);
      return;
    case SafeFix::Kind::kMakeDirectory:
      environments::MakeDirectoryBelow(fix.path, root);
      return;
    case SafeFix::Kind::kIgnoreInGit:
      environments::AppendMissingLines(fix.path, fix.values);
      return;
    case SafeFix::Kind::kUntrack:
      Untrack(fix);
      return;
  }
}

}  // namespace

DoctorDocument Examine(const View& view, const std::vector<std::string>& names,
                       const std::string& cwd) {
  DoctorDocument document;
  document.root = view.seen->root;
  document.project = view.seen->config ? view.seen->config->project : BaseName(document.root);
  if (view.seen->config) {
    (void)SelectEnvironments(view, names);
    document.checked = Checked(view, names);
  }
  for (Finding& finding : Examination(view).Collect(cwd)) {
    if (Concerns(names, finding.environment)) document.findings.push_back(std::move(finding));
  }
  std::ranges::stable_sort(document.findings, {}, RankOf);
  document.healthy = std::ranges::none_of(document.findings, IsError);
  for (const SafeFix& fix : SafeFixes(view, names)) {
    document.fixes.push_back(EntryOf(fix, document.root));
  }
  return document;
}

std::vector<SafeFix> SafeFixes(const View& view, const std::vector<std::string>& names) {
  std::vector<SafeFix> fixes;
  for (const SafeFix& fix : view.seen->hazards.fixes) {
    // Of two environments on one file each has the finding; the fix is the same.
    const bool known = std::ranges::any_of(fixes, [&](const SafeFix& other) {
      return other.kind == fix.kind && other.path == fix.path && other.values == fix.values;
    });
    if (!known && Concerns(names, fix.environment)) fixes.push_back(fix);
  }
  return fixes;
}

std::vector<FixEntry> CarryOutFixes(const std::vector<SafeFix>& fixes, const std::string& root) {
  static std::mutex one_at_a_time;
  const std::lock_guard lock(one_at_a_time);
  std::vector<FixEntry> entries;
  for (const SafeFix& fix : fixes) {
    FixEntry entry = EntryOf(fix, root);
    try {
      CarryOutFix(fix, root);
      entry.state = "done";
    } catch (const Error& error) {
      entry.state = "failed";
      entry.message = error.message;
      entry.hint = error.hint;
    }
    entries.push_back(std::move(entry));
  }
  return entries;
}

ExplainDocument Explain(std::string_view code) {
  const environments::Hazard* hazard = environments::FindHazard(code);
  if (hazard == nullptr) {
    std::vector<std::string_view> codes;
    for (const environments::Hazard& each : environments::Hazards()) codes.push_back(each.code);
    throw Error(
        Code::kNotFound, "hazard.unknown",
        Concat("no finding has the code \"", Excerpt(code, 40), "\"", DidYouMean(code, codes)),
        "drover doctor");
  }
  ExplainDocument document;
  document.code = hazard->code;
  document.severity = hazard->severity;
  document.explanation = hazard->explanation;
  document.loss = hazard->loss;
  document.sight = hazard->sight;
  document.cure = hazard->cure;
  return document;
}

}  // namespace drover::daemon
