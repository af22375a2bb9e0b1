#include "environments/processes.h"

#include <gmock/gmock.h>

#include "tests/unit/environments/fake_proc.h"

namespace drover::environments {
namespace {

using ProcessesTest = ProjectTest;

TEST_F(ProcessesTest, NamesWhoHoldsAFileWithItsWorkingDirectory) {
  const std::string path = Write("backend/app.db", "x");
  const OtherProcess other([&](const auto& wait) {
    if (chdir(Path("backend").c_str()) != 0) _exit(1);
    const UniqueFd fd(open("app.db", O_RDONLY));
    wait();
  });
  const auto holders = FindHolders({IdentityOf(path)});
  ASSERT_EQ(holders.size(), 1U);
  ASSERT_EQ(holders.at(IdentityOf(path)).size(), 1U);
  const Holder& holder = holders.at(IdentityOf(path)).front();
  EXPECT_EQ(holder.pid, other.pid());
  EXPECT_EQ(holder.cwd, Path("backend"));
  EXPECT_THAT(holder.command, testing::HasSubstr("test"));
  EXPECT_FALSE(holder.container);
}

TEST_F(ProcessesTest, FollowsTheInodeThroughARename) {
  const std::string path = Write("a.db", "x");
  const OtherProcess other([&](const auto& wait) {
    const UniqueFd fd(open(path.c_str(), O_RDONLY));
    wait();
  });
  ASSERT_EQ(rename(path.c_str(), Path("b.db").c_str()), 0);
  const auto holders = FindHolders({IdentityOf(Path("b.db"))});
  ASSERT_EQ(holders.size(), 1U);
}

TEST_F(ProcessesTest, NamesAProcessOnceHoweverOftenItOpenedTheFile) {
  const std::string path = Write("a.db", "x");
  const OtherProcess other([&](const auto& wait) {
    const UniqueFd first(open(path.c_str(), O_RDONLY));
    const UniqueFd second(open(path.c_str(), O_RDWR));
    wait();
  });
  EXPECT_EQ(FindHolders({IdentityOf(path)}).at(IdentityOf(path)).size(), 1U);
}

TEST_F(ProcessesTest, LeavesOurOwnProcessOut) {
  const std::string path = Write("a.db", "x");
  const UniqueFd fd(open(path.c_str(), O_RDONLY));
  EXPECT_TRUE(FindHolders({IdentityOf(path)}).empty());
}

/// Holds a POSIX lock on `length` bytes from `start` while it lives.
void Lock(int fd, short type, off_t start, off_t length) {
  struct flock lock {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = start;
  lock.l_len = length;
  if (fcntl(fd, F_SETLK, &lock) != 0) _exit(1);
}

TEST_F(ProcessesTest, WritersComeBeforeReadersAmongTheHoldersOfLocks) {
  const std::string path = Write("a.db", "x");
  const OtherProcess reader([&](const auto& wait) {
    const UniqueFd fd(open(path.c_str(), O_RDWR));
    Lock(fd.get(), F_RDLCK, 0x40000002, 510);
    wait();
  });
  std::vector<Holder> holders = FindLockHolders(path);
  ASSERT_EQ(holders.size(), 1U);
  EXPECT_EQ(holders.front().pid, reader.pid());
  const OtherProcess writer([&](const auto& wait) {
    const UniqueFd fd(open(path.c_str(), O_RDWR));
    Lock(fd.get(), F_WRLCK, 0x40000001, 1);
    wait();
  });
  holders = FindLockHolders(path);
  ASSERT_EQ(holders.size(), 1U);
  EXPECT_EQ(holders.front().pid, writer.pid());
  EXPECT_NE(holders.front().command, "");
}

TEST_F(ProcessesTest, TheWriterOfAWalLocksAByteOfTheSharedMemory) {
  const std::string path = Write("a.db", "x");
  const std::string shared_memory = Write("a.db-shm", "x");
  const OtherProcess idle([&](const auto& wait) {
    const UniqueFd fd(open(shared_memory.c_str(), O_RDWR));
    Lock(fd.get(), F_RDLCK, 128, 1);
    wait();
  });
  EXPECT_TRUE(FindLockHolders(path).empty());
  const OtherProcess writer([&](const auto& wait) {
    const UniqueFd fd(open(shared_memory.c_str(), O_RDWR));
    Lock(fd.get(), F_WRLCK, 120, 1);
    wait();
  });
  const std::vector<Holder> holders = FindLockHolders(path);
  ASSERT_EQ(holders.size(), 1U);
  EXPECT_EQ(holders.front().pid, writer.pid());
}

TEST_F(ProcessesTest, WithoutALockToBeSeenWhoeverHasTheFileOpenIsNamed) {
  const std::string path = Write("a.db", "x");
  EXPECT_TRUE(FindLockHolders(path).empty());
  EXPECT_TRUE(FindLockHolders(path, "/nowhere").empty());
  EXPECT_TRUE(FindLockHolders(Path("none.db")).empty());
  const OtherProcess other([&](const auto& wait) {
    const UniqueFd fd(open(path.c_str(), O_RDONLY));
    wait();
  });
  ASSERT_EQ(FindLockHolders(path).size(), 1U);
  EXPECT_EQ(FindLockHolders(path).front().pid, other.pid());
}

TEST_F(ProcessesTest, NothingToLookForFindsNothing) { EXPECT_TRUE(FindHolders({}).empty()); }

TEST_F(ProcessesTest, AMissingProcFindsNothing) {
  EXPECT_TRUE(FindHolders({{.device = 1, .inode = 1}}, Path("nowhere")).empty());
}

TEST_F(FakeProcTest, ReadsTheCommandWithSpacesForNuls) {
  EXPECT_EQ(Find(),
            (std::vector<Holder>{
                {.pid = 77, .command = "python app.py", .cwd = "/app", .container = false}}));
}

TEST_F(FakeProcTest, MarksAProcessOfAnotherMountNamespace) {
  Link("mnt:[2]", "proc/77/ns/mnt");
  EXPECT_TRUE(Find().front().container);
}

TEST_F(FakeProcTest, ShortensALongCommandAndKeepsControlCharactersOut) {
  Write("proc/77/cmdline", "a\x1b[31m\nb" + std::string(500, 'c'));
  const std::string command = Find().front().command;
  EXPECT_EQ(command.size(), 200U);
  EXPECT_TRUE(command.starts_with("a [31m bccc")) << command;
}

TEST_F(FakeProcTest, UsesTheShortNameWhenTheCommandLineIsEmpty) {
  Write("proc/77/cmdline", "");
  Write("proc/77/comm", "worker\n");
  EXPECT_EQ(Find().front().command, "[worker]");
}

TEST_F(FakeProcTest, SkipsProcessesThatVanishOrMayNotBeInspected) {
  Directory("proc/78");  // no fd directory any more
  Directory("proc/79/fd");
  Link("/gone/for/ever", "proc/79/fd/0");
  Write("proc/80", "not a directory");
  Directory("proc/sys/fd");
  Link(file_, "proc/sys/fd/3");
  ASSERT_EQ(Find().size(), 1U);
  EXPECT_EQ(Find().front().pid, 77);
}

TEST_F(FakeProcTest, SurvivesAProcessThatEndedBetweenItsDescriptorsAndItsName) {
  for (const char* name : {"proc/77/cmdline", "proc/77/cwd", "proc/77/ns/mnt"}) {
    unlink(Path(name).c_str());
  }
  EXPECT_EQ(Find(),
            (std::vector<Holder>{{.pid = 77, .command = "", .cwd = "", .container = false}}));
}

TEST_F(FakeProcTest, ALockNamesAProcessThatMayNotBeInspected) {
  const std::uint64_t inode = StatFile(file_)->identity.inode;
  Directory("proc/90");
  Write("proc/90/cmdline", "sqlite3");
  // Their descriptors are hidden; 91 locks other bytes, 92 another file.
  Write("proc/locks",
        Concat("1: POSIX  ADVISORY  READ 90 fe:01:", inode,
               " 1073741826 1073742335\n2: POSIX  ADVISORY  WRITE 91 fe:01:", inode,
               " 0 10\n3: POSIX  ADVISORY  READ 92 fe:01:", inode + 1, " 1073741826 1073742335\n"));
  const std::vector<Holder> holders = Find();
  ASSERT_EQ(holders.size(), 2U);
  EXPECT_EQ(holders[1], (Holder{.pid = 90, .command = "sqlite3", .cwd = "", .container = false}));
}

TEST_F(ProcessesTest, WhoGoesOnWithADeletedFileIsNamed) {
  const std::string path = Write("app.db", "old");
  const std::string other_path = Write("other.db", "old");
  const OtherProcess other([&](const auto& wait) {
    const UniqueFd first(open(path.c_str(), O_RDWR));
    const UniqueFd second(open(other_path.c_str(), O_RDWR));
    wait();
  });
  EXPECT_TRUE(FindOpenFiles({}, {path}).deleted.empty());
  ASSERT_EQ(rename(Write("new.db", "new").c_str(), path.c_str()), 0);
  ASSERT_EQ(unlink(other_path.c_str()), 0);
  const OpenFiles open = FindOpenFiles({IdentityOf(path)}, {path});
  EXPECT_TRUE(open.holders.empty());
  ASSERT_EQ(open.deleted.size(), 1U);
  EXPECT_EQ(open.deleted[0].path, path);
  EXPECT_EQ(open.deleted[0].holder.pid, other.pid());
  EXPECT_EQ(ReadFile(open.deleted[0].reach, 100), "old");
}

}  // namespace
}  // namespace drover::environments
