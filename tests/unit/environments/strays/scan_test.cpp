#include "environments/strays/scan.h"

#include <algorithm>
#include <filesystem>
#include <gmock/gmock.h>
#include <map>
#include <sys/stat.h>

#include "base/error.h"
#include "environments/strays/describe.h"
#include "environments/strays/sniff.h"
#include "environments/tree.h"
#include "tests/unit/environments/strays/scan_fixture.h"

namespace drover::environments {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class ScanTest : public ProjectTest {
 protected:
  [[nodiscard]] ScanRequest Request() const {
    ScanRequest request;
    request.roots = {Path("")};
    request.base = Path("");
    request.known_names = {"application.db"};
    return request;
  }

  [[nodiscard]] std::vector<std::string> Found(const ScanRequest& request) const {
    std::vector<std::string> paths;
    for (const ScannedFile& file : Scan(request).files) {
      paths.push_back(RelativeTo(file.path, Path("")));
    }
    return paths;
  }
  [[nodiscard]] std::vector<std::string> Found() const { return Found(Request()); }

  [[nodiscard]] ScannedFile Only(const ScanRequest& request) const {
    const ScanResult result = Scan(request);
    EXPECT_EQ(result.files.size(), 1U);
    return result.files.empty() ? ScannedFile() : result.files.front();
  }
  [[nodiscard]] ScannedFile Only() const { return Only(Request()); }
};

std::map<std::string, std::string> Listing(const std::string& directory) {
  std::map<std::string, std::string> listing;
  for (const std::string& name : ListDirectory(directory)) {
    const FileStatus status = *StatFile(Concat(directory, "/", name));
    listing[name] =
        Concat(status.size, " ", status.modified_ns, " ", status.changed_ns, " ", status.mode);
  }
  return listing;
}

TEST_F(ScanTest, FindsADatabaseByItsContentWhateverItsName) {
  Database("data/store", "CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT)");
  const ScannedFile file = Only();
  EXPECT_EQ(file.path, Path("data/store"));
  EXPECT_EQ(file.kind, "database");
  EXPECT_EQ(file.size, 8192U);
  EXPECT_EQ(file.inode, StatFile(file.path)->identity.inode);
  EXPECT_EQ(file.device, StatFile(file.path)->identity.device);
  EXPECT_EQ(file.modified_ns, StatFile(file.path)->modified_ns);
  EXPECT_EQ(file.links, 1U);
  EXPECT_THAT(file.tables, ElementsAre("notes"));
  EXPECT_THAT(file.columns, ElementsAre("notes.body text", "notes.id integer"));
  EXPECT_EQ(file.version_table, "");
  EXPECT_EQ(file.problem, "");
}

TEST_F(ScanTest, ReadsTheRevisionFromTheUsualOrTheRequestedVersionTable) {
  Database("a.db",
           "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY);"
           "INSERT INTO alembic_version VALUES ('b2'), ('a1'); CREATE TABLE t (x)");
  EXPECT_EQ(Only().version_table, "alembic_version");
  EXPECT_THAT(Only().revision, ElementsAre("a1", "b2"));
  EXPECT_THAT(Only().tables, ElementsAre("t"));
  Database("a.db", "CREATE TABLE mine (version_num TEXT); INSERT INTO mine VALUES ('c3')");
  ScanRequest request = Request();
  request.version_tables = {"mine"};
  EXPECT_EQ(Only(request).version_table, "mine");
  EXPECT_THAT(Only(request).revision, ElementsAre("c3"));
}

TEST_F(ScanTest, SeesWhatIsStillInTheWriteAheadLogAndTouchesNothing) {
  const std::string path = Path("wal.db");
  const OtherProcess other([&](const auto& wait) {
    migrations::Connection connection(path, migrations::OpenMode::kCreate);
    static_cast<void>(connection.QueryText("PRAGMA journal_mode=WAL"));
    connection.Execute("CREATE TABLE fresh (x)");
    wait();
  });
  const auto before = Listing(Path(""));
  const ScannedFile file = Only();
  EXPECT_THAT(file.tables, ElementsAre("fresh"));
  EXPECT_TRUE(file.wal);
  EXPECT_EQ(Listing(Path("")), before);
  ASSERT_EQ(file.holders.size(), 1U);
  EXPECT_EQ(file.holders.front().pid, other.pid());
}

TEST_F(ScanTest, LeavesNoSideFileBesideAWalDatabaseThatNobodyHasOpen) {
  Database("wal.db", "PRAGMA journal_mode=WAL; CREATE TABLE t (x)");
  ASSERT_THAT(ListDirectory(Path("")), ElementsAre("wal.db"));
  EXPECT_THAT(Only().tables, ElementsAre("t"));
  EXPECT_THAT(ListDirectory(Path("")), ElementsAre("wal.db"));
  EXPECT_FALSE(Only().wal);
}

std::vector<std::string> LocksOf(pid_t pid) {
  std::ifstream locks("/proc/locks");
  std::vector<std::string> lines;
  for (std::string line; std::getline(locks, line);) {
    // The number at the front is the place in the list, which other programs' locks move.
    if (line.find(Concat(" ", pid, " ")) != std::string::npos) {
      lines.push_back(line.substr(line.find(' ')));
    }
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

TEST_F(ScanTest, LeavesTheLocksOfAWriterAlone) {
  const std::string path = Database("held.db", "CREATE TABLE t (x)");
  const OtherProcess other([&](const auto& wait) {
    migrations::Connection connection(path, migrations::OpenMode::kWrite);
    connection.Execute("BEGIN IMMEDIATE");
    wait();
    connection.Execute("INSERT INTO t VALUES (1); COMMIT");
  });
  const std::vector<std::string> before = LocksOf(other.pid());
  ASSERT_FALSE(before.empty());
  const ScannedFile file = Only();
  EXPECT_EQ(LocksOf(other.pid()), before);
  EXPECT_THAT(file.tables, ElementsAre("t"));
  EXPECT_EQ(file.holders.size(), 1U);
}

TEST_F(ScanTest, SaysThatAWriteIsGoingOn) {
  const std::string path = Database("held.db", "CREATE TABLE t (x)");
  const OtherProcess other([&](const auto& wait) {
    migrations::Connection connection(path, migrations::OpenMode::kWrite);
    connection.Execute("PRAGMA cache_size=1; BEGIN; INSERT INTO t VALUES (zeroblob(100000))");
    wait();
  });
  EXPECT_THAT(Only().problem, HasSubstr("rollback journal"));
  EXPECT_THAT(ListDirectory(Path("")), ElementsAre("held.db", "held.db-journal"));
}

TEST_F(ScanTest, AZeroByteFileCountsOnlyUnderAKnownName) {
  Write("backend/application.db", "");
  Write("backend/other.db", "");
  const ScannedFile file = Only();
  EXPECT_EQ(file.path, Path("backend/application.db"));
  EXPECT_EQ(file.kind, "empty");
}

TEST_F(ScanTest, TextThatBeginsWithTheMagicIsNotReported) {
  std::string text("SQLite format 3\0", 16);
  text.append(1008, 'a');
  Write("notes.txt", text);
  EXPECT_THAT(Found(), IsEmpty());
}

TEST_F(ScanTest, GarbageIsReportedOnlyUnderADatabaseName) {
  const std::string garbage(1024, '\x05');
  Write("blob.bin", garbage);
  Write("secret.SQLite3", garbage);
  Write("odd-size.db", garbage + "x");
  const ScannedFile file = Only();
  EXPECT_EQ(file.path, Path("secret.SQLite3"));
  EXPECT_EQ(file.kind, "damaged");
  EXPECT_THAT(file.problem, HasSubstr("does not begin like a SQLite database"));
}

TEST_F(ScanTest, ADamagedHeaderIsReportedUnderADatabaseName) {
  std::string bytes("SQLite format 3\0", 16);
  bytes.resize(1024, '\x7f');
  Write("broken.db", bytes);
  EXPECT_EQ(Only().problem, "its header is damaged");
}

TEST_F(ScanTest, ATruncatedDatabaseIsDamaged) {
  const std::string path =
      Database("cut.db", "CREATE TABLE a (x); CREATE TABLE b (x); CREATE TABLE c (x)");
  ASSERT_EQ(truncate(path.c_str(), 4096), 0);
  EXPECT_EQ(Only().kind, "damaged");
  EXPECT_THAT(Only().problem, HasSubstr("SQLite cannot read it: database disk image is malformed"));
  EXPECT_THAT(Only().problem, HasSubstr("cut off: 4096 of 16384 bytes"));
  EXPECT_THAT(Only().problem, testing::Not(HasSubstr("drover-scan")));
  ASSERT_EQ(truncate(path.c_str(), 1000), 0);
  EXPECT_EQ(Only().problem, "cut off after 1000 bytes");
  ASSERT_EQ(truncate(path.c_str(), 20), 0);
  EXPECT_EQ(Only().problem, "cut off after 20 bytes");
  ASSERT_EQ(rename(path.c_str(), Path("cut.bin").c_str()), 0);
  EXPECT_THAT(Found(), IsEmpty());
}

TEST_F(ScanTest, AFileThatMayNotBeReadIsDescribedWithItsProblem) {
  const std::string path = Database("private.db", "CREATE TABLE t (x)");
  Database("private.bin", "CREATE TABLE t (x)");
  ASSERT_EQ(chmod(path.c_str(), 0), 0);
  ASSERT_EQ(chmod(Path("private.bin").c_str(), 0), 0);
  ASSERT_EQ(chmod(Path("").c_str(), 0755), 0);
  // Root may read everything, so another user looks.
  const pid_t child = fork();
  if (child == 0) {
    if (geteuid() == 0 && setuid(65534) != 0) _exit(2);
    const ScanResult result = Scan(Request());
    const bool right = result.files.size() == 1 && result.files.front().kind == "unreadable" &&
                       result.files.front().problem == "Permission denied";
    _exit(right ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST_F(ScanTest, ADatabaseTooLargeToCopyIsReportedWithoutALookInside) {
  const std::string path = Database("large.db", "CREATE TABLE t (x)");
  ASSERT_EQ(truncate(path.c_str(), 257 * 1024 * 1024), 0);  // sparse
  const ScannedFile file = Only();
  EXPECT_EQ(file.kind, "database");
  EXPECT_EQ(file.size, 257U * 1024 * 1024);
  EXPECT_EQ(file.problem, "too large to look into (257 MiB)");
  EXPECT_THAT(file.tables, IsEmpty());
}

TEST_F(ScanTest, SideFilesAndFilesSetAsideAreNoDatabases) {
  const std::string path = Database("a.db", "CREATE TABLE t (x)");
  for (const char* name : {"b.db-wal", "b.db-shm", "b.db-journal", "a.db.stray"}) {
    std::filesystem::copy_file(path, Path(name));
  }
  EXPECT_THAT(Found(), ElementsAre("a.db"));
}

TEST_F(ScanTest, DoesNotWalkPrunedDirectories) {
  const std::string sql = "CREATE TABLE t (x)";
  for (const char* directory : {"node_modules", ".git", ".venv", "__pycache__", ".drover", "env"}) {
    Database(Concat(directory, "/app.db"), sql);
  }
  Write("env/pyvenv.cfg", "");
  Database("src/app.db", sql);
  EXPECT_THAT(Found(), ElementsAre("src/app.db"));
}

TEST_F(ScanTest, IgnoresWhatTheConfigurationSays) {
  const std::string sql = "CREATE TABLE t (x)";
  for (const char* name :
       {"tests/a.db", "tests/deep/b.db", "src/c.db", "src/c.tmp.db", "old/d.db"}) {
    Database(name, sql);
  }
  ScanRequest request = Request();
  request.ignore = {"tests/**", "./src/*.tmp.db", "old/"};
  EXPECT_THAT(Found(request), ElementsAre("src/c.db"));
  request.roots = {};
  request.paths = {Path("tests/deep/b.db"), Path("old/d.db"), Path("src/c.tmp.db"),
                   Path("src/c.db")};
  EXPECT_THAT(Found(request), ElementsAre("src/c.db"));
}

TEST_F(ScanTest, DoesNotFollowSymbolicLinks) {
  Database("real/a.db", "CREATE TABLE t (x)");
  ASSERT_EQ(symlink("real", Path("linked").c_str()), 0);
  ASSERT_EQ(symlink("real/a.db", Path("b.db").c_str()), 0);
  EXPECT_THAT(Found(), ElementsAre("real/a.db"));
}

TEST_F(ScanTest, WalksEightLevelsDeep) {
  const std::string sql = "CREATE TABLE t (x)";
  Database("1/2/3/4/5/6/7/8/seen.db", sql);
  Database("1/2/3/4/5/6/7/8/9/unseen.db", sql);
  EXPECT_THAT(Found(), ElementsAre("1/2/3/4/5/6/7/8/seen.db"));
}

TEST_F(ScanTest, NeverOpensPipesAndTellsADirectoryFromAFile) {
  ASSERT_EQ(mkfifo(Path("pipe.db").c_str(), 0644), 0);
  Directory("application.db");
  ScanRequest request = Request();
  request.paths = {Path("pipe.db"), Path("application.db"), Path("missing.db"), Path("no/dir.db")};
  EXPECT_EQ(Only(request).path, Path("application.db"));
  EXPECT_EQ(Only(request).kind, "directory");
  request.roots = {};
  EXPECT_EQ(Only(request).kind, "directory");
}

TEST_F(ScanTest, BytesThatLookRandomAreCalledEncrypted) {
  std::string bytes(4096, '\0');
  std::uint32_t state = 12345;
  for (char& c : bytes) {
    state = state * 1664525U + 1013904223U;
    c = static_cast<char>(state >> 24U);
  }
  Write("secret.db", bytes);
  EXPECT_EQ(Only().kind, "damaged");
  EXPECT_THAT(Only().problem, HasSubstr("look random: encrypted"));
}

TEST_F(ScanTest, AnotherFormatCountsOnlyUnderAConfiguredName) {
  Write("notes.db", std::string(1024, 'a'));
  EXPECT_THAT(Found(), IsEmpty());
  Write("backend/application.db", "not a database\n");
  EXPECT_EQ(Only().kind, "other");
  EXPECT_EQ(Only().problem, "it is a text file");
}

TEST_F(ScanTest, SideFilesWhoseDatabaseIsGoneAreFoundByTheirMagic) {
  Write("lost.db-wal", std::string("\x37\x7f\x06\x82", 4) + std::string(100, '\0'));
  Write("gone.db-journal",
        std::string("\xd9\xd5\x05\xf9\x20\xa1\x63\xd7", 8) + std::string(600, '\0'));
  Write("words-journal", "dear diary, today");
  Write("empty.db-wal", "");
  const ScanResult result = Scan(Request());
  ASSERT_EQ(result.files.size(), 2U);
  EXPECT_EQ(result.files[0].path, Path("gone.db-journal"));
  EXPECT_EQ(result.files[0].kind, "sidecar");
  EXPECT_THAT(result.files[0].problem, HasSubstr("rollback journal whose database is gone"));
  EXPECT_EQ(result.files[1].path, Path("lost.db-wal"));
  EXPECT_THAT(result.files[1].problem, HasSubstr("write-ahead log whose database is gone"));
  // The same when only the database is asked about.
  ScanRequest request = Request();
  request.roots = {};
  request.paths = {Path("lost.db")};
  EXPECT_THAT(Found(request), ElementsAre("lost.db-wal"));
  Database("lost.db", "CREATE TABLE t (x)");
  EXPECT_THAT(Found(), ElementsAre("gone.db-journal", "lost.db"));
}

TEST_F(ScanTest, CountsTheRowsOfTheLargestTables) {
  std::string sql;
  for (int i = 0; i < 7; ++i) {
    sql +=
        Concat("CREATE TABLE t", i, " (x); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + ",
               "1 FROM n WHERE i < ", (i + 1) * 10, ") INSERT INTO t", i, " SELECT i FROM n;");
  }
  Database("counted.db", sql);
  const ScannedFile file = Only();
  ASSERT_EQ(file.rows.size(), 5U);
  EXPECT_EQ(file.rows[0], (TableRows{.table = "t6", .rows = 70, .more = false}));
  EXPECT_EQ(file.rows[4].table, "t2");
}

TEST_F(ScanTest, EqualSchemasHaveEqualDigestsHoweverTheyWereWritten) {
  Database("a.db", "CREATE TABLE t (id INTEGER PRIMARY KEY, note TEXT)");
  Database("b.db", "create table \"t\" (id integer primary key); ALTER TABLE t ADD note text");
  Database("c.db", "CREATE TABLE t (id INTEGER PRIMARY KEY, note TEXT NOT NULL)");
  const ScanResult result = Scan(Request());
  ASSERT_EQ(result.files.size(), 3U);
  EXPECT_EQ(result.files[0].schema.size(), 64U);
  EXPECT_EQ(result.files[0].schema, result.files[1].schema);
  EXPECT_NE(result.files[0].schema, result.files[2].schema);
}

TEST_F(ScanTest, LeavesOutWhatDroverignoreNames) {
  for (const char* name : {"a.db", "fixtures/b.db", "src/fixtures/keep/c.db", "src/d.db"}) {
    Database(name, "CREATE TABLE t (x)");
  }
  Write(".droverignore", "# samples\nfixtures/\n/a.db\n");
  EXPECT_THAT(Found(), ElementsAre("src/d.db"));
  ScanRequest request = Request();
  request.roots = {};
  request.paths = {Path("src/fixtures/keep/c.db"), Path("src/d.db"), Path("a.db")};
  EXPECT_THAT(Found(request), ElementsAre("src/d.db"));
}

TEST_F(ScanTest, RemembersDirectoriesInTheFileItIsGiven) {
  Database("src/a.db", "CREATE TABLE t (x)");
  ScanRequest request = Request();
  request.remember = Path("memory");
  EXPECT_THAT(Found(request), ElementsAre("src/a.db"));
  EXPECT_TRUE(StatFile(Path("memory")).has_value());
  EXPECT_THAT(Found(request), ElementsAre("src/a.db"));
  request.known_names.emplace_back("another.db");
  Write("src/another.db", "");
  EXPECT_THAT(Found(request), ElementsAre("src/a.db", "src/another.db"));
}

TEST_F(ScanTest, ComparesSchemaRevisionsAndRows) {
  Database(
      "env.db",
      "CREATE TABLE alembic_version (version_num TEXT); INSERT INTO alembic_version VALUES "
      "('b2'); CREATE TABLE t (x, y); INSERT INTO t VALUES (1, 2), (3, 4); CREATE TABLE u (z)");
  Database("stray.db",
           "CREATE TABLE alembic_version (version_num TEXT); INSERT INTO alembic_version VALUES "
           "('a1'); CREATE TABLE t (x); INSERT INTO t VALUES (1)");
  ScanRequest request = Request();
  request.roots = {};
  request.paths = {Path("stray.db")};
  request.compare_with = Path("env.db");
  const auto before = Listing(Path(""));
  const ScanResult result = Scan(request);
  EXPECT_EQ(Listing(Path("")), before);
  ASSERT_TRUE(result.diff.has_value());
  EXPECT_THAT(result.diff->revision, ElementsAre("a1"));
  EXPECT_THAT(result.diff->environment_revision, ElementsAre("b2"));
  ASSERT_EQ(result.diff->differences.size(), 2U);
  EXPECT_EQ(result.diff->differences[0].object, "t");
  EXPECT_EQ(result.diff->differences[1].object, "u");
  EXPECT_EQ(result.diff->differences[1].kind, "missing");
  ASSERT_EQ(result.diff->rows.size(), 2U);
  EXPECT_EQ(result.diff->rows[0],
            (RowsPair{.table = "t", .stray = 1, .environment = 2, .more = false}));
  EXPECT_EQ(result.diff->rows[1],
            (RowsPair{.table = "u", .stray = {}, .environment = 0, .more = false}));
}

TEST_F(ScanTest, AComparisonWithNothingSaysWhatIsMissing) {
  ScanRequest request = Request();
  request.paths = {Path("gone.db")};
  request.compare_with = Database("env.db", "CREATE TABLE t (x)");
  try {
    static_cast<void>(Scan(request));
    FAIL() << "compared";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind, "database.missing");
  }
}

TEST_F(ScanTest, LooksAtExtraPathsWithoutAWalkAndNamesEachFileOnce) {
  const std::string path = Database("node_modules/app.db", "CREATE TABLE t (x)");
  Database("other.db", "CREATE TABLE t (x)");
  ScanRequest request = Request();
  request.roots = {};
  request.paths = {path, Path("./node_modules//app.db")};
  EXPECT_THAT(Found(request), ElementsAre("node_modules/app.db"));
  request.roots = {Path(""), Path("")};
  EXPECT_THAT(Found(request), ElementsAre("node_modules/app.db", "other.db"));
}

TEST_F(ScanTest, SortsByPath) {
  for (const char* name : {"c.db", "a.db", "b.db"}) Database(name, "CREATE TABLE t (x)");
  EXPECT_THAT(Found(), ElementsAre("a.db", "b.db", "c.db"));
}

TEST_F(ScanTest, RefusesRelativeRoots) {
  ScanRequest request = Request();
  request.roots = {"relative"};
  try {
    static_cast<void>(Scan(request));
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind, "scan.request");
    EXPECT_EQ(error.code, Code::kInvalid);
  }
}

TEST_F(ScanTest, AMissingRootHoldsNothing) {
  ScanRequest request = Request();
  request.roots = {Path("gone")};
  EXPECT_THAT(Found(request), IsEmpty());
  EXPECT_FALSE(Scan(request).truncated);
}

TEST_F(ScanTest, CopiesNeverLandInTheProjectAndAreRemoved) {
  const std::string temporary = Directory("tmp");
  const char* old = getenv("TMPDIR");
  const std::string saved = old == nullptr ? "" : old;
  setenv("TMPDIR", temporary.c_str(), 1);
  {
    PrivateDirectory inside({Path("")});
    EXPECT_TRUE(inside.path().starts_with("/tmp/.drover-scan.")) << inside.path();
    PrivateDirectory elsewhere({Path("other")});
    EXPECT_THAT(ListDirectory(temporary), IsEmpty()) << "made when it is needed";
    EXPECT_TRUE(elsewhere.path().starts_with(temporary + "/")) << elsewhere.path();
    EXPECT_EQ(StatFile(elsewhere.path())->mode, 0700U);
    Write(RelativeTo(elsewhere.path(), Path("")) + "/copy-wal", "x");
  }
  EXPECT_THAT(ListDirectory(temporary), IsEmpty());
  if (old == nullptr) {
    unsetenv("TMPDIR");
  } else {
    setenv("TMPDIR", saved.c_str(), 1);
  }
}

TEST(ScanNamesTest, JudgesByNameAndSize) {
  const std::vector<std::string> known{"application.db"};
  EXPECT_TRUE(MayBeDatabase("anything", 512, known));
  EXPECT_TRUE(MayBeDatabase("anything", 65536, known));
  EXPECT_FALSE(MayBeDatabase("anything", 513, known));
  EXPECT_FALSE(MayBeDatabase("anything", 0, known));
  EXPECT_TRUE(MayBeDatabase("application.db", 0, known));
  EXPECT_FALSE(MayBeDatabase("application.db-wal", 512, known));
  EXPECT_FALSE(MayBeDatabase("application.db.stray", 512, known));
}

TEST(ScanNamesTest, StripsSideFileSuffixesOnce) {
  EXPECT_EQ(WithoutSidecarSuffix("application.db-wal"), "application.db");
  EXPECT_EQ(WithoutSidecarSuffix("application.db-shm"), "application.db");
  EXPECT_EQ(WithoutSidecarSuffix("application.db-journal"), "application.db");
  EXPECT_EQ(WithoutSidecarSuffix("application.db"), "application.db");
  EXPECT_EQ(WithoutSidecarSuffix("application.db-mj01AB23CD9"), "application.db");
  EXPECT_EQ(WithoutSidecarSuffix("application.db-mjzzzzzzzzz"), "application.db-mjzzzzzzzzz");
  EXPECT_EQ(WithoutSidecarSuffix("-wal"), "-wal");
  EXPECT_EQ(WithoutSidecarSuffix(""), "");
}

TEST(ScanNamesTest, KnowsDependencyDirectories) {
  for (const char* name : {".git", "node_modules", ".venv", "venv", "site-packages", "target",
                           "vendor", "dist", "build", "Pods", ".drover", ".drover-scan.x1"}) {
    EXPECT_TRUE(IsPrunedDirectory(name)) << name;
  }
  for (const char* name : {"backend", "env", "data", "src", "", "git", "Build"}) {
    EXPECT_FALSE(IsPrunedDirectory(name)) << name;
  }
}

TEST_F(ScanTest, AVirtualEnvironmentIsKnownByItsMark) {
  Write("env/pyvenv.cfg", "");
  Directory("other");
  EXPECT_TRUE(IsVirtualEnvironment(Path("env")));
  EXPECT_FALSE(IsVirtualEnvironment(Path("other")));
}

}  // namespace
}  // namespace drover::environments
