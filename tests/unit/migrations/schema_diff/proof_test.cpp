#include "migrations/schema_diff/proof.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "migrations/schema_diff/synthetic.h"

namespace drover::migrations {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// Plans a change, spoils the plan and looks at what the proof says.
class SchemaProofTest : public testing::Test {
 protected:
  SchemaProofTest() {
    current_.Execute("CREATE TABLE t (id INTEGER PRIMARY KEY, a INT, b TEXT)");
    desired_ = LoadDesiredSchema(
        {.sql = "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT);", .file = "schema.sql"});
    up_ = PlanSchemaChange(request_);
    down_ = PlanWayBack(request_, up_);
  }

  static void Spoil(std::string& sql, std::string_view what, std::string_view by) {
    const std::size_t at = sql.find(what);
    ASSERT_NE(at, std::string::npos) << sql;
    sql.replace(at, what.size(), by);
  }

  std::vector<std::string> Problems() {
    std::vector<std::string> properties;
    for (const ProofProblem& problem : ProveSchemaChange(request_, up_, down_).problems) {
      properties.push_back(problem.property);
    }
    return properties;
  }

  Connection current_{"", OpenMode::kMemory};
  DesiredSchema desired_;
  SchemaPlanRequest request_{.current = current_, .desired = desired_};
  SchemaPlan up_;
  SchemaDownPlan down_;
};

TEST_F(SchemaProofTest, AGoodPlanIsProven) { EXPECT_THAT(Problems(), IsEmpty()); }

TEST_F(SchemaProofTest, AnotherSchemaIsP1AndP2) {
  Spoil(up_.sql, "a TEXT, b TEXT", "a TEXT, b INT");
  EXPECT_THAT(Problems(), testing::IsSupersetOf({"P1", "P2"}));
}

TEST_F(SchemaProofTest, ALostValueIsP4) {
  Spoil(up_.sql, "SELECT id, a, b", "SELECT id, a, NULL");
  EXPECT_THAT(Problems(), ElementsAre("P4"));
}

TEST_F(SchemaProofTest, AnotherRowidIsP4) {
  Spoil(up_.sql, "SELECT id, a, b", "SELECT id + 1, a, b");
  EXPECT_THAT(Problems(), ElementsAre("P4"));
}

TEST_F(SchemaProofTest, AWrongWayBackIsP3) {
  Spoil(down_.plan.sql, "a INT", "a REAL");
  EXPECT_THAT(Problems(), ElementsAre("P3"));
}

TEST_F(SchemaProofTest, AScriptThatFailsIsP1) {
  up_.sql += "SELECT * FROM nosuch;\n";
  EXPECT_THAT(Problems(), ElementsAre("P1"));
}

TEST(FillTablesTest, RowsObeyChecksAndForeignKeys) {
  Connection database("", OpenMode::kMemory);
  database.Execute(
      "CREATE TABLE c (id INTEGER PRIMARY KEY AUTOINCREMENT, p INT NOT NULL REFERENCES p(id),"
      " status TEXT NOT NULL CHECK (status IN ('open', 'held')), n INT CHECK (n > 99));"
      "CREATE TABLE p (id INTEGER PRIMARY KEY);"
      "CREATE TABLE never (a INT NOT NULL CHECK (a < 0 AND a > 0));"
      "CREATE TRIGGER r AFTER INSERT ON p BEGIN DELETE FROM p; END");
  const SchemaImage image = SchemaReader("v").Read(database);
  EXPECT_THAT(FillTables(database, image, CheckRule::kObey), ElementsAre("never"));
  EXPECT_GE(database.QueryInteger("SELECT count(*) FROM c"), 3);
  EXPECT_EQ(database.QueryInteger("SELECT count(*) FROM pragma_foreign_key_check"), 0);
  EXPECT_EQ(database.QueryInteger("SELECT seq - max(c.id) FROM sqlite_sequence, c"), 100);
  EXPECT_THAT(FillTables(database, image, CheckRule::kIgnoreAtLast), ElementsAre("never"));
  EXPECT_GT(database.QueryInteger("SELECT count(*) FROM never"), 0);
}

}  // namespace
}  // namespace drover::migrations
