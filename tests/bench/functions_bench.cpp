// What single functions cost, without processes, sockets or disks. Run it alone, or through run.py
// --functions.
#include <benchmark/benchmark.h>
#include <string>
#include <vector>

#include "base/documents.h"
#include "base/protocol.h"
#include "base/text.h"
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
