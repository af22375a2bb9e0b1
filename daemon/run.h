// The ways to run droverd: serve the socket, answer on stdio, reconcile once, and the
// helpers: scan, remedy, survey.
#pragma once

#include "base/posix.h"
#include "daemon/options.h"

namespace drover::daemon {

/// Serves the socket until SIGTERM, SIGINT or the method `stop`. Returns the exit code; throws what
/// prevents the start. Says "ready" on `startup`, if there is one, and closes it.
[[nodiscard]] int RunDaemon(const DaemonOptions& options, UniqueFd& startup);

/// Answers one client on stdin and stdout until end of input.
[[nodiscard]] int RunStdio(const DaemonOptions& options);

/// Acts by each environment's policy once and reports; the exit code is that of
/// `drover status --exit-code`.
[[nodiscard]] int RunOnce(const DaemonOptions& options);

/// Reads a ScanRequest from stdin and prints a ScanResult.
[[nodiscard]] int RunScan();

/// Reads a RemedyRequest from stdin, carries it out and prints a RemedyResult.
[[nodiscard]] int RunRemedy();

/// Reads a SurveyRequest from stdin and prints an InitDocument. Writes nothing.
[[nodiscard]] int RunSurvey();

}  // namespace drover::daemon
