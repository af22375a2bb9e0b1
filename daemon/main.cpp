// droverd: the start-up checklist. The work is in run.cpp (modes), service.cpp (requests) and
// project.cpp (the cycle look -> judge -> publish -> act).
#include <csignal>
#include <cstdio>
#include <exception>
#include <sys/stat.h>

#include "base/documents.h"
#include "base/error.h"
#include "base/error_documents.h"
#include "base/text.h"
#include "daemon/instance.h"
#include "daemon/run.h"

namespace {

using drover::Error;
using drover::daemon::DaemonOptions;
using drover::daemon::ParsedOptions;
using drover::daemon::RunAs;

int Run(const DaemonOptions& options, drover::UniqueFd& startup) {
  switch (options.run_as) {
    case RunAs::kStdio:
      return drover::daemon::RunStdio(options);
    case RunAs::kOnce:
      return drover::daemon::RunOnce(options);
    case RunAs::kScan:
      return drover::daemon::RunScan();
    case RunAs::kRemedy:
      return drover::daemon::RunRemedy();
    case RunAs::kSurvey:
      return drover::daemon::RunSurvey();
    case RunAs::kDaemon:
      break;
  }
  return drover::daemon::RunDaemon(options, startup);
}

/// A helper answers whoever asked with a document, also when it fails.
int FailAsHelper(const Error& error) {
  std::puts(drover::EncodeDocument(drover::ErrorDocument{.v = 1, .error = drover::ToBody(error)})
                .c_str());
  return drover::ExitCode(error.code);
}

/// `startup` is closed when the daemon has already said that it is ready.
int Fail(const Error& error, drover::UniqueFd& startup) {
  std::string text = drover::Concat("droverd: ", error.message, "\n");
  if (!error.where.empty())
    text = drover::Concat("droverd: ", error.where, ": ", error.message, "\n");
  if (!error.hint.empty()) text += drover::Concat("  try: ", error.hint, "\n");
  if (startup) {
    drover::daemon::ReportStartup(startup, drover::EncodeDocument(drover::ToBody(error)) + "\n");
  }
  drover::daemon::Log(drover::daemon::LogLevel::kError, "ended by an error",
                      {{"where", error.where}, {"err", error.message}});
  std::fputs(text.c_str(), stderr);
  return drover::ExitCode(error.code);
}

}  // namespace

int main(int argc, char** argv) {
  const ParsedOptions parsed = drover::daemon::ParseOptions(argc, argv);
  if (parsed.exit_code) return *parsed.exit_code;
  // New databases are readable for containers (0644) unless the user's umask forbids it, and never
  // writable for others; drover's own files name their modes.
  umask(umask(S_IWGRP | S_IWOTH) | S_IWGRP | S_IWOTH);
  std::signal(SIGPIPE, SIG_IGN);
  drover::UniqueFd startup(parsed.options.startup_fd);
  const RunAs run_as = parsed.options.run_as;
  const bool helper =
      run_as == RunAs::kScan || run_as == RunAs::kRemedy || run_as == RunAs::kSurvey;
  try {
    return Run(parsed.options, startup);
  } catch (const Error& error) {
    if (helper) return FailAsHelper(error);
    return Fail(error, startup);
  } catch (const std::exception& error) {
    return Fail(Error(drover::Code::kInternal, "daemon.defect", error.what()), startup);
  }
}
