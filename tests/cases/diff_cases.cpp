// Schema changes on real databases (format: the head of diff_cases.yaml). For each case `current`
// is built and seeded, the way to `desired` is planned from the rows at hand, and then really
// carried out in a session with foreign keys on. Compared are the outcome; the rebuilt tables and
// the destructive steps, as sets; the schema afterwards; the rows before and after, by the columns
// that both sides have; the queries of `after`; and the schema after the way back. A script that
// must fail must leave every byte of content as it was.
#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/posix.h"
#include "base/text.h"
#include "environments/files.h"
#include "environments/yaml.h"
#include "migrations/schema_diff/carry_out.h"
#include "migrations/schema_diff/desired.h"
#include "migrations/schema_diff/proof.h"
#include "migrations/schema_diff/row_check.h"
#include "migrations/schema_diff/schema_plan.h"
#include "migrations/sqlite.h"
#include "tests/cases/case_runner.h"

namespace drover::cases {
namespace {

using environments::YamlNode;
using migrations::Connection;
using migrations::OpenMode;
using migrations::SchemaImage;
using migrations::SchemaPlan;

constexpr std::string_view kVersionTable = "alembic_version";

std::string Field(const YamlNode& node, std::string_view key) {
  const YamlNode* value = node.Find(key);
  return value == nullptr ? std::string() : value->scalar;
}

std::set<std::string> Listed(const YamlNode* list) {
  std::set<std::string> all;
  if (list == nullptr) return all;
  for (const YamlNode& item : list->items) all.insert(item.scalar);
  return all;
}

SchemaImage ImageOf(Connection& database) {
  return migrations::SchemaReader(kVersionTable).Read(database);
}

/// "integer 5", "null": a value with its type, as an expected and as a real one.
std::string Expected(const YamlNode& node) {
  if (node.kind == YamlNode::Kind::kNull) return "null";
  if (node.style == YamlNode::Style::kQuoted) return Concat("text ", node.scalar);
  if (ParseInteger(node.scalar)) return Concat("integer ", node.scalar);
  const bool number =
      !node.scalar.empty() && node.scalar.find_first_not_of("0123456789.+-eE") == std::string::npos;
  return Concat(number ? "real " : "text ", node.scalar);
}

std::vector<std::vector<std::string>> Rows(Connection& database, const std::string& query) {
  std::vector<std::vector<std::string>> rows;
  migrations::Statement statement = database.Prepare(query);
  while (statement.Step()) {
    std::vector<std::string>& row = rows.emplace_back();
    for (int i = 0; i < statement.ColumnCount(); ++i) {
      const std::string type(statement.TypeName(i));
      row.push_back(type == "null" ? type : Concat(type, " ", statement.Text(i)));
    }
  }
  return rows;
}

/// What `expect.rows` says about the rows.
struct RowRule {
  explicit RowRule(const std::string& text) {
    const std::vector<std::string> words = SplitList(text, ' ');
    if (!words.empty()) rule = words.front();
    if (words.size() > 1) except = ToLower(words[1]);
  }
  std::string rule;    // preserved | converted | backfilled | derived | changed | lost | …_except
  std::string except;  // a table
};

class DiffCase {
 public:
  explicit DiffCase(const YamlNode& test)
      : test_(test), expect_(*test.Find("expect")), current_("", OpenMode::kMemory) {
    result_ = {.id = Field(test, "id"), .pass = true, .got = Json::object()};
    current_.Execute(Field(test, "current"));
    current_.Execute(Field(test, "seed"));
    if (const YamlNode* backfill = test.Find("backfill")) {
      for (const auto& entry : backfill->entries) backfills_[entry.key] = entry.value.scalar;
    }
  }

  CaseResult Run() {
    const std::string outcome = Outcome();
    result_.got["outcome"] = outcome;
    Check(outcome == Field(expect_, "outcome"), "outcome");
    return std::move(result_);
  }

 private:
  void Check(bool fine, std::string_view what) {
    if (fine) return;
    result_.pass = false;
    result_.got["wrong"].push_back(what);
  }

  std::string Outcome() {
    std::optional<migrations::DesiredSchema> desired;
    try {
      desired.emplace(migrations::LoadDesiredSchema({.sql = Field(test_, "desired"),
                                                     .file = "schema.sql",
                                                     .version_table = std::string(kVersionTable),
                                                     .stubs = {}}));
    } catch (const Error& error) {
      if (error.code != Code::kInvalid && error.code != Code::kRefused) throw;
      result_.got["message"] = Concat(error.where, ": ", error.message);
      return "invalid_desired";
    }
    const migrations::SchemaPlanRequest request{.current = current_,
                                                .desired = *desired,
                                                .rows = migrations::RowKnowledge::kKnown,
                                                .backfills = backfills_};
    const SchemaPlan plan = migrations::PlanSchemaChange(request);
    Describe(plan);
    Check(migrations::PlanSchemaChange(request).sql == plan.sql, "the same bytes again");
    switch (plan.outcome) {
      case migrations::SchemaPlanOutcome::kNoop:
        Check(plan.sql.empty(), "an empty plan");
        break;
      case migrations::SchemaPlanOutcome::kBlocked:
        Check(plan.sql.empty() && !plan.blockers.front().ways.empty(), "ways out");
        break;
      case migrations::SchemaPlanOutcome::kDataError:
        CompareLists(plan);
        MustFail(plan);
        break;
      case migrations::SchemaPlanOutcome::kOk:
        CompareLists(plan);
        CarryOutAndCompare(request, plan);
        break;
    }
    return std::string(migrations::OutcomeName(plan.outcome));
  }

  void Describe(const SchemaPlan& plan) {
    Json& got = result_.got;
    got["rebuild"] = plan.rebuilt;
    got["destructive"] = Json::array();
    for (const Destruction& one : plan.destructive) {
      got["destructive"].push_back(Concat(one.kind, " ", one.object));
    }
    if (!plan.sql.empty()) got["up"] = plan.sql;
    for (const auto& blocker : plan.blockers) {
      got["blockers"].push_back(Concat(blocker.object, " ", blocker.message));
    }
    if (!plan.data_errors.empty()) got["message"] = plan.data_errors.front();
  }

  void CompareLists(const SchemaPlan& plan) {
    const std::set<std::string> rebuilt(plan.rebuilt.begin(), plan.rebuilt.end());
    Check(rebuilt == Listed(expect_.Find("rebuild")), "rebuild");
    std::set<std::string> destructive;
    for (const Destruction& one : plan.destructive) {
      destructive.insert(Concat(one.kind, " ", one.object));
    }
    Check(destructive == Listed(expect_.Find("destructive")), "destructive");
  }

  /// A copy of the seeded database in which foreign keys are enforced, as an application has it.
  Connection Session() {
    Connection session("", OpenMode::kMemory);
    session.CopyFrom(current_);
    session.Execute("PRAGMA foreign_keys=ON");
    return session;
  }

  void MustFail(const SchemaPlan& plan) {
    Connection session = Session();
    const std::string before = migrations::ContentDigest(session);
    try {
      migrations::CarryOut(session, plan.sql, plan.renames);
      Check(false, "the script should have failed");
    } catch (const Error& error) {
      result_.got["failure"] = error.message;
    }
    Check(migrations::ContentDigest(session) == before, "the database is untouched");
  }

  void CarryOutAndCompare(const migrations::SchemaPlanRequest& request, const SchemaPlan& plan) {
    Connection session = Session();
    migrations::CarryOut(session, plan.sql, plan.renames);
    Check(session.QueryInteger("PRAGMA foreign_keys") == 1, "foreign keys are on again");
    Check(ImageOf(session) == request.desired.image, "the schema afterwards");
    Check(migrations::FindDamage(session).empty(), "integrity");
    for (const std::string& table :
         migrations::FindChangedRows(current_, session, ExpectedRows(request, plan))) {
      Check(false, Concat("rows of ", table));
    }
    if (const YamlNode* after = expect_.Find("after")) {
      for (const YamlNode& question : after->items) After(session, question);
    }
    Down(request, plan, session);
  }

  /// What `expect.rows` allows to be otherwise.
  migrations::RowExpectation ExpectedRows(const migrations::SchemaPlanRequest& request,
                                          const SchemaPlan& plan) {
    const RowRule rule(Field(expect_, "rows"));
    migrations::RowExpectation expected{.renames = plan.renames,
                                        .columns = {},
                                        .tables = {rule.except},
                                        .version_table = std::string(kVersionTable)};
    for (const auto& [name, expression] : backfills_) expected.columns.insert(ToLower(name));
    const SchemaImage before = ImageOf(current_);
    for (const auto& object : request.desired.image.objects) {
      if (!object->facts) continue;
      const auto* old = before.Find("table", plan.renames.OldTable(object->name));
      if (old == nullptr || !old->facts) continue;
      for (const auto& column : object->facts->columns) {
        const auto* was = old->facts->Find(plan.renames.OldColumn(object->name, column.name));
        const bool converted =
            rule.rule == "converted" && was != nullptr && was->type != column.type;
        if (converted || rule.rule == "changed") {
          expected.columns.insert(ToLower(Concat(object->name, ".", column.name)));
        }
      }
    }
    return expected;
  }

  void After(Connection& session, const YamlNode& question) {
    std::vector<std::vector<std::string>> expected;
    for (const YamlNode& row : question.items.at(1).items) {
      std::vector<std::string>& values = expected.emplace_back();
      for (const YamlNode& value : row.items) values.push_back(Expected(value));
    }
    const std::string& query = question.items.at(0).scalar;
    const auto rows = Rows(session, query);
    if (rows == expected) return;
    Check(false, Concat("after: ", query));
    result_.got["after"].push_back(rows);
  }

  void Down(const migrations::SchemaPlanRequest& request, const SchemaPlan& plan,
            Connection& session) {
    const std::string expected = Field(expect_, "down");
    const migrations::SchemaDownPlan down = migrations::PlanWayBack(request, plan);
    result_.got["down"] = down.plan.sql;
    for (const auto& problem : migrations::ProveSchemaChange(request, plan, down).problems) {
      Check(false, Concat(problem.property, ": ", problem.message));
    }
    Check(down.not_restored == plan.destructive, "what does not come back");
    if (expected == "blocked") {
      Check(down.plan.outcome == migrations::SchemaPlanOutcome::kBlocked, "down is blocked");
      return;
    }
    Check(down.plan.outcome == migrations::SchemaPlanOutcome::kOk, "down");
    if (down.plan.outcome != migrations::SchemaPlanOutcome::kOk) return;
    migrations::CarryOut(session, down.plan.sql, down.plan.renames);
    Check(ImageOf(session) == ImageOf(current_), "the schema after the way back");
  }

  const YamlNode& test_;
  const YamlNode& expect_;
  Connection current_;
  migrations::Backfills backfills_;
  CaseResult result_;
};

}  // namespace

std::vector<CaseResult> RunDiffCases(const std::string& file) {
  const std::string path = AbsolutePath(file, CurrentDirectory());
  const YamlNode root =
      environments::ParseYaml(ReadFile(path, environments::kMaxYamlBytes), path, "cases");
  const YamlNode* cases = root.Find("cases");
  if (cases == nullptr || cases->kind != YamlNode::Kind::kSequence) {
    throw Error(Code::kInvalid, "cases.format", Concat(file, " has no list called \"cases\""));
  }
  std::vector<CaseResult> results;
  for (const YamlNode& test : cases->items) {
    // One bad case is a failed case.
    try {
      if (test.Find("expect") == nullptr) {
        throw Error(Code::kInvalid, "cases.format", "a case without \"expect\"");
      }
      results.push_back(DiffCase(test).Run());
    } catch (const Error& error) {
      results.push_back(
          {.id = Field(test, "id"), .pass = false, .got = {{"thrown", error.message}}});
    }
  }
  return results;
}

}  // namespace drover::cases
