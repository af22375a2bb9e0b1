#include "environments/urls/dialect.h"

#include <gtest/gtest.h>
#include <string>

#include "tests/unit/environments/fake_files.h"

namespace drover::environments {
namespace {

class DialectTest : public testing::Test {
 protected:
  std::string Guess(std::string_view url) {
    const DialectChoice choice = GuessDialect(url, "/p", files_);
    return std::string(DialectName(choice.dialect)) + ", " + choice.reason;
  }
  FakeFiles files_;
};

TEST_F(DialectTest, TheSchemeDecidesFirst) {
  EXPECT_EQ(Guess("app.db"), "path, guessed: it has no scheme");
  EXPECT_EQ(Guess("C:\\app.db"), "path, guessed: it has no scheme");
  EXPECT_EQ(Guess("file:app.db"), "uri, guessed: the scheme file:");
  EXPECT_EQ(Guess("sqlite3:app.db"), "dbmate, guessed: the scheme sqlite3:");
  EXPECT_EQ(Guess("sqlite:app.db"), "dbmate, guessed: there is no // after sqlite:");
  EXPECT_EQ(Guess("sqlite+aiosqlite:///app.db"),
            "sqlalchemy, guessed: the driver in sqlite+aiosqlite:");
  EXPECT_EQ(Guess("sqlite:///app.db"), "sqlalchemy, guessed: no file of the project names another");
}

TEST_F(DialectTest, RequirementsThatNameFlaskSqlalchemyMakeItFlask) {
  files_.Put("/p/requirements.txt", "flask\n# flask-sqlalchemy\nFlask_SQLAlchemy>=3\n");
  const std::string flask = "flask, guessed: requirements.txt:3 names Flask-SQLAlchemy";
  EXPECT_EQ(Guess("sqlite:///app.db"), flask);
  EXPECT_EQ(Guess("sqlite+pysqlite:///app.db"), flask);
  EXPECT_EQ(Guess("sqlite+aiosqlite:///app.db"),
            "sqlalchemy, guessed: the driver in sqlite+aiosqlite:");
  EXPECT_EQ(Guess("file:app.db"), "uri, guessed: the scheme file:");
}

TEST_F(DialectTest, ACommentAloneNamesNothing) {
  files_.Put("/p/pyproject.toml", "# flask-sqlalchemy\n");
  files_.PutDirectory("/p/setup.py");
  EXPECT_EQ(Guess("sqlite:///app.db"), "sqlalchemy, guessed: no file of the project names another");
  files_.Put("/p/pyproject.toml", "dependencies = [\"flask-sqlalchemy\"]\n");
  EXPECT_EQ(Guess("sqlite:///app.db"), "flask, guessed: pyproject.toml:1 names Flask-SQLAlchemy");
}

TEST_F(DialectTest, DjangoAndDbmateLeaveTheirFiles) {
  files_.Put("/p/db/schema.sql", "CREATE TABLE t (x);\n-- Dbmate schema migrations\n");
  EXPECT_EQ(Guess("sqlite:///app.db"), "dbmate, guessed: db/schema.sql was written by dbmate");
  files_.Put("/p/manage.py", "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'x')\n");
  EXPECT_EQ(Guess("sqlite:///app.db"), "django, guessed: manage.py is Django's");
  EXPECT_EQ(Guess("sqlite+pysqlite:///app.db"),
            "sqlalchemy, guessed: the driver in sqlite+pysqlite:");
}

TEST_F(DialectTest, WhatWasLookedForIsRemembered) {
  (void)Guess("sqlite:///app.db");
  EXPECT_TRUE(files_.read.contains("/p/requirements.txt"));
  EXPECT_TRUE(files_.read.contains("/p/manage.py"));
}

}  // namespace
}  // namespace drover::environments
