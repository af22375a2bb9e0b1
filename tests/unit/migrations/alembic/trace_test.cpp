#include "migrations/alembic/trace.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/text.h"

namespace drover::migrations {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

using Trace = std::vector<AlembicTraceLine>;
using Why = UntranslatedLine::Kind;

AlembicTraceLine Did(std::string_view sql, std::int64_t line = 1, bool pending = true) {
  return {.kind = "statement",
          .sql = std::string(sql),
          .pending = pending,
          .connection = 1,
          .file = "/p/versions/b2.py",
          .line = line};
}

AlembicTraceLine InEnv(std::string_view sql) {
  AlembicTraceLine line = Did(sql);
  line.file.clear();
  line.line = 0;
  return line;
}

/// Outside of a transaction, where such a setting has an effect.
AlembicTraceLine Before(AlembicTraceLine line) {
  line.pending = false;
  return line;
}

AlembicTraceLine Event(std::string_view kind, std::int64_t line = 1) {
  AlembicTraceLine event = Did("", line);
  event.kind = kind;
  return event;
}

TracedScript Translate(const Trace& trace) {
  return TranslateTrace(trace,
                        {.version_table = "alembic_version", .root = "/p", .days = {"2026-11-28"}});
}

/// "line why times", one each.
std::vector<std::string> LeftOut(const TracedScript& script) {
  std::vector<std::string> found;
  for (const UntranslatedLine& each : script.untranslated) {
    const std::string_view why = each.kind == Why::kReads    ? "reads"
                                 : each.kind == Why::kWrites ? "writes"
                                                             : "undoes";
    found.push_back(Concat(each.line, " ", why, " ", each.times));
  }
  return found;
}

TEST(TraceTest, TheLinesOfTheHookAreRead) {
  const Trace trace = ParseTrace(
      "{\"kind\": \"begin\", \"sql\": \"\", \"connection\": 0, \"file\": \"\", \"line\": 0}\n"
      "{\"kind\": \"statement\", \"sql\": \"UPDATE t SET x = 'h\\u00e9'\", \"connection\": 1, "
      "\"file\": \"/p/b.py\", \"line\": 22, \"pending\": true, \"exact\": true, \"derived\": "
      "false}\n");
  ASSERT_EQ(trace.size(), 2U);
  EXPECT_EQ(trace[1].sql, "UPDATE t SET x = 'hé'");
  EXPECT_EQ(trace[1].line, 22);
  EXPECT_TRUE(trace[1].pending);
  EXPECT_TRUE(IsComplete(trace));
  EXPECT_THROW((void)ParseTrace("{\"kind\": 1}"), Error);
}

TEST(TraceTest, WithoutTheHookNothingIsKnown) {
  EXPECT_FALSE(IsComplete(Trace{}));
  EXPECT_FALSE(IsComplete(Trace{Event("begin")}));
  EXPECT_FALSE(IsComplete(Trace{Did("SELECT 1")}));
  EXPECT_FALSE(IsComplete(Trace{Event("begin"), Event("untraced"), Did("SELECT 1")}));
}

TEST(TraceTest, WithoutAReadEverythingStands) {
  const TracedScript script =
      Translate({Event("begin"), InEnv("PRAGMA main.table_info(\"alembic_version\")"),
                 Did("UPDATE t SET x = 'v' WHERE id = 1"), Did("ALTER TABLE t ADD COLUMN y"),
                 InEnv("UPDATE alembic_version SET version_num='b2'"), Event("commit")});
  EXPECT_EQ(script.sql, "UPDATE t SET x = 'v' WHERE id = 1;\nALTER TABLE t ADD COLUMN y;\n");
  EXPECT_THAT(script.untranslated, IsEmpty());
  EXPECT_THAT(script.notes, IsEmpty());
  EXPECT_TRUE(script.lines.contains({"/p/versions/b2.py", 1}));
}

TEST(TraceTest, RowsWrittenAfterAReadAreNotTrusted) {
  const TracedScript script =
      Translate({Did("UPDATE t SET x = 1", 3), Did("SELECT id FROM t", 4),
                 Did("UPDATE t SET x = 7 WHERE id = 1", 5),
                 Did("UPDATE t SET x = 8 WHERE id = 2", 5), Did("DROP TABLE u", 6)});
  EXPECT_EQ(script.sql, "UPDATE t SET x = 1;\nDROP TABLE u;\n");
  EXPECT_THAT(LeftOut(script), ElementsAre("4 reads 1", "5 writes 2"));
  EXPECT_EQ(script.untranslated[1].sql, "UPDATE t SET x = 7 WHERE id = 1");
}

TEST(TraceTest, ABatchAfterAReadStays) {
  const TracedScript script =
      Translate({Did("SELECT id FROM t"), Did("CREATE TABLE _alembic_tmp_t (id)"),
                 Did("INSERT INTO _alembic_tmp_t (id) SELECT t.id FROM t"), Did("DROP TABLE t"),
                 Did("ALTER TABLE _alembic_tmp_t RENAME TO t")});
  EXPECT_THAT(script.sql, HasSubstr("INSERT INTO _alembic_tmp_t"));
  EXPECT_TRUE(script.has_batch);
}

TEST(TraceTest, TheIdOfARowThatWasInsertedIsAReadToo) {
  AlembicTraceLine child = Did("INSERT INTO child (parent) VALUES (1)", 9);
  child.derived = true;
  const TracedScript script =
      Translate({Did("INSERT INTO parent (x) VALUES ('a')", 8), child, Did("DELETE FROM u", 10)});
  EXPECT_EQ(script.sql, "INSERT INTO parent (x) VALUES ('a');\nDELETE FROM u;\n");
  EXPECT_THAT(LeftOut(script), ElementsAre("9 writes 1"));
  EXPECT_THAT(LeftOut(Translate({Did("INSERT INTO t (x) VALUES (1) RETURNING id", 2),
                                 Did("INSERT INTO u VALUES (1)", 3)})),
              ElementsAre("2 reads 1", "3 writes 1"));
}

TEST(TraceTest, WhatEnvPyReadsIsItsOwnBusiness) {
  const TracedScript script = Translate({InEnv("SELECT * FROM settings"), Did("UPDATE t SET x = 1"),
                                         InEnv("INSERT INTO log VALUES (1)")});
  EXPECT_EQ(script.sql, "UPDATE t SET x = 1;\n");
  EXPECT_THAT(LeftOut(script), ElementsAre("0 writes 1"));
}

TEST(TraceTest, WhatWasRolledBackDidNotHappen) {
  const TracedScript script =
      Translate({Did("CREATE TABLE u (x)", 1, false), Did("INSERT INTO u VALUES (1)", 2),
                 Event("rollback", 3), Did("INSERT INTO u VALUES (2)", 4)});
  EXPECT_EQ(script.sql, "CREATE TABLE u (x);\n");
  EXPECT_THAT(LeftOut(script), ElementsAre("3 undoes 1", "4 writes 1"));
}

TEST(TraceTest, ACommitKeepsWhatWasBefore) {
  EXPECT_EQ(Translate({Did("INSERT INTO u VALUES (1)"), Event("commit"), Event("rollback")}).sql,
            "INSERT INTO u VALUES (1);\n");
  EXPECT_EQ(Translate({Did("INSERT INTO u VALUES (1)"), Did("COMMIT", 1, false),
                       Did("INSERT INTO u VALUES (2)"), Did("ROLLBACK", 1, false)})
                .sql,
            "INSERT INTO u VALUES (1);\n");
  AlembicTraceLine elsewhere = Event("rollback");
  elsewhere.connection = 2;
  EXPECT_THAT(Translate({Did("INSERT INTO u VALUES (1)"), elsewhere}).untranslated, IsEmpty());
}

TEST(TraceTest, ASavepointIsUndoneAlone) {
  const TracedScript script =
      Translate({Did("INSERT INTO u VALUES (1)", 1), Did("SAVEPOINT sa_1", 2),
                 Did("INSERT INTO u VALUES (2)", 3), Did("ROLLBACK TO SAVEPOINT sa_1", 4)});
  EXPECT_EQ(script.sql, "INSERT INTO u VALUES (1);\n");
  EXPECT_THAT(LeftOut(script), ElementsAre("4 undoes 1"));
}

TEST(TraceTest, WhatIsNotAsInAlembicIsNoted) {
  AlembicTraceLine vague = Did("INSERT INTO t VALUES (0.3)", 4);
  vague.exact = false;
  AlembicTraceLine failed = Did("DROP TABLE nowhere", 5);
  failed.kind = "failed";
  EXPECT_THAT(
      Translate({Did("PRAGMA user_version = 3", 2), Did("VACUUM", 3), vague, failed,
                 Did("INSERT INTO t VALUES ('2026-11-28 10:00:00')", 6)})
          .notes,
      ElementsAre("versions/b2.py:2: left out: PRAGMA user_version = 3",
                  "versions/b2.py:3: left out, since a migration is one transaction: VACUUM",
                  HasSubstr("versions/b2.py:4: a value may have lost digits"),
                  HasSubstr("versions/b2.py:5: failed, and the revision went on"),
                  HasSubstr("versions/b2.py:6: the time of this import")));
}

TEST(TraceTest, CascadesOfForeignKeysAreNoted) {
  const AlembicTraceLine on = Before(InEnv("PRAGMA foreign_keys=ON"));
  EXPECT_THAT(Translate({on, Did("DELETE FROM t")}).notes,
              ElementsAre(StartsWith("env.py switches foreign keys on")));
  EXPECT_THAT(Translate({on, Did("INSERT INTO t VALUES (1)")}).notes, IsEmpty());
  const AlembicTraceLine off = Before(InEnv("PRAGMA foreign_keys=OFF"));
  EXPECT_THAT(Translate({off, Did("DELETE FROM t")}).notes, IsEmpty());
}

TEST(TraceTest, ForeignKeysAreThoseInForceWhenTheRevisionRan) {
  const AlembicTraceLine on = Before(InEnv("PRAGMA foreign_keys=ON"));
  const AlembicTraceLine off = Before(InEnv("PRAGMA foreign_keys = 0"));
  EXPECT_THAT(Translate({off, Did("DELETE FROM t"), on}).notes, IsEmpty());
  EXPECT_THAT(Translate({on, off, Did("DROP TABLE t")}).notes, IsEmpty());
  EXPECT_THAT(Translate({InEnv("PRAGMA foreign_keys=ON"), Did("DELETE FROM t")}).notes, IsEmpty())
      << "in a transaction it has no effect";
  AlembicTraceLine other = on;
  other.connection = 9;
  EXPECT_THAT(Translate({other, Did("DELETE FROM t")}).notes, IsEmpty()) << "another connection";
}

TEST(TraceTest, WhoSwitchesForeignKeysOnIsNamed) {
  EXPECT_THAT(Translate({Before(Did("PRAGMA foreign_keys=ON", 7)), Did("DELETE FROM t", 8)}).notes,
              ElementsAre(StartsWith("versions/b2.py:7 switches foreign keys on")));
}

TEST(TraceTest, WhatIsAboutAnotherDatabaseIsLeftOut) {
  Trace trace{Did("DELETE FROM old", 1), Did("SELECT n FROM other", 2),
              Did("UPDATE t SET a = 7", 3)};
  trace[0].kind = trace[1].kind = "elsewhere";
  const TracedScript script = Translate(trace);
  EXPECT_EQ(script.sql, "");
  EXPECT_THAT(LeftOut(script), ElementsAre("2 reads 1", "3 writes 1"));
  EXPECT_THAT(script.notes, ElementsAre(HasSubstr("b2.py:1: left out, since it is about another")));
}

TEST(TraceTest, WhoeverLooksAtANumberOfRowsHasReadThem) {
  const Trace trace{Did("UPDATE t SET a = 1", 1), Event("asked", 2),
                    Did("INSERT INTO t VALUES (2)", 3), Did("DROP TABLE u", 4)};
  const TracedScript script = Translate(trace);
  EXPECT_THAT(LeftOut(script), ElementsAre("2 reads 1", "3 writes 1"));
  EXPECT_THAT(script.sql, HasSubstr("DROP TABLE u"));
  EXPECT_THAT(script.notes, ElementsAre(HasSubstr("b2.py:4: kept, though rows")));
}

}  // namespace
}  // namespace drover::migrations
