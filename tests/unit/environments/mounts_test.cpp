#include "environments/mounts.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

namespace drover::environments {
namespace {

TEST(FileSystemTest, ALocalOneHasEvents) {
  EXPECT_EQ(FileSystemWithoutEvents("/tmp"), std::nullopt);
  EXPECT_EQ(FileSystemWithoutEvents("/nonexistent/x"), std::nullopt);
}

bool IsReadable(int fd) {
  pollfd entry{.fd = fd, .events = POLLIN, .revents = 0};
  return poll(&entry, 1, 500) == 1;
}

/// What a child in a mount namespace of its own returns; 77 when it may not have one.
int InOwnMountNamespace(int (*run)()) {
  const pid_t child = fork();
  if (child == 0) {
    const bool own =
        unshare(CLONE_NEWNS) == 0 && mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
    _exit(own ? run() : 77);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(MountWatcherTest, MountingAndUnmountingAreToldOnceEach) {
  const int result = InOwnMountNamespace([] {
    MountWatcher watcher;
    if (IsReadable(watcher.descriptor())) return 1;
    if (mount("none", "/mnt", "tmpfs", 0, nullptr) != 0) return 77;
    if (!IsReadable(watcher.descriptor())) return 2;
    watcher.Drain();
    if (IsReadable(watcher.descriptor())) return 3;
    if (umount("/mnt") != 0) return 4;
    return IsReadable(watcher.descriptor()) ? 0 : 5;
  });
  if (result == 77) GTEST_SKIP() << "mounting is not allowed here";
  EXPECT_EQ(result, 0);
}

}  // namespace
}  // namespace drover::environments
