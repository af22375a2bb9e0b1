#include "environments/urls/absolute_url.h"

#include <gtest/gtest.h>

#include "tests/unit/environments/fake_files.h"

namespace drover::environments {
namespace {

TEST(AbsoluteUrlTest, KeepsDriverAndQuery) {
  EXPECT_EQ(
      AbsoluteUrl("sqlite+aiosqlite:///./app.db?timeout=5", UrlDialect::kSqlalchemy, "/srv/app.db"),
      "sqlite+aiosqlite:////srv/app.db?timeout=5");
  EXPECT_EQ(AbsoluteUrl(" sqlite:////old/app.db ", UrlDialect::kFlask, "/srv/app.db"),
            "sqlite:////srv/app.db");
}

TEST(AbsoluteUrlTest, KeepsAUriInsideOfAUrl) {
  EXPECT_EQ(
      AbsoluteUrl("sqlite:///file:app.db?mode=ro&uri=true", UrlDialect::kSqlalchemy, "/srv/a b.db"),
      "sqlite:///file:/srv/a%20b.db?mode=ro&uri=true");
}

TEST(AbsoluteUrlTest, EachDialectHasItsOwnForm) {
  EXPECT_EQ(AbsoluteUrl("sqlite:db/app.db", UrlDialect::kDbmate, "/srv/a b.db"),
            "sqlite:/srv/a%20b.db");
  EXPECT_EQ(AbsoluteUrl("sqlite:///app.db", UrlDialect::kDbmate, "/srv/app.db"),
            "sqlite:///srv/app.db");
  EXPECT_EQ(AbsoluteUrl("sqlite:///a%20b.db", UrlDialect::kDjango, "/srv/a b.db"),
            "sqlite:////srv/a%20b.db");
  EXPECT_EQ(AbsoluteUrl("./app.db", UrlDialect::kDjango, "/srv/app.db"), "/srv/app.db");
  EXPECT_EQ(AbsoluteUrl("file:app.db?cache=shared#x", UrlDialect::kUri, "/srv/a?b.db"),
            "file:/srv/a%3Fb.db?cache=shared");
  EXPECT_EQ(AbsoluteUrl("app.db", UrlDialect::kUri, "/srv/app.db"), "/srv/app.db");
  EXPECT_EQ(AbsoluteUrl("./app.db", UrlDialect::kPath, "/srv/a?b.db"), "/srv/a?b.db");
}

TEST(AbsoluteUrlTest, APathThatTheDialectCannotNameIsRefused) {
  const Error error = ErrorOf(
      [] { return AbsoluteUrl("sqlite:///./app.db", UrlDialect::kSqlalchemy, "/srv/a?b.db"); });
  EXPECT_EQ(error.code, Code::kRefused);
  EXPECT_EQ(error.kind, "url.not_expressible");
}

}  // namespace
}  // namespace drover::environments
