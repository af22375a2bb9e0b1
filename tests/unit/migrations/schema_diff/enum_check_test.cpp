#include "migrations/schema_diff/enum_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace drover::migrations {
namespace {

using testing::ElementsAre;

TEST(EnumCheckTest, AListOfLiteralsIsAnEnumeration) {
  const auto found = ReadEnumCheck("check (status in('OPEN', 'it''s', 3))");
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->column, "status");
  EXPECT_THAT(found->values, ElementsAre("'OPEN'", "'it''s'", "3"));
}

TEST(EnumCheckTest, NullMayBeAllowedBesides) {
  EXPECT_TRUE(ReadEnumCheck("check (s is null or s in('a'))").has_value());
  EXPECT_TRUE(ReadEnumCheck("check ((s in('a')) or (s is null))").has_value());
  EXPECT_FALSE(ReadEnumCheck("check (t is null or s in('a'))").has_value());
}

TEST(EnumCheckTest, AnythingElseIsNone) {
  for (const char* clause :
       {"check (s not in('a'))", "check (s in(select x))", "check (s in('a') and s <> 'b')",
        "check (lower(s) in('a'))", "check (s in('a' || 'b'))", "check (s in())", "check ()", "",
        "check (s > 'a')", "check (s in('a',))"}) {
    EXPECT_FALSE(ReadEnumCheck(clause).has_value()) << clause;
  }
}

TEST(EnumCheckTest, AChangeIsToldByItsValues) {
  const EnumCheck before{.column = "s", .values = {"'a'", "'b'"}};
  EXPECT_EQ(DescribeEnumChange(before, {.column = "s", .values = {"'b'", "'HELD'"}}),
            "+ HELD, - a");
  EXPECT_EQ(DescribeEnumChange(before, {.column = "s", .values = {"'b'", "'a'"}}), "other order");
}

}  // namespace
}  // namespace drover::migrations
