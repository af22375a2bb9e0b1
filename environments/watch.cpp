#include "environments/watch.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <optional>
#include <string_view>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <utility>

#include "base/error.h"
#include "base/posix.h"
#include "environments/inotify.h"

namespace drover::environments {
namespace {

constexpr std::uint32_t kEvents = IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE |
                                  IN_CLOSE_WRITE | IN_MODIFY | IN_DELETE_SELF | IN_MOVE_SELF;
constexpr std::uint32_t kMask = kEvents | IN_ONLYDIR | IN_EXCL_UNLINK;
constexpr std::uint32_t kEnds = IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT | IN_IGNORED;

std::optional<WatchEvent::Kind> KindOf(std::uint32_t mask) {
  using Kind = WatchEvent::Kind;
  const bool directory = (mask & IN_ISDIR) != 0;
  if ((mask & (IN_DELETE | IN_MOVED_FROM)) != 0) return Kind::kRemoved;
  if ((mask & (IN_CREATE | IN_MOVED_TO)) != 0 && directory) return Kind::kDirectory;
  if ((mask & (IN_CLOSE_WRITE | IN_MOVED_TO)) != 0) return Kind::kSaved;
  if ((mask & IN_CREATE) != 0) return Kind::kCreated;
  if ((mask & IN_MODIFY) != 0) return Kind::kModified;
  return std::nullopt;
}

void Append(std::vector<WatchEvent>& events, WatchEvent event) {
  if (events.empty() || events.back() != event) events.push_back(std::move(event));
}

class InotifyWatcher final : public Watcher {
 public:
  explicit InotifyWatcher(UniqueFd fd) : fd_(std::move(fd)) {}

  [[nodiscard]] int descriptor() const override { return fd_.get(); }

  bool Watch(const std::string& directory) override {
    if (watches_.contains(directory)) return true;
    int watch = inotify_add_watch(fd_.get(), directory.c_str(), kMask);
    if (watch < 0) return false;
    if (const auto other = directories_.find(watch); other != directories_.end()) {
      // The same directory under another name: it was moved, and we have not read that event yet.
      // Under a new watch nothing of the old name can be taken for the new one.
      std::string moved = other->second;
      Forget(moved);
      Append(pending_,
             {.kind = WatchEvent::Kind::kGone, .directory = std::move(moved), .name = {}});
      watch = inotify_add_watch(fd_.get(), directory.c_str(), kMask);
      if (watch < 0) return false;
    }
    directories_.emplace(watch, directory);
    watches_.emplace(directory, watch);
    return true;
  }

  void Forget(const std::string& directory) override {
    const auto found = watches_.find(directory);
    if (found == watches_.end()) return;
    inotify_rm_watch(fd_.get(), found->second);
    directories_.erase(found->second);
    watches_.erase(found);
  }

  [[nodiscard]] std::vector<WatchEvent> Drain() override {
    std::vector<WatchEvent> events = std::exchange(pending_, {});
    // Only what is queued now: somebody who writes all the time must not keep us here.
    int queued = 0;
    if (ioctl(fd_.get(), FIONREAD, &queued) != 0) throw SystemError("read", "inotify", errno);
    std::string buffer(65536, '\0');
    while (queued > 0) {
      const ssize_t got = read(fd_.get(), buffer.data(), buffer.size());
      if (got < 0 && errno == EINTR) continue;
      if (got < 0 && errno == EAGAIN) break;
      if (got < 0) throw SystemError("read", "inotify", errno);
      queued -= static_cast<int>(got);
      DecodedEvents decoded =
          DecodeInotify(std::string_view(buffer).substr(0, static_cast<std::size_t>(got)),
                        directories_, std::move(events));
      events = std::move(decoded.events);
      for (const int watch : decoded.gone) {
        const auto found = directories_.find(watch);
        if (found != directories_.end()) Forget(std::string(found->second));
      }
    }
    return events;
  }

  [[nodiscard]] std::size_t watched() const override { return watches_.size(); }

 private:
  UniqueFd fd_;
  std::map<int, std::string> directories_;
  std::map<std::string, int> watches_;
  std::vector<WatchEvent> pending_;
};

}  // namespace

DecodedEvents DecodeInotify(std::string_view bytes, const std::map<int, std::string>& directories,
                            std::vector<WatchEvent> events) {
  DecodedEvents decoded{.events = std::move(events), .gone = {}};
  while (bytes.size() >= sizeof(inotify_event)) {
    inotify_event event;
    std::memcpy(&event, bytes.data(), sizeof event);
    if (bytes.size() < sizeof event + event.len) break;
    std::string_view name = bytes.substr(sizeof event, event.len);
    name = name.substr(0, name.find('\0'));  // padded with NULs
    bytes.remove_prefix(sizeof event + event.len);

    if ((event.mask & IN_Q_OVERFLOW) != 0) {
      Append(decoded.events, {.kind = WatchEvent::Kind::kOverflow, .directory = {}, .name = {}});
      continue;
    }
    const auto directory = directories.find(event.wd);
    const bool over =
        std::find(decoded.gone.begin(), decoded.gone.end(), event.wd) != decoded.gone.end();
    if (directory == directories.end() || over) continue;
    if ((event.mask & kEnds) != 0) {
      decoded.gone.push_back(event.wd);
      Append(decoded.events,
             {.kind = WatchEvent::Kind::kGone, .directory = directory->second, .name = {}});
    } else if (const auto kind = KindOf(event.mask)) {
      Append(decoded.events,
             {.kind = *kind, .directory = directory->second, .name = std::string(name)});
    }
  }
  return decoded;
}

std::unique_ptr<Watcher> MakeInotifyWatcher() {
  UniqueFd fd(inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  if (!fd && errno == EMFILE) {
    throw Error(Code::kIo, "watch.limit",
                "no more inotify instances or file descriptors can be had: other programs of this "
                "user hold them all",
                "sysctl fs.inotify.max_user_instances");
  }
  if (!fd) throw SystemError("open", "inotify", errno);
  return std::make_unique<InotifyWatcher>(std::move(fd));
}

}  // namespace drover::environments
