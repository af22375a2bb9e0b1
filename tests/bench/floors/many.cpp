// What a project of many environments costs beside the least that could be done.
//
//   bench_many PROJECT STATE ROUNDS
//
// PROJECT is the directory of a drover.yaml, whose file is rewritten; STATE a private directory.
// Each line printed is a name and a time in ns, taken in turn: statx (the system calls by
// themselves) and fresh (proving that no database has changed); yaml (yaml-cpp's Load alone),
// same (the file touched) and changed (other bytes).
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fcntl.h>
#include <fstream>
#include <string>
#include <string_view>
#include <sys/stat.h>

#include <yaml-cpp/yaml.h>

#include "base/error.h"
#include "base/posix.h"
#include "base/text.h"
#include "daemon/observe.h"
#include "environments/config_file.h"
#include "tests/bench/floors/helpers.h"

namespace drover::bench {
namespace {

template <typename Work>
void Time(const char* name, Work&& work) {
  const std::int64_t begin = Now();
  work();
  std::printf("%s %lld\n", name, static_cast<long long>(Now() - begin));
}

void Check(bool holds, const char* what) {
  if (!holds) throw Error(Code::kInternal, "bench", what);
}

/// Every file whose absence or status says that a database is as it was.
std::vector<std::string> Watched(const daemon::Observation& seen) {
  std::vector<std::string> paths;
  for (const auto& [path, footprint] : seen.footprints) {
    for (const char* suffix : {"", "-wal", "-journal"}) paths.push_back(path + suffix);
  }
  return paths;
}

void StatAll(const std::vector<std::string>& paths) {
  struct statx status {};
  for (const std::string& path : paths) {
    static_cast<void>(statx(AT_FDCWD, path.c_str(), 0, STATX_BASIC_STATS, &status));
  }
}

void Run(const std::string& root, const std::string& state, int rounds) {
  daemon::StateStore store(state);
  daemon::Observer observer(root, store);
  const std::shared_ptr<const daemon::Observation> seen = observer.Observe();
  Check(seen->config && !seen->footprints.empty(), "the project has no databases");
  const std::vector<std::string> paths = Watched(*seen);
  const std::string path = root + "/drover.yaml";
  const std::string text = ReadFile(path, std::size_t{1} << 20U);
  environments::ConfigFile config(root);
  for (int round = 0; round < rounds; ++round) {
    Time("statx", [&] { StatAll(paths); });
    Time("fresh", [&] { Check(daemon::DatabasesUnchanged(*seen), "a database has changed"); });
    const std::string next = Concat(text, "# ", round, "\n");
    std::ofstream(path) << next;
    Time("yaml", [&] { Check(YAML::Load(next).IsMap(), "no map"); });
    Time("changed", [&] { Check(config.Refresh(), "the configuration is the old one"); });
    std::ofstream(path) << next;
    Time("same", [&] { Check(!config.Refresh(), "the configuration is another one"); });
  }
  std::ofstream(path) << text;
}

}  // namespace
}  // namespace drover::bench

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fputs("usage: bench_many PROJECT STATE ROUNDS\n", stderr);
    return 2;
  }
  try {
    drover::bench::Run(argv[1], argv[2], std::atoi(argv[3]));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_many: %s\n", error.what());
    return 1;
  }
  return 0;
}
