#include "environments/strays/sqlite_header.h"

#include <gtest/gtest.h>
#include <string>

namespace drover::environments {
namespace {

std::string Header() {
  std::string bytes(100, '\0');
  bytes.replace(0, 15, "SQLite format 3");
  bytes[16] = '\x10';  // 4096
  bytes[18] = '\x01';
  bytes[19] = '\x01';
  bytes[21] = '\x40';
  bytes[22] = '\x20';
  bytes[23] = '\x20';
  return bytes;
}

TEST(SqliteHeaderTest, ReadsThePageSize) {
  ASSERT_TRUE(ParseSqliteHeader(Header()));
  EXPECT_EQ(ParseSqliteHeader(Header())->page_size, 4096U);
}

TEST(SqliteHeaderTest, PageSizeOneMeansSixtyFourKilobytes) {
  std::string bytes = Header();
  bytes[16] = '\x00';
  bytes[17] = '\x01';
  ASSERT_TRUE(ParseSqliteHeader(bytes));
  EXPECT_EQ(ParseSqliteHeader(bytes)->page_size, 65536U);
}

TEST(SqliteHeaderTest, RefusesAPageSizeThatIsNoPowerOfTwo) {
  std::string bytes = Header();
  bytes[16] = '\x12';
  EXPECT_FALSE(ParseSqliteHeader(bytes));
  bytes[16] = '\x01';  // 256
  EXPECT_FALSE(ParseSqliteHeader(bytes));
  bytes[16] = '\x00';
  EXPECT_FALSE(ParseSqliteHeader(bytes));
}

TEST(SqliteHeaderTest, AcceptsWriteAheadLogModeButNoUnknownFormatVersion) {
  std::string bytes = Header();
  bytes[18] = bytes[19] = '\x02';
  EXPECT_TRUE(ParseSqliteHeader(bytes));
  bytes[18] = '\x03';
  EXPECT_FALSE(ParseSqliteHeader(bytes));
  bytes[18] = '\x02';
  bytes[19] = '\x00';
  EXPECT_FALSE(ParseSqliteHeader(bytes));
}

TEST(SqliteHeaderTest, RefusesOtherPayloadFractions) {
  for (const std::size_t at : {21U, 22U, 23U}) {
    std::string bytes = Header();
    bytes[at] = '\x01';
    EXPECT_FALSE(ParseSqliteHeader(bytes)) << at;
  }
}

TEST(SqliteHeaderTest, RefusesShortAndEmptyInput) {
  EXPECT_FALSE(ParseSqliteHeader(""));
  EXPECT_FALSE(ParseSqliteHeader(Header().substr(0, 99)));
}

TEST(SqliteHeaderTest, TextThatBeginsWithTheMagicIsNoHeader) {
  std::string text("SQLite format 3\0", 16);
  text.append(496, 'a');
  EXPECT_TRUE(HasSqliteMagic(text));
  EXPECT_FALSE(ParseSqliteHeader(text));
}

TEST(SqliteHeaderTest, TheMagicEndsWithANul) {
  EXPECT_FALSE(HasSqliteMagic("SQLite format 3 is described here"));
}

TEST(SqliteHeaderTest, KnowsOtherFormatsNamedDb) {
  EXPECT_TRUE(IsOtherDatabaseFormat(std::string("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 8)));
  EXPECT_TRUE(IsOtherDatabaseFormat(std::string(12, '\0') + std::string("\x61\x15\x06\x00", 4)));
  EXPECT_FALSE(IsOtherDatabaseFormat(std::string(16, '\0')));
  EXPECT_FALSE(IsOtherDatabaseFormat(""));
  EXPECT_FALSE(IsOtherDatabaseFormat(Header()));
}

TEST(SqliteHeaderTest, AFinishedJournalIsNotHot) {
  EXPECT_TRUE(IsHotJournalHeader(std::string("\xd9\xd5\x05\xf9\x20\xa1\x63\xd7rest", 12)));
  EXPECT_FALSE(IsHotJournalHeader(std::string(512, '\0')));
  EXPECT_FALSE(IsHotJournalHeader(""));
}

}  // namespace
}  // namespace drover::environments
