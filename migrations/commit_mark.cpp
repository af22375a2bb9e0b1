#include "migrations/commit_mark.h"

#include <array>
#include <fcntl.h>
#include <unistd.h>

#include "base/posix.h"
#include "base/text.h"
#include "migrations/footprint.h"

namespace drover::migrations {

std::string CommitMark(const std::string& path) {
  constexpr std::size_t kReadVersion = 19;
  constexpr std::size_t kChangeCounter = 24;
  constexpr unsigned char kWalVersion = 2;
  std::array<unsigned char, 100> header{};
  const UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  const auto wanted = static_cast<ssize_t>(header.size());
  if (!file || pread(file.get(), header.data(), header.size(), 0) != wanted) return {};
  if (header[kReadVersion] != kWalVersion) {
    std::uint32_t counter = 0;
    for (std::size_t i = 0; i < 4; ++i) counter = counter << 8 | header[kChangeCounter + i];
    return Concat("counter ", counter);
  }
  const Footprint now = TakeFootprint(path);
  std::string mark = "wal";
  for (const auto& status : {now.database, now.wal}) {
    if (status && status->size > 0) mark += Concat(" ", status->size, " ", status->modified_ns);
  }
  return mark;
}

}  // namespace drover::migrations
