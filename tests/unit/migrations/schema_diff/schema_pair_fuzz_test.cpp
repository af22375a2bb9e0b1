// Random pairs of schemas with random rows. DROVER_FUZZ_SEEDS=N runs more of them, DROVER_FUZZ_FROM
// begins at another seed; DROVER_FUZZ_SAVE names a directory for what fails, made as small as can
// be.
#include <cstdlib>
#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <map>
#include <optional>

#include "base/error.h"
#include "base/posix.h"
#include "tests/unit/migrations/schema_diff/schema_pair.h"

namespace drover::migrations {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

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

MadePair PairOf(std::uint32_t seed) {
  SchemaGenerator generator(seed);
  MadePair pair;
  pair.from = generator.Schema();
  pair.to = generator.Below(5) == 0 ? generator.Schema() : generator.Mutated(pair.from);
  try {
    Connection current("", OpenMode::kMemory);
    current.Execute(pair.from.Sql());
    pair.rows = generator.Rows(current);
  } catch (const Error&) {
    // No schema, so no rows.
  }
  return pair;
}

/// "rows" of "rows: t.a …".
std::string PropertyOf(const PairResult& result) {
  const std::string& first = result.problems.front();
  return first.substr(0, first.find(':'));
}

/// The smallest pair that breaks the same property, kept where the user wants it.
std::string Minimal(const MadePair& pair, const PairResult& result, const std::string& name) {
  const std::string property = PropertyOf(result);
  const MadePair small = Shrink(pair, [&](const SchemaPair& candidate) {
    const PairResult again = TryPair(candidate);
    return !again.problems.empty() && PropertyOf(again) == property;
  });
  const std::string text = FormatPair(small.Text());
  if (const auto directory = EnvironmentVariable("DROVER_FUZZ_SAVE")) {
    MakeDirectories(*directory, 0755);
    CreateFile(Concat(*directory, "/", name, ".sql"), text, 0644);
  }
  return text;
}

TEST(SchemaDiffFuzzTest, EveryPairIsCarriedOutOrRefusedForAReason) {
  const std::uint32_t from = NumberFrom("DROVER_FUZZ_FROM", 1);
  const std::uint32_t count = NumberFrom("DROVER_FUZZ_SEEDS", kDefaultSeeds);
  std::map<SchemaPlanOutcome, int> outcomes;
  std::size_t renamed = 0;
  int failures = 0;
  for (std::uint32_t seed = from; seed < from + count && failures < 10; ++seed) {
    const MadePair pair = PairOf(seed);
    const PairResult result = TryPair(pair.Text());
    if (result.valid) ++outcomes[result.outcome];
    renamed += result.renamed;
    if (result.problems.empty()) continue;
    ++failures;
    ADD_FAILURE() << "seed " << seed << ": " << result.problems.front() << "\n"
                  << Minimal(pair, result, Concat("seed_", seed));
  }
  EXPECT_GT(outcomes[SchemaPlanOutcome::kOk], 0);
  EXPECT_GT(renamed, 0U);
  for (const auto& [outcome, number] : outcomes) {
    RecordProperty(std::string(OutcomeName(outcome)), number);
  }
}

/// Pairs that once failed, and some that are hard.
TEST(SchemaPairTest, WhatIsKeptHolds) {
  const auto folder = std::filesystem::path(__FILE__).parent_path() / "../../../cases/schema_pairs";
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".sql") continue;
    ++count;
    const PairResult result = TryPair(ParsePair(ReadFile(entry.path().string(), 1 << 20)));
    EXPECT_TRUE(result.valid) << entry.path();
    EXPECT_THAT(result.problems, IsEmpty()) << entry.path();
  }
  EXPECT_GT(count, 0U);
}

TEST(SchemaPairTest, TextIsReadAsItWasWritten) {
  const SchemaPair pair = PairOf(7).Text();
  const SchemaPair read = ParsePair(FormatPair(pair));
  EXPECT_EQ(read.from, pair.from);
  EXPECT_EQ(read.to, pair.to);
  EXPECT_EQ(read.rows, pair.rows);
}

TEST(SchemaPairTest, ShrinkingLeavesWhatMatters) {
  for (std::uint32_t seed = 1; seed <= 20; ++seed) {
    const MadePair pair = PairOf(seed);
    const MadePair small = Shrink(pair, [&](const SchemaPair& candidate) {
      return ParsePair(FormatPair(candidate)).to.find("CREATE TABLE") != std::string::npos;
    });
    EXPECT_THAT(small.from.tables, IsEmpty());
    EXPECT_THAT(small.to.tables, SizeIs(1));
    EXPECT_THAT(small.to.tables[0].columns, IsEmpty());
    EXPECT_THAT(small.to.extras, IsEmpty());
    EXPECT_THAT(small.rows, IsEmpty());
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
