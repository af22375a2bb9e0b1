#include "tests/fault/disk.h"

#include <gtest/gtest.h>
#include <set>
#include <string>

#include "tests/unit/migrations/support.h"

namespace drover::fault {
namespace {

/// What may be in `path` after a power failure; "none" when it is not there.
std::set<std::string> Outcomes(const Disk& disk, const std::string& path) {
  std::set<std::string> outcomes;
  for (unsigned seed = 0; seed < 200; ++seed) {
    Disk::Random random(seed);
    const Image image = disk.AfterPowerFailure(random);
    const auto found = image.find(path);
    outcomes.insert(found == image.end() ? "none" : found->second);
  }
  return outcomes;
}

class DiskTest : public testing::Test {
 protected:
  DiskTest() {
    migrations::WriteText(path_, "old");
    disk_.Begin(directory_.path());
  }

  migrations::TempDir directory_;
  std::string path_ = directory_ / "file";
  std::string other_ = directory_ / "other";
  Disk disk_;
};

using Set = std::set<std::string>;

TEST_F(DiskTest, WhatWasThereStays) { EXPECT_EQ(Outcomes(disk_, path_), Set{"old"}); }

TEST_F(DiskTest, AWriteIsCertainAfterASync) {
  disk_.Write(path_, 0, "new");
  EXPECT_EQ(Outcomes(disk_, path_), (Set{"new", "old"}));
  disk_.Sync(path_);
  EXPECT_EQ(Outcomes(disk_, path_), Set{"new"});
}

TEST_F(DiskTest, SectorsArriveOneByOne) {
  disk_.Write(path_, 0, std::string(1024, 'a'));
  disk_.Sync(path_);
  disk_.Write(path_, 0, std::string(1024, 'b'));
  const std::string a(512, 'a');
  const std::string b(512, 'b');
  EXPECT_EQ(Outcomes(disk_, path_), (Set{a + a, a + b, b + a, b + b}));
}

TEST_F(DiskTest, ATruncationIsCertainAfterASync) {
  disk_.Truncate(path_, 1);
  EXPECT_EQ(Outcomes(disk_, path_), (Set{"o", "old"}));
  disk_.Sync(path_);
  EXPECT_EQ(Outcomes(disk_, path_), Set{"o"});
}

TEST_F(DiskTest, ANewNameIsCertainAfterASyncOfItsDirectory) {
  disk_.Create(other_);
  disk_.Write(other_, 0, "x");
  disk_.Sync(other_);
  EXPECT_EQ(Outcomes(disk_, other_), (Set{"none", "x"}));
  disk_.SyncDirectory(directory_.path());
  EXPECT_EQ(Outcomes(disk_, other_), Set{"x"});
}

TEST_F(DiskTest, ARemovedNameCanComeBack) {
  disk_.Remove(path_);
  EXPECT_EQ(Outcomes(disk_, path_), (Set{"none", "old"}));
  disk_.SyncDirectory(directory_.path());
  EXPECT_EQ(Outcomes(disk_, path_), Set{"none"});
}

TEST_F(DiskTest, ARenamingIsAllOrNothing) {
  disk_.Rename(path_, other_);
  for (unsigned seed = 0; seed < 200; ++seed) {
    Disk::Random random(seed);
    EXPECT_EQ(disk_.AfterPowerFailure(random).size(), 1U);
  }
  EXPECT_EQ(Outcomes(disk_, other_), (Set{"none", "old"}));
}

}  // namespace
}  // namespace drover::fault
