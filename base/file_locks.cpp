#include "base/file_locks.h"

#include <cstddef>
#include <string_view>

#include "base/posix.h"
#include "base/text.h"

namespace drover {

std::vector<FileLock> ReadFileLocks(const std::string& proc) {
  constexpr std::size_t kLimit = std::size_t{4} << 20;
  std::vector<FileLock> locks;
  const std::string text = ReadFile(proc + "/locks", kLimit);
  for (const std::string_view line : SplitLines(text)) {
    // "3: POSIX  ADVISORY  WRITE 4711 fe:01:262146 1073741825 1073741825"; "->" marks who waits.
    const std::vector<std::string> words = SplitList(line, ' ');
    if (words.size() != 8 || words[1] != "POSIX") continue;
    const std::size_t colon = words[5].rfind(':');
    const auto pid = ParseInteger(words[4]);
    const auto inode = ParseInteger(std::string_view(words[5]).substr(colon + 1));
    const auto first = ParseInteger(words[6]);
    const auto last = words[7] == "EOF" ? INT64_MAX : ParseInteger(words[7]).value_or(-1);
    if (!pid || !inode || !first) continue;
    locks.push_back({.pid = *pid,
                     .inode = static_cast<std::uint64_t>(*inode),
                     .write = words[3] == "WRITE",
                     .first = *first,
                     .last = last});
  }
  return locks;
}

}  // namespace drover
