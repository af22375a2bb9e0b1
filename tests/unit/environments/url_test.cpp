#include "environments/url.h"

#include <gtest/gtest.h>
#include <string>

#include "tests/unit/environments/fake_files.h"

namespace drover::environments {
namespace {

DatabaseUrl Url(std::string_view text) { return ParseUrl(text, "/p/drover.yaml:2:5"); }
std::string Path(std::string_view text) { return Url(text).path; }
Error UrlFailure(std::string_view text) {
  return ErrorOf([&] { return Url(text); });
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
}

TEST(UrlTest, QueryWithoutUriIsIgnoredAndSaid) {
  EXPECT_EQ(Path("sqlite:///app.db?mode=ro"), "app.db");
  EXPECT_EQ(Codes("sqlite:///app.db?mode=ro"), "query-ignored ");
  EXPECT_EQ(Codes("sqlite:///app.db?timeout=30&check_same_thread=false"), "");
  EXPECT_EQ(Url("sqlite:///app.db?mode=ro").findings[0].where, "/p/drover.yaml:2:5");
}

TEST(UrlTest, PercentStaysInSqlAlchemyPaths) { EXPECT_EQ(Path("sqlite:///a%20b.db"), "a%20b.db"); }

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
  EXPECT_EQ(UrlFailure("sqlite:app.db").hint, "sqlite:///./app.db");
  EXPECT_EQ(UrlFailure("sqlite:/srv/app.db").hint, "sqlite:////srv/app.db");
}

TEST(UrlTest, WindowsPathIsAFinding) {
  EXPECT_EQ(Codes("sqlite:///C:\\data\\app.db"), "windows-path-on-linux ");
  EXPECT_EQ(Codes("sqlite:///D:/app.db"), "windows-path-on-linux ");
  EXPECT_EQ(Codes("C:\\app.db"), "windows-path-on-linux ");
  EXPECT_EQ(Path("sqlite:///D:/app.db"), "D:/app.db");
}

TEST(UrlTest, UglyInputHasPreciseErrors) {
  EXPECT_EQ(UrlFailure("").kind, "url.empty");
  EXPECT_EQ(UrlFailure("  ").kind, "url.empty");
  EXPECT_EQ(UrlFailure("sqlite:///~/app.db").kind, "url.tilde");
  EXPECT_EQ(UrlFailure("~/app.db").kind, "url.tilde");
  EXPECT_EQ(UrlFailure("sqlite:////srv/data/").kind, "url.directory");
  EXPECT_EQ(UrlFailure("sqlite:///.").kind, "url.directory");
  EXPECT_EQ(UrlFailure("sqlite:////").kind, "url.directory");
  EXPECT_EQ(UrlFailure("a\nb.db").kind, "url.character");
  EXPECT_EQ(UrlFailure("file:a%00b.db").kind, "url.character");
  EXPECT_EQ(Path("sqlite:///" + std::string(100000, 'x')).size(), 100000U);
}

}  // namespace
}  // namespace drover::environments
