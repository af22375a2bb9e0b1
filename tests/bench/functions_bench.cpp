// What single functions cost, without processes, sockets or disks. Run it alone, or through run.py
// --functions.
#include <benchmark/benchmark.h>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/documents.h"
#include "base/protocol.h"
#include "base/status_documents.h"
#include "base/text.h"
#include "migrations/alembic/version_file.h"
#include "migrations/folder.h"
#include "migrations/graph.h"
#include "migrations/native_format.h"
#include "migrations/plan.h"

namespace drover {
namespace {

using migrations::Graph;
using migrations::Revision;

std::string Id(std::int64_t number) {
  std::string digits = Concat(number);
  return Concat("c0de", std::string(8 - digits.size(), '0'), digits);
}

std::string MigrationText(std::int64_t number) {
  return Concat(
      "-- revision: ", Id(number), "\n-- down_revision: ", number == 0 ? "none" : Id(number - 1),
      "\n-- message: Step ", number,
      "\n-- created: 2026-01-01T00:00:00Z\n-- migrate:up\nCREATE TABLE item_", number,
      " (\n  id INTEGER PRIMARY KEY,\n  name TEXT NOT NULL,\n  note TEXT -- a remark; "
      "with a semicolon\n);\nCREATE INDEX ix_item_",
      number, " ON item_", number, " (name);\n-- migrate:down\nDROP TABLE item_", number, ";\n");
}

std::vector<Revision> Chain(std::int64_t length) {
  std::vector<Revision> chain;
  for (std::int64_t i = 0; i < length; ++i) {
    chain.push_back(migrations::ParseMigration(MigrationText(i), Concat("/m/", Id(i), ".sql")));
  }
  return chain;
}

void BM_ParseMigration(benchmark::State& state) {
  const std::string text = MigrationText(17);
  for (auto _ : state) benchmark::DoNotOptimize(migrations::ParseMigration(text, "/m/17.sql"));
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * text.size()));
}
BENCHMARK(BM_ParseMigration);

/// As Alembic's template of 2024 writes a file, with a body of a usual length.
std::string VersionText(std::int64_t number) {
  std::string text = Concat(
      "\"\"\"Step ", number, "\n\nRevision ID: ", Id(number),
      "\nRevises: ", number == 0 ? "" : Id(number - 1),
      "\nCreate Date: 2026-01-01 00:00:00.000000\n\n\"\"\"\nfrom typing import Sequence, Union\n\n"
      "from alembic import op\nimport sqlalchemy as sa\n\n\n# revision identifiers, used by "
      "Alembic.\n"
      "revision: str = '",
      Id(number), "'\ndown_revision: Union[str, Sequence[str], None] = ",
      number == 0 ? "None" : Concat("'", Id(number - 1), "'"),
      "\nbranch_labels: Union[str, Sequence[str], None] = None\n"
      "depends_on: Union[str, Sequence[str], None] = None\n\n\ndef upgrade() -> None:\n");
  for (int column = 0; column < 20; ++column) {
    text += Concat("    op.add_column('item_", number, "', sa.Column('column_", column,
                   "', sa.String(length=40), nullable=True))  # generated\n");
  }
  return text + "\n\ndef downgrade() -> None:\n    op.drop_table('item')\n";
}

/// 2,500 files, as many as the repositories that the reader was checked against have together.
void BM_ParseVersionFile(benchmark::State& state) {
  constexpr std::int64_t kFiles = 2'500;
  std::vector<std::string> texts;
  for (std::int64_t i = 0; i < kFiles; ++i) texts.push_back(VersionText(i));
  std::size_t next = 0;
  std::int64_t bytes = 0;
  for (auto _ : state) {
    const std::string& text = texts[next++ % texts.size()];
    benchmark::DoNotOptimize(migrations::ParseVersionFile(text, "/m/versions/17.py"));
    bytes += static_cast<std::int64_t>(text.size());
  }
  state.SetBytesProcessed(bytes);
}
BENCHMARK(BM_ParseVersionFile)->Unit(benchmark::kMicrosecond);

/// A migration folder on disk, old enough for its time stamps to be relied on.
class DiskFolder {
 public:
  explicit DiskFolder(std::int64_t length) {
    std::string name = (std::filesystem::temp_directory_path() / "drover-bench-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) std::abort();
    directories_ = {name};
    for (std::int64_t i = 0; i < length; ++i) Save(i, MigrationText(i));
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  DiskFolder(const DiskFolder&) = delete;
  DiskFolder& operator=(const DiskFolder&) = delete;
  ~DiskFolder() { std::filesystem::remove_all(directories_.front()); }

  std::string Save(std::int64_t number, const std::string& text) {
    std::string path = Concat(directories_.front(), "/", Id(number), ".sql");
    std::ofstream(path) << text;
    return path;
  }
  [[nodiscard]] const std::vector<std::string>& directories() const { return directories_; }

 private:
  std::vector<std::string> directories_;
};

void BM_LoadFolder(benchmark::State& state) {
  const DiskFolder folder(state.range(0));
  for (auto _ : state) {
    migrations::MigrationFolders folders;
    const Graph graph(folders.Load(folder.directories()).revisions);
    benchmark::DoNotOptimize(graph.RealHeads());
  }
}
BENCHMARK(BM_LoadFolder)->Arg(10)->Arg(1'000)->Arg(10'000)->Unit(benchmark::kMicrosecond);

/// What a save costs: the one file that an event named is read, and the graph is made anew.
void BM_ReloadOneFile(benchmark::State& state) {
  DiskFolder folder(state.range(0));
  migrations::MigrationFolders folders;
  (void)folders.Load(folder.directories());
  const std::int64_t number = state.range(0) / 2;
  std::int64_t round = 0;
  for (auto _ : state) {
    state.PauseTiming();
    const std::string path =
        folder.Save(number, Concat(MigrationText(number), "-- round ", ++round, "\n"));
    state.ResumeTiming();
    const Graph graph(folders.Load(folder.directories(), std::set<std::string>{path}).revisions);
    benchmark::DoNotOptimize(graph.RealHeads());
  }
}
BENCHMARK(BM_ReloadOneFile)->Arg(10)->Arg(1'000)->Arg(10'000)->Unit(benchmark::kMicrosecond);

void BM_BuildGraph(benchmark::State& state) {
  const std::vector<Revision> chain = Chain(state.range(0));
  for (auto _ : state) {
    state.PauseTiming();
    std::vector<Revision> copy = chain;
    state.ResumeTiming();
    Graph graph(std::move(copy));
    benchmark::DoNotOptimize(graph.RealHeads());
  }
}
BENCHMARK(BM_BuildGraph)->Arg(10)->Arg(1'000)->Arg(10'000)->Unit(benchmark::kMicrosecond);

void BM_PlanFromBase(benchmark::State& state) {
  const Graph graph(Chain(state.range(0)));
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        migrations::PlanUpgrade(graph, {}, "head", migrations::Drafts::kStopBefore));
  }
}
BENCHMARK(BM_PlanFromBase)->Arg(10)->Arg(1'000)->Arg(10'000)->Unit(benchmark::kMicrosecond);

void BM_PlanOneStep(benchmark::State& state) {
  const Graph graph(Chain(state.range(0)));
  const std::vector<std::string> rows{Id(state.range(0) - 2)};
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        migrations::PlanUpgrade(graph, rows, "head", migrations::Drafts::kStopBefore));
  }
}
BENCHMARK(BM_PlanOneStep)->Arg(10)->Arg(1'000)->Arg(10'000)->Unit(benchmark::kMicrosecond);

StatusDocument Status(std::int64_t environments) {
  StatusDocument status;
  status.project = "bench";
  status.root = "/srv/bench";
  for (std::int64_t i = 0; i < environments; ++i) {
    EnvironmentStatus one;
    one.name = Concat("env", i);
    one.state = "pending";
    one.current = {Id(i)};
    one.heads = {Id(i + 1)};
    one.pending = 1;
    one.path = Concat("/srv/bench/databases/env", i, ".db");
    one.policy = "apply";
    one.why = "1 migration is waiting to be applied";
    one.pending_names = {{.revision = Id(i + 1), .head = true, .message = "Add a column"}};
    status.environments.push_back(std::move(one));
  }
  return status;
}

void BM_EncodeStatus(benchmark::State& state) {
  const StatusDocument status = Status(state.range(0));
  for (auto _ : state) benchmark::DoNotOptimize(EncodeDocument(status));
}
BENCHMARK(BM_EncodeStatus)->Arg(2)->Arg(100)->Unit(benchmark::kMicrosecond);

void BM_DecodeReply(benchmark::State& state) {
  std::string line = EncodeResult("1", EncodeDocument(Status(state.range(0))));
  line.pop_back();
  for (auto _ : state) benchmark::DoNotOptimize(DecodeReply(line));
}
BENCHMARK(BM_DecodeReply)->Arg(2)->Arg(100)->Unit(benchmark::kMicrosecond);

void BM_DecodeReplyAndStatus(benchmark::State& state) {
  std::string line = EncodeResult("1", EncodeDocument(Status(state.range(0))));
  line.pop_back();
  for (auto _ : state) {
    benchmark::DoNotOptimize(DecodeDocument<StatusDocument>(DecodeReply(line).result_json));
  }
}
BENCHMARK(BM_DecodeReplyAndStatus)->Arg(2)->Arg(100)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace drover
