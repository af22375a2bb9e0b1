#include "daemon/log.h"

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <memory>
#include <mutex>
#include <spdlog/details/log_msg.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/rotating_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "base/posix.h"
#include "base/text.h"

namespace drover::daemon {
namespace {

constexpr std::size_t kLogRotateBytes = std::size_t{5} << 20;
constexpr std::size_t kRotateFiles = 5;

struct LevelRow {
  std::string_view name;
  std::string_view priority;  // of sd-daemon(3)
  spdlog::level::level_enum level;
};

const LevelRow& Row(LogLevel level) {
  static constexpr std::array<LevelRow, 4> kRows{{
      {"debug", "<7>", spdlog::level::debug},
      {"info", "<6>", spdlog::level::info},
      {"warning", "<4>", spdlog::level::warn},
      {"error", "<3>", spdlog::level::err},
  }};
  return kRows[static_cast<std::size_t>(level)];
}

struct Sink {
  LogFormat format = LogFormat::kText;
  bool journal = false;
  std::unique_ptr<spdlog::sinks::sink> sink;
};

std::mutex mutex;  // guards `current` and `bursts`
Sink current;
int bursts = 0;
std::atomic<int> threshold = -1;  // the lowest level written; -1: the log has not been started

/// JOURNAL_STREAM is inherited by everything below a service, terminals too: it means us only if it
/// names the file behind our stderr.
bool StderrIsJournal() {
  const std::optional<std::string> stream = EnvironmentVariable("JOURNAL_STREAM");
  struct stat status {};
  if (!stream || fstat(STDERR_FILENO, &status) != 0) return false;
  return *stream == Concat(status.st_dev, ":", status.st_ino);
}

std::unique_ptr<spdlog::sinks::sink> OpenFile(const std::string& path) {
  MakeDirectories(DirectoryName(path), 0700);
  // spdlog opens with the umask's permissions and without O_CLOEXEC; the first file must never
  // have been readable by others, the later ones are empty when they are corrected.
  const UniqueFd probe(
      open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0600));
  if (!probe) throw SystemError("open", path, errno);
  struct stat status {};
  if (fstat(probe.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
    throw Error(Code::kIo, "io.open", Concat("the log ", path, " is not a regular file"));
  }
  spdlog::file_event_handlers handlers;
  handlers.after_open = [](const spdlog::filename_t&, std::FILE* file) {
    (void)fchmod(fileno(file), 0600);
    (void)fcntl(fileno(file), F_SETFD, FD_CLOEXEC);
  };
  try {
    return std::make_unique<spdlog::sinks::rotating_file_sink_st>(path, kLogRotateBytes,
                                                                  kRotateFiles, false, handlers);
  } catch (const std::exception& error) {
    throw Error(Code::kIo, "io.open", Concat("cannot open the log ", path, ": ", error.what()));
  }
}

bool NeedsQuotes(std::string_view value) {
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= ' ' || c == '"' || c == '=' || c == '\\' || byte == 0x7F) return true;
  }
  return value.empty();
}

/// Appends `text` so that it can neither end the line nor drive a terminal.
void AppendEscaped(std::string& line, std::string_view text, std::string_view also) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n') {
      line += "\\n";
    } else if (c == '\t') {
      line += "\\t";
    } else if (byte < ' ' || byte == 0x7F) {
      line += "\\x";
      line += kDigits[byte >> 4U];
      line += kDigits[byte & 0xFU];
    } else {
      if (also.find(c) != std::string_view::npos) line += '\\';
      line += c;
    }
  }
}

std::string TextLine(LogLevel level, std::string_view message,
                     std::initializer_list<LogField> fields, bool journal) {
  std::string line = journal ? std::string(Row(level).priority)
                             : Concat(FormatUtcMilliseconds(WallNow()), " ", Row(level).name, " ");
  AppendEscaped(line, message, {});
  for (const auto& [key, value] : fields) {
    line += ' ';
    line += key;
    line += '=';
    const bool quotes = NeedsQuotes(value);
    if (quotes) line += '"';
    AppendEscaped(line, value, "\"\\");
    if (quotes) line += '"';
  }
  return line;
}

std::string JsonLine(LogLevel level, std::string_view message,
                     std::initializer_list<LogField> fields, bool journal) {
  Json object = Json::object();
  if (!journal) object["ts"] = FormatUtcMilliseconds(WallNow());
  object["level"] = Row(level).name;
  object["msg"] = message;
  for (const auto& [key, value] : fields) object[std::string(key)] = value;
  const std::string_view prefix = journal ? Row(level).priority : std::string_view();
  return Concat(prefix, DumpJson(object));
}

}  // namespace

void StartLog(const LogOptions& options) {
  Sink next;
  next.format = options.format;
  if (options.file.empty()) {
    next.journal = StderrIsJournal();
    next.sink = std::make_unique<spdlog::sinks::stderr_sink_st>();
  } else {
    next.sink = OpenFile(options.file);
  }
  next.sink->set_formatter(std::make_unique<spdlog::pattern_formatter>("%v"));
  const std::lock_guard lock(mutex);
  current = std::move(next);
  threshold = static_cast<int>(options.level);
}

void Log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
  if (threshold < 0 || static_cast<int>(level) < threshold) return;
  try {
    const std::lock_guard lock(mutex);
    const std::string line = current.format == LogFormat::kJson
                                 ? JsonLine(level, message, fields, current.journal)
                                 : TextLine(level, message, fields, current.journal);
    current.sink->log(spdlog::details::log_msg("", Row(level).level, line));
    if (bursts == 0) current.sink->flush();
  } catch (...) {  // NOLINT: a full disk must not stop the work that is being logged
  }
}

LogBurst::LogBurst() {
  const std::lock_guard lock(mutex);
  ++bursts;
}

LogBurst::~LogBurst() {
  const std::lock_guard lock(mutex);
  if (--bursts > 0 || !current.sink) return;
  try {
    current.sink->flush();
  } catch (...) {  // NOLINT: as in Log()
  }
}

}  // namespace drover::daemon
