#include "environments/urls/url.h"

#include <gtest/gtest.h>
#include <string>

#include "tests/unit/environments/fake_files.h"

namespace drover::environments {
namespace {

/// Read as the dialect that is guessed where the project has no files.
DatabaseUrl Url(std::string_view text) {
  FakeFiles files;
  return ParseUrl(text, GuessDialect(text, "/p", files).dialect, "/p/drover.yaml:2:5");
}
DatabaseUrl UrlAs(UrlDialect dialect, std::string_view text) {
  return ParseUrl(text, dialect, "/p/drover.yaml:2:5");
}
std::string Path(std::string_view text) { return Url(text).path; }
Error UrlFailure(std::string_view text) {
  return ErrorOf([&] { return Url(text); });
}
/// The path, "memory", or the kind of the error; with the codes of the findings.
std::string As(UrlDialect dialect, std::string_view text) {
  std::string answer;
  const Error error = ErrorOf([&] {
    const DatabaseUrl url = UrlAs(dialect, text);
    answer = url.kind == DatabaseUrl::Kind::kMemory ? "memory" : url.path;
    for (const Finding& finding : url.findings) {
      if (finding.code != "memory-database") answer += " " + finding.code;
    }
    return 0;
  });
  return answer.empty() ? error.kind : answer;
}
std::string Codes(std::string_view text) {
  std::string codes;
  for (const Finding& finding : Url(text).findings) codes += finding.code + " ";
  return codes;
}
bool IsMemory(std::string_view text) { return Url(text).kind == DatabaseUrl::Kind::kMemory; }

TEST(UrlTest, ThreeSlashesAreRelative) {
  EXPECT_EQ(Path("sqlite:///application.db"), "application.db");
  EXPECT_EQ(Path("sqlite:///./application.db"), "./application.db");
  EXPECT_EQ(Path("sqlite:///../x/app.db"), "../x/app.db");
  EXPECT_FALSE(Url("sqlite:///application.db").is_absolute());
}

TEST(UrlTest, FourSlashesAreAbsolute) {
  EXPECT_EQ(Path("sqlite:////srv/idv/application.db"), "/srv/idv/application.db");
  EXPECT_TRUE(Url("sqlite:////srv/x.db").is_absolute());
  EXPECT_EQ(Url("sqlite:////srv/x.db").form, "absolute SQLite URL (four slashes)");
}

TEST(UrlTest, DriverIsIgnored) {
  EXPECT_EQ(Path("sqlite+aiosqlite:///./application.db"), "./application.db");
  EXPECT_EQ(Path("SQLite+pysqlite:////a/b.db"), "/a/b.db");
}

TEST(UrlTest, MemoryHasSeveralSpellings) {
  for (const char* text :
       {"sqlite://", "sqlite:///", "sqlite:///:memory:", ":memory:", "sqlite+aiosqlite://",
        "file::memory:?cache=shared", "file:", "file:x?mode=memory&cache=shared",
        "sqlite:///file:x?mode=memory&uri=true"}) {
    EXPECT_TRUE(IsMemory(text)) << text;
    EXPECT_EQ(Codes(text), "memory-database ") << text;
  }
}

TEST(UrlTest, PlainPathsAreTakenAsTheyAre) {
  EXPECT_EQ(Path("./data/app.db"), "./data/app.db");
  EXPECT_EQ(Path("/srv/app.db"), "/srv/app.db");
  EXPECT_EQ(Path("with space %41.db"), "with space %41.db");
  EXPECT_EQ(Path("  app.db "), "app.db");
}

TEST(UrlTest, FileUriFormsOfSqlite) {
  EXPECT_EQ(Path("file:app.db"), "app.db");
  EXPECT_EQ(Path("file:./data/app.db?mode=rwc"), "./data/app.db");
  EXPECT_EQ(Path("file:/srv/app.db"), "/srv/app.db");
  EXPECT_EQ(Path("file:///srv/app.db"), "/srv/app.db");
  EXPECT_EQ(Path("file://localhost/srv/app.db"), "/srv/app.db");
  EXPECT_EQ(Path("file:a%20b%2ec.db#part"), "a b.c.db");
  EXPECT_EQ(Path("file:100%.db"), "100%.db");
  EXPECT_EQ(UrlFailure("file://server/srv/app.db").kind, "url.host");
}

TEST(UrlTest, UriInsideAnUrlNeedsUriTrue) {
  EXPECT_EQ(Path("sqlite:///file:data/app.db?mode=ro&uri=true"), "data/app.db");
  EXPECT_EQ(Path("sqlite:///file:/srv/app.db?uri=true&timeout=5"), "/srv/app.db");
  EXPECT_EQ(UrlFailure("sqlite:///file:app.db?mode=ro").kind, "url.query");
  EXPECT_EQ(UrlFailure("sqlite:///app.db?mode=ro&uri=true").kind, "url.query");
  EXPECT_EQ(Path("sqlite:///app.db?timeout=3&uri=true"), "app.db");
  EXPECT_EQ(Path("sqlite:///file:app.db?uri=Yes"), "app.db");
}

TEST(UrlTest, QueryWithoutUriIsIgnoredAndSaid) {
  EXPECT_EQ(Path("sqlite:///app.db?mode=ro"), "app.db");
  EXPECT_EQ(Codes("sqlite:///app.db?mode=ro"), "query-ignored ");
  EXPECT_EQ(Codes("sqlite:///app.db?timeout=30&check_same_thread=false"), "");
  EXPECT_EQ(Url("sqlite:///app.db?mode=ro").findings[0].where, "/p/drover.yaml:2:5");
}

TEST(UrlTest, PercentStaysInSqlAlchemyPathsAndIsSaid) {
  EXPECT_EQ(Path("sqlite:///a%20b.db"), "a%20b.db");
  EXPECT_EQ(Codes("sqlite:///a%20b.db"), "percent-not-decoded ");
  EXPECT_EQ(Url("sqlite:///a%20b.db").findings[0].fix, "write the character itself: a b.db");
  EXPECT_EQ(Codes("sqlite:///100%.db"), "");
}

TEST(UrlTest, TwoSlashesNameAHost) {
  const Error error = UrlFailure("sqlite://application.db");
  EXPECT_EQ(error.kind, "url.host");
  EXPECT_EQ(error.where, "/p/drover.yaml:2:5");
  EXPECT_EQ(error.hint, "sqlite:///./application.db or sqlite:////application.db");
  EXPECT_EQ(UrlFailure("sqlite://host/x.db").kind, "url.host");
  EXPECT_EQ(UrlFailure("sqlite://:memory:").hint, "sqlite://");
  EXPECT_EQ(UrlFailure("sqlite+pysqlcipher://:secret@/x.db").kind, "url.unsupported");
}

TEST(UrlTest, PasswordIsNotRepeatedInTheError) {
  EXPECT_EQ(UrlFailure("sqlite+pysqlcipher://:secret@/x.db").message.find("secret"),
            std::string::npos);
  EXPECT_EQ(UrlFailure("postgresql://me:secret@db/x").message.find("secret"), std::string::npos);
}

TEST(UrlTest, OtherDatabasesAreRefusedByName) {
  const Error error = UrlFailure("postgresql+asyncpg://u@db/x");
  EXPECT_EQ(error.kind, "url.unsupported");
  EXPECT_EQ(error.message,
            "drover provisions only SQLite databases yet, not \"postgresql+asyncpg://…\"");
  EXPECT_EQ(UrlFailure("jdbc:sqlite:app.db").kind, "url.unsupported");
  const auto hint = [](std::string_view text) {
    return ErrorOf([&] { return UrlAs(UrlDialect::kSqlalchemy, text); }).hint;
  };
  EXPECT_EQ(hint("sqlite:app.db"), "sqlite:///./app.db, or url_dialect: dbmate");
  EXPECT_EQ(hint("sqlite:/srv/app.db"), "sqlite:////srv/app.db, or url_dialect: dbmate");
}

TEST(UrlTest, WindowsPathIsAFinding) {
  EXPECT_EQ(Codes("sqlite:///C:\\data\\app.db"), "windows-path-on-linux ");
  EXPECT_EQ(Codes("sqlite:///D:/app.db"), "windows-path-on-linux ");
  EXPECT_EQ(Codes("C:\\app.db"), "windows-path-on-linux ");
  EXPECT_EQ(Path("sqlite:///D:/app.db"), "D:/app.db");
  EXPECT_EQ(Codes(".\\data\\app.db"), "windows-path-on-linux ");
  EXPECT_EQ(Codes("file:///C:/app.db"), "windows-path-on-linux ");
  EXPECT_EQ(Codes("a\\b.db"), "");
  const Finding finding = Url("sqlite:///D:/app.db").findings[0];
  EXPECT_EQ(finding.severity, "warning");
  EXPECT_EQ(finding.ground, "seen");
  EXPECT_EQ(finding.where, "/p/drover.yaml:2:5");
  EXPECT_EQ(finding.fix,
            "write the path that the file has on this machine: sqlite:///./application.db");
}

TEST(UrlTest, UglyInputHasPreciseErrors) {
  EXPECT_EQ(UrlFailure("").kind, "url.empty");
  EXPECT_EQ(UrlFailure("  ").kind, "url.empty");
  EXPECT_EQ(UrlFailure("sqlite:///~/app.db").kind, "url.tilde");
  EXPECT_EQ(UrlFailure("~/app.db").kind, "url.tilde");
  EXPECT_EQ(UrlFailure("~you/app.db").kind, "url.tilde");
  EXPECT_EQ(Path("~app.db"), "~app.db");
  EXPECT_EQ(UrlFailure("sqlite:///%(here)s/app.db").kind, "url.here");
  EXPECT_EQ(UrlFailure("sqlite:////srv/data/").kind, "url.directory");
  EXPECT_EQ(UrlFailure("sqlite:///.").kind, "url.directory");
  EXPECT_EQ(UrlFailure("sqlite:////").kind, "url.directory");
  EXPECT_EQ(UrlFailure("a\nb.db").kind, "url.character");
  EXPECT_EQ(UrlFailure("file:a%00b.db").kind, "url.character");
  EXPECT_EQ(Path("sqlite:///" + std::string(100000, 'x')).size(), 100000U);
}

// The same text in each dialect. The values are those of the libraries themselves: SQLAlchemy 1.4,
// dj-database-url 0.5, dbmate 2 (its own test of connection strings).

TEST(UrlDialectTest, SlashesMeanSomethingElseInEachDialect) {
  using enum UrlDialect;
  struct Row {
    std::string_view text;
    std::string_view sqlalchemy, django, dbmate, uri;
  };
  const Row rows[] = {
      {"sqlite:x.db", "url.unsupported", "url.unsupported", "x.db", "url.unsupported"},
      {"sqlite:./a/x.db", "url.unsupported", "url.unsupported", "./a/x.db", "url.unsupported"},
      {"sqlite:/tmp/x.db", "url.unsupported", "url.unsupported", "/tmp/x.db", "url.unsupported"},
      {"sqlite://tmp/x.db", "url.host", "url.host", "/tmp/x.db", "url.unsupported"},
      {"sqlite:///tmp/x.db", "tmp/x.db", "tmp/x.db", "/tmp/x.db", "url.unsupported"},
      {"sqlite:////tmp/x.db", "/tmp/x.db", "/tmp/x.db", "/tmp/x.db", "url.unsupported"},
      {"sqlite://", "memory", "memory", "url.empty", "url.unsupported"},
      {"sqlite:///:memory:", "memory", "memory", "/:memory:", "url.unsupported"},
      {"sqlite://:memory:", "url.host", "memory", "/:memory:", "url.unsupported"},
      {"sqlite:///a%20b.db", "a%20b.db percent-not-decoded", "a b.db", "/a b.db",
       "url.unsupported"},
      {"sqlite:///x.db#y", "x.db#y", "x.db", "/x.db#y", "url.unsupported"},
      {"sqlite:///x.db?mode=ro", "x.db query-ignored", "url.query", "/x.db query-ignored",
       "url.unsupported"},
      {"sqlite:///x.db?timeout=5", "x.db", "x.db", "/x.db query-ignored", "url.unsupported"},
      {"x.db", "url.unsupported", "x.db", "url.unsupported", "x.db"},
      {"/tmp/x.db", "url.unsupported", "/tmp/x.db", "url.unsupported", "/tmp/x.db"},
      {":memory:", "url.unsupported", "memory", "url.unsupported", "memory"},
      {"file:x.db", "url.unsupported", "x.db", "url.unsupported", "x.db"},
      {"sqlite+aiosqlite:///x.db", "x.db", "url.unsupported", "url.unsupported", "url.unsupported"},
      {"sqlite3:x.db", "url.unsupported", "url.unsupported", "x.db", "url.unsupported"},
      {"postgres://db/x", "url.unsupported", "url.unsupported", "url.unsupported",
       "url.unsupported"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(As(kSqlalchemy, row.text), row.sqlalchemy) << row.text;
    EXPECT_EQ(As(kFlask, row.text), row.sqlalchemy) << row.text;
    EXPECT_EQ(As(kDjango, row.text), row.django) << row.text;
    EXPECT_EQ(As(kDbmate, row.text), row.dbmate) << row.text;
    EXPECT_EQ(As(kUri, row.text), row.uri) << row.text;
  }
}

TEST(UrlDialectTest, APathIsTakenLiterally) {
  EXPECT_EQ(As(UrlDialect::kPath, "a%20b.db?x#y"), "a%20b.db?x#y");
  EXPECT_EQ(As(UrlDialect::kPath, "odd:name.db"), "odd:name.db");
  EXPECT_EQ(As(UrlDialect::kPath, ":memory:"), "memory");
  EXPECT_EQ(As(UrlDialect::kPath, "file:x.db"), "url.query");
  EXPECT_EQ(As(UrlDialect::kPath, "sqlite:///x.db"), "url.unsupported");
}

TEST(UrlDialectTest, FlaskBeginsAtItsInstanceFolderExceptWithOtherDrivers) {
  using Base = DatabaseUrl::Base;
  EXPECT_EQ(UrlAs(UrlDialect::kFlask, "sqlite:///x.db").base, Base::kInstanceFolder);
  EXPECT_EQ(UrlAs(UrlDialect::kFlask, "sqlite+pysqlite:///x.db").base, Base::kInstanceFolder);
  EXPECT_EQ(UrlAs(UrlDialect::kFlask, "sqlite:///file:x.db?uri=true").base, Base::kInstanceFolder);
  EXPECT_EQ(UrlAs(UrlDialect::kFlask, "sqlite+aiosqlite:///x.db").base, Base::kWorkingDirectory);
  EXPECT_EQ(UrlAs(UrlDialect::kSqlalchemy, "sqlite:///x.db").base, Base::kWorkingDirectory);
}

TEST(UrlDialectTest, MessagesNameTheDialectAndHintsHelp) {
  const Error error = ErrorOf([] { return UrlAs(UrlDialect::kSqlalchemy, "data/x.db"); });
  EXPECT_EQ(error.message,
            "url_dialect sqlalchemy does not read a path without a scheme: \"data/x.db\"");
  EXPECT_EQ(error.hint, "sqlite:///data/x.db");
  EXPECT_EQ(ErrorOf([] { return UrlAs(UrlDialect::kDbmate, "/x.db"); }).hint, "sqlite:/x.db");
  EXPECT_EQ(ErrorOf([] { return UrlAs(UrlDialect::kUri, "FILE:x.db"); }).hint, "file:x.db");
}

TEST(UrlDialectTest, LocksThatAreIgnoredAreAFinding) {
  EXPECT_EQ(As(UrlDialect::kUri, "file:x.db?nolock=1"), "x.db uri-without-locks");
  EXPECT_EQ(As(UrlDialect::kUri, "file:x.db?immutable=1"), "x.db uri-without-locks");
  EXPECT_EQ(As(UrlDialect::kUri, "file:x.db?vfs=unix-none"), "x.db uri-without-locks");
  EXPECT_EQ(As(UrlDialect::kUri, "file:x.db?nolock=0&immutable=0&vfs=unix"), "x.db");
  EXPECT_EQ(UrlAs(UrlDialect::kUri, "file:x.db?nolock=1").findings[0].fix,
            "remove nolock=1 from the URL");
}

}  // namespace
}  // namespace drover::environments
