#include "migrations/lock_state.h"

#include <filesystem>

#include "base/posix.h"
#include "base/text.h"
#include "tests/unit/migrations/apply_support.h"

namespace drover::migrations {
namespace {

class LockStateTest : public testing::Test {
 protected:
  void SetUp() override { MakeDatabase(path_, "CREATE TABLE t (x);"); }

  TempDir directory_;
  std::string path_ = directory_ / "app.db";
};

TEST_F(LockStateTest, NobodyWritesToAFileThatIsOnlyRead) {
  EXPECT_EQ(FindWriter(path_), Writer::kNone);
  Connection reader(path_, OpenMode::kRead);
  reader.Execute("BEGIN; SELECT * FROM t;");
  EXPECT_EQ(FindWriter(path_), Writer::kNone);
  EXPECT_EQ(FindWriter(directory_ / "missing.db"), Writer::kNone);
}

TEST_F(LockStateTest, AReservedLockPreparesAndAnExclusiveOneWrites) {
  Connection writer(path_, OpenMode::kWrite);
  writer.Execute("BEGIN IMMEDIATE; INSERT INTO t VALUES (1);");
  EXPECT_EQ(FindWriter(path_), Writer::kPreparing);
  writer.Execute("ROLLBACK; BEGIN EXCLUSIVE;");
  EXPECT_EQ(FindWriter(path_), Writer::kWriting);
  writer.Execute("ROLLBACK;");
  EXPECT_EQ(FindWriter(path_), Writer::kNone);
}

TEST_F(LockStateTest, LocksOfOtherFilesAndOtherBytesDoNotCount) {
  const std::uint64_t inode = StatFile(path_)->identity.inode;
  std::filesystem::create_directory(directory_ / "proc");
  const auto look = [&](const std::string& locks) {
    WriteText(directory_ / "proc/locks", locks);
    return FindWriter(path_, directory_ / "proc");
  };
  EXPECT_EQ(
      look(Concat("1: POSIX  ADVISORY  WRITE 7 fe:01:", inode + 1, " 1073741825 1073741825\n")),
      Writer::kNone);
  EXPECT_EQ(look(Concat("1: POSIX  ADVISORY  WRITE 7 fe:01:", inode, " 0 EOF\n")), Writer::kNone);
  EXPECT_EQ(
      look(Concat("1: FLOCK  ADVISORY  WRITE 7 fe:01:", inode, " 0 EOF\n",
                  "1: -> POSIX  ADVISORY  WRITE 8 fe:01:", inode, " 1073741824 1073741824\n")),
      Writer::kNone);
  EXPECT_EQ(look(Concat("1: POSIX  ADVISORY  WRITE -1 fe:01:", inode, " 1073741825 1073741825\n")),
            Writer::kPreparing);
  EXPECT_EQ(look(Concat("1: POSIX  ADVISORY  WRITE 7 fe:01:", inode, " 1073741824 1073742335\n")),
            Writer::kWriting);
}

}  // namespace
}  // namespace drover::migrations
