#include "daemon/alembic_output.h"

#include <gtest/gtest.h>

namespace drover::daemon {
namespace {

TEST(LastWordsTest, TheErrorIsFoundAtTheEndOfATraceback) {
  EXPECT_EQ(
      LastWords("INFO  [alembic.runtime.migration] Context impl SQLiteImpl.\n"
                "Traceback (most recent call last):\n  File \"x.py\", line 3, in <module>\n"
                "    boom()\n"
                "sqlalchemy.exc.OperationalError: (sqlite3.OperationalError) no such table: t\n"
                "[SQL: DELETE FROM t]\n"
                "(Background on this error at: https://sqlalche.me/e/14/e3q8)\n"),
      "sqlalchemy.exc.OperationalError: (sqlite3.OperationalError) no such table: t "
      "[SQL: DELETE FROM t]");
  EXPECT_EQ(LastWords("Traceback (most recent call last):\n  boom()\n"
                      "sqlalchemy.exc.OperationalError: table t already exists\n[SQL: \n"
                      "CREATE TABLE t (\n\tid INTEGER\n)\n\n]\n(Background on this error at: x)\n"),
            "sqlalchemy.exc.OperationalError: table t already exists "
            "[SQL: CREATE TABLE t ( id INTEGER ) ]");
  EXPECT_EQ(LastWords("INFO x\nFAILED: Can't locate revision identified by 'x'\n"),
            "Can't locate revision identified by 'x'");
  EXPECT_EQ(LastWords("ERROR [alembic.util.messaging] Can't proceed\n\n"), "Can't proceed");
  EXPECT_EQ(
      LastWords("Traceback (most recent call last):\n  File \"a.py\", line 1\nKeyError: 'x'\n\n"
                "During handling of the above exception, another exception occurred:\n\n"
                "Traceback (most recent call last):\n  File \"b.py\", line 2\n    ^^^\n"
                "pydantic.ValidationError: 1 validation error for Settings\nSECRET_KEY\n"
                "  Field required\n"),
      "pydantic.ValidationError: 1 validation error for Settings SECRET_KEY Field required");
  EXPECT_EQ(LastWords("Traceback (most recent call last):\n  x()\nRuntimeError: one\ntwo\n"),
            "RuntimeError: one two");
  EXPECT_EQ(LastWords("\n \n"), "it said nothing");
}

TEST(PlaceInFoldersTest, TheLastLineOfARevisionIsMeant) {
  const std::string traceback =
      "Traceback (most recent call last):\n"
      "  File \"/usr/bin/alembic\", line 8, in <module>\n"
      "  File \"/p/versions/a.py\", line 12, in upgrade\n    helper()\n"
      "  File \"/p/versions/b.py\", line 3, in helper\n    op.execute()\n"
      "  File \"/usr/lib/python3/x.py\", line 99\nValueError: x\n";
  EXPECT_EQ(PlaceInFolders(traceback, {"/q", "/p/versions"}), "/p/versions/b.py:3:1");
  EXPECT_EQ(PlaceInFolders(traceback, {"/q"}), "");
}

TEST(LastLinesTest, OfMuchOnlyWholeLinesFromTheEnd) {
  EXPECT_EQ(LastLines("a\nb\n"), "a\nb\n");
  std::string much;
  while (much.size() < 40000) much += "a line of it\n";
  const std::string last = LastLines(much);
  EXPECT_TRUE(last.starts_with("a line of it\n"));
  EXPECT_LE(last.size(), 16U * 1024);
  EXPECT_GT(last.size(), 16U * 1024 - 20);
}

}  // namespace
}  // namespace drover::daemon
