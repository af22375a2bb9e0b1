// Random pairs of schemas with random rows. DROVER_FUZZ_SEEDS=N runs more of them, DROVER_FUZZ_FROM
// begins at another seed.
#include <cstdlib>
#include <gtest/gtest.h>
#include <optional>

#include "base/error.h"
#include "base/posix.h"
#include "migrations/schema_diff/carry_out.h"
#include "migrations/schema_diff/proof.h"
#include "migrations/schema_diff/row_check.h"
#include "tests/unit/migrations/schema_diff/schema_generator.h"

namespace drover::migrations {
namespace {

constexpr std::uint32_t kDefaultSeeds = 200;

std::uint32_t NumberFrom(const char* variable, std::uint32_t otherwise) {
  const std::optional<std::string> text = EnvironmentVariable(variable);
  const std::optional<std::int64_t> number = text ? ParseInteger(*text) : std::nullopt;
  return number ? static_cast<std::uint32_t>(*number) : otherwise;
}

std::optional<DesiredSchema> LoadIfValid(const std::string& sql) {
  try {
    return LoadDesiredSchema({.sql = sql, .file = "schema.sql"});
  } catch (const Error& error) {
    EXPECT_EQ(error.code, Code::kInvalid) << error.message;
    EXPECT_FALSE(error.where.empty()) << error.message;
    return std::nullopt;
  }
}

/// One pair, with rows in the first schema.
class PairTrial {
 public:
  PairTrial(Connection& current, const DesiredSchema& desired)
      : current_(current), desired_(desired), start_(SchemaReader("v").Read(current)) {}

  SchemaPlanOutcome Run() {
    const SchemaPlanRequest request{
        .current = current_, .desired = desired_, .rows = RowKnowledge::kKnown};
    const SchemaPlan plan = PlanSchemaChange(request);
    EXPECT_EQ(plan.sql, PlanSchemaChange(request).sql);
    renamed_ += plan.renames.tables.size() + plan.renames.columns.size();
    EXPECT_EQ(plan.outcome == SchemaPlanOutcome::kNoop, start_ == desired_.image);
    if (plan.outcome == SchemaPlanOutcome::kOk) Succeeds(request, plan);
    if (plan.outcome == SchemaPlanOutcome::kDataError) Fails(plan);
    ProveForUnknownRows();
    return plan.outcome;
  }

  [[nodiscard]] std::size_t renamed() const { return renamed_; }

 private:
  Connection Session() {
    Connection session("", OpenMode::kMemory);
    session.CopyFrom(current_);
    session.Execute("PRAGMA foreign_keys=ON");
    return session;
  }

  void Succeeds(const SchemaPlanRequest& request, const SchemaPlan& plan) {
    Connection session = Session();
    CarryOut(session, plan.sql, plan.renames);
    EXPECT_TRUE(SchemaReader("v").Read(session) == desired_.image) << plan.sql;
    RowExpectation expected{.renames = plan.renames};
    for (const SchemaChange& change : plan.changes) {
      if (change.facet == "type") {
        expected.columns.insert(ToLower(Concat(change.object, ".", change.part)));
      }
    }
    EXPECT_EQ(FindChangedRows(current_, session, expected), std::vector<std::string>()) << plan.sql;
    if (FindDamage(current_).empty()) {
      EXPECT_EQ(FindDamage(session), std::vector<std::string>()) << plan.sql;
    }
    const SchemaDownPlan down = PlanWayBack(request, plan);
    if (down.plan.outcome != SchemaPlanOutcome::kOk) return;
    CarryOut(session, down.plan.sql, down.plan.renames);
    EXPECT_TRUE(SchemaReader("v").Read(session) == start_) << down.plan.sql;
  }

  void Fails(const SchemaPlan& plan) {
    Connection session = Session();
    const std::string before = ContentDigest(session);
    EXPECT_THROW(CarryOut(session, plan.sql, plan.renames), Error) << plan.sql;
    EXPECT_EQ(ContentDigest(session), before);
  }

  void ProveForUnknownRows() {
    const SchemaPlanRequest request{.current = current_, .desired = desired_};
    const SchemaPlan plan = PlanSchemaChange(request);
    if (plan.outcome != SchemaPlanOutcome::kOk) return;
    const SchemaDownPlan down = PlanWayBack(request, plan);
    for (const ProofProblem& problem : ProveSchemaChange(request, plan, down).problems) {
      ADD_FAILURE() << problem.property << ": " << problem.message << "\n"
                    << plan.sql << "\n"
                    << down.plan.sql;
    }
  }

  Connection& current_;
  const DesiredSchema& desired_;
  SchemaImage start_;
  std::size_t renamed_ = 0;
};

TEST(SchemaDiffFuzzTest, EveryPairIsCarriedOutOrRefusedForAReason) {
  const std::uint32_t from = NumberFrom("DROVER_FUZZ_FROM", 1);
  const std::uint32_t count = NumberFrom("DROVER_FUZZ_SEEDS", kDefaultSeeds);
  std::map<SchemaPlanOutcome, int> outcomes;
  std::size_t renamed = 0;
  for (std::uint32_t seed = from; seed < from + count; ++seed) {
    SchemaGenerator generator(seed);
    const MadeSchema first = generator.Schema();
    const MadeSchema second =
        generator.Below(5) == 0 ? generator.Schema() : generator.Mutated(first);
    SCOPED_TRACE(Concat("seed ", seed, "\n", first.Sql(), "-- to\n", second.Sql()));
    const std::optional<DesiredSchema> one = LoadIfValid(first.Sql());
    const std::optional<DesiredSchema> two = LoadIfValid(second.Sql());
    if (!one || !two) continue;
    Connection current("", OpenMode::kMemory);
    current.Execute(first.Sql());
    for (const std::string& row : generator.Rows(current)) {
      try {
        current.Execute(row);
      } catch (const Error&) {  // STRICT
      }
    }
    try {
      PairTrial trial(current, *two);
      ++outcomes[trial.Run()];
      renamed += trial.renamed();
    } catch (const Error& error) {
      ADD_FAILURE() << error.kind << ": " << error.message;
    }
    if (testing::Test::HasFailure()) return;
  }
  EXPECT_GT(outcomes[SchemaPlanOutcome::kOk], 0);
  EXPECT_GT(renamed, 0U);
  for (const auto& [outcome, number] : outcomes) {
    RecordProperty(std::string(OutcomeName(outcome)), number);
  }
}

TEST(SchemaDiffFuzzTest, AnotherSpellingIsTheSameSchema) {
  const std::uint32_t count = NumberFrom("DROVER_FUZZ_SEEDS", kDefaultSeeds);
  for (std::uint32_t seed = 1; seed <= count; ++seed) {
    SchemaGenerator generator(seed);
    const std::string sql = generator.Schema().Sql();
    const std::optional<DesiredSchema> one = LoadIfValid(sql);
    if (!one) continue;
    const std::string respelt = generator.Respelt(sql);
    const std::optional<DesiredSchema> two = LoadIfValid(respelt);
    ASSERT_TRUE(two.has_value()) << "seed " << seed << "\n" << respelt;
    ASSERT_TRUE(one->image == two->image) << "seed " << seed << "\n" << respelt;
    ASSERT_EQ(one->image.Digest(), two->image.Digest());
    std::string bare;
    for (const std::string& statement : two->database->QueryColumn(
             "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite%'")) {
      bare += Concat(WithoutComments(statement), ";\n");
    }
    const std::optional<DesiredSchema> three = LoadIfValid(bare);
    ASSERT_TRUE(three && three->image == one->image) << "seed " << seed << "\n" << bare;
  }
}

TEST(SchemaDiffFuzzTest, NoBytesBringTheReaderDown) {
  for (std::uint32_t seed = 1; seed <= 400; ++seed) {
    SchemaGenerator generator(seed);
    std::string sql = generator.Schema().Sql();
    for (std::size_t i = 0; i <= generator.Below(6); ++i) {
      const std::size_t at = generator.Below(sql.size());
      if (generator.Below(2) == 0) {
        sql[at] = static_cast<char>(generator.Below(256));
      } else {
        sql.erase(at, generator.Below(10));
      }
      if (sql.empty()) sql = ";";
    }
    (void)LoadIfValid(sql);
    (void)ReadHints(sql, "t");
  }
}

}  // namespace
}  // namespace drover::migrations
