#include "daemon/instance.h"

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <optional>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <thread>
#include <unistd.h>
#include <utility>

#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"

namespace drover::daemon {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLockPatience{2000};
constexpr milliseconds kLockRetry{20};

// A predecessor on its way out does not answer its socket any more; one that still does after this
// time is there to stay.
constexpr milliseconds kAnswerPatience{200};

constexpr int kBacklog = 512;
constexpr int kFirstInherited = 3;  // SD_LISTEN_FDS_START

sockaddr_un SocketAddress(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    throw Error(Code::kInvalid, "paths.too_long",
                Concat("the socket path ", path, " is longer than ", sizeof address.sun_path - 1,
                       " bytes, the limit of the system"),
                "export DROVER_SOCKET=/a/shorter/path.sock");
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

/// bind() and connect() want this cast.
const sockaddr* Generic(const sockaddr_un& address) {
  return reinterpret_cast<const sockaddr*>(&address);  // NOLINT
}

/// 0 when somebody accepts connections at `path`, else why not.
int ProbeSocket(const std::string& path) {
  const sockaddr_un address = SocketAddress(path);
  const UniqueFd probe(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!probe) throw SystemError("create", "a socket", errno);
  if (connect(probe.get(), Generic(address), sizeof address) == 0) return 0;
  return errno == EAGAIN ? 0 : errno;  // a full backlog has an owner
}

void CheckDirectory(const std::string& path) {
  if (!StatFile(path)) MakeDirectories(path, 0700);
  const std::optional<FileStatus> status = StatFile(path);
  if (!status || status->type != FileType::kDirectory) {
    throw Error(Code::kRefused, "daemon.directory", Concat(path, " is not a directory"),
                Concat("mv ", ShellQuote(path), " ", ShellQuote(path + ".old")));
  }
  const bool shared = (status->mode & 01000U) != 0;  // like /tmp: not ours to close
  const std::string elsewhere = "export DROVER_STATE_DIR=\"$HOME/.local/state/drover\"";
  if (status->owner != geteuid()) {
    throw Error(Code::kRefused, "daemon.directory",
                Concat("the directory ", path, " belongs to user ", status->owner,
                       ", who could replace the daemon's socket"),
                elsewhere);
  }
  if ((status->mode & 0022U) != 0) {
    throw Error(Code::kRefused, "daemon.directory",
                Concat("others may write to the directory ", path,
                       " and could replace the daemon's socket"),
                shared ? elsewhere : Concat("chmod 700 ", ShellQuote(path)));
  }
}

[[noreturn]] void ThrowRunning(const RuntimePaths& paths) {
  // The holder may still be writing its line.
  std::string pid = "unknown";
  std::string since = "unknown";
  try {
    const std::vector<std::string> words = SplitList(Trim(ReadFile(paths.lock, 4096)), ' ');
    if (words.size() == 2) {
      pid = words[0];
      since = words[1];
    }
  } catch (const Error& error) {
    if (error.code != Code::kNotFound) throw;
  }
  throw Error(
      Code::kConflict, "daemon.running",
      Concat("droverd is already running, pid ", pid, ", since ", since, ", socket ", paths.socket),
      "drover daemon status");
}

UniqueFd OpenLock(const std::string& path) {
  UniqueFd lock(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600));
  if (!lock) throw SystemError("open", path, errno);
  return lock;
}

/// Is the locked file still the one that others will find?
bool IsAt(const UniqueFd& fd, const std::string& path) {
  struct stat ours {};
  const std::optional<FileStatus> there = StatFile(path, Follow::kNothing);
  return fstat(fd.get(), &ours) == 0 && there &&
         there->identity == FileIdentity{ours.st_dev, ours.st_ino};
}

UniqueFd TakeLock(const RuntimePaths& paths) {
  const auto begin = std::chrono::steady_clock::now();
  for (;;) {
    UniqueFd lock = OpenLock(paths.lock);
    if (flock(lock.get(), LOCK_EX | LOCK_NB) == 0) {
      if (!IsAt(lock, paths.lock)) continue;  // removed between open and lock
      const std::string line = Concat(getpid(), " ", FormatUtc(WallNow()), "\n");
      if (ftruncate(lock.get(), 0) != 0 || !WriteAll(lock.get(), line)) {
        throw SystemError("write", paths.lock, errno);
      }
      return lock;
    }
    if (errno != EWOULDBLOCK && errno != EINTR) throw SystemError("lock", paths.lock, errno);
    const auto waited = std::chrono::steady_clock::now() - begin;
    if (waited > kLockPatience || (waited > kAnswerPatience && ProbeSocket(paths.socket) == 0)) {
      ThrowRunning(paths);
    }
    std::this_thread::sleep_for(kLockRetry);
  }
}

/// With the lock ours, what stands in the way is the remains of a daemon that was killed; but only
/// a refused connection proves that.
void RemoveStale(const RuntimePaths& paths) {
  const std::optional<FileStatus> there = StatFile(paths.socket, Follow::kNothing);
  if (!there) return;
  if (there->type != FileType::kSocket) {
    throw Error(Code::kRefused, "daemon.not_a_socket",
                Concat(paths.socket, " exists and is not a socket"),
                Concat("mv ", ShellQuote(paths.socket), " ", ShellQuote(paths.socket + ".old")));
  }
  const int error_number = ProbeSocket(paths.socket);
  if (error_number == 0) ThrowRunning(paths);
  if (error_number == ENOENT) return;
  if (error_number != ECONNREFUSED) throw SystemError("probe", paths.socket, error_number);
  if (unlink(paths.socket.c_str()) != 0 && errno != ENOENT) {
    throw SystemError("remove", paths.socket, errno);
  }
}

UniqueFd Listen(const std::string& path) {
  const sockaddr_un address = SocketAddress(path);
  UniqueFd listener(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!listener) throw SystemError("create", "a socket", errno);
  // Linux gives the file the socket's own mode: like a umask, but for this thread only.
  if (fchmod(listener.get(), 0600) != 0 ||
      bind(listener.get(), Generic(address), sizeof address) != 0) {
    throw SystemError("bind", path, errno);
  }
  if (chmod(path.c_str(), 0600) != 0 || listen(listener.get(), kBacklog) != 0) {
    throw SystemError("listen", path, errno);
  }
  return listener;
}

/// The socket of systemd's socket activation, if this process was started for one.
UniqueFd InheritedListener() {
  const std::optional<std::string> pid = EnvironmentVariable("LISTEN_PID");
  const std::optional<std::string> count = EnvironmentVariable("LISTEN_FDS");
  if (!pid || !count || ParseInteger(*pid) != getpid()) return {};
  // Children must not believe that it is theirs.
  unsetenv("LISTEN_PID");
  unsetenv("LISTEN_FDS");
  unsetenv("LISTEN_FDNAMES");
  int domain = 0;
  int accepting = 0;
  socklen_t size = sizeof domain;
  const bool fits =
      *count == "1" && getsockopt(kFirstInherited, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 &&
      getsockopt(kFirstInherited, SOL_SOCKET, SO_ACCEPTCONN, &accepting, &size) == 0 &&
      domain == AF_UNIX && accepting == 1;
  if (!fits) {
    throw Error(Code::kInvalid, "daemon.inherited",
                "LISTEN_FDS promises one listening Unix socket as descriptor 3, which it is not");
  }
  UniqueFd listener(kFirstInherited);
  const int flags = fcntl(listener.get(), F_GETFL);
  if (flags < 0 || fcntl(listener.get(), F_SETFL, flags | O_NONBLOCK) != 0 ||
      fcntl(listener.get(), F_SETFD, FD_CLOEXEC) != 0) {
    throw SystemError("adopt", "the inherited socket", errno);
  }
  return listener;
}

std::string BoundPath(const UniqueFd& listener) {
  sockaddr_un address{};
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);  // NOLINT: what getsockname wants
  if (getsockname(listener.get(), generic, &size) != 0) {
    throw SystemError("name", "the inherited socket", errno);
  }
  return address.sun_path;
}

}  // namespace

Instance::Instance(RuntimePaths paths) : paths_(std::move(paths)) {
  CheckDirectory(DirectoryName(paths_.socket));
  CheckDirectory(paths_.state);
  lock_ = TakeLock(paths_);
  listener_ = InheritedListener();
  inherited_ = static_cast<bool>(listener_);
  if (inherited_) {
    paths_.socket = BoundPath(listener_);
  } else {
    RemoveStale(paths_);
    listener_ = Listen(paths_.socket);
  }
  if (const auto status = StatFile(paths_.socket, Follow::kNothing)) socket_ = status->identity;
}

Instance::~Instance() {
  if (!inherited_ && SocketIsOurs()) unlink(paths_.socket.c_str());
}

UniqueFd Instance::TakeListener() { return std::move(listener_); }

bool Instance::SocketIsOurs() const {
  try {
    const std::optional<FileStatus> there = StatFile(paths_.socket, Follow::kNothing);
    return there && there->type == FileType::kSocket && there->identity == socket_;
  } catch (const Error&) {
    return false;  // a socket that cannot be looked at is nobody's
  }
}

void NotifySystemd(std::string_view state) {
  const std::optional<std::string> path = EnvironmentVariable("NOTIFY_SOCKET");
  if (!path || (path->front() != '/' && path->front() != '@')) return;
  sockaddr_un address{};
  if (path->size() >= sizeof address.sun_path) return;
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path->data(), path->size());
  if (path->front() == '@') address.sun_path[0] = '\0';
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path->size());

  std::string text(state);
  if (state.find("RELOADING=1") != std::string_view::npos &&
      state.find("MONOTONIC_USEC=") == std::string_view::npos) {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    text += Concat("\nMONOTONIC_USEC=", now.tv_sec * 1'000'000 + now.tv_nsec / 1'000);
  }
  const UniqueFd notify(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  // The service runs without being watched, too: a failure here is nobody's concern.
  if (notify) {
    (void)sendto(notify.get(), text.data(), text.size(), MSG_NOSIGNAL, Generic(address), size);
  }
}

void ReportStartup(UniqueFd& pipe, std::string_view text) {
  if (!pipe) return;
  // The client may have given up waiting, and the loop, which ignores SIGPIPE, need not exist yet.
  std::signal(SIGPIPE, SIG_IGN);
  (void)!WriteAll(pipe.get(), text);
  pipe.Reset();
}

}  // namespace drover::daemon
