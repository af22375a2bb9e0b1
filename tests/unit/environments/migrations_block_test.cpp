#include "environments/migrations_block.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace drover::environments {
namespace {

constexpr std::string_view kRest = "environments:\n  dev: {url: 'sqlite:///a.db'}\n";

NativeBlock BlockOf(std::string_view migrations, std::string_view directory = "migrations") {
  return MakeNativeBlock(Concat("project: shop\n\n", migrations, kRest), "/p/drover.yaml",
                         std::string(directory), "alembic_version");
}

/// The block of the new text; the problem when there is none.
std::string NewBlock(std::string_view migrations, std::string_view directory = "migrations") {
  const NativeBlock block = BlockOf(migrations, directory);
  if (!block.text) return Concat("(", block.problem, ")");
  EXPECT_EQ(*block.text, Concat("project: shop\n\n", block.after, kRest));
  return block.after;
}

TEST(MigrationsBlockTest, CommentsStay) {
  EXPECT_EQ(NewBlock("migrations:  # whose\n"
                     "  # as backend/alembic.ini says\n"
                     "  format: alembic  # for now\n"
                     "  config: backend/alembic.ini\n"
                     "  command:\n"
                     "    - uv\n"
                     "    - run\n"
                     "  # the variable\n"
                     "  url_variable: DB_URL\n"),
            "migrations:  # whose\n"
            "  # as backend/alembic.ini says\n"
            "  format: native  # for now\n"
            "  directory: migrations\n"
            "  version_table: alembic_version\n"
            "  # the variable\n");
}

TEST(MigrationsBlockTest, AListMayStandBelowItsKey) {
  EXPECT_EQ(NewBlock("migrations:\n  command:\n  - uv\n  - run\n  format: alembic\n"),
            "migrations:\n  format: native\n  directory: migrations\n"
            "  version_table: alembic_version\n");
}

TEST(MigrationsBlockTest, ALineOfFlowStaysOne) {
  EXPECT_EQ(NewBlock("migrations: {format: alembic, command: [uv, run]}  # x\n", "db/new files"),
            "migrations: {format: native, directory: 'db/new files', version_table: "
            "alembic_version}  # x\n");
}

TEST(MigrationsBlockTest, WhatStandsBeforeTheNextKeyStaysThere) {
  const NativeBlock block = BlockOf("migrations:\n  format: alembic\n\n# where they are\n");
  ASSERT_TRUE(block.text);
  EXPECT_EQ(block.before, "migrations:\n  format: alembic\n");
  EXPECT_EQ(*block.text,
            Concat("project: shop\n\nmigrations:\n  format: native\n  directory: migrations\n"
                   "  version_table: alembic_version\n\n# where they are\n",
                   kRest));
}

TEST(MigrationsBlockTest, UnusualFormsAreLeftAlone) {
  for (const std::string_view block :
       {"migrations: &m\n  format: alembic\n", "migrations:\n  'format': alembic\n",
        "migrations: {format: alembic,\n  config: x.ini}\n", "migrations: {format: 'alembic'}\n",
        "'migrations': {format: alembic}\n"}) {
    const NativeBlock made = BlockOf(block);
    EXPECT_FALSE(made.text) << block;
    EXPECT_NE(made.problem, "") << block;
    EXPECT_EQ(made.after,
              "migrations:\n  format: native\n  directory: migrations\n"
              "  version_table: alembic_version\n");
  }
}

TEST(MigrationsBlockTest, WhatWouldNotBeReadAsMeantIsAProblem) {
  // An unknown key.
  const NativeBlock made = MakeNativeBlock("migrations:\n  format: alembic\n  nonsense: 1\n",
                                           "/p/drover.yaml", "migrations", "alembic_version");
  EXPECT_FALSE(made.text);
  EXPECT_NE(made.problem.find("unusual"), std::string::npos);
}

}  // namespace
}  // namespace drover::environments
