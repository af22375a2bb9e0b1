// The one exception type of drover, and the closed list of codes that is at once the protocol's
// error code and the source of the exit code. No I/O.
#pragma once

#include <cstdint>
#include <exception>
#include <string>
#include <string_view>

namespace drover {

/// What class of thing went wrong. Closed list: clients switch on it.
enum class Code : std::uint8_t {
  kInvalid,      // the input is wrong: configuration, migration file, argument
  kNotFound,     // a named thing does not exist
  kConflict,     // several heads, or somebody else holds what is needed
  kBusy,         // a lock could not be had in time; trying again may help
  kIo,           // the operating system refused
  kCorrupt,      // a database or state file is damaged
  kDrift,        // reality and record disagree
  kRefused,      // drover could, but will not without being told to
  kCancelled,    // interrupted by the user
  kTimedOut,     // a deadline passed
  kUnavailable,  // the daemon cannot be reached or is shutting down
  kInternal,     // a defect of drover itself
};

/// The wire name of a code, e.g. "not_found".
[[nodiscard]] std::string_view CodeName(Code code);

/// The inverse of CodeName; kInternal for a name this version does not know.
[[nodiscard]] Code CodeFromName(std::string_view name);

/// The process exit code that stands for `code` (docs/exit-codes.md).
[[nodiscard]] int ExitCode(Code code);

/// Thrown by everything that can fail; caught at four places only (docs/ARCHITECTURE.md).
class Error final : public std::exception {
 public:
  Error(Code code_in, std::string kind_in, std::string message_in, std::string hint_in = {},
        std::string where_in = {});

  [[nodiscard]] const char* what() const noexcept override { return message.c_str(); }

  Code code;
  std::string kind;     // stable finer word, "revision.ambiguous"
  std::string message;  // what happened to which object; lower case, no full stop
  std::string hint;     // the next command to type; may be empty
  std::string where;    // "file:line:column", or empty
};

/// An Error for the failure of a system call, naming the object and strerror's text. The code is
/// kNotFound for ENOENT, kBusy for EAGAIN, kIo for everything else; kind is "io.<verb>".
[[nodiscard]] Error SystemError(std::string_view verb, std::string_view object, int error_number);

}  // namespace drover
