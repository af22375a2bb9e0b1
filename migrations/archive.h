// What a database's history says was applied: a light record of every revision for judging states,
// and whole revisions, made from the archived SQL, for going back without their files.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "migrations/revision.h"
#include "migrations/sqlite.h"

namespace drover::migrations {

/// What the column `directives` holds: that of a file which is neither an edge nor SQL.
struct Directives {
  std::string message;
  std::vector<std::string> branch_labels;
  bool up_transaction = true;
  bool down_transaction = true;
};

/// One line each: "message: …", "branch_labels: a, b", "up transaction:false", "down
/// transaction:false"; what is empty or true is left out.
[[nodiscard]] std::string FormatDirectives(const Revision& revision);

/// The inverse. Lines it does not know are ignored.
[[nodiscard]] Directives ParseDirectives(std::string_view text);

/// The newest record of a revision.
struct AppliedRecord {
  std::string direction;  // up | down | stamp | repair
  std::string state;      // applying | done
  std::string raw_sha256;
  std::string up_sha256;    // in today's normal form; empty: not known
  std::string down_sha256;  // the same; empty without a down section
  std::vector<RevisionId> down_revision;
  std::vector<RevisionId> depends_on;
  Directives directives;
  bool complete = true;  // false: written when the directives did not hold message and labels yet
  // Of the newest row that is no repair: accepting an edit does not apply anything.
  std::string applied_direction;
  std::string applied_at;
  std::string applied_by;
  std::string host;
  std::string git_branch;
  std::string git_commit;

  /// Was the last thing that happened to it that it came, not that it went?
  [[nodiscard]] bool applied() const { return direction != "down"; }
};

/// The newest record of every revision in drover_history; empty without the table. Checksums that
/// were made with another normal form are made anew from the archived SQL. Throws like
/// Connection::Execute.
[[nodiscard]] std::map<RevisionId, AppliedRecord> ReadRecords(Connection& connection);

/// The `wanted` revisions as they were applied last, each with `archived` set; those the history
/// has no SQL of are left out. Throws like Connection::Execute.
[[nodiscard]] std::map<RevisionId, Revision> ReadArchive(Connection& connection,
                                                         const std::set<RevisionId>& wanted);

}  // namespace drover::migrations
