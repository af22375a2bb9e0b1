// The documents of `drover init` and `drover exec`. Part of documents.h, whose rules hold here too.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error_documents.h"
#include "base/schema_documents.h"
#include "base/stray_documents.h"

namespace drover {

/// A variable that a command is started with.
struct ExecVariable {
  std::string name;
  std::string value;
  std::string from;  // why it is set: "the url of dev", "drover"
  static constexpr void Fields(auto&& field) {
    field("name", &ExecVariable::name);
    field("value", &ExecVariable::value);
    field("from", &ExecVariable::from);
  }
  bool operator==(const ExecVariable&) const = default;
};

/// The answer of `exec`: what a command is told so that it uses one environment's database.
struct ExecDocument {
  int v = 1;
  std::string environment;
  std::string root;  // of the project: where the command is started
  std::string path;  // of the database
  bool exists = false;
  std::string url;  // with an absolute path, as the environment's dialect has it
  std::vector<ExecVariable> variables;
  static constexpr void Fields(auto&& field) {
    field("v", &ExecDocument::v);
    field("environment", &ExecDocument::environment);
    field("root", &ExecDocument::root);
    field("path", &ExecDocument::path);
    field("exists", &ExecDocument::exists);
    field("url", &ExecDocument::url);
    field("variables", &ExecDocument::variables);
  }
};

/// The request that `droverd --survey` reads from stdin.
struct SurveyRequest {
  std::string directory;  // absolute: where the project is looked for
  bool here = false;      // it is the root, whatever lies above it
  static constexpr void Fields(auto&& field) {
    field("directory", &SurveyRequest::directory);
    field("here", &SurveyRequest::here);
  }
};

/// A thing that was recognised in a project.
struct SurveyFact {
  std::string kind;   // alembic | env | compose | code | settings | database
  std::string where;  // "backend/alembic.ini:3", relative to the root
  std::string what;   // one line
  static constexpr void Fields(auto&& field) {
    field("kind", &SurveyFact::kind);
    field("where", &SurveyFact::where);
    field("what", &SurveyFact::what);
  }
  bool operator==(const SurveyFact&) const = default;
};

/// A folder of migrations.
struct SurveyMigrations {
  std::string format;     // native | alembic | dbmate | goose | golang-migrate | flyway | django |
                          // prisma | rails
  std::string directory;  // relative to the root
  std::int64_t files = 0;
  bool usable = false;  // by this version of drover
  static constexpr void Fields(auto&& field) {
    field("format", &SurveyMigrations::format);
    field("directory", &SurveyMigrations::directory);
    field("files", &SurveyMigrations::files);
    field("usable", &SurveyMigrations::usable);
  }
  bool operator==(const SurveyMigrations&) const = default;
};

/// An environment that is proposed, and where it leads.
struct ProposedEnvironment {
  std::string name;
  std::string url;                     // as drover.yaml has it
  std::optional<std::string> service;  // of a compose file
  std::string found;                   // ".env:1": what it was made from
  std::optional<std::string> path;     // null when it cannot be determined
  bool exists = false;
  std::vector<std::string> revision;  // the rows of its version table
  std::vector<std::string> same_as;
  std::optional<ErrorBody> error;
  static constexpr void Fields(auto&& field) {
    field("name", &ProposedEnvironment::name);
    field("url", &ProposedEnvironment::url);
    field("service", &ProposedEnvironment::service);
    field("found", &ProposedEnvironment::found);
    field("path", &ProposedEnvironment::path);
    field("exists", &ProposedEnvironment::exists);
    field("revision", &ProposedEnvironment::revision);
    field("same_as", &ProposedEnvironment::same_as);
    field("error", &ProposedEnvironment::error);
  }
};

/// Where a relative URL leads for a program that is started in `directory`.
struct Landing {
  std::string environment;
  std::string directory;  // relative to the root; "." is the root
  std::string path{};     // absolute
  bool exists = false;
  bool right = false;  // the environment's own database
  std::vector<std::string> revision{};
  static constexpr void Fields(auto&& field) {
    field("environment", &Landing::environment);
    field("directory", &Landing::directory);
    field("path", &Landing::path);
    field("exists", &Landing::exists);
    field("right", &Landing::right);
    field("revision", &Landing::revision);
  }
  bool operator==(const Landing&) const = default;
};

/// What `droverd --survey` prints, and `drover init --json`.
struct InitDocument {
  int v = 1;
  std::string root;
  std::string reason;               // why that is the root
  std::string config;               // absolute path of drover.yaml
  std::string text;                 // its proposed content
  bool written = false;             // by `drover init`; the survey writes nothing
  std::vector<std::string> create;  // directories that are to be made, absolute
  std::vector<SurveyFact> facts;
  std::vector<SurveyMigrations> migrations;
  std::vector<ProposedEnvironment> environments;
  std::vector<Landing> landings;
  std::vector<StrayEntry> strays;
  std::vector<Finding> findings;
  std::vector<std::string> notes;              // what could not be read, and what drover cannot use
  bool truncated = false;                      // the tree was larger than the limits
  std::optional<DriftRemedyDocument> adopted;  // --adopt: what became the first revision
  static constexpr void Fields(auto&& field) {
    field("v", &InitDocument::v);
    field("root", &InitDocument::root);
    field("reason", &InitDocument::reason);
    field("config", &InitDocument::config);
    field("text", &InitDocument::text);
    field("written", &InitDocument::written);
    field("adopted", &InitDocument::adopted);
    field("create", &InitDocument::create);
    field("facts", &InitDocument::facts);
    field("migrations", &InitDocument::migrations);
    field("environments", &InitDocument::environments);
    field("landings", &InitDocument::landings);
    field("strays", &InitDocument::strays);
    field("findings", &InitDocument::findings);
    field("notes", &InitDocument::notes);
    field("truncated", &InitDocument::truncated);
  }
};

}  // namespace drover
