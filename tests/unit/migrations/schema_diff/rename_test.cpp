#include "migrations/schema_diff/rename.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"

namespace drover::migrations {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

SchemaImage RenameImage(std::string_view sql) {
  Connection connection("", OpenMode::kMemory);
  connection.Execute(sql);
  return SchemaReader("v").Read(connection);
}

std::string Written(const RenameMap& renames) {
  std::vector<std::string> words;
  for (const TableRename& one : renames.tables) words.push_back(Concat(one.from, ">", one.to));
  for (const ColumnRename& one : renames.columns) {
    words.push_back(Concat(one.table, ".", one.from, ">", one.to));
  }
  return Join(words, " ");
}

TEST(ResolveRenamesTest, AHintThatHasDoneItsWorkIsInert) {
  const std::vector<RenameHint> hints{{"t", "b", "a"}};
  EXPECT_EQ(Written(ResolveRenames(RenameImage("CREATE TABLE t (a)"),
                                   RenameImage("CREATE TABLE t (b)"), hints)),
            "t.a>b");
  EXPECT_EQ(Written(ResolveRenames(RenameImage("CREATE TABLE t (b)"),
                                   RenameImage("CREATE TABLE t (b)"), hints)),
            "");
  EXPECT_EQ(Written(ResolveRenames(RenameImage("CREATE TABLE t (a, b)"),
                                   RenameImage("CREATE TABLE t (b)"), hints)),
            "");
}

TEST(ResolveRenamesTest, AChainIsCarriedOutFromItsEnd) {
  const std::vector<RenameHint> hints{{"b", "", "a"}, {"c", "", "b"}};
  const SchemaImage current = RenameImage("CREATE TABLE a (x); CREATE TABLE b (y)");
  const SchemaImage desired = RenameImage("CREATE TABLE b (x); CREATE TABLE c (y)");
  const RenameMap renames = ResolveRenames(current, desired, hints);
  EXPECT_EQ(Written(renames), "b>c a>b");
  EXPECT_EQ(Written(Inverted(renames)), "b>a c>b");
  EXPECT_EQ(Written(ResolveRenames(desired, desired, hints)), "");
}

TEST(ResolveRenamesTest, ARingIsNotTurned) {
  const std::vector<RenameHint> hints{{"t", "a", "b"}, {"t", "b", "a"}};
  const SchemaImage image = RenameImage("CREATE TABLE t (a, b)");
  EXPECT_EQ(Written(ResolveRenames(image, image, hints)), "");
}

TEST(ResolveRenamesTest, AColumnOfARenamedTableIsFound) {
  const std::vector<RenameHint> hints{{"t", "b", "a"}, {"t", "", "old"}};
  const RenameMap renames =
      ResolveRenames(RenameImage("CREATE TABLE old (a)"), RenameImage("CREATE TABLE T (b)"), hints);
  EXPECT_EQ(Written(renames), "old>T T.a>b");
  EXPECT_EQ(Written(Inverted(renames)), "T>old old.b>a");
}

TEST(ProposeRenamesTest, ATableWithTheSameColumnsIsProposed) {
  const auto proposals =
      ProposeRenames(RenameImage("CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT)"),
                     RenameImage("CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT);"
                                 "CREATE TABLE other (x, y, z)"),
                     {});
  ASSERT_EQ(proposals.size(), 1U);
  EXPECT_EQ(proposals[0].from, "users");
  EXPECT_EQ(proposals[0].to, "people");
  EXPECT_TRUE(proposals[0].certain);
  EXPECT_EQ(proposals[0].hint, "-- @renamed from=users");
}

TEST(ProposeRenamesTest, AColumnInTheSamePlaceIsProposedFirst) {
  const auto proposals = ProposeRenames(
      RenameImage("CREATE TABLE t (id INT, name TEXT, age INT)"),
      RenameImage("CREATE TABLE t (id INT, full_name TEXT, born INT, nick TEXT)"), {});
  ASSERT_FALSE(proposals.empty());
  EXPECT_EQ(proposals[0].to, "full_name");
  EXPECT_FALSE(proposals[0].certain);
  EXPECT_GT(proposals[0].score, 0.8);
}

TEST(ProposeRenamesTest, WhatIsRenamedAlreadyIsNotProposedAgain) {
  const SchemaImage current = RenameImage("CREATE TABLE t (a INT)");
  const SchemaImage desired = RenameImage("CREATE TABLE t (b INT)");
  const RenameMap renames =
      ResolveRenames(current, desired, std::vector{RenameHint{"t", "b", "a"}});
  EXPECT_THAT(ProposeRenames(current, desired, renames), IsEmpty());
  EXPECT_EQ(ProposeRenames(current, desired, {}).size(), 1U);
}

}  // namespace
}  // namespace drover::migrations
