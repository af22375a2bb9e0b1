#include "migrations/schema_diff/schema_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "migrations/destruction.h"
#include "migrations/schema_diff/carry_out.h"
#include "tests/unit/migrations/support.h"

namespace drover::migrations {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

/// A current database and a wanted schema.
class SchemaPlanTest : public testing::Test {
 protected:
  void From(const std::string& sql) { current_.Execute(sql); }
  void To(const std::string& sql) {
    desired_.emplace(LoadDesiredSchema({.sql = sql, .file = "schema.sql"}));
  }

  SchemaPlanRequest Request(RowKnowledge rows = RowKnowledge::kKnown) {
    return {.current = current_, .desired = *desired_, .rows = rows};
  }
  SchemaPlan Planned(RowKnowledge rows = RowKnowledge::kKnown) {
    return PlanSchemaChange(Request(rows));
  }

  Connection current_{"", OpenMode::kMemory};
  std::optional<DesiredSchema> desired_;
};

TEST_F(SchemaPlanTest, EqualSchemasNeedNothing) {
  From("CREATE TABLE t (a INT)");
  To("create table T(\"a\" int)");
  const SchemaPlan plan = Planned();
  EXPECT_EQ(plan.outcome, SchemaPlanOutcome::kNoop);
  EXPECT_EQ(plan.sql, "");
  EXPECT_THAT(plan.changes, IsEmpty());
}

TEST_F(SchemaPlanTest, TheScriptIsReadableAndAlwaysTheSame) {
  From("CREATE TABLE users (id INTEGER PRIMARY KEY, age INT); CREATE INDEX ages ON users (age)");
  To("CREATE TABLE users (id INTEGER PRIMARY KEY, age TEXT -- in years\n);"
     "CREATE INDEX ages ON users (age);");
  const SchemaPlan plan = Planned(RowKnowledge::kUnknown);
  EXPECT_EQ(plan.sql,
            "-- drover: foreign-keys=off\n"
            "-- (drover sees to it before the transaction)\n"
            "\n"
            "-- table users is rebuilt: ALTER TABLE cannot make this change\n"
            "--   users.age: type int -> text\n"
            "PRAGMA legacy_alter_table=ON;\n"
            "CREATE TABLE main.__drover_new_users (id INTEGER PRIMARY KEY, age TEXT -- in years\n"
            ");\n"
            "INSERT OR ABORT INTO main.__drover_new_users (id, age)\n"
            "  SELECT id, age FROM main.users;\n"
            "DROP TABLE main.users;\n"
            "ALTER TABLE main.__drover_new_users RENAME TO users;\n"
            "PRAGMA legacy_alter_table=OFF;\n"
            "\n"
            "-- index ages\n"
            "CREATE INDEX ages ON users (age);\n");
}

TEST_F(SchemaPlanTest, UnknownRowsAreTakenForPresent) {
  From("CREATE TABLE t (a INT)");
  To("CREATE TABLE t (a INT, b TEXT DEFAULT CURRENT_TIMESTAMP);");
  EXPECT_THAT(Planned(RowKnowledge::kKnown).rebuilt, IsEmpty());
  const SchemaPlan plan = Planned(RowKnowledge::kUnknown);
  EXPECT_THAT(plan.rebuilt, ElementsAre("t"));
  EXPECT_THAT(plan.sql, HasSubstr("Cannot add a column with non-constant default"));
  EXPECT_THAT(plan.notes, ElementsAre(HasSubstr("old rows get the default of b")));
}

TEST_F(SchemaPlanTest, AValueThatNobodyGaveIsAskedFor) {
  From("CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT)");
  To("CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL, email TEXT NOT NULL);");
  const SchemaPlan plan = Planned(RowKnowledge::kUnknown);
  EXPECT_EQ(plan.outcome, SchemaPlanOutcome::kBlocked);
  EXPECT_EQ(plan.sql, "");
  ASSERT_EQ(plan.blockers.size(), 2U);
  EXPECT_EQ(plan.blockers[0].object, "users.email");
  EXPECT_EQ(plan.blockers[1].object, "users.name");
  EXPECT_THAT(plan.blockers[0].ways[1], HasSubstr("--backfill users.email=EXPRESSION"));
}

TEST_F(SchemaPlanTest, ABackfillIsCheckedBeforeItIsWritten) {
  From("CREATE TABLE t (a INT)");
  To("CREATE TABLE t (a INT, b TEXT NOT NULL);");
  SchemaPlanRequest request = Request();
  request.backfills = {{"T.B", "nosuch + 1"}};
  const Error error = Caught([&] { (void)PlanSchemaChange(request); });
  EXPECT_EQ(error.kind, "schema.backfill");
  EXPECT_THAT(error.message, HasSubstr("no such column: nosuch"));
  request.backfills = {{"t.c", "1"}};
  EXPECT_EQ(Caught([&] { (void)PlanSchemaChange(request); }).kind, "schema.backfill");
  request.backfills = {{"T.B", "a + 1"}};
  EXPECT_THAT(PlanSchemaChange(request).sql, HasSubstr("SELECT rowid, a, a + 1 FROM main.t"));
}

TEST_F(SchemaPlanTest, ABackfillHintThatHasDoneItsWorkIsInert) {
  From("CREATE TABLE t (a INT NOT NULL)");
  To("CREATE TABLE t (a TEXT NOT NULL -- @backfill gone || 'x'\n);");
  EXPECT_THAT(Planned().sql, HasSubstr("SELECT rowid, a FROM main.t"));
}

TEST_F(SchemaPlanTest, RowsThatDoNotFitAreADataError) {
  From("CREATE TABLE t (a INT); INSERT INTO t VALUES (1), (1)");
  To("CREATE TABLE t (a INT UNIQUE); CREATE UNIQUE INDEX i ON t (a);");
  const SchemaPlan plan = Planned();
  EXPECT_EQ(plan.outcome, SchemaPlanOutcome::kDataError);
  EXPECT_THAT(plan.data_errors, ElementsAre(HasSubstr("UNIQUE constraint failed")));
}

TEST_F(SchemaPlanTest, DependentsThatStandInTheWayAreMadeAnew) {
  From(
      "CREATE TABLE t (a INT, b INT); CREATE VIEW v AS SELECT a FROM t;"
      "CREATE VIEW w AS SELECT * FROM v; INSERT INTO t VALUES (1, 2)");
  To("CREATE TABLE t (b INT); CREATE VIEW v AS SELECT b FROM t; CREATE VIEW w AS SELECT * FROM v;");
  const SchemaPlan plan = Planned();
  EXPECT_THAT(plan.rebuilt, IsEmpty()) << plan.sql;
  CarryOut(current_, plan.sql);
  EXPECT_EQ(current_.QueryInteger("SELECT b FROM w"), 2);
}

TEST_F(SchemaPlanTest, ATableThatNamesItselfIsRebuiltUnderItsName) {
  From(
      "CREATE TABLE p (id INTEGER PRIMARY KEY AUTOINCREMENT, a INT);"
      "CREATE TABLE c (p INT REFERENCES p(id) ON DELETE CASCADE);"
      "CREATE VIEW v AS SELECT a FROM p;"
      "INSERT INTO p VALUES (7, 1); DELETE FROM p; INSERT INTO p VALUES (3, 1);"
      "INSERT INTO c VALUES (3)");
  To("CREATE TABLE p (id INTEGER PRIMARY KEY AUTOINCREMENT, a INT CHECK (p.a > 0));"
     "CREATE TABLE c (p INT REFERENCES p(id) ON DELETE CASCADE);"
     "CREATE VIEW v AS SELECT a FROM p;");
  const SchemaPlan plan = Planned();
  EXPECT_THAT(plan.sql, HasSubstr("ALTER TABLE main.p RENAME TO __drover_new_p"));
  current_.Execute("PRAGMA foreign_keys=ON");
  CarryOut(current_, plan.sql);
  EXPECT_EQ(current_.QueryInteger("SELECT count(*) FROM c JOIN p ON p.id = c.p"), 1);
  EXPECT_EQ(current_.QueryInteger("SELECT seq FROM sqlite_sequence WHERE name = 'p'"), 7);
  EXPECT_EQ(current_.QueryText("SELECT \"table\" FROM pragma_foreign_key_list('c')"), "p");
}

TEST_F(SchemaPlanTest, ARenameIsOneChange) {
  From(
      "CREATE TABLE old (id INT, status TEXT CHECK (status IN ('OPEN')));"
      "CREATE VIEW gone AS SELECT 1");
  To("CREATE TABLE t ( -- @renamed from=old\n"
     "  key INT, -- @renamed from=id\n"
     "  status TEXT CHECK (status IN ('OPEN', 'HELD')));");
  const SchemaPlan plan = Planned();
  std::vector<std::string> lines;
  for (const SchemaChange& change : plan.changes) lines.push_back(SummaryLine(change));
  EXPECT_THAT(lines, ElementsAre("t: was called old", "t.key: was called id", "t.status: + HELD",
                                 "- view gone"));
}

TEST_F(SchemaPlanTest, TheWayBackMarksWhatItCannotRestore) {
  From("CREATE TABLE t (a INT, b INT); CREATE TABLE u (c)");
  To("CREATE TABLE t (a INT);");
  const SchemaPlanRequest request = Request(RowKnowledge::kUnknown);
  const SchemaPlan up = PlanSchemaChange(request);
  const SchemaDownPlan down = PlanWayBack(request, up);
  EXPECT_EQ(down.not_restored, up.destructive);
  EXPECT_THAT(down.plan.sql, HasSubstr("-- drover: irreversible-data: drop table u\n"
                                       "-- drover: irreversible-data: drop column t.b\n"));
}

TEST_F(SchemaPlanTest, AWayBackThatNeedsAValueIsBlocked) {
  From("CREATE TABLE t (a INT, b INT NOT NULL)");
  To("CREATE TABLE t (a INT);");
  const SchemaPlanRequest request = Request(RowKnowledge::kUnknown);
  const SchemaDownPlan down = PlanWayBack(request, PlanSchemaChange(request));
  EXPECT_EQ(down.plan.outcome, SchemaPlanOutcome::kBlocked);
  EXPECT_EQ(down.plan.blockers.front().object, "t.b");
}

TEST_F(SchemaPlanTest, WhatIsDestroyedAgreesWithTheJudgeOfScripts) {
  From("CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a INT, b INT); CREATE TABLE u (c)");
  To("CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT);");
  const SchemaPlan plan = Planned();
  const Script script{.sql = plan.sql};
  const std::vector<const Script*> scripts{&script};
  const std::vector<std::string> schema =
      current_.QueryColumn("SELECT sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite%'");
  std::vector<std::string> losses;
  const auto judged = ClassifyDestruction(scripts, schema, {});
  for (const Destruction& loss : judged.front()) {
    if (LosesData(loss)) losses.push_back(Concat(loss.kind, " ", loss.object));
  }
  EXPECT_THAT(losses, testing::UnorderedElementsAre("drop table u", "drop column t.b"));
}

TEST_F(SchemaPlanTest, ADatabaseInWalModeIsOnlyRead) {
  const TempDir directory;
  const std::string path = directory / "live.db";
  Connection live(path, OpenMode::kCreate);
  live.Execute("PRAGMA journal_mode=WAL; CREATE TABLE t (a INT); INSERT INTO t VALUES (5)");
  To("CREATE TABLE t (a TEXT);");
  const std::string before = ContentDigest(live);
  const SchemaPlan plan =
      PlanSchemaChange({.current = live, .desired = *desired_, .rows = RowKnowledge::kKnown});
  EXPECT_EQ(plan.outcome, SchemaPlanOutcome::kOk);
  EXPECT_EQ(ContentDigest(live), before);
  CarryOut(live, plan.sql);
  EXPECT_EQ(live.QueryText("SELECT typeof(a) FROM t"), "text");
}

TEST_F(SchemaPlanTest, LossyTypesAreFoundInTheRowsOrInAwkwardValues) {
  From("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); INSERT INTO t VALUES (1, '12')");
  To("CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER);");
  EXPECT_THAT(Planned().destructive, IsEmpty());
  const std::vector<Destruction> lossy{{.kind = "convert column", .object = "t.a"}};
  EXPECT_EQ(Planned(RowKnowledge::kUnknown).destructive, lossy);
  From("INSERT INTO t VALUES (2, '007')");
  EXPECT_EQ(Planned().destructive, lossy);
}

}  // namespace
}  // namespace drover::migrations
