#include "migrations/safety/rehearsal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/posix.h"
#include "base/text.h"
#include "migrations/safety/safeguard.h"
#include "tests/unit/migrations/apply_support.h"

namespace drover::migrations {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* kFilled =
    "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, email TEXT, age INT);"
    "CREATE TABLE orders (id INTEGER PRIMARY KEY, user_id INT REFERENCES users (id) ON DELETE "
    "CASCADE, total INT);"
    "CREATE TRIGGER touched AFTER UPDATE ON users BEGIN SELECT 1; END;";

/// One applied revision "a" with rows in its tables, and one pending, "b".
class RehearsalTest : public ::testing::Test {
 protected:
  void Fill(const std::string& first = kFilled) {
    first_ = first;
    const Graph graph({MakeRevision("a", {}, first)});
    (void)CarryOut(Upgrade(database_, graph));
    Connection connection(database_, OpenMode::kWrite);
    connection.Execute(
        "INSERT INTO users VALUES (1, 'ann', 'a@x', 30), (2, 'bob', NULL, 40);"
        "INSERT INTO orders VALUES (1, 1, 10), (2, 1, 10), (3, 2, 5)");
  }

  SafeguardRequest Request(const std::string& second) {
    graph_ = std::make_shared<Graph>(
        std::vector<Revision>{MakeRevision("a", {}, first_), MakeRevision("b", {"a"}, second)});
    return {.policy = {.backup = {.directory = directory_.path() + "/backups"},
                       .rehearse = RehearsePolicy::kAuto},
            .path = database_,
            .environment = "dev",
            .reason = "upgrade",
            .version_table = kVersionTable,
            .by = Somebody(),
            .stubs = {},
            .graph = graph_,
            .plan = [graph = graph_](std::span<const RevisionId> rows) {
              return PlanUpgrade(*graph, rows, "head", Drafts::kStopBefore);
            }};
  }

  Rehearsal Try(const std::string& second) {
    const std::string before = ReadFile(database_, 1 << 20);
    Rehearsal rehearsal = RehearseOnCopy(Request(second), ApplyObserver(), std::stop_token());
    EXPECT_EQ(ReadFile(database_, 1 << 20), before) << "the database itself is not touched";
    EXPECT_THAT(ListDirectory(BackupDirectory(database_, Request(second).policy.backup)), IsEmpty())
        << "the copy is gone";
    return rehearsal;
  }

  std::string KindOf(const std::string& second) {
    const Rehearsal rehearsal = Try(second);
    return rehearsal.error ? rehearsal.error->kind : rehearsal.report.outcome;
  }

  TempDir directory_;
  std::string database_ = directory_.path() + "/app.db";
  std::string first_;
  std::shared_ptr<const Graph> graph_;
};

TEST_F(RehearsalTest, SaysWhatThePlanChanges) {
  Fill();
  const Rehearsal rehearsal = Try(
      "DELETE FROM orders WHERE total = 5; CREATE TABLE notes (x); INSERT INTO notes VALUES (1);");
  EXPECT_FALSE(rehearsal.error) << rehearsal.error->message;
  EXPECT_EQ(rehearsal.report.outcome, "ok");
  EXPECT_THAT(rehearsal.report.tables,
              ElementsAre(RowsChanged{"orders", 3, 2}, RowsChanged{"notes", {}, 1}));
  ASSERT_EQ(rehearsal.report.steps.size(), 1U);
  EXPECT_EQ(rehearsal.report.steps.front().revision, "b");
  EXPECT_GT(rehearsal.report.bytes_after, rehearsal.report.bytes_before);
}

// sqlite.org/lang_altertable.html: what ADD COLUMN refuses only when there are rows.
TEST_F(RehearsalTest, WhatOnlyAnEmptyTableAcceptsFails) {
  Fill();
  for (const char* sql : {"ALTER TABLE users ADD COLUMN c NOT NULL;",
                          "ALTER TABLE users ADD COLUMN c DEFAULT CURRENT_TIMESTAMP;",
                          "ALTER TABLE users ADD COLUMN c DEFAULT (1 + 1);",
                          "ALTER TABLE users ADD COLUMN c AS (id) STORED;",
                          "ALTER TABLE users ADD COLUMN c INT CHECK (age < 35);",
                          "CREATE UNIQUE INDEX u ON orders (total);"}) {
    const Rehearsal rehearsal = Try(sql);
    ASSERT_TRUE(rehearsal.error) << sql;
    EXPECT_EQ(rehearsal.report.outcome, "failed") << sql;
    EXPECT_THAT(rehearsal.error->message, HasSubstr("was not touched")) << sql;
    EXPECT_THAT(rehearsal.error->where, HasSubstr("b")) << sql;
  }
}

TEST_F(RehearsalTest, AReferenceWithAValueForEveryRowDangles) {
  Fill();
  EXPECT_EQ(KindOf("ALTER TABLE users ADD COLUMN boss INT DEFAULT 9 REFERENCES users (id);"),
            "rehearsal.foreign_keys");
}

TEST_F(RehearsalTest, AStepAfterAGoodOneFailsBeforeEitherIsApplied) {
  Fill();
  const Rehearsal rehearsal =
      Try("CREATE TABLE fine (x); ALTER TABLE users ADD COLUMN c NOT NULL;");
  EXPECT_EQ(rehearsal.report.outcome, "failed");
}

TEST_F(RehearsalTest, ARebuildMayForgetATrigger) {
  Fill();
  const std::string rebuild =
      "CREATE TABLE users_new (id INTEGER PRIMARY KEY, name TEXT, email TEXT, age INT);"
      "INSERT INTO users_new SELECT id, name, email, age FROM users;"
      "DROP TABLE users; ALTER TABLE users_new RENAME TO users;";
  const Rehearsal rehearsal = Try(rebuild);
  ASSERT_TRUE(rehearsal.error);
  EXPECT_EQ(rehearsal.error->kind, "rehearsal.trigger_lost");
  EXPECT_THAT(rehearsal.error->message, HasSubstr("the trigger touched would go"));
  EXPECT_EQ(KindOf(rebuild + "CREATE TRIGGER touched AFTER UPDATE ON users BEGIN SELECT 1; END;"),
            "ok");
  EXPECT_EQ(KindOf("DROP TRIGGER touched;" + rebuild), "ok") << "it says so";
}

TEST_F(RehearsalTest, ARebuildMaySwapColumns) {
  Fill();
  const Rehearsal rehearsal =
      Try("DROP TRIGGER touched;"
          "CREATE TABLE users_new (id INTEGER PRIMARY KEY, email TEXT, name TEXT, age INT);"
          "INSERT INTO users_new SELECT id, name, email, age FROM users;"
          "DROP TABLE users; ALTER TABLE users_new RENAME TO users;");
  ASSERT_TRUE(rehearsal.error);
  EXPECT_EQ(rehearsal.error->kind, "rehearsal.values_moved");
  EXPECT_THAT(rehearsal.error->message, HasSubstr("users.email would hold what was in users.name"));
}

TEST_F(RehearsalTest, ARebuildMayLoseRowsOfItsChildren) {
  Fill();
  // Outside a transaction a migration can switch enforcement on itself.
  const std::string sql =
      "PRAGMA foreign_keys=ON;"
      "CREATE TABLE users_new (id INTEGER PRIMARY KEY, name TEXT, email TEXT, age INT);"
      "INSERT INTO users_new SELECT * FROM users; DROP TRIGGER touched;"
      "DROP TABLE users; ALTER TABLE users_new RENAME TO users;";
  SafeguardRequest request = Request(sql);
  Revision unsafe = MakeRevision("b", {"a"}, sql);
  unsafe.up.transaction = false;
  auto graph =
      std::make_shared<Graph>(std::vector<Revision>{MakeRevision("a", {}, first_), unsafe});
  request.graph = graph;
  request.plan = [graph](std::span<const RevisionId> rows) {
    return PlanUpgrade(*graph, rows, "head", Drafts::kStopBefore);
  };
  const Rehearsal rehearsal = RehearseOnCopy(request, ApplyObserver(), std::stop_token());
  ASSERT_TRUE(rehearsal.error);
  EXPECT_EQ(rehearsal.error->kind, "rehearsal.rows_lost");
  EXPECT_THAT(rehearsal.error->message, HasSubstr("orders would be left with 0 of its 3 rows"));
}

TEST_F(RehearsalTest, DanglingRowsOfBeforeDoNotCount) {
  Fill();
  {
    Connection connection(database_, OpenMode::kWrite);
    connection.Execute("INSERT INTO orders VALUES (4, 99, 1)");
  }
  EXPECT_EQ(KindOf("ALTER TABLE users ADD COLUMN c;"), "ok");
  EXPECT_EQ(KindOf("DELETE FROM users WHERE id = 2;"), "sql.foreign_keys");
}

TEST_F(RehearsalTest, TheSchemaMustBeWhatTheMigrationsSay) {
  Fill();
  {
    Connection connection(database_, OpenMode::kWrite);
    connection.Execute("CREATE TABLE notes (y)");
  }
  const Rehearsal rehearsal = Try("CREATE TABLE IF NOT EXISTS notes (x, z);");
  ASSERT_TRUE(rehearsal.error);
  EXPECT_EQ(rehearsal.error->kind, "rehearsal.schema");
  EXPECT_EQ(KindOf("CREATE TABLE other (x);"), "ok") << "how it differed before does not matter";
}

TEST_F(RehearsalTest, ColumnsThatBecomeOthersAreNotMoved) {
  Fill();
  EXPECT_EQ(KindOf("ALTER TABLE users DROP COLUMN email; ALTER TABLE users RENAME COLUMN name TO "
                   "email; ALTER TABLE users ADD COLUMN name;"),
            "ok");
}

class SafeguardTest : public RehearsalTest {
 protected:
  /// What happens when the plan is applied behind a safeguard.
  std::string ApplyWith(SafeguardRequest request) {
    guard_.emplace(request);
    ApplyRequest apply{.path = database_,
                       .version_table = kVersionTable,
                       .by = Somebody(),
                       .plan = request.plan,
                       .may_create = true,
                       .prepare = [this](const Plan& plan, Connection& live) {
                         guard_->Prepare(plan, live, ApplyObserver(), std::stop_token());
                       }};
    try {
      return Listed(CarryOut(apply).to);
    } catch (const Error& error) {
      return error.kind;
    }
  }
  std::size_t Backups() {
    return ListBackups(database_, {.directory = directory_.path() + "/backups"}).size();
  }
  std::optional<Safeguard> guard_;
};

TEST_F(SafeguardTest, ABackupAndARehearsalComeFirst) {
  Fill();
  EXPECT_EQ(ApplyWith(Request("DELETE FROM orders;")), "b");
  ASSERT_TRUE(guard_->backup());
  EXPECT_THAT(guard_->backup()->revisions, ElementsAre("a"));
  ASSERT_TRUE(guard_->rehearsal());
  EXPECT_EQ(guard_->rehearsal()->outcome, "ok");
  Connection kept(guard_->backup()->path, OpenMode::kRead);
  EXPECT_EQ(kept.QueryInteger("SELECT count(*) FROM orders"), 3);
}

TEST_F(SafeguardTest, WhatWouldGoWrongDoesNotBegin) {
  Fill();
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(ApplyWith(Request("ALTER TABLE users ADD COLUMN c NOT NULL;")), "sqlite.error");
  }
  EXPECT_EQ(Rows(database_), "a");
  EXPECT_EQ(Backups(), 1U) << "one content, however often it fails";
}

TEST_F(SafeguardTest, WhatTheRehearsalFindsCanBeAccepted) {
  Fill();
  const std::string rebuild =
      "CREATE TABLE n (id INTEGER PRIMARY KEY, name TEXT, email TEXT, age INT);"
      "INSERT INTO n SELECT * FROM users; DROP TABLE users; ALTER TABLE n RENAME TO users;";
  EXPECT_EQ(ApplyWith(Request(rebuild)), "rehearsal.trigger_lost");
  EXPECT_EQ(Rows(database_), "a");
  SafeguardRequest request = Request(rebuild);
  request.findings = Findings::kAccept;
  EXPECT_EQ(ApplyWith(std::move(request)), "b");
}

TEST_F(SafeguardTest, WhatOnlyAddsNeedsNeither) {
  Fill();
  EXPECT_EQ(ApplyWith(Request("CREATE TABLE t (x);")), "b");
  EXPECT_FALSE(guard_->backup());
  EXPECT_FALSE(guard_->rehearsal());
}

TEST_F(SafeguardTest, NorDoesADatabaseWithoutRows) {
  first_ = kFilled;
  EXPECT_EQ(ApplyWith(Request("DELETE FROM orders;")), "b");
  EXPECT_EQ(Backups(), 0U);
}

TEST_F(SafeguardTest, EitherCanBeSwitchedOff) {
  Fill();
  SafeguardRequest request = Request("UPDATE users SET age = 1;");
  request.policy.backup.keep = 0;
  request.policy.rehearse = RehearsePolicy::kNever;
  EXPECT_EQ(ApplyWith(std::move(request)), "b");
  EXPECT_EQ(Backups(), 0U);
  EXPECT_FALSE(guard_->rehearsal());
}

/// A plan whose steps have no SQL and are carried out by somebody else, as Alembic does.
class ByOthersTest : public RehearsalTest {
 protected:
  using Steps = std::function<void(const std::string& path, const ApplyObserver& observer)>;
  using MakePlan = std::function<Plan(const Graph& graph, std::span<const RevisionId> rows)>;

  std::vector<std::string> Problems(const std::string& sql, Losses losses = Losses::kUnknown) {
    if (!StatFile(database_)) Fill();
    return ProblemsOfFilled(sql, losses);
  }

  std::vector<std::string> ProblemsOfFilled(const std::string& sql,
                                            Losses losses = Losses::kUnknown) {
    return ProblemsOfFilled(
        [&](const std::string& path, const ApplyObserver&) {
          Connection(path, OpenMode::kWrite).Execute(sql);
        },
        {}, losses);
  }

  std::vector<std::string> ProblemsOfFilled(const Steps& run, const MakePlan& plan,
                                            Losses losses = Losses::kUnknown) {
    SafeguardRequest request = Request("");
    request.graph = nullptr;
    request.losses = losses;
    if (plan) {
      request.plan = [&, graph = graph_](std::span<const RevisionId> rows) {
        return plan(*graph, rows);
      };
    }
    request.carry_out = [&](const std::string& path, const ApplyObserver& observer,
                            const std::stop_token&) {
      EXPECT_NE(path, database_);
      run(path, observer);
      return ApplyResult();
    };
    std::vector<std::string> messages;
    const Rehearsal rehearsal = RehearseOnCopy(request, ApplyObserver(), std::stop_token());
    for (const RehearsalProblem& each : rehearsal.report.problems) messages.push_back(each.message);
    EXPECT_EQ(rehearsal.error.has_value(), !messages.empty());
    return messages;
  }
};

TEST_F(ByOthersTest, WhatNobodyAnnouncesIsAProblem) {
  EXPECT_THAT(Problems("ALTER TABLE users ADD COLUMN note TEXT; CREATE TABLE t (x)"), IsEmpty());
}

TEST_F(ByOthersTest, TablesColumnsAndRowsThatGoAreNamed) {
  EXPECT_THAT(
      Problems("PRAGMA foreign_keys = OFF; DROP TABLE orders; ALTER TABLE users DROP COLUMN "
               "age; DELETE FROM users WHERE id = 2"),
      ::testing::UnorderedElementsAre(
          "orders would be gone with its 3 rows",
          "the column users.age would be gone with what 2 rows have in it",
          "users would be left with 1 of its 2 rows, though nothing says so"));
}

TEST_F(ByOthersTest, LossesCanBeWanted) {
  EXPECT_THAT(
      Problems("PRAGMA foreign_keys = OFF; DROP TABLE orders; DELETE FROM users", Losses::kWanted),
      IsEmpty());
}

TEST_F(ByOthersTest, OnAWayDownOnlyWhatGoesWithItsTableOrColumnIsWanted) {
  EXPECT_THAT(Problems("PRAGMA foreign_keys = OFF; DROP TABLE orders; "
                       "ALTER TABLE users DROP COLUMN age",
                       Losses::kWayDown),
              IsEmpty());
  EXPECT_THAT(
      Problems("PRAGMA foreign_keys = ON; DELETE FROM users WHERE id = 1", Losses::kWayDown),
      ElementsAre("orders would be left with 1 of its 3 rows, though nothing says so",
                  "users would be left with 1 of its 2 rows, though nothing says so"));
}

TEST_F(ByOthersTest, AColumnWithoutValuesHasNothingToLose) {
  Fill("CREATE TABLE t (id INTEGER PRIMARY KEY, empty TEXT, half TEXT);" + std::string(kFilled));
  Connection(database_, OpenMode::kWrite)
      .Execute("INSERT INTO t VALUES (1, NULL, 'x'), (2, NULL, NULL)");
  EXPECT_THAT(ProblemsOfFilled("ALTER TABLE t DROP COLUMN empty; ALTER TABLE t DROP COLUMN half"),
              ElementsAre("the column t.half would be gone with what 1 row has in it"));
}

/// A plan that takes "b" down and brings it up again.
class ThereAndBackTest : public ByOthersTest {
 protected:
  /// `made` is done by "b", so it is there with its rows before the plan begins.
  std::vector<std::string> Problems(const std::string& made, const std::string& down,
                                    const std::string& up) {
    Fill();
    Connection(database_, OpenMode::kWrite).Execute(made);
    const Steps run = [=](const std::string& path, const ApplyObserver& observer) {
      AppliedStep step;
      step.revision = "b";
      step.direction = Direction::kDown;
      Connection(path, OpenMode::kWrite).Execute(down);
      observer.on_applied(step);
      step.direction = Direction::kUp;
      Connection(path, OpenMode::kWrite).Execute(up);
      observer.on_applied(step);
    };
    return ProblemsOfFilled(run, [](const Graph& graph, std::span<const RevisionId> rows) {
      Plan plan = PlanUpgrade(graph, rows, "head", Drafts::kStopBefore);
      Step down_step = plan.steps.front();
      down_step.direction = Direction::kDown;
      plan.steps.insert(plan.steps.begin(), down_step);
      return plan;
    });
  }
};

constexpr const char* kNickname = "ALTER TABLE users ADD COLUMN nickname TEXT;";

TEST_F(ThereAndBackTest, ATableMadeAnewHasLostItsRows) {
  const std::string made = "CREATE TABLE notes (id INTEGER PRIMARY KEY, t TEXT);";
  const std::string rows = "INSERT INTO notes VALUES (1, 'x'), (2, 'y');";
  EXPECT_THAT(Problems(made + rows, "DROP TABLE notes", made),
              ElementsAre("notes would be gone with its 2 rows"));
}

TEST_F(ThereAndBackTest, WhatTheWayUpFillsWithTheSameIsBack) {
  const std::string made = "CREATE TABLE notes (id INTEGER PRIMARY KEY, t TEXT);";
  const std::string rows = "INSERT INTO notes VALUES (1, 'x'), (2, 'y');";
  EXPECT_THAT(Problems(made + rows, "DROP TABLE notes", made + rows), IsEmpty());
}

TEST_F(ThereAndBackTest, OtherRowsAreNotTheSame) {
  const std::string made = "CREATE TABLE notes (id INTEGER PRIMARY KEY, t TEXT);";
  EXPECT_THAT(Problems(made + "INSERT INTO notes VALUES (1, 'mine')", "DROP TABLE notes",
                       made + "INSERT INTO notes VALUES (1, 'theirs')"),
              ElementsAre("notes would be gone with its 1 row"));
}

TEST_F(ThereAndBackTest, AColumnMadeAnewIsNotOneThatHoldsAnothersNothing) {
  const std::string made = "ALTER TABLE users ADD COLUMN bio TEXT;";
  EXPECT_THAT(Problems(kNickname + made + "UPDATE users SET bio = 'me ' || id",
                       "ALTER TABLE users DROP COLUMN bio", made),
              ElementsAre("the column users.bio would be gone with what 2 rows have in it"));
}

TEST_F(ThereAndBackTest, ATableThatIsRenamedAndBackLosesNothing) {
  EXPECT_THAT(Problems("CREATE TABLE t (a); INSERT INTO t VALUES (1)", "ALTER TABLE t RENAME TO u",
                       "ALTER TABLE u RENAME TO t"),
              IsEmpty());
}

TEST_F(ThereAndBackTest, RowsThatACascadeTakesOnTheWayDownAreLost) {
  EXPECT_THAT(Problems("", "PRAGMA foreign_keys = ON; DELETE FROM users WHERE id = 1",
                       "INSERT INTO users VALUES (1, 'ann', 'a@x', 30)"),
              ElementsAre("orders would be left with 1 of its 3 rows, though nothing says so"));
}

// A value that every row has is no sign by which a column can be known again.
TEST_F(RehearsalTest, AColumnOfOneValueIsNotFoundInAnother) {
  Fill();
  EXPECT_EQ(KindOf("UPDATE users SET email = NULL; CREATE TABLE n (id INTEGER PRIMARY KEY, name "
                   "TEXT, email TEXT, age INT); INSERT INTO n SELECT id, NULL, email, age FROM "
                   "users; DROP TABLE users; ALTER TABLE n RENAME TO users; CREATE TRIGGER touched "
                   "AFTER UPDATE ON users BEGIN SELECT 1; END;"),
            "ok");
}

TEST_F(ByOthersTest, ATriggerThatGoesWithARebuildIsFoundAllTheSame) {
  EXPECT_THAT(Problems("PRAGMA foreign_keys = OFF; DROP TRIGGER touched", Losses::kWanted),
              ElementsAre(HasSubstr("the trigger touched")));
}

TEST(OnlyAddsTest, GoesByTheWords) {
  EXPECT_TRUE(OnlyAdds(""));
  EXPECT_TRUE(OnlyAdds("CREATE TABLE t (x DEFAULT ';'); -- drop\nCREATE INDEX i ON t (x);"));
  EXPECT_TRUE(OnlyAdds("CREATE VIEW v AS SELECT 1"));
  EXPECT_FALSE(OnlyAdds("CREATE UNIQUE INDEX i ON t (x)"));
  EXPECT_FALSE(OnlyAdds("CREATE TABLE IF NOT EXISTS t (x)"));
  EXPECT_FALSE(OnlyAdds("CREATE TABLE t AS SELECT 1"));
  EXPECT_FALSE(OnlyAdds("CREATE TABLE t (x); INSERT INTO t VALUES (1)"));
  EXPECT_FALSE(OnlyAdds("ALTER TABLE t ADD COLUMN c"));
  EXPECT_FALSE(OnlyAdds("DROP TABLE t"));
}

}  // namespace
}  // namespace drover::migrations
