#include "migrations/checksum.h"

#include <gtest/gtest.h>

namespace drover::migrations {
namespace {

TEST(ChecksumTest, Sha256IsThatOfTheStandard) {
  EXPECT_EQ(Sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(Sha256(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

bool Same(std::string_view a, std::string_view b) { return ScriptSha256(a) == ScriptSha256(b); }

TEST(ChecksumTest, BlanksCommentsLineEndsAndTheCaseOfWordsDoNotCount) {
  constexpr std::string_view kPlain = "CREATE TABLE t (x INT);\nSELECT 1;";
  EXPECT_TRUE(Same(kPlain, "\xEF\xBB\xBF\n\ncreate table T(\n  X int\n);\r\nselect 1;\r\n"));
  EXPECT_TRUE(Same(kPlain, "-- first\nCREATE TABLE t /* one */ (x INT); SELECT 1; -- last"));
  EXPECT_TRUE(Same("SELECT 1e5, 0XFF", "select 1E5, 0xff"));
}

TEST(ChecksumTest, EverythingElseIsAnEdit) {
  constexpr std::string_view kPlain = "SELECT 'a', \"b\";";
  EXPECT_FALSE(Same(kPlain, "SELECT 'A', \"b\";"));
  EXPECT_FALSE(Same(kPlain, "SELECT 'a ', \"b\";"));
  EXPECT_FALSE(Same(kPlain, "SELECT 'a', \"B\";"));
  EXPECT_FALSE(Same(kPlain, "SELECT 'a', b;"));
  EXPECT_FALSE(Same(kPlain, "SELECT 'a', \"b\"; SELECT 1;"));
  EXPECT_FALSE(Same(kPlain, ""));
  EXPECT_FALSE(Same("SELECT ab", "SELECT a b"));
  EXPECT_FALSE(Same("SELECT 'a\nb'", "SELECT 'a\r\nb'")) << "a line end inside a string is data";
}

TEST(ChecksumTest, ABlobIsNotAColumnWithAName) {
  EXPECT_FALSE(Same("SELECT x'00' FROM t", "SELECT x '00' FROM t"));
  EXPECT_TRUE(Same("SELECT x'00'", "SELECT X'00'"));
  EXPECT_TRUE(Same("SELECT'a'", "SELECT 'a'"));
}

}  // namespace
}  // namespace drover::migrations
