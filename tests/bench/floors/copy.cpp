// The least that a durable copy of a database can cost, beside drover's own, and replaying with and
// without snapshots.
//
//   bench_copy file FROM TO      copy_file_range, fsync, rename, fsync of the directory
//   bench_copy api FROM TO       SQLite's backup API in one step, then the same
//   bench_copy drover FROM TO    drover's copy of a live database
//   bench_copy replay FOLDER SNAPSHOTS ROUNDS
//                                the schema of the migrations in FOLDER after an edit of the last
//                                one: prints "kept", "all" (replay alone), "kept_image" and
//                                "all_image" (the schema read as well), each with its time in ns
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <string>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

#include "base/error.h"
#include "base/posix.h"
#include "base/text.h"
#include "migrations/folder.h"
#include "migrations/replay.h"
#include "migrations/safety/database_copy.h"

namespace {

using drover::Concat;
using drover::UniqueFd;
namespace engine = drover::migrations;

[[noreturn]] void Die(const char* what) {
  std::perror(what);
  std::exit(1);
}

void PutInPlace(const std::string& part, const std::string& to) {
  if (rename(part.c_str(), to.c_str()) != 0) Die("rename");
  drover::SyncDirectory(drover::DirectoryName(to));
}

void CopyFile(const std::string& from, const std::string& to) {
  const std::string part = to + ".part";
  {
    const UniqueFd source(open(from.c_str(), O_RDONLY | O_CLOEXEC));
    const UniqueFd target(open(part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (!source || !target) Die("open");
    ssize_t moved = 1;
    while (moved > 0) {
      moved =
          copy_file_range(source.get(), nullptr, target.get(), nullptr, std::size_t{1} << 30U, 0);
    }
    if (moved < 0 || fsync(target.get()) != 0) Die("copy");
  }
  PutInPlace(part, to);
}

void CopyByApi(const std::string& from, const std::string& to) {
  const std::string part = to + ".part";
  unlink(part.c_str());
  {
    engine::Connection source(from, engine::OpenMode::kRead);
    engine::Connection target(part, engine::OpenMode::kCreate);
    target.Execute("PRAGMA synchronous=OFF");
    target.CopyFrom(source);
  }
  const UniqueFd fd(open(part.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd || fsync(fd.get()) != 0) Die("fsync");
  PutInPlace(part, to);
}

void CopyAsDrover(const std::string& from, const std::string& to) {
  (void)engine::CopyLive(from, [&](engine::Connection& source) {
    engine::WriteCopy(source, to, engine::CopyKind::kKept);
  });
}

/// The migrations of a folder, the last one with another comment each time.
engine::Graph Edited(const std::vector<engine::Revision>& revisions, int round) {
  std::vector<engine::Revision> edited = revisions;
  edited.back().up.sql += Concat("-- ", round, "\n");
  return engine::Graph(std::move(edited));
}

void Replay(const std::string& folder, const std::string& directory, int rounds) {
  engine::MigrationFolders folders;
  const std::vector<std::string> names{folder};
  const engine::LoadedMigrations content = folders.Load(names);
  std::vector<engine::Revision> revisions;
  for (const engine::RevisionPtr& each : content.revisions) revisions.push_back(*each);
  const engine::Snapshots kept(directory);
  const auto replay = [&](const char* name, const engine::Graph& graph,
                          const engine::Snapshots& snapshots, bool image, bool print) {
    const auto begin = std::chrono::steady_clock::now();
    engine::Replay made("drover_version", {}, snapshots);
    made.AddAll(graph, graph.Heads(), {});
    if (image && made.Image().objects.empty()) Die("nothing was made");
    const auto taken = std::chrono::steady_clock::now() - begin;
    if (!print) return;
    std::printf("%s %lld\n", name,
                static_cast<long long>(
                    std::chrono::duration_cast<std::chrono::nanoseconds>(taken).count()));
  };
  for (int round = 0; round <= rounds; ++round) {
    const engine::Graph graph = Edited(revisions, round);
    for (const bool image : {false, true}) {
      replay(image ? "kept_image" : "kept", graph, kept, image, round > 0);
      replay(image ? "all_image" : "all", graph, {}, image, round > 0);
    }
  }
}

}  // namespace

int main(int count, char** words) {
  if (count < 4) return 2;
  const std::string what = words[1];
  try {
    if (what == "file") CopyFile(words[2], words[3]);
    if (what == "api") CopyByApi(words[2], words[3]);
    if (what == "drover") CopyAsDrover(words[2], words[3]);
    if (what == "replay" && count == 5) Replay(words[2], words[3], std::atoi(words[4]));
  } catch (const drover::Error& error) {
    std::fprintf(stderr, "%s\n", error.message.c_str());
    return 1;
  }
  return 0;
}
