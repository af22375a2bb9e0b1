// The table of verbs: from it come dispatch, help, option parsing and "did you mean".
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "client/arguments.h"

namespace drover::client {

struct Invocation;

enum class Group : std::uint8_t { kRead, kWrite, kDaemon };

/// Options beyond the global ones. kNone fills unused places in a row.
enum class Option : std::uint8_t {
  kNone,
  kEnvironment,
  kExitCode,
  kFresh,
  kRefresh,
  kDeep,
  kAll,
  kUndo,
  kRange,
  kSql,
  kDraft,
  kDown,
  kDryRun,
  kYes,
  kConfirm,
  kPurge,
  kMessage,
  kHead,
  kSplice,
  kBranchLabel,
  kDependsOn,
  kRevId,
  kNoDraft,
  kEdit,
  kGraph,
  kAscii,
  kFix,
  kExplain,
  kVar,
  kVerbose,
  kHere,
  kRehearse,
  kTo,
  kLimit,
  kAutogenerate,
  kBackfill,
  kAllowDataLoss,
  kAdopt,
  kPartial,
  // The global ones: accepted by every verb.
  kDirectory,
  kJson,
  kColor,
  kLocal,
  kTimeout,
  kHelp,
};

struct OptionRow {
  Option option;
  char short_name;         // the 'm' of -m; '\0': none
  std::string_view name;   // the "message" of --message
  std::string_view value;  // the placeholder in help; empty for a flag
  std::string_view summary;
  // Exactly one of these is set.
  bool Arguments::*flag = nullptr;
  std::string Arguments::*text = nullptr;
  std::vector<std::string> Arguments::*list = nullptr;
};

/// What happens when no daemon answers.
enum class Start : std::uint8_t {
  kDaemonOrLocal,  // start one; with CI set work without
  kDaemon,         // start one
  kNever,          // say so
};

/// Which deadline holds when none is given.
enum class Wait : std::uint8_t { kShort, kForever };

struct Example {
  std::string_view command;
  std::string_view meaning;
};

struct Verb {
  std::string_view name;
  Group group;
  std::string_view positionals;  // for the usage line
  std::size_t fewest;
  std::size_t most;
  std::string_view summary;
  std::array<Option, 12> options;
  std::array<Example, 4> examples;
  std::string_view method;  // of the protocol; empty when the verb asks several or none
  Start start;
  Wait wait;
  bool needs_project;
  int (*run)(Invocation&);
};

/// Every verb in the order of help.
[[nodiscard]] std::span<const Verb> Verbs();

/// The row of a verb ("daemon start" and "strays diff" are some), nullptr when there is none.
[[nodiscard]] const Verb* FindVerb(std::string_view name);

/// Every option; the global ones last.
[[nodiscard]] std::span<const OptionRow> Options();

/// Does `verb` take `option`? True for the global ones.
[[nodiscard]] bool Takes(const Verb& verb, Option option);

/// True for the options that every verb takes.
[[nodiscard]] bool IsGlobal(Option option);

}  // namespace drover::client
