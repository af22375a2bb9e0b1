#include "environments/detached.h"

#include <algorithm>
#include <fcntl.h>
#include <map>

#include "base/text.h"
#include "environments/mount_table.h"
#include "environments/proc.h"

namespace drover::environments {
namespace {

constexpr std::size_t kLongestMountTable = std::size_t{1} << 20U;

std::string ReadMountTable(int process_fd) {
  return ReadProcFile(process_fd, "mountinfo", kLongestMountTable);
}

}  // namespace

std::vector<DetachedUse> FindDetachedMounts(const std::set<std::string>& paths,
                                            const std::string& proc) {
  std::vector<DetachedUse> found;
  if (paths.empty()) return found;
  const UniqueFd self(open(Concat(proc, "/self").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const std::vector<MountLine> own = ParseMountTable(ReadMountTable(self.get()));
  std::map<std::string, std::string> wanted;  // device and place → our path
  for (const std::string& path : paths) {
    if (const auto place = PlaceOf(path, own)) {
      wanted.emplace(Concat(place->device, " ", place->path), path);
    }
  }
  const std::string own_namespace = OwnMountNamespace(proc);
  std::set<std::string> seen{own_namespace};
  std::vector<std::int64_t> pids = ListProcesses(proc);
  // The first process of a container is the one that its user knows.
  std::ranges::sort(pids);
  for (const std::int64_t pid : pids) {
    const UniqueFd process = OpenProcess(proc, pid);
    if (!process) continue;
    // Another user's namespace has no name for us; the mount table itself stands for it.
    std::string name_space = MountNamespaceOf(process.get());
    if (!name_space.empty() && !seen.insert(name_space).second) continue;
    const std::string table = ReadMountTable(process.get());
    if (table.find("//deleted") == std::string::npos) continue;
    if (name_space.empty() && !seen.insert(table).second) continue;
    for (const MountLine& mount : ParseMountTable(table)) {
      const auto path = wanted.find(Concat(mount.device, " ", mount.root));
      if (!mount.deleted || path == wanted.end()) continue;
      found.push_back({.path = path->second,
                       .mounted_at = mount.point,
                       .reach = Concat(proc, "/", pid, "/root", mount.point),
                       .holder = DescribeProcess(pid, process.get(), own_namespace)});
    }
  }
  std::ranges::sort(found, {},
                    [](const DetachedUse& use) { return std::pair(use.path, use.holder.pid); });
  return found;
}

}  // namespace drover::environments
