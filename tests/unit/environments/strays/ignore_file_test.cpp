#include "environments/strays/ignore_file.h"

#include <gtest/gtest.h>

namespace drover::environments {
namespace {

bool IgnoresFile(std::string_view text, std::string_view path) {
  return IgnorePatterns(text).IgnoresBranch(path, EntryKind::kFile);
}

TEST(IgnoreFileTest, ANameMeansItAnywhere) {
  EXPECT_TRUE(IgnoresFile("*.tmp.db", "a.tmp.db"));
  EXPECT_TRUE(IgnoresFile("*.tmp.db", "x/y/a.tmp.db"));
  EXPECT_FALSE(IgnoresFile("*.tmp.db", "a.db"));
  EXPECT_TRUE(IgnoresFile("fixtures", "tests/fixtures/a.db"));
}

TEST(IgnoreFileTest, ASlashBindsToTheFilesOwnDirectory) {
  EXPECT_TRUE(IgnoresFile("/data", "data/a.db"));
  EXPECT_FALSE(IgnoresFile("/data", "x/data/a.db"));
  EXPECT_TRUE(IgnoresFile("x/data", "x/data/a.db"));
  EXPECT_FALSE(IgnoresFile("x/data", "y/x/data/a.db"));
}

TEST(IgnoreFileTest, ASlashAtTheEndMeansDirectoriesOnly) {
  EXPECT_FALSE(IgnoresFile("data/", "data"));
  EXPECT_TRUE(IgnorePatterns("data/").Ignores("data", EntryKind::kDirectory));
  EXPECT_TRUE(IgnoresFile("data/", "x/data/a.db"));
}

TEST(IgnoreFileTest, TheLastPatternThatMatchesDecides) {
  EXPECT_FALSE(IgnoresFile("*.db\n!keep.db", "keep.db"));
  EXPECT_TRUE(IgnoresFile("*.db\n!keep.db\nkeep.*", "keep.db"));
  // What lies in an ignored directory cannot be taken back.
  EXPECT_TRUE(IgnoresFile("old/\n!old/keep.db", "old/keep.db"));
}

TEST(IgnoreFileTest, StarsStayWithinANameButTwoDoNot) {
  EXPECT_FALSE(IgnoresFile("a/*/c.db", "a/b/x/c.db"));
  EXPECT_TRUE(IgnoresFile("a/*/c.db", "a/b/c.db"));
  EXPECT_TRUE(IgnoresFile("a/**/c.db", "a/b/x/c.db"));
  EXPECT_TRUE(IgnoresFile("a/**/c.db", "a/c.db"));
  EXPECT_TRUE(IgnoresFile("**/c.db", "c.db"));
  EXPECT_TRUE(IgnoresFile("a/**", "a/b/c"));
  EXPECT_FALSE(IgnoresFile("a/**", "b/a"));
  EXPECT_FALSE(IgnoresFile("?.db", "ab.db"));
}

TEST(IgnoreFileTest, ClassesAndEscapes) {
  EXPECT_TRUE(IgnoresFile("v[0-9].db", "v7.db"));
  EXPECT_FALSE(IgnoresFile("v[!0-9].db", "v7.db"));
  EXPECT_TRUE(IgnoresFile("v[]x].db", "v].db"));
  EXPECT_TRUE(IgnoresFile("a[b.db", "a[b.db"));
  EXPECT_TRUE(IgnoresFile("\\#a.db", "#a.db"));
  EXPECT_TRUE(IgnoresFile("\\!a.db", "!a.db"));
  EXPECT_FALSE(IgnoresFile("a\\*.db", "ab.db"));
}

TEST(IgnoreFileTest, CommentsBlankLinesAndSpacesAtTheEndMeanNothing) {
  EXPECT_TRUE(IgnorePatterns("# all\n\n   \n").empty());
  EXPECT_TRUE(IgnoresFile("a.db   \r\n", "a.db"));
}

TEST(IgnoreFileTest, ManyStarsDoNotTakeForEver) {
  EXPECT_FALSE(IgnoresFile("*a*a*a*a*a*a*a*a*a*a*b", std::string(200, 'a')));
}

}  // namespace
}  // namespace drover::environments
