#include "client/verbs.h"

namespace drover::client {
namespace {

using enum Option;

constexpr std::array kOptions{
    OptionRow{kEnvironment, 'e', "env", "ENV", "the environment; may be repeated", nullptr, nullptr,
              &Arguments::environments},
    OptionRow{kExitCode, '\0', "exit-code", "",
              "exit with 3, 4, 5 or 1 when something is not current", &Arguments::exit_code},
    OptionRow{kFresh, '\0', "fresh", "",
              "look at everything again: also strays, also where no events are heard",
              &Arguments::fresh},
    OptionRow{kRefresh, '\0', "refresh", "", "read every directory again, also unchanged ones",
              &Arguments::refresh},
    OptionRow{kDeep, '\0', "deep", "", "also look where nothing is looked for by default",
              &Arguments::deep},
    OptionRow{kAll, '\0', "all", "", "also what is kept out of the way", &Arguments::all},
    OptionRow{kUndo, '\0', "undo", "", "take it back", &Arguments::undo},
    OptionRow{kRange, 'r', "range", "A:B", "only the revisions from A to B", nullptr,
              &Arguments::range},
    OptionRow{kSql, '\0', "sql", "", "print the SQL script instead of acting", &Arguments::sql},
    OptionRow{kDraft, '\0', "draft", "", "include drafts", &Arguments::draft},
    OptionRow{kDown, '\0', "down", "", "plan a downgrade", &Arguments::down},
    OptionRow{kDryRun, 'n', "dry-run", "", "print the plan, change nothing", &Arguments::dry_run},
    OptionRow{kYes, 'y', "yes", "", "do what would be asked about without asking", &Arguments::yes},
    OptionRow{kConfirm, '\0', "confirm", "ENV", "the name of the protected environment to act on",
              nullptr, &Arguments::confirm},
    OptionRow{kPurge, '\0', "purge", "", "forget the recorded revisions first", &Arguments::purge},
    OptionRow{kMessage, 'm', "message", "TEXT", "what the revision does", nullptr,
              &Arguments::message},
    OptionRow{kHead, '\0', "head", "REV",
              "the parent, or \"base\" (default: head); may be repeated", nullptr, nullptr,
              &Arguments::heads},
    OptionRow{kSplice, '\0', "splice", "", "allow a parent that is not a head", &Arguments::splice},
    OptionRow{kBranchLabel, '\0', "branch-label", "LABEL", "name the branch that starts here",
              nullptr, &Arguments::branch_label},
    OptionRow{kDependsOn, '\0', "depends-on", "REV", "must be applied before; may be repeated",
              nullptr, nullptr, &Arguments::depends_on},
    OptionRow{kRevId, '\0', "rev-id", "ID", "the revision's id instead of a random one", nullptr,
              &Arguments::rev_id},
    OptionRow{kNoDraft, '\0', "no-draft", "", "do not mark the file as a draft",
              &Arguments::no_draft},
    OptionRow{kEdit, '\0', "edit", "", "open the file in $VISUAL or $EDITOR", &Arguments::edit},
    OptionRow{kGraph, '\0', "graph", "", "draw the branches, and where each environment stands",
              &Arguments::graph},
    OptionRow{kAscii, '\0', "ascii", "", "draw with ASCII characters only", &Arguments::ascii},
    OptionRow{kFix, '\0', "fix", "", "carry out the fixes that cannot lose anything",
              &Arguments::fix},
    OptionRow{kExplain, '\0', "explain", "CODE", "say what the code of a finding means", nullptr,
              &Arguments::explain},
    OptionRow{kVar, '\0', "var", "NAME", "set this variable to the URL; may be repeated", nullptr,
              nullptr, &Arguments::vars},
    OptionRow{kVerbose, 'v', "verbose", "", "say on stderr what is set", &Arguments::verbose},
    OptionRow{kHere, '\0', "here", "", "the directory is the project's root, whatever is above it",
              &Arguments::here},
    OptionRow{kRehearse, '\0', "rehearse", "",
              "carry the plan out on a copy of the data, and report", &Arguments::rehearse},
    OptionRow{kTo, '\0', "to", "PATH", "write there: a new file, or a new folder of migrations",
              nullptr, &Arguments::to},
    OptionRow{kLimit, '\0', "limit", "N", "at most so many entries", nullptr, &Arguments::limit},
    OptionRow{kAutogenerate, '\0', "autogenerate", "",
              "write the migration that leads to the schema of drover.yaml",
              &Arguments::autogenerate},
    OptionRow{kBackfill, '\0', "backfill", "T.C=EXPR",
              "what old rows get in a column; may be repeated", nullptr, nullptr,
              &Arguments::backfills},
    OptionRow{kAllowDataLoss, '\0', "allow-data-loss", "", "also what no downgrade restores",
              &Arguments::allow_data_loss},
    OptionRow{kAdopt, '\0', "adopt", "", "make a revision of what the database has, and stamp it",
              &Arguments::adopt},
    OptionRow{kPartial, '\0', "partial", "", "write also what could not be proven equal, as drafts",
              &Arguments::partial},
    OptionRow{kDirectory, 'C', "directory", "DIR", "act as if started in DIR", nullptr,
              &Arguments::directory},
    OptionRow{kJson, '\0', "json", "", "print JSON", &Arguments::json},
    OptionRow{kColor, '\0', "color", "WHEN", "auto, always or never", nullptr, &Arguments::color},
    OptionRow{kLocal, '\0', "local", "", "work without a daemon", &Arguments::local},
    OptionRow{kTimeout, '\0', "timeout", "SECONDS", "give up after this long", nullptr,
              &Arguments::timeout},
    OptionRow{kHelp, 'h', "help", "", "print this help", &Arguments::help},
};

}  // namespace

std::span<const OptionRow> Options() { return kOptions; }

bool Takes(const Verb& verb, Option option) {
  if (IsGlobal(option)) return true;
  for (const Option own : verb.options) {
    if (own == option) return true;
  }
  return false;
}

bool IsGlobal(Option option) { return option >= Option::kDirectory; }

}  // namespace drover::client
