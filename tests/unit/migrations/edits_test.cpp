#include "migrations/edits.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/migrations/support.h"

namespace drover::migrations {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// A file and the record of having applied it as it is.
class EditsTest : public ::testing::Test {
 protected:
  EditsTest() : file(MakeRevision("b", {"a"}, "CREATE TABLE t (x);", "DROP TABLE t;")) {
    file.raw_sha256 = "raw";
    file.message = "Make t";
    record.direction = "up";
    record.raw_sha256 = "raw";
    record.up_sha256 = file.up_sha256;
    record.down_sha256 = file.down_sha256;
    record.down_revision = {"a"};
    record.directives.message = "Make t";
  }

  /// "modified: sentence; sentence", or "none".
  std::string Found() {
    const std::optional<Edit> edit = FindEdit(file, record);
    return edit ? Concat(EditKindName(edit->kind), ": ", Join(edit->changes, "; ")) : "none";
  }

  Revision file;
  AppliedRecord record;
};

TEST_F(EditsTest, AFileAsItWasAppliedHasNone) { EXPECT_EQ(Found(), "none"); }

TEST_F(EditsTest, OtherBytesWithTheSameTokensAreAReformatting) {
  file.raw_sha256 = "other";
  EXPECT_EQ(Found(),
            "reformatted: only comments, white space, line ends or the case of words differ");
  file.message = "Make the table t";
  EXPECT_EQ(Found(), "reformatted: its message is another; what it does is the same");
}

TEST_F(EditsTest, EachSectionIsNamed) {
  file.up_sha256 = "other";
  EXPECT_EQ(Found(), "modified: its up section is another");
  file.down_sha256 = "other";
  EXPECT_EQ(Found(), "modified: its up section is another; its down section is another");
  file.up_sha256 = record.up_sha256;
  file.down_sha256.clear();
  EXPECT_EQ(Found(), "modified: its down section is gone");
  record.down_sha256.clear();
  file.down_sha256 = "now";
  EXPECT_EQ(Found(), "modified: it had no down section when it was applied");
}

TEST_F(EditsTest, AChangedParentIsNamedAsSuch) {
  file.down_revision = {"c"};
  EXPECT_EQ(Found(), "modified: its parent was a when it was applied, the file now says c");
  EXPECT_TRUE(FindEdit(file, record)->moved);
  record.down_revision = {"x", "c"};
  file.down_revision = {"c", "x"};
  EXPECT_EQ(Found(), "none") << "the order of parents means nothing";
  file.down_revision.clear();
  file.depends_on = {"y"};
  EXPECT_EQ(Found(),
            "modified: its parents were x, c when it was applied, the file now says none; its "
            "dependency was none when it was applied, the file now says y");
}

TEST_F(EditsTest, LabelsAndTransactionsCount) {
  file.branch_labels = {"net"};
  EXPECT_THAT(Found(), HasSubstr("its branch label was none"));
  record.complete = false;
  EXPECT_EQ(Found(), "none") << "an old record does not know the labels";
  file.up.transaction = false;
  EXPECT_EQ(Found(),
            "modified: its up section ran in a transaction when it was applied, the file now says "
            "transaction:false");
  file.up.transaction = true;
  record.directives.down_transaction = false;
  EXPECT_EQ(Found(),
            "modified: its down section ran without a transaction when it was applied, the file "
            "now says otherwise");
}

TEST_F(EditsTest, WhatTheHistoryDoesNotKnowIsNoEdit) {
  file.up_sha256 = "other";
  file.down_sha256 = "other";
  file.raw_sha256 = "other";
  record.up_sha256.clear();
  record.raw_sha256.clear();
  EXPECT_EQ(Found(), "none");
  record.up_sha256 = "known";
  record.direction = "down";
  EXPECT_EQ(Found(), "none") << "another tool has applied it since";
}

TEST_F(EditsTest, TheDiffShowsWhatIsCompared) {
  Revision archived = file;
  file.up.sql = "\nCREATE TABLE t (x, y);\n";
  file.down_revision = {"c"};
  file.down->transaction = false;
  EXPECT_EQ(DiffEdit(archived, file, "m/b.sql"),
            "--- as applied\n+++ m/b.sql\n@@ -1,6 +1,7 @@\n"
            "--- down_revision: a\n+-- down_revision: c\n -- message: Make t\n -- migrate:up\n"
            "-CREATE TABLE t (x);\n--- migrate:down\n+\n+CREATE TABLE t (x, y);\n"
            "+-- migrate:down transaction:false\n DROP TABLE t;\n");
  EXPECT_EQ(DiffEdit(archived, archived, "m/b.sql"), "");
}

}  // namespace
}  // namespace drover::migrations
