// What /proc tells of one process (proc(5)). Of a process that belongs to another user only the
// command line and the mounts may be read; what may not be read is empty. Never throws.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/posix.h"
#include "base/stray_documents.h"

namespace drover::environments {

/// The processes that `proc` (normally "/proc") shows, the newest first as far as their numbers
/// tell; our own is left out.
[[nodiscard]] std::vector<std::int64_t> ListProcesses(const std::string& proc);

/// The directory of a process. It pins this very process: should it end and its number be used
/// again, reads below it fail instead of describing a stranger. Empty when the process has ended.
[[nodiscard]] UniqueFd OpenProcess(const std::string& proc, std::int64_t pid);

/// The mount namespace of a process, or of ourselves ("self"); empty when it may not be read.
[[nodiscard]] std::string MountNamespaceOf(int process_fd);
[[nodiscard]] std::string OwnMountNamespace(const std::string& proc);

/// `own_namespace` is that of OwnMountNamespace(): a process in another one is in a container, and
/// its cwd is a path of that.
[[nodiscard]] Holder DescribeProcess(std::int64_t pid, int process_fd,
                                     const std::string& own_namespace);

/// Is it a drover or droverd?
[[nodiscard]] bool IsOurs(int process_fd);

/// The file that a magic link (cwd, fd/3) leads to, or nothing; a network file system is not asked
/// for news. `links` is the number of its names: 0 after it was deleted.
struct LinkedFile {
  FileIdentity identity;
  std::uint32_t links = 0;
  bool regular = false;
};
[[nodiscard]] std::optional<LinkedFile> FollowLink(int directory_fd, const char* name);

/// The text of a link, and of a small file; empty when there is none.
[[nodiscard]] std::string ReadProcLink(int directory_fd, const char* name);
[[nodiscard]] std::string ReadProcFile(int directory_fd, const char* name, std::size_t limit);

}  // namespace drover::environments
