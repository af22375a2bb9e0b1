#include "daemon/net/line_buffer.h"

#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace drover::daemon {
namespace {

std::vector<std::string> TakeAll(LineBuffer& lines) {
  std::vector<std::string> all;
  while (const auto line = lines.Next()) all.emplace_back(*line);
  return all;
}

TEST(LineBufferTest, SeveralLinesInOneChunkComeInOrder) {
  LineBuffer lines(100);
  lines.Feed("a\nbb\n\nccc");
  EXPECT_EQ(TakeAll(lines), (std::vector<std::string>{"a", "bb", ""}));
  lines.Feed("d\n");
  EXPECT_EQ(TakeAll(lines), (std::vector<std::string>{"cccd"}));
  EXPECT_EQ(lines.TakeTail(), "");
}

TEST(LineBufferTest, ALineMayArriveByteByByte) {
  LineBuffer lines(100);
  std::vector<std::string> all;
  for (const char c : std::string("one\ntwo\n")) {
    lines.Feed({&c, 1});
    for (const std::string& line : TakeAll(lines)) all.push_back(line);
  }
  EXPECT_EQ(all, (std::vector<std::string>{"one", "two"}));
}

TEST(LineBufferTest, ALineOfExactlyTheLimitIsAllowed) {
  LineBuffer lines(5);
  lines.Feed("12345\n");
  EXPECT_EQ(TakeAll(lines), std::vector<std::string>{"12345"});
  EXPECT_FALSE(lines.too_long());
}

TEST(LineBufferTest, OneByteMoreIsTooLongEvenInPieces) {
  LineBuffer lines(5);
  lines.Feed("123");
  EXPECT_TRUE(TakeAll(lines).empty());
  lines.Feed("456\nnext\n");
  EXPECT_TRUE(TakeAll(lines).empty());
  EXPECT_TRUE(lines.too_long());
  lines.Feed("more\n");
  EXPECT_TRUE(TakeAll(lines).empty()) << "nothing is taken after a line that was too long";
}

TEST(LineBufferTest, AnEndlessLineIsNotKept) {
  LineBuffer lines(5);
  lines.Feed("123456");
  EXPECT_TRUE(TakeAll(lines).empty());
  EXPECT_TRUE(lines.too_long());
  EXPECT_EQ(lines.TakeTail(), "");
}

TEST(LineBufferTest, WhatIsHeldSurvivesTheChunk) {
  LineBuffer lines(100);
  std::string chunk = "a\nb\nc\nd";
  lines.Feed(chunk);
  EXPECT_EQ(lines.Next(), "a");
  lines.Hold();
  chunk.assign(chunk.size(), 'x');
  EXPECT_TRUE(lines.has_rest());
  EXPECT_EQ(lines.Next(), "b");
  lines.Hold();
  EXPECT_EQ(TakeAll(lines), std::vector<std::string>{"c"});
  EXPECT_FALSE(lines.has_rest());
  EXPECT_EQ(lines.TakeTail(), "d");
}

TEST(LineBufferTest, NulBytesAreOrdinary) {
  LineBuffer lines(100);
  lines.Feed(std::string_view("a\0b\n", 4));
  EXPECT_EQ(TakeAll(lines), std::vector<std::string>{std::string("a\0b", 3)});
}

TEST(LineBufferTest, TheTailAfterAJoinedLineIsEmpty) {
  LineBuffer lines(100);
  lines.Feed("a");
  EXPECT_FALSE(lines.Next());
  lines.Feed("b\n");
  EXPECT_EQ(lines.Next(), "ab");
  EXPECT_EQ(lines.TakeTail(), "");
}

}  // namespace
}  // namespace drover::daemon
