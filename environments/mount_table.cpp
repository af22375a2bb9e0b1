#include "environments/mount_table.h"

#include <algorithm>

#include "base/posix.h"
#include "base/text.h"

namespace drover::environments {
namespace {

/// The kernel appends it to the root of a mount whose file or directory was unlinked
/// (fs/proc_namespace.c, show_mountinfo: seq_dentry).
constexpr std::string_view kUnlinkedMark = "//deleted";

/// Blanks and backslashes are written as three octal digits.
std::string Unescape(std::string_view text) {
  std::string plain;
  const auto digit = [&](std::size_t at) {
    return at < text.size() && text[at] >= '0' && text[at] <= '7' ? text[at] - '0' : -1;
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int high = digit(i + 1);
    const int middle = digit(i + 2);
    const int low = digit(i + 3);
    if (text[i] != '\\' || high < 0 || middle < 0 || low < 0) {
      plain.push_back(text[i]);
      continue;
    }
    plain.push_back(static_cast<char>(high * 64 + middle * 8 + low));
    i += 3;
  }
  return plain;
}

std::string_view NextField(std::string_view& line) {
  const std::size_t end = std::min(line.find(' '), line.size());
  const std::string_view field = line.substr(0, end);
  line.remove_prefix(std::min(end + 1, line.size()));
  return field;
}

}  // namespace

std::vector<MountLine> ParseMountTable(std::string_view text) {
  std::vector<MountLine> mounts;
  for (std::string_view line : SplitLines(text)) {
    static_cast<void>(NextField(line));  // the mount's number, its parent's
    static_cast<void>(NextField(line));
    MountLine mount;
    mount.device = NextField(line);
    std::string_view root = NextField(line);
    mount.point = Unescape(NextField(line));
    mount.deleted = root.ends_with(kUnlinkedMark);
    if (mount.deleted) root.remove_suffix(kUnlinkedMark.size());
    mount.root = Unescape(root);
    const bool whole = mount.device.find(':') != std::string::npos && mount.point.starts_with('/');
    if (whole) mounts.push_back(std::move(mount));
  }
  return mounts;
}

std::optional<PlaceInFileSystem> PlaceOf(std::string_view path, std::span<const MountLine> own) {
  const MountLine* covering = nullptr;
  for (const MountLine& mount : own) {
    if (!IsBelow(path, mount.point)) continue;
    // Of mounts on one point the last one hides the others.
    if (covering == nullptr || mount.point.size() >= covering->point.size()) covering = &mount;
  }
  if (covering == nullptr) return std::nullopt;
  std::string_view rest = path.substr(covering->point == "/" ? 0 : covering->point.size());
  while (rest.starts_with('/')) rest.remove_prefix(1);
  std::string place = covering->root;
  if (!rest.empty()) {
    if (!place.ends_with('/')) place.push_back('/');
    place += rest;
  }
  return PlaceInFileSystem{.device = covering->device, .path = std::move(place)};
}

}  // namespace drover::environments
