#include "migrations/schema_diff/hints.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace drover::migrations {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(SchemaHintsTest, ACommentOnTheLineOfAColumnSpeaksOfIt) {
  const SchemaHints hints = ReadHints(
      "CREATE TABLE t (\n  a INT, -- @renamed from=b\n  c TEXT /* @renamed from=\"d e\" */\n)",
      "t");
  EXPECT_THAT(hints.renames, ElementsAre(RenameHint{"t", "a", "b"}, RenameHint{"t", "c", "d e"}));
}

TEST(SchemaHintsTest, ACommentOnALineOfItsOwnSpeaksOfTheNextColumn) {
  EXPECT_THAT(
      ReadHints("CREATE TABLE t (\n  a INT,\n  -- @renamed from=b\n  c TEXT\n)", "t").renames,
      ElementsAre(RenameHint{"t", "c", "b"}));
  EXPECT_THAT(ReadHints("CREATE TABLE t (\n  a INT\n  -- @renamed from=b\n)", "t").renames,
              ElementsAre(RenameHint{"t", "a", "b"}));
}

TEST(SchemaHintsTest, BeforeTheFirstColumnItMaySpeakOfTheTable) {
  EXPECT_THAT(ReadHints("CREATE TABLE t /* @renamed from=[old one] */ (a)", "t").renames,
              ElementsAre(RenameHint{"t", "", "old one"}, RenameHint{"t", "a", "old one"}));
  EXPECT_THAT(ReadHints("CREATE VIRTUAL TABLE t /* @renamed from=u */ USING fts5(a)", "t").renames,
              ElementsAre(RenameHint{"t", "", "u"}));
}

TEST(SchemaHintsTest, ABackfillIsTheRestOfTheComment) {
  const SchemaHints hints = ReadHints(
      "CREATE TABLE t (\n  a INT NOT NULL, -- @backfill coalesce(b, 'x''y') @renamed from=b\n"
      "  c TEXT)",
      "t");
  EXPECT_THAT(hints.backfills, ElementsAre(BackfillHint{"t", "a", "coalesce(b, 'x''y')"}));
  EXPECT_EQ(hints.renames[0], (RenameHint{"t", "a", "b"}));
}

TEST(SchemaHintsTest, WhatIsNoHintIsNone) {
  const SchemaHints hints =
      ReadHints("CREATE TABLE t (a DEFAULT '-- @renamed from=b', -- renamed from=c\n d)", "t");
  EXPECT_THAT(hints.renames, IsEmpty());
  EXPECT_EQ(RenamedFrom(" @renamed"), "");
  EXPECT_EQ(RenamedFrom(" @renamed from="), "");
  EXPECT_EQ(RenamedFrom(" @renamedfrom=a"), "");
  EXPECT_EQ(RenamedFrom(" @renamed from = a, please"), "a");
}

TEST(SchemaHintsTest, TheCommentToPasteIsReadBack) {
  for (const std::string name : {"name", "order", "a \"b\"", "it's"}) {
    EXPECT_EQ(RenamedFrom(RenameComment(name).substr(2)), name);
  }
}

}  // namespace
}  // namespace drover::migrations
