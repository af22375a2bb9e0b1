#include "environments/git_index.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace drover::environments {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Optional;

std::string Number(std::uint32_t value, int bytes) {
  std::string out;
  for (int i = bytes - 1; i >= 0; --i) out += static_cast<char>((value >> (8 * i)) & 0xFFU);
  return out;
}

/// An index by gitformat-index(5), written by hand.
struct IndexText {
  std::uint32_t version = 2;
  std::size_t hash = 20;
  std::string entries = {};
  std::uint32_t count = 0;
  std::string before = {};

  IndexText& Add(const std::string& name) {
    std::string entry(40 + hash, '\x07');
    entry += Number(static_cast<std::uint32_t>(name.size()), 2);
    if (version == 4) {
      std::size_t same = 0;
      while (same < name.size() && same < before.size() && name[same] == before[same]) ++same;
      entry += static_cast<char>(before.size() - same);
      entry += name.substr(same) + '\0';
      before = name;
    } else {
      entry += name + '\0';
      while (entry.size() % 8 != 0) entry += '\0';
    }
    entries += entry;
    ++count;
    return *this;
  }

  [[nodiscard]] std::string Text(const std::string& extensions = {}) const {
    return "DIRC" + Number(version, 4) + Number(count, 4) + entries + extensions +
           std::string(hash, 'c');
  }
};

const std::set<std::string> kWanted{"application.db", "data/app.db", "data/app.db-wal"};

TEST(GitIndexTest, SaysWhichOfTheWantedPathsAreTracked) {
  for (const std::uint32_t version : {2U, 3U, 4U}) {
    IndexText index{.version = version};
    index.Add(".gitignore").Add("application.db").Add("data/app.db-wal").Add("data/app.py");
    EXPECT_THAT(TrackedIn(index.Text(), kWanted, GitHash::kSha1),
                Optional(ElementsAre("application.db", "data/app.db-wal")))
        << "version " << version;
  }
}

TEST(GitIndexTest, LongerObjectNames) {
  IndexText index{.version = 2, .hash = 32};
  index.Add("data/app.db").Add("z");
  EXPECT_THAT(TrackedIn(index.Text(), kWanted, GitHash::kSha256),
              Optional(ElementsAre("data/app.db")));
}

TEST(GitIndexTest, NothingIsTrackedInAnEmptyIndex) {
  EXPECT_THAT(TrackedIn(IndexText{}.Text(), kWanted, GitHash::kSha1), Optional(IsEmpty()));
}

TEST(GitIndexTest, WhatCannotBeReadIsNotKnown) {
  IndexText index;
  index.Add("application.db");
  const std::string text = index.Text();
  for (std::size_t size = 0; size < text.size() - 20; size += 5) {
    EXPECT_EQ(TrackedIn(text.substr(0, size), kWanted, GitHash::kSha1), std::nullopt) << size;
  }
  IndexText later = index;
  later.version = 5;
  EXPECT_EQ(TrackedIn(later.Text(), kWanted, GitHash::kSha1), std::nullopt);
  later.version = 2;
  later.count = 9;
  EXPECT_EQ(TrackedIn(later.Text(), kWanted, GitHash::kSha1), std::nullopt);
}

TEST(GitIndexTest, ASplitIndexIsNotTheWholeTruth) {
  IndexText index;
  index.Add("a");
  const std::string tree = "TREE" + Number(3, 4) + "abc";
  EXPECT_TRUE(TrackedIn(index.Text(tree), kWanted, GitHash::kSha1).has_value());
  const std::string link = tree + "link" + Number(20, 4) + std::string(20, 'l');
  EXPECT_EQ(TrackedIn(index.Text(link), kWanted, GitHash::kSha1), std::nullopt);
}

}  // namespace
}  // namespace drover::environments
