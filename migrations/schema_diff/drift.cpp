#include "migrations/schema_diff/drift.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>
#include <utility>

#include "base/error.h"
#include "base/posix.h"
#include "base/text.h"
#include "migrations/inspect.h"
#include "migrations/schema_diff/carry_out.h"
#include "migrations/schema_diff/proof.h"

namespace drover::migrations {
namespace {

/// The plan is made on copies in memory, of which there are up to three at a time.
constexpr std::uint64_t kLargestHealed = std::uint64_t{512} << 20U;

/// How the tools name the table of a rebuild in progress, as their sources have it; the first that
/// fits counts.
struct RebuildMark {
  std::string_view prefix;
  std::string_view suffix;
  std::string_view tool;
};
constexpr std::array kRebuildMarks{RebuildMark{"__drover_new_", "", "drover"},
                                   RebuildMark{"_alembic_tmp_", "", "alembic"},
                                   RebuildMark{"__new_", "", "drizzle-kit"},
                                   RebuildMark{"new__", "", "django"},
                                   RebuildMark{"new_", "", "prisma"},
                                   RebuildMark{"", "__old", "a migration"},
                                   RebuildMark{"", "_old", "a migration"},
                                   RebuildMark{"", "_new", "a migration"},
                                   RebuildMark{"", "_backup", "a migration"},
                                   RebuildMark{"tmp_", "", "a migration"},
                                   RebuildMark{"", "_migration_new", "a migration"}};

bool SharesColumn(const SchemaObject& one, const SchemaObject& two) {
  return one.facts && two.facts &&
         std::ranges::any_of(one.facts->columns, [&](const ColumnFacts& column) {
           return two.facts->Find(column.name) != nullptr;
         });
}

/// Makes the ignored objects of `to` those of `from`: missing where they are missing there.
void TakeIgnored(Connection& to, const SchemaImage& from, const HealRequest& request) {
  const SchemaImage here = SchemaReader(request.version_table).Read(to);
  for (const std::string_view type : {"trigger", "view", "index", "table"}) {
    for (const auto& object : here.objects) {
      if (object->type != type || !IsIgnored(*object, request.ignore)) continue;
      to.Execute(Concat("DROP ", type, " IF EXISTS main.", QuoteIdentifier(object->name)));
    }
  }
  for (const std::string_view type : {"table", "index", "view", "trigger"}) {
    for (const auto& object : from.objects) {
      if (object->type == type && IsIgnored(*object, request.ignore)) to.Execute(object->sql);
    }
  }
}

void CheckFitsInMemory(const std::string& path) {
  const auto status = StatFile(path);
  if (!status || status->size <= kLargestHealed) return;
  throw Error(Code::kRefused, "drift.too_large",
              Concat(path, " is larger than ", kLargestHealed >> 20U,
                     " MiB: its repair cannot be tried out in memory"),
              "write a migration by hand: drover revision -m \"…\"");
}

std::string Differences(const SchemaImage& before, const SchemaImage& after) {
  std::vector<std::string> lines;
  for (const SchemaChange& change : ListChanges(before, after)) {
    lines.push_back(SummaryLine(change));
  }
  return Join(lines, "; ");
}

void Rehearse(HealPlan& heal, Connection& copy, const std::string& version_table) {
  const bool sound = FindDamage(copy).empty();
  try {
    CarryOut(copy, heal.plan.sql, heal.plan.renames);
  } catch (const Error& error) {
    heal.problems.push_back(Concat("on a copy of the database: ", error.message));
    return;
  }
  if (SchemaReader(version_table).Read(copy) != heal.to) {
    heal.problems.emplace_back("on a copy of the database the result was another schema");
  }
  if (sound && !FindDamage(copy).empty()) {
    heal.problems.push_back(Concat("on a copy of the database: ", Join(FindDamage(copy), "; ")));
  }
}

}  // namespace

bool IsIgnored(const SchemaObject& object, std::span<const std::string> patterns) {
  return std::ranges::any_of(patterns, [&](const std::string& pattern) {
    const std::string lower = ToLower(pattern);
    return MatchesGlob(lower, ToLower(object.name)) || MatchesGlob(lower, ToLower(object.table));
  });
}

SchemaImage WithoutIgnored(const SchemaImage& image, std::span<const std::string> patterns) {
  SchemaImage kept;
  std::ranges::copy_if(image.objects, std::back_inserter(kept.objects),
                       [&](const auto& object) { return !IsIgnored(*object, patterns); });
  return kept;
}

std::vector<Leftover> FindLeftovers(const SchemaImage& expected, const SchemaImage& live) {
  std::vector<Leftover> found;
  for (const auto& object : live.objects) {
    if (!object->facts || expected.Find("table", object->name) != nullptr) continue;
    const std::string name = ToLower(object->name);
    for (const RebuildMark& mark : kRebuildMarks) {
      if (name.size() <= mark.prefix.size() + mark.suffix.size() ||
          !name.starts_with(mark.prefix) || !name.ends_with(mark.suffix)) {
        continue;
      }
      const std::string base =
          name.substr(mark.prefix.size(), name.size() - mark.prefix.size() - mark.suffix.size());
      const SchemaObject* of = expected.Find("table", base);
      if (of == nullptr || !SharesColumn(*of, *object)) continue;
      found.push_back({.table = object->name,
                       .of = of->name,
                       .tool = std::string(mark.tool),
                       .alone = live.Find("table", base) == nullptr});
      break;
    }
  }
  return found;
}

HealPlan PlanHeal(const HealRequest& request) {
  HealPlan heal;
  CheckFitsInMemory(request.path);
  Connection copy = InspectCopy(request.path);
  RegisterStubs(copy, request.stubs);
  heal.from = SchemaReader(request.version_table).Read(copy);
  TakeIgnored(request.expected, heal.from, request);
  const DesiredSchema desired =
      SchemaOfDatabase(request.expected, request.version_table, request.stubs);
  heal.to = desired.image;
  const SchemaPlanRequest wanted{.current = copy,
                                 .desired = desired,
                                 .rows = RowKnowledge::kKnown,
                                 .version_table = request.version_table,
                                 .stubs = request.stubs};
  heal.plan = PlanSchemaChange(wanted);
  if (heal.plan.outcome != SchemaPlanOutcome::kOk) return heal;
  for (const ProofProblem& problem : ProveSchemaChange(wanted, heal.plan, {}).problems) {
    heal.problems.push_back(Concat(problem.property, ": ", problem.message));
  }
  Rehearse(heal, copy, request.version_table);
  return heal;
}

void Heal(const std::string& path, const HealPlan& plan, const std::string& version_table,
          const Stubs& stubs) {
  Connection database(path, OpenMode::kWrite);
  RegisterStubs(database, stubs);
  SchemaReader reader(version_table);
  CarryOut(database, plan.plan.sql, plan.plan.renames,
           {.before =
                [&](Connection& now) {
                  if (reader.Read(now) == plan.from) return;
                  throw Error(Code::kConflict, "drift.changed",
                              Concat(path, ": the schema has changed since the plan was made"),
                              "drover drift --fix --dry-run");
                },
            .after =
                [&](Connection& now) {
                  const SchemaImage result = reader.Read(now);
                  if (result == plan.to) return;
                  throw Error(Code::kInternal, "schema.plan",
                              Concat("the script did not lead to the expected schema: ",
                                     Differences(result, plan.to)),
                              "please report this with both schemas");
                }});
}

AutogenerateDocument GenerateAdoption(const HealRequest& request) {
  Connection wanted = InspectSchemaCopy(request.path, request.stubs);
  TakeIgnored(wanted, SchemaReader(request.version_table).Read(request.expected), request);
  const DesiredSchema desired = SchemaOfDatabase(wanted, request.version_table, request.stubs);
  return GenerateMigration({.current = request.expected,
                            .desired = desired,
                            .version_table = request.version_table,
                            .stubs = request.stubs});
}

}  // namespace drover::migrations
