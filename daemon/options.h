// The command line of droverd. CLI11 stays behind this header.
#pragma once

#include <optional>
#include <string>

#include "daemon/log.h"

namespace drover::daemon {

enum class RunAs : unsigned char { kDaemon, kStdio, kOnce, kScan, kRemedy, kSurvey };

struct DaemonOptions {
  RunAs run_as = RunAs::kDaemon;
  std::string project;      // --once: the project's root; empty: found from the working directory
  bool json = false;        // --once: print the status document
  bool background = false;  // log to a file instead of stderr
  int startup_fd = -1;      // tell the starting client here when ready
  LogFormat log_format = LogFormat::kText;
  LogLevel log_level = LogLevel::kInfo;
};

/// Parses the arguments. When there is nothing to run (--help, --version, or a mistake) the exit
/// code is returned in `exit_code` instead, after printing what the user should read.
struct ParsedOptions {
  DaemonOptions options;
  std::optional<int> exit_code;
};
[[nodiscard]] ParsedOptions ParseOptions(int argc, char** argv);

}  // namespace drover::daemon
