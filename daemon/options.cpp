#include "daemon/options.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <map>

namespace drover::daemon {

ParsedOptions ParseOptions(int argc, char** argv) {
  ParsedOptions parsed;
  DaemonOptions& options = parsed.options;
  CLI::App app(
      "droverd keeps the databases of your projects at the right revision.\n"
      "Without options it runs in the foreground and serves the socket; usually `drover` starts "
      "it.",
      "droverd");
  app.set_version_flag("--version", "droverd " DROVER_VERSION);
  app.footer(
      "Examples:\n"
      "  droverd                       serve until SIGTERM, log to stderr\n"
      "  droverd --once && exec app    in a container: bring the databases up to date, then start\n"
      "  droverd --stdio               answer one client on stdin and stdout, for editors and "
      "CI\n");
  bool stdio = false;
  bool once = false;
  bool scan = false;
  bool remedy = false;
  bool survey = false;
  auto* modes = app.add_option_group("Modes", "one of");
  modes->add_flag("--stdio", stdio, "answer requests on stdin and stdout, exit at end of input");
  modes->add_flag("--once", once, "act by each environment's policy once, report, and exit");
  modes->add_flag("--scan", scan, "read a scan request on stdin and print what was found");
  modes->add_flag("--remedy", remedy, "read a remedy for a stray on stdin and carry it out");
  modes->add_flag("--survey", survey, "read a directory on stdin and propose its drover.yaml");
  modes->require_option(0, 1);
  app.add_option("--project", options.project, "with --once: the project's directory")
      ->type_name("DIR");
  app.add_flag("--json", options.json, "with --once: print the status document");
  app.add_flag("--background", options.background,
               "log to droverd.log in the state directory instead of stderr");
  app.add_option("--startup-fd", options.startup_fd,
                 "write \"ready\" or the error to this descriptor")
      ->type_name("FD");
  const std::map<std::string, LogFormat> formats{{"text", LogFormat::kText},
                                                 {"json", LogFormat::kJson}};
  const std::map<std::string, LogLevel> levels{{"debug", LogLevel::kDebug},
                                               {"info", LogLevel::kInfo},
                                               {"warning", LogLevel::kWarning},
                                               {"error", LogLevel::kError}};
  app.add_option("--log-format", options.log_format, "text or json")
      ->type_name("FORMAT")
      ->transform(CLI::CheckedTransformer(formats).description(""));
  app.add_option("--log-level", options.log_level, "debug, info, warning or error")
      ->type_name("LEVEL")
      ->transform(CLI::CheckedTransformer(levels).description(""));
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    parsed.exit_code = code == 0 ? 0 : 2;
    return parsed;
  }
  if (stdio) options.run_as = RunAs::kStdio;
  if (once) options.run_as = RunAs::kOnce;
  if (scan) options.run_as = RunAs::kScan;
  if (remedy) options.run_as = RunAs::kRemedy;
  if (survey) options.run_as = RunAs::kSurvey;
  return parsed;
}

}  // namespace drover::daemon
