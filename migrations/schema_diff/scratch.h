// A private copy of a database in memory, on which a plan is made by trying it out.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "migrations/foreign_keys.h"
#include "migrations/schema_diff/rename.h"
#include "migrations/schema_image.h"
#include "migrations/sqlite.h"
#include "migrations/stubs.h"

namespace drover::migrations {

/// What is known of the rows that a script will meet.
enum class RowKnowledge : std::uint8_t {
  kKnown,    // those of the database at hand
  kUnknown,  // anything: the script goes to other databases too
};

/// A copy that may be changed at will. Foreign keys are not enforced and triggers rest, as while a
/// rebuild is carried out.
class Scratch final {
 public:
  /// With kKnown the copy has the rows of `source`, all of them in memory; with kUnknown it has
  /// synthetic ones (synthetic.h). Throws like Connection::Execute.
  Scratch(Connection& source, RowKnowledge rows, std::string_view version_table,
          const Stubs& stubs);

  [[nodiscard]] Connection& connection() { return connection_; }
  [[nodiscard]] SchemaImage Read() { return reader_.Read(connection_); }

  /// One statement. Throws like Connection::Execute.
  void Run(const std::string& statement);

  [[nodiscard]] bool IsEmpty(std::string_view table);
  void Clear(std::string_view table);
  [[nodiscard]] std::int64_t CountNulls(std::string_view table, std::string_view column);

  /// What PRAGMA integrity_check says about a table: "ok", or its complaints.
  [[nodiscard]] std::string Integrity(std::string_view table);
  [[nodiscard]] ForeignKeyGaps Gaps();

 private:
  Connection connection_;
  SchemaReader reader_;
};

/// Which gaps a change has made: more rows than before, table and parent under their new names.
[[nodiscard]] ForeignKeyGaps FindNewGaps(const ForeignKeyGaps& before, const ForeignKeyGaps& after,
                                         const RenameMap& renames);

/// A savepoint that is rolled back unless it is kept.
class Trial final {
 public:
  explicit Trial(Connection& database);
  Trial(const Trial&) = delete;
  Trial& operator=(const Trial&) = delete;
  ~Trial();
  void Keep();
  void Undo();

 private:
  Connection& database_;
  bool open_ = true;
};

}  // namespace drover::migrations
