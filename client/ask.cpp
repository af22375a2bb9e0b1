#include "client/ask.h"

#include <cerrno>
#include <unistd.h>

#include "base/error.h"
#include "base/posix.h"
#include "base/text.h"
#include "client/interrupt.h"

namespace drover::client {
namespace {
constexpr std::size_t kLongestAnswer = 4096;
}  // namespace

bool CanAsk() { return isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1; }

std::string AskLine(std::string_view question) {
  [[maybe_unused]] const bool written = WriteAll(STDERR_FILENO, question);
  std::string answer;
  while (answer.size() < kLongestAnswer) {
    if (WaitFor(STDIN_FILENO, For::kReading, std::nullopt) == Ready::kInterrupted) {
      throw Error(Code::kCancelled, "interrupted", "interrupted");
    }
    char c = 0;
    const ssize_t got = read(STDIN_FILENO, &c, 1);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0 || c == '\n') break;
    answer.push_back(c);
  }
  return std::string(Trim(answer));
}

bool IsYes(std::string_view answer) {
  const std::string lower = ToLower(answer);
  return lower == "y" || lower == "yes";
}

}  // namespace drover::client
