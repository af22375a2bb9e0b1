#include "base/error.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace drover {
namespace {

struct CodeRow {
  Code code;
  std::string_view name;
  int exit_code;
};

constexpr std::array kCodes{
    CodeRow{Code::kInvalid, "invalid", 1},
    CodeRow{Code::kNotFound, "not_found", 1},
    CodeRow{Code::kConflict, "conflict", 5},
    CodeRow{Code::kBusy, "busy", 5},
    CodeRow{Code::kIo, "io", 1},
    CodeRow{Code::kCorrupt, "corrupt", 1},
    CodeRow{Code::kDrift, "drift", 4},
    CodeRow{Code::kRefused, "refused", 8},
    CodeRow{Code::kCancelled, "cancelled", 130},
    CodeRow{Code::kTimedOut, "timed_out", 7},
    CodeRow{Code::kUnavailable, "unavailable", 6},
    CodeRow{Code::kInternal, "internal", 1},
};

const CodeRow& Row(Code code) {
  for (const CodeRow& row : kCodes) {
    if (row.code == code) return row;
  }
  return kCodes.back();
}

}  // namespace

std::string_view CodeName(Code code) { return Row(code).name; }

Code CodeFromName(std::string_view name) {
  for (const CodeRow& row : kCodes) {
    if (row.name == name) return row.code;
  }
  return Code::kInternal;
}

int ExitCode(Code code) { return Row(code).exit_code; }

Error::Error(Code code_in, std::string kind_in, std::string message_in, std::string hint_in,
             std::string where_in)
    : code(code_in),
      kind(std::move(kind_in)),
      message(std::move(message_in)),
      hint(std::move(hint_in)),
      where(std::move(where_in)) {}

Error SystemError(std::string_view verb, std::string_view object, int error_number) {
  Code code = Code::kIo;
  if (error_number == ENOENT) code = Code::kNotFound;
  if (error_number == EAGAIN) code = Code::kBusy;
  std::string message = "cannot ";
  message.append(verb).append(" ").append(object).append(": ").append(std::strerror(error_number));
  return {code, std::string("io.").append(verb), std::move(message)};
}

}  // namespace drover
