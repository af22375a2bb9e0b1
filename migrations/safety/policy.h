// What a project wants done before its data is touched.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace drover::migrations {

/// Where backups go, and how many are kept for each database.
struct BackupPolicy {
  std::string directory;                              // absolute
  std::size_t keep = 10;                              // 0: none are taken by themselves
  std::uint64_t max_bytes = std::uint64_t{1} << 30U;  // of one database's; the newest always stays
};

enum class RehearsePolicy : std::uint8_t {
  kAuto,    // when the plan touches what is there, and the disk has room for a copy
  kAlways,  // whenever there is data; without room the plan is refused
  kNever,
};

struct SafetyPolicy {
  BackupPolicy backup;
  RehearsePolicy rehearse = RehearsePolicy::kAuto;
};

}  // namespace drover::migrations
