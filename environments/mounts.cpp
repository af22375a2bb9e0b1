#include "environments/mounts.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <fcntl.h>
#include <string_view>
#include <sys/epoll.h>
#include <sys/vfs.h>

#include "base/error.h"

namespace drover::environments {
namespace {

struct FileSystem {
  std::uint32_t magic;  // statfs(2)
  std::string_view name;
};

constexpr std::array kWithoutEvents = std::to_array<FileSystem>({
    {0x6969, "nfs"},
    {0x517B, "smb"},
    {0xFF534D42, "cifs"},
    {0xFE534D42, "smb2"},
    {0x01021997, "9p"},  // also the Windows drives of WSL
    {0x65735546, "fuse"},
    {0x00C36400, "ceph"},
    {0x5346414F, "afs"},
    {0x6B414653, "afs"},
    {0x786F4256, "vboxsf"},
});

}  // namespace

std::optional<std::string> FileSystemWithoutEvents(const std::string& path) {
  struct statfs status {};
  if (statfs(path.c_str(), &status) != 0) return std::nullopt;
  const auto magic = static_cast<std::uint32_t>(status.f_type);
  const auto* found = std::ranges::find(kWithoutEvents, magic, &FileSystem::magic);
  return found == kWithoutEvents.end() ? std::nullopt : std::optional(std::string(found->name));
}

MountWatcher::MountWatcher()
    : table_(open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC)),
      poll_(epoll_create1(EPOLL_CLOEXEC)) {
  if (!table_) throw SystemError("open", "/proc/self/mountinfo", errno);
  if (!poll_) throw SystemError("open", "epoll", errno);
  epoll_event wanted{};
  wanted.events = EPOLLPRI | EPOLLET;  // proc_pid_mountinfo(5): a change is POLLPRI and POLLERR
  if (epoll_ctl(poll_.get(), EPOLL_CTL_ADD, table_.get(), &wanted) != 0) {
    throw SystemError("watch", "/proc/self/mountinfo", errno);
  }
  Drain();
}

void MountWatcher::Drain() {
  // What it returns means nothing: whoever waited for our descriptor has asked the table already,
  // and the table tells each change once.
  epoll_event happened{};
  (void)epoll_wait(poll_.get(), &happened, 1, 0);
}

}  // namespace drover::environments
