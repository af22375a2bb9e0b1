// Runs one command to its end and measures it from outside, as a shell would see it.
//
//   bench_launch [-i FILE] [-o FILE] COMMAND [ARGUMENT ...]
//
// Standard input and output of the command are /dev/null unless given. Prints, on one line: wall
// time in ns, user and system time in us, largest resident set in KiB, exit code (128 + the signal
// for a killed command).
#include <cstdio>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

constexpr int kCannotStart = 127;

long long Now() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<long long>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

long long Microseconds(const timeval& time) {
  return static_cast<long long>(time.tv_sec) * 1'000'000 + time.tv_usec;
}

}  // namespace

int main(int argc, char** argv) {
  const char* input = "/dev/null";
  const char* output = "/dev/null";
  int first = 1;
  while (first + 1 < argc && argv[first][0] == '-') {
    if (std::strcmp(argv[first], "-i") == 0) {
      input = argv[first + 1];
    } else if (std::strcmp(argv[first], "-o") == 0) {
      output = argv[first + 1];
    } else {
      break;
    }
    first += 2;
  }
  if (first >= argc) {
    std::fputs("usage: bench_launch [-i FILE] [-o FILE] COMMAND [ARGUMENT ...]\n", stderr);
    return 2;
  }

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, input, O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, output, O_WRONLY | O_CREAT | O_TRUNC,
                                   0644);
  pid_t child = -1;
  const long long begin = Now();
  const int failed = posix_spawnp(&child, argv[first], &actions, nullptr, argv + first, environ);
  if (failed != 0) {
    std::fprintf(stderr, "bench_launch: %s: %s\n", argv[first], std::strerror(failed));
    return kCannotStart;
  }
  int status = 0;
  rusage usage{};
  wait4(child, &status, 0, &usage);
  const long long end = Now();
  posix_spawn_file_actions_destroy(&actions);

  const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  std::printf("%lld %lld %lld %ld %d\n", end - begin, Microseconds(usage.ru_utime),
              Microseconds(usage.ru_stime), usage.ru_maxrss, code);
  return 0;
}
