#include "migrations/alembic/offline_script.h"

#include <algorithm>
#include <gtest/gtest.h>

#include "base/text.h"

namespace drover::migrations {
namespace {

/// "revision: sql" of every section, with "|" for line ends.
std::vector<std::string> Sections(std::string_view output, Direction direction = Direction::kUp) {
  std::vector<std::string> found;
  for (const OfflineSection& each : SplitOfflineScript(output, direction, "alembic_version")) {
    std::string sql = each.sql;
    std::replace(sql.begin(), sql.end(), '\n', '|');
    found.push_back(Concat(each.revision, ": ", sql));
  }
  return found;
}

using Texts = std::vector<std::string>;

/// As Alembic 1.8 prints it.
constexpr std::string_view kOfflineUp =
    "CREATE TABLE alembic_version (\n    version_num VARCHAR(32) NOT NULL, \n"
    "    CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)\n);\n\n"
    "-- Running upgrade  -> a1\n\nCREATE TABLE t (\n    id INTEGER NOT NULL\n);\n\n"
    "INSERT INTO alembic_version (version_num) VALUES ('a1');\n\n"
    "-- Running upgrade a1 -> b2\n\nINSERT INTO t VALUES (1);\n\n"
    "UPDATE alembic_version SET version_num='b2' WHERE alembic_version.version_num = 'a1';\n\n"
    "-- Running upgrade b2, c3 -> d4\n\n"
    "DELETE FROM alembic_version WHERE alembic_version.version_num = 'b2';\n\n"
    "UPDATE alembic_version SET version_num='d4' WHERE alembic_version.version_num = 'c3';\n\n";

TEST(OfflineScriptTest, EachRevisionHasItsSection) {
  EXPECT_EQ(Sections(kOfflineUp), (Texts{"a1: CREATE TABLE t (|    id INTEGER NOT NULL|);|",
                                         "b2: INSERT INTO t VALUES (1);|", "d4: "}));
}

TEST(OfflineScriptTest, ADowngradeIsNamedByWhatItTakesBack) {
  constexpr std::string_view kDown =
      "-- Running downgrade d4 -> b2, c3\n\nINSERT INTO alembic_version (version_num) VALUES "
      "('b2');\n\n-- Running downgrade b2 -> \n\nDROP TABLE t;\n\nDELETE FROM alembic_version "
      "WHERE "
      "alembic_version.version_num = 'b2';\n\nDROP TABLE alembic_version;\n";
  EXPECT_EQ(Sections(kDown, Direction::kDown), (Texts{"d4: ", "b2: DROP TABLE t;|"}));
  EXPECT_EQ(Sections(kDown), Texts{});
}

TEST(OfflineScriptTest, WhatAlembicPrintedLastIsTheLastSection) {
  EXPECT_EQ(Sections("-- Running upgrade  -> a1\n\nSELECT 1;\n-- Running upgrade a1 -> b2\n\n"
                     "FAILED: no\n"),
            (Texts{"a1: SELECT 1;|", "b2: FAILED: no|"}));
}

TEST(OfflineScriptTest, TransactionsAreDroversBusiness) {
  EXPECT_EQ(Sections("BEGIN;\n\n-- Running upgrade  -> a1\n\nBEGIN;\n\nSELECT 1;\n\nCOMMIT;\n\n"
                     "-- Running upgrade a1 -> b2\n\nSELECT 2;\n\nCOMMIT;\n\n"),
            (Texts{"a1: SELECT 1;|", "b2: SELECT 2;|"}));
}

TEST(OfflineScriptTest, WhatOnlyMentionsTheVersionTableStays) {
  EXPECT_EQ(WithoutBookkeeping("INSERT INTO log SELECT version_num FROM alembic_version;\n"
                               "DELETE FROM \"ALEMBIC_version\";\n"
                               "INSERT OR REPLACE INTO main.alembic_version VALUES ('x');\n"
                               "INSERT INTO log VALUES ('DROP TABLE alembic_version;');",
                               "alembic_version"),
            "INSERT INTO log SELECT version_num FROM alembic_version;\n\n"
            "INSERT INTO log VALUES ('DROP TABLE alembic_version;');\n");
}

TEST(OfflineScriptTest, TheVersionTableMayHaveAnotherName) {
  EXPECT_EQ(WithoutBookkeeping("UPDATE shop_version SET version_num = 'b';\nDELETE FROM "
                               "alembic_version;",
                               "shop_version"),
            "DELETE FROM alembic_version;\n");
}

TEST(OfflineScriptTest, ParametersAreValuesThatAreMissing) {
  EXPECT_TRUE(HasParameters("UPDATE t SET x = :name"));
  EXPECT_TRUE(HasParameters("INSERT INTO t VALUES (?, 1)"));
  EXPECT_TRUE(HasParameters("INSERT INTO t VALUES (?1)"));
  EXPECT_FALSE(HasParameters("INSERT INTO t VALUES (':a ?', \"b:c\") -- :d ?"));
}

TEST(OfflineScriptTest, TriggersAreOneStatementAndCommentsStay) {
  EXPECT_EQ(
      WithoutBookkeeping("-- why\nCREATE TRIGGER x AFTER INSERT ON t BEGIN DELETE FROM u; END;"
                         "\n-- of what goes\nDELETE FROM alembic_version;\n",
                         "alembic_version"),
      "-- why\nCREATE TRIGGER x AFTER INSERT ON t BEGIN DELETE FROM u; END;\n\n"
      "-- of what goes\n");
}

}  // namespace
}  // namespace drover::migrations
