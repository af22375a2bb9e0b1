// The steps of a plan, in the order in which they are tried out and written down. For
// schema_plan.cpp only.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "migrations/schema_diff/schema_plan.h"
#include "migrations/schema_diff/scratch.h"

namespace drover::migrations {

/// A script in the making: statements with comments, in paragraphs.
class ScriptText final {
 public:
  /// Begins a paragraph; every line of `comment` becomes one of SQL.
  void Comment(std::string_view comment);
  void Add(std::string_view statement);
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
};

/// Makes one plan; used once.
class SchemaPlanner final {
 public:
  explicit SchemaPlanner(const SchemaPlanRequest& request);
  [[nodiscard]] SchemaPlan Run();

 private:
  using Wanted = std::function<bool(const SchemaObject&)>;

  void Read() { image_ = scratch_.Read(); }
  void Do(std::string_view comment, const std::string& statement);
  void DropObject(const SchemaObject& object, std::string_view why);

  void DropUnwanted();
  void DropBroken(std::string_view why);
  void RenameTables();
  void RenameColumns();
  bool TryRename(const std::string& statement);
  void DropChanged();
  void DropWhere(const Wanted& wanted, std::string_view why);
  void DropTables();
  void CreateTables();
  void ChangeTables();
  void ChangeTable(const SchemaObject& from, const SchemaObject& to);
  void Rebuild(const CopyRequest& copy_request, const std::string& refusal);
  [[nodiscard]] bool IsBlocked(const SchemaObject& from, const TableCopy& copy);
  void Block(const std::string& table, const std::string& column, std::string message);
  void ListLosses(const SchemaObject& from, const SchemaObject& to);
  void Attempt(const std::string& table, const std::vector<std::string>& statements);
  void CreateMissing();
  void CheckForeignKeys();
  void CheckResult();
  void ListWhatChanges();
  void Finish();

  [[nodiscard]] bool TablesDiffer() const;
  [[nodiscard]] std::vector<const SchemaObject*> DesiredInOrder(std::string_view type) const;
  [[nodiscard]] std::string TemporaryName(const std::string& table) const;
  [[nodiscard]] std::map<std::string, std::string> BackfillsOf(const SchemaObject& from,
                                                               const SchemaObject& to);
  [[nodiscard]] std::string CheckedBackfill(const SchemaObject& from, const std::string& column,
                                            const std::string& expression);
  [[nodiscard]] CopyRoute RouteFor(const SchemaObject& to, const std::string& temporary);
  void CheckBackfillNames() const;
  [[nodiscard]] bool KnowsRows() const { return request_.rows == RowKnowledge::kKnown; }

  const SchemaPlanRequest& request_;
  const SchemaImage& desired_;
  Scratch scratch_;
  SchemaImage image_;  // of the scratch as it is now
  SchemaPlan plan_;
  ScriptText script_;
  ForeignKeyGaps gaps_before_;
  /// Renames that ALTER TABLE refused: by lower-case table, lower-case new column -> old column.
  std::map<std::string, std::map<std::string, std::string>> folded_;
  std::vector<std::shared_ptr<const SchemaObject>> dropped_;  // indexes, views and triggers
  std::set<std::string> replaced_;  // virtual tables that are made anew, in lower case
};

/// Why a table cannot be altered: its differences, and SQLite's own words.
[[nodiscard]] std::string RebuildReason(const SchemaObject& from, const SchemaObject& to,
                                        const std::string& refusal);

}  // namespace drover::migrations
