// getdents64(2), for what lists directories by the thousand: readdir(3) allocates for each of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <sys/syscall.h>
#include <unistd.h>

namespace drover::environments {

/// The head of linux_dirent64; the name follows it.
struct DirectoryEntry {
  std::uint64_t inode;
  std::int64_t offset;
  unsigned short length;
  unsigned char type;  // DT_REG, …; DT_UNKNOWN where the file system does not say
};
inline constexpr long kNameOffset = 19;

/// Calls `visit(const char* name, unsigned char type)` for each entry of the open directory, "."
/// and
/// ".." among them, in the kernel's order. An error ends the list. `buffer` is scratch, some ten
/// kilobytes of it, and may be used again.
template <class Visit>
void ForEachEntry(int directory_fd, std::string& buffer, const Visit& visit) {
  for (;;) {
    const long got = syscall(SYS_getdents64, directory_fd, buffer.data(), buffer.size());
    if (got <= 0) return;
    for (long at = 0; at < got;) {
      const auto* entry = reinterpret_cast<const DirectoryEntry*>(buffer.data() + at);
      visit(static_cast<const char*>(buffer.data() + at + kNameOffset), entry->type);
      at += entry->length;
    }
  }
}

}  // namespace drover::environments
