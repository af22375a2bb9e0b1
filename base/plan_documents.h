// What is going to be done to a database, and what came of it. base/documents.h says how documents
// are made.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/safety_documents.h"
#include "base/stray_documents.h"

namespace drover {

/// What a step would destroy: "drop table users", "drop column users.age".
struct Destruction {
  std::string kind;  // the JSON key is "class"
  std::string object;
  static constexpr void Fields(auto&& field) {
    field("class", &Destruction::kind);
    field("object", &Destruction::object);
  }
  bool operator==(const Destruction&) const = default;
};

struct PlanStep {
  std::string revision;
  std::string direction;  // up | down
  std::string file;       // relative to the project root when below it
  std::string message;
  std::optional<bool> transaction;  // null: not drover but Alembic carries it out
  bool archived = false;            // the SQL is that of the database's history, not of the file
  std::vector<Destruction> destructive;
  std::optional<std::string> output;  // of Alembic, once carried out
  static constexpr void Fields(auto&& field) {
    field("revision", &PlanStep::revision);
    field("direction", &PlanStep::direction);
    field("file", &PlanStep::file);
    field("message", &PlanStep::message);
    field("transaction", &PlanStep::transaction);
    field("archived", &PlanStep::archived);
    field("destructive", &PlanStep::destructive);
    field("output", &PlanStep::output);
  }
};

/// A database's schema beside the one that its migrations make.
struct SchemaCheck {
  std::optional<bool> verified;  // null: could not be compared, see `reason`
  std::vector<SchemaDifference> differences;
  std::optional<std::string> reason;
  static constexpr void Fields(auto&& field) {
    field("verified", &SchemaCheck::verified);
    field("differences", &SchemaCheck::differences);
    field("reason", &SchemaCheck::reason);
  }
};

/// A plan, or, when `applied` is set, the result of carrying one out.
struct PlanDocument {
  int v = 1;
  std::string environment;
  std::vector<std::string> same_as;
  std::string path;
  std::vector<std::string> from;
  std::vector<std::string> to;
  std::vector<PlanStep> steps;
  std::vector<std::string> warnings;
  std::optional<std::string> sql;
  std::optional<std::int64_t> applied;
  std::optional<std::int64_t> duration_ms;
  std::optional<SchemaCheck> schema;  // stamp only
  std::optional<BackupEntry> backup;  // taken before the plan was carried out
  std::optional<RehearsalReport> rehearsal;

  static constexpr void Fields(auto&& field) {
    field("v", &PlanDocument::v);
    field("environment", &PlanDocument::environment);
    field("same_as", &PlanDocument::same_as);
    field("path", &PlanDocument::path);
    field("from", &PlanDocument::from);
    field("to", &PlanDocument::to);
    field("steps", &PlanDocument::steps);
    field("warnings", &PlanDocument::warnings);
    field("sql", &PlanDocument::sql);
    field("applied", &PlanDocument::applied);
    field("duration_ms", &PlanDocument::duration_ms);
    field("schema", &PlanDocument::schema);
    field("backup", &PlanDocument::backup);
    field("rehearsal", &PlanDocument::rehearsal);
  }
};

}  // namespace drover
