// What the user typed, as plain data. Only the options of the verb on the command line are built.
// No I/O.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace drover::client {

struct Verb;

enum class ColorMode : std::uint8_t { kAuto, kAlways, kNever };

struct Arguments {
  // Global: before or after the verb.
  std::string directory;  // -C; empty: the working directory
  std::string color;      // as typed; see color_mode
  std::string timeout;    // as typed; see timeout_seconds
  bool json = false;
  bool local = false;
  bool help = false;
  ColorMode color_mode = ColorMode::kAuto;
  std::optional<double> timeout_seconds;

  // Of some verbs.
  std::vector<std::string> environments;
  std::vector<std::string> depends_on;
  std::vector<std::string> vars;
  std::string range;
  std::string message;
  std::vector<std::string> heads;
  std::string branch_label;
  std::string rev_id;
  std::string confirm;
  bool dry_run = false;
  bool yes = false;
  bool sql = false;
  bool draft = false;
  bool down = false;
  bool purge = false;
  bool splice = false;
  bool no_draft = false;
  bool exit_code = false;
  bool fresh = false;
  bool refresh = false;
  bool deep = false;
  bool all = false;
  bool undo = false;
  bool graph = false;
  bool ascii = false;
  bool edit = false;
  bool fix = false;
  std::string explain;
  bool verbose = false;
  bool here = false;
  bool rehearse = false;
  std::string to;
  std::string limit;  // as typed
  bool autogenerate = false;
  std::vector<std::string> backfills;
  bool allow_data_loss = false;
  bool adopt = false;
  bool partial = false;

  std::vector<std::string> positionals;
};

/// A command line: the verb, nullptr when none was given, and everything else.
struct CommandLine {
  const Verb* verb = nullptr;
  Arguments arguments;
};

/// Parses what follows the program's name. Throws kInvalid with kind "usage" for an unknown verb or
/// option, a missing value, or a wrong number of arguments; with -h the number is not checked.
[[nodiscard]] CommandLine ParseArguments(std::span<const std::string> words);

}  // namespace drover::client
