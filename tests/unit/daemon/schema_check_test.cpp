#include "daemon/schema_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/drift.h"
#include "migrations/native_format.h"
#include "tests/unit/daemon/support.h"

namespace drover::daemon {
namespace {

using drover::testing::MigrationText;
using drover::testing::RunSql;
using drover::testing::Scratch;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::shared_ptr<const migrations::Graph> GraphOfTwo(const std::string& second) {
  std::vector<migrations::Revision> revisions;
  revisions.push_back(
      migrations::ParseMigration(MigrationText("a", "none", "CREATE TABLE t (x);"), "a.sql"));
  revisions.push_back(migrations::ParseMigration(MigrationText("b", "a", second), "b.sql"));
  return std::make_shared<const migrations::Graph>(std::move(revisions));
}

class DriftTest : public ::testing::Test {
 protected:
  DriftTest() { RunSql(path_, "CREATE TABLE t (x)"); }

  /// As a look would ask, with a footprint that can be trusted.
  DriftQuestion Ask() {
    return {.schema = {.path = path_,
                       .version_table = "drover_version",
                       .migrations_digest = {},
                       .graph = graph_,
                       .stubs = {}},
            .rows = {"a"},
            .ignore = ignore_,
            .footprint = migrations::TakeFootprint(path_)};
  }

  std::vector<std::string> Lines(DriftEffort effort = DriftEffort::kFull) {
    std::vector<std::string> lines;
    for (const auto& change : checker_.Drift(Ask(), effort)->changes) {
      lines.push_back(migrations::SummaryLine(change));
    }
    return lines;
  }

  Scratch directory_;
  std::string path_ = directory_.path() + "/app.db";
  std::shared_ptr<const migrations::Graph> graph_ = GraphOfTwo("CREATE TABLE u (x);");
  std::vector<std::string> ignore_;
  SchemaChecker checker_;
};

TEST_F(DriftTest, ComparesOnceWhileNothingChanges) {
  EXPECT_THAT(Lines(), IsEmpty());
  EXPECT_THAT(Lines(), IsEmpty());
  EXPECT_EQ(checker_.comparisons(), 1U);
}

TEST_F(DriftTest, RowsChangeNothingThatHasToBeComparedAgain) {
  EXPECT_THAT(Lines(), IsEmpty());
  RunSql(path_, "INSERT INTO t VALUES (1)");
  EXPECT_THAT(Lines(), IsEmpty());
  EXPECT_EQ(checker_.comparisons(), 1U);
  RunSql(path_, "CREATE INDEX i ON t (x)");
  EXPECT_THAT(Lines(), ElementsAre("+ index i"));
  EXPECT_EQ(checker_.comparisons(), 2U);
}

TEST_F(DriftTest, ANewRevisionAboveChangesNothing) {
  EXPECT_THAT(Lines(), IsEmpty());
  graph_ = GraphOfTwo("CREATE TABLE other (x);");
  EXPECT_THAT(Lines(), IsEmpty());
  EXPECT_EQ(checker_.comparisons(), 1U);
}

TEST_F(DriftTest, WhatIsIgnoredIsPartOfTheQuestion) {
  RunSql(path_, "CREATE TABLE cache (x)");
  EXPECT_THAT(Lines(), ElementsAre("+ table cache"));
  ignore_ = {"cach?"};
  EXPECT_THAT(Lines(), IsEmpty());
  EXPECT_THAT(checker_.Drift(Ask(), DriftEffort::kFull)->ignored, ElementsAre("cache"));
}

TEST_F(DriftTest, ALookDoesNotReplayALongHistory) {
  std::vector<migrations::Revision> revisions;
  for (int i = 0; i < 300; ++i) {
    revisions.push_back(migrations::ParseMigration(
        MigrationText(i == 299 ? "a" : Concat("r", i), i == 0 ? "none" : Concat("r", i - 1),
                      i == 0 ? "CREATE TABLE t (x);" : "SELECT 1;"),
        Concat(i, ".sql")));
  }
  graph_ = std::make_shared<const migrations::Graph>(std::move(revisions));
  EXPECT_EQ(checker_.Drift(Ask(), DriftEffort::kCheap), nullptr);
  EXPECT_THAT(Lines(), IsEmpty());
  EXPECT_THAT(Lines(DriftEffort::kCheap), IsEmpty()) << "it is known now";
  EXPECT_EQ(checker_.comparisons(), 1U);
}

}  // namespace
}  // namespace drover::daemon
