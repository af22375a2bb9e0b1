#include "migrations/footprint.h"

#include <algorithm>

#include "base/clock.h"

namespace drover::migrations {

std::int64_t Footprint::newest_ns() const {
  std::int64_t newest = 0;
  for (const auto& status : {database, wal, journal}) {
    if (status) newest = std::max({newest, status->modified_ns, status->changed_ns});
  }
  return newest;
}

Footprint TakeFootprint(const std::string& path) {
  return {.database = StatFile(path),
          .wal = StatFile(path + "-wal"),
          .journal = StatFile(path + "-journal")};
}

bool IsRacy(std::int64_t status_ns) {
  constexpr std::int64_t kTick = 50'000'000;
  const std::int64_t now =
      std::chrono::duration_cast<std::chrono::nanoseconds>(WallNow().time_since_epoch()).count();
  return now - status_ns < kTick;
}

}  // namespace drover::migrations
