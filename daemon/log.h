// Logging: text or JSON lines, to stderr in the foreground, with "<N>" priorities under systemd, or
// to a rotating file for a daemon that a client started. spdlog stays behind this header.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace drover::daemon {

enum class LogLevel : unsigned char { kDebug, kInfo, kWarning, kError };
enum class LogFormat : unsigned char { kText, kJson };

struct LogOptions {
  LogFormat format = LogFormat::kText;
  LogLevel level = LogLevel::kInfo;
  std::string file;  // empty: stderr; else rotated at 5 MiB, five kept
};

/// Must be called once before the first Log(). With JOURNAL_STREAM naming our stderr and no file,
/// lines carry sd-daemon priority prefixes and no time. Throws kIo.
void StartLog(const LogOptions& options);

using LogField = std::pair<std::string_view, std::string>;

/// Writes one line: `message` and its fields (env, job, rev, pid, dur_ms, err, …). Thread-safe;
/// never throws: a full disk must not stop what is being logged. Before StartLog() it does nothing,
/// so that library code may log in tests.
void Log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields = {});

/// While one exists, lines may wait for their write until it ends: for many at once. Thread-safe.
class LogBurst final {
 public:
  LogBurst();
  LogBurst(const LogBurst&) = delete;
  LogBurst& operator=(const LogBurst&) = delete;
  ~LogBurst();
};

}  // namespace drover::daemon
