#include "environments/strays/put_away.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include "base/error.h"
#include "environments/strays/remedies.h"
#include "environments/strays/sqlite_lock.h"
#include "tests/unit/environments/strays/scan_fixture.h"

namespace drover::environments {
namespace {

using testing::IsEmpty;

/// A WAL database that was not closed: its last row is in the -wal only.
void MakeUnclosed(const std::string& path) {
  const pid_t child = fork();
  if (child == 0) {
    migrations::Connection connection(path, migrations::OpenMode::kCreate);
    connection.Execute(
        "PRAGMA journal_mode=WAL; CREATE TABLE t (x); INSERT INTO t VALUES ('kept')");
    _exit(0);  // and never closes it
  }
  waitpid(child, nullptr, 0);
}

class PutAwayTest : public ProjectTest {
 protected:
  [[nodiscard]] PutAwayRequest Request(const std::string& path) const {
    return {.path = path,
            .places = {Path("state/archive")},
            .project = Path(""),
            .reason = "archive",
            .kind = "duplicate",
            .environment = "",
            .fingerprint = "f1"};
  }

  /// The kind of the error that `act` throws.
  template <class Act>
  static std::string KindOf(Act act) {
    try {
      act();
    } catch (const Error& error) {
      return error.kind;
    }
    return "";
  }

  [[nodiscard]] std::string KindOfPutAway(const std::string& path) const {
    return KindOf([&] { static_cast<void>(PutAway(Request(path))); });
  }

  static std::string OnlyRow(const std::string& path) {
    migrations::Connection connection(path, migrations::OpenMode::kRead);
    return connection.QueryText("SELECT x FROM t").value_or("");
  }
};

TEST_F(PutAwayTest, MovesTheFileItselfAndWritesDownWhereItWas) {
  const std::string path = Database("a/x.db", "CREATE TABLE t (x)");
  ASSERT_EQ(chmod(path.c_str(), 0640), 0);
  const FileStatus before = *StatFile(path);
  const Archive archive = PutAway(Request(path));
  EXPECT_TRUE(archive.complete);
  EXPECT_EQ(archive.database(), archive.directory + "/x.db");
  EXPECT_THAT(ListDirectory(Path("a")), IsEmpty());
  const FileStatus after = *StatFile(archive.database());
  EXPECT_EQ(after.identity, before.identity);
  EXPECT_EQ(after.mode, 0640U);
  EXPECT_EQ(after.modified_ns, before.modified_ns);
  EXPECT_EQ(archive.manifest.path, path);
  EXPECT_EQ(archive.manifest.mode, 0640U);
  EXPECT_EQ(archive.manifest.fingerprint, "f1");
  EXPECT_EQ(StatFile(archive.directory)->mode, 0700U);
  const std::vector<Archive> listed = ListArchives({Path("state/archive")}, Path(""));
  ASSERT_EQ(listed.size(), 1U);
  EXPECT_EQ(EntryOf(listed[0]), EntryOf(archive));
  EXPECT_THAT(ListArchives({Path("state/archive")}, "/another/project"), IsEmpty());
}

TEST_F(PutAwayTest, WhatIsOnlyInTheLogGoesAndComesBack) {
  const std::string path = Path("x.db");
  MakeUnclosed(path);
  ASSERT_TRUE(StatFile(path + "-wal"));
  const auto wal = StatFile(path + "-wal")->identity;
  const Archive archive = PutAway(Request(path));
  EXPECT_FALSE(StatFile(path + "-wal"));
  EXPECT_EQ(StatFile(archive.database() + "-wal")->identity, wal);
  PutBack(archive);
  EXPECT_EQ(StatFile(path + "-wal")->identity, wal);
  EXPECT_FALSE(StatFile(archive.directory));
  EXPECT_EQ(OnlyRow(path), "kept");
}

TEST_F(PutAwayTest, RefusesWhatIsHeldLockedHotOrNoFile) {
  const std::string path = Database("x.db", "CREATE TABLE t (x)");
  {
    const OtherProcess holder([&](const auto& wait) {
      const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
      wait();
    });
    EXPECT_EQ(KindOfPutAway(path), "stray.held");
  }
  {
    const OtherProcess writer([&](const auto& wait) {
      migrations::Connection connection(path, migrations::OpenMode::kWrite);
      connection.Execute("BEGIN IMMEDIATE");
      wait();
    });
    EXPECT_EQ(KindOfPutAway(path), "stray.held");
  }
  Write("x.db-journal", std::string("\xd9\xd5\x05\xf9\x20\xa1\x63\xd7", 8) + std::string(600, 'x'));
  EXPECT_EQ(KindOfPutAway(path), "stray.hot_journal");
  EXPECT_EQ(KindOfPutAway(Directory("d.db")), "stray.not_a_file");
  EXPECT_EQ(KindOfPutAway(Path("none.db")), "stray.missing");
  EXPECT_TRUE(StatFile(path));
  EXPECT_THAT(ListArchives({Path("state/archive")}, Path("")), IsEmpty());
}

TEST_F(PutAwayTest, PutBackOverwritesNothing) {
  const std::string path = Database("x.db", "CREATE TABLE t (x)");
  const Archive archive = PutAway(Request(path));
  Write("x.db-wal", "somebody's");
  EXPECT_EQ(KindOf([&] { PutBack(archive); }), "restore.exists");
  EXPECT_EQ(unlink(Path("x.db-wal").c_str()), 0);
  Write("x.db", "somebody's");
  EXPECT_EQ(KindOf([&] { PutBack(archive); }), "restore.exists");
  EXPECT_TRUE(StatFile(archive.database()));
}

TEST_F(PutAwayTest, PutBackNeedsTheDirectory) {
  const std::string path = Database("a/x.db", "CREATE TABLE t (x)");
  const Archive archive = PutAway(Request(path));
  ASSERT_EQ(rmdir(Path("a").c_str()), 0);
  EXPECT_EQ(KindOf([&] { PutBack(archive); }), "restore.no_directory");
  Directory("a");
  PutBack(archive);
  EXPECT_TRUE(StatFile(path));
}

TEST_F(PutAwayTest, TidyRemovesWhatNeverBecameAnArchive) {
  const std::string path = Database("x.db", "CREATE TABLE t (x)");
  Archive archive = PutAway(Request(path));
  // As a process leaves it that is killed just before the rename that decides.
  ASSERT_EQ(rename(archive.database().c_str(), path.c_str()), 0);
  Write(RelativeTo(archive.directory, Path("")) + "/x.db-wal", "a copy");
  Tidy({Path("state/archive")}, Path(""));
  EXPECT_FALSE(StatFile(archive.directory));
  EXPECT_TRUE(StatFile(path));
}

TEST_F(PutAwayTest, TidyMovesSideFilesAfterTheirDatabase) {
  const std::string path = Path("x.db");
  MakeUnclosed(path);
  const Archive archive = PutAway(Request(path));
  // As a process leaves it that is killed just after the rename: the log itself is still there, a
  // copy of it in the archive.
  ASSERT_EQ(rename((archive.database() + "-wal").c_str(), (path + "-wal").c_str()), 0);
  const auto wal = StatFile(path + "-wal")->identity;
  Tidy({Path("state/archive")}, Path(""));
  EXPECT_FALSE(StatFile(path + "-wal"));
  EXPECT_EQ(StatFile(archive.database() + "-wal")->identity, wal);
}

TEST_F(PutAwayTest, TidyLeavesWhatBelongsToSomebodyElse) {
  const std::string path = Path("x.db");
  MakeUnclosed(path);
  const Archive archive = PutAway(Request(path));
  Write("x.db-wal", "another log");
  Tidy({Path("state/archive")}, Path(""));
  EXPECT_TRUE(StatFile(path + "-wal"));
  EXPECT_TRUE(StatFile(archive.database() + "-wal"));
}

TEST_F(PutAwayTest, AnArchiveIsFoundByIdItsBeginningOrThePath) {
  const Archive one = PutAway(Request(Database("x.db", "CREATE TABLE t (x)")));
  const std::vector<std::string> places{Path("state/archive")};
  const std::string id = one.manifest.id;
  EXPECT_EQ(FindArchive(places, Path(""), id).directory, one.directory);
  EXPECT_EQ(FindArchive(places, Path(""), id.substr(0, 16)).directory, one.directory);
  EXPECT_EQ(FindArchive(places, Path(""), Path("x.db")).directory, one.directory);
  EXPECT_EQ(KindOf([&] { static_cast<void>(FindArchive(places, Path(""), "zz")); }),
            "archive.unknown");
  static_cast<void>(PutAway(Request(Database("x.db", "CREATE TABLE t (x)"))));
  EXPECT_EQ(KindOf([&] { static_cast<void>(FindArchive(places, Path(""), Path("x.db"))); }),
            "archive.ambiguous");
}

TEST_F(PutAwayTest, APlaceInTheProjectIsHiddenFromGit) {
  EXPECT_EQ(ChoosePlace({"/proc/archive", Path(".drover/archive")}, Path("")),
            Path(".drover/archive"));
  EXPECT_EQ(ReadFile(Path(".drover/.gitignore"), 10), "*\n");
  EXPECT_EQ(KindOf([&] { static_cast<void>(ChoosePlace({"/proc/archive"}, Path(""))); }),
            "archive.other_filesystem");
}

TEST_F(PutAwayTest, ALockKeepsReadersOutAndEndsWithItsObject) {
  const std::string path = Database("x.db", "CREATE TABLE t (x); INSERT INTO t VALUES ('row')");
  const auto read_elsewhere = [&path] {
    const pid_t child = fork();
    if (child == 0) {
      try {
        migrations::Connection connection(path, migrations::OpenMode::kRead,
                                          std::chrono::milliseconds(0));
        static_cast<void>(connection.QueryText("SELECT x FROM t"));
      } catch (const Error& error) {
        _exit(error.code == Code::kBusy ? 1 : 2);
      }
      _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WEXITSTATUS(status);
  };
  {
    const SqliteLock lock(path);
    EXPECT_TRUE(lock.exclusive());
    EXPECT_EQ(read_elsewhere(), 1);
  }
  EXPECT_EQ(read_elsewhere(), 0);
}

class AdoptTest : public PutAwayTest {
 protected:
  [[nodiscard]] RemedyRequest Adopt() const {
    RemedyRequest request;
    request.action = "adopt";
    request.project = Path("");
    request.path = Path("stray.db");
    request.archives = {Path("state/archive")};
    request.environment = "dev";
    request.target = Path("env.db");
    return request;
  }
};

TEST_F(AdoptTest, ReplacesTheContentAndKeepsTheFileAndItsJournalMode) {
  MakeUnclosed(Path("stray.db"));
  Database("env.db", "CREATE TABLE t (x); INSERT INTO t VALUES ('before')");
  const FileIdentity identity = StatFile(Path("env.db"))->identity;
  const RemedyResult result = CarryOutRemedy(Adopt());
  ASSERT_EQ(result.archives.size(), 2U);
  EXPECT_EQ(result.archives[0].reason, "adopt");
  EXPECT_EQ(result.archives[1].reason, "replaced");
  EXPECT_EQ(StatFile(Path("env.db"))->identity, identity);
  EXPECT_EQ(OnlyRow(Path("env.db")), "kept");
  migrations::Connection now(Path("env.db"), migrations::OpenMode::kRead);
  EXPECT_EQ(now.QueryText("PRAGMA journal_mode"), "delete");
  EXPECT_EQ(OnlyRow(result.archives[1].directory + "/env.db"), "before");
  EXPECT_FALSE(StatFile(Path("stray.db")));
}

TEST_F(AdoptTest, ADamagedStrayIsPutBackAndTheEnvironmentKeepsItsContent) {
  Database("env.db", "CREATE TABLE t (x); INSERT INTO t VALUES ('before')");
  Database("stray.db", "CREATE TABLE t (x); CREATE INDEX i ON t (x); INSERT INTO t VALUES ('s')");
  {
    const UniqueFd fd(open(Path("stray.db").c_str(), O_WRONLY | O_CLOEXEC));
    ASSERT_EQ(pwrite(fd.get(), std::string(4096, '\x11').data(), 4096, 8192), 4096);
  }
  EXPECT_EQ(KindOf([&] { static_cast<void>(CarryOutRemedy(Adopt())); }).substr(0, 5), "datab");
  EXPECT_TRUE(StatFile(Path("stray.db")));
  EXPECT_EQ(OnlyRow(Path("env.db")), "before");
  EXPECT_THAT(ListArchives({Path("state/archive")}, Path("")), IsEmpty());
}

TEST_F(AdoptTest, AMissingDatabaseIsMade) {
  Database("stray.db", "CREATE TABLE t (x); INSERT INTO t VALUES ('s')");
  EXPECT_EQ(CarryOutRemedy(Adopt()).archives.size(), 1U);
  EXPECT_EQ(OnlyRow(Path("env.db")), "s");
}

TEST_F(AdoptTest, AnUnknownRemedyIsRefused) {
  RemedyRequest request = Adopt();
  request.action = "delete";
  EXPECT_EQ(KindOf([&] { static_cast<void>(CarryOutRemedy(request)); }), "remedy.request");
}

}  // namespace
}  // namespace drover::environments
