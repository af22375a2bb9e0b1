#include "migrations/archive.h"

#include "base/text.h"
#include "migrations/checksum.h"
#include "migrations/history.h"
#include "migrations/schema.h"

namespace drover::migrations {
namespace {

constexpr std::string_view kMessage = "message: ";
constexpr std::string_view kLabels = "branch_labels: ";
constexpr std::string_view kUpAlone = "up transaction:false";
constexpr std::string_view kDownAlone = "down transaction:false";

}  // namespace

std::string FormatDirectives(const Revision& revision) {
  std::vector<std::string> lines;
  if (!revision.message.empty()) lines.push_back(Concat(kMessage, revision.message));
  if (!revision.branch_labels.empty()) {
    lines.push_back(Concat(kLabels, Join(revision.branch_labels, ", ")));
  }
  if (!revision.up.transaction) lines.emplace_back(kUpAlone);
  if (revision.down && !revision.down->transaction) lines.emplace_back(kDownAlone);
  return Join(lines, "\n");
}

Directives ParseDirectives(std::string_view text) {
  Directives directives;
  for (const std::string_view line : SplitLines(text)) {
    if (line.starts_with(kMessage)) {
      directives.message = line.substr(kMessage.size());
    } else if (line.starts_with(kLabels)) {
      directives.branch_labels = SplitList(line.substr(kLabels.size()), ',');
    } else {
      // Rows of the first normal form have both on one line.
      for (const std::string& word : SplitList(line, ',')) {
        if (word == kUpAlone) directives.up_transaction = false;
        if (word == kDownAlone) directives.down_transaction = false;
      }
    }
  }
  return directives;
}

std::map<RevisionId, AppliedRecord> ReadRecords(Connection& connection) {
  std::map<RevisionId, AppliedRecord> records;
  if (!HasTable(connection, kHistoryTable)) return records;
  Statement rows = connection.Prepare(
      Concat("SELECT revision, direction, state, raw_sha256, up_sha256, down_sha256, "
             "down_revision, depends_on, directives, normaliser IS ",
             QuoteLiteral(kNormaliser),
             ", applied_at, applied_by, host, git_branch, git_commit, up_sql, down_sql "
             "FROM drover_history ORDER BY id"));
  while (rows.Step()) {
    AppliedRecord& record = records[rows.Text(0)];
    record.direction = rows.Text(1);
    record.state = rows.Text(2);
    record.raw_sha256 = rows.Text(3);
    record.up_sha256 = rows.Text(4);
    record.down_sha256 = rows.Text(5);
    record.complete = rows.Integer(9) != 0;
    if (!record.complete) {  // the archived SQL is long: it is read only where it is needed
      if (!record.up_sha256.empty()) record.up_sha256 = ScriptSha256(rows.Text(15));
      if (!record.down_sha256.empty()) record.down_sha256 = ScriptSha256(rows.Text(16));
    }
    record.down_revision = SplitList(rows.Text(6), ',');
    record.depends_on = SplitList(rows.Text(7), ',');
    record.directives = ParseDirectives(rows.Text(8));
    if (record.direction == "repair") continue;
    record.applied_direction = record.direction;
    record.applied_at = rows.Text(10);
    record.applied_by = rows.Text(11);
    record.host = rows.Text(12);
    record.git_branch = rows.Text(13);
    record.git_commit = rows.Text(14);
  }
  return records;
}

std::map<RevisionId, Revision> ReadArchive(Connection& connection,
                                           const std::set<RevisionId>& wanted) {
  std::map<RevisionId, Revision> archive;
  if (wanted.empty() || !HasTable(connection, kHistoryTable)) return archive;
  // One pass: the table has no index on revision, and a few wanted ones among many is rare.
  Statement rows = connection.Prepare(
      "SELECT revision, down_revision, depends_on, directives, raw_sha256, up_sql, down_sql, "
      "up_sha256, down_sha256 FROM drover_history WHERE direction <> 'down' ORDER BY id");
  while (rows.Step()) {
    RevisionId id = rows.Text(0);
    if (!wanted.contains(id)) continue;
    if (rows.IsNull(7)) {  // an empty section is archived as NULL, its checksum is not
      archive.erase(id);
      continue;
    }
    const Directives directives = ParseDirectives(rows.Text(3));
    Revision revision;
    revision.down_revision = SplitList(rows.Text(1), ',');
    revision.depends_on = SplitList(rows.Text(2), ',');
    revision.branch_labels = directives.branch_labels;
    revision.message = directives.message;
    revision.file = Concat("drover_history:", id);
    revision.archived = true;
    revision.up = {.sql = rows.Text(5), .line = 1, .transaction = directives.up_transaction};
    revision.raw_sha256 = rows.Text(4);
    revision.up_sha256 = ScriptSha256(revision.up.sql);
    if (!rows.IsNull(8)) {
      revision.down =
          Script{.sql = rows.Text(6), .line = 1, .transaction = directives.down_transaction};
      revision.down_sha256 = ScriptSha256(revision.down->sql);
    }
    revision.id = id;
    archive.insert_or_assign(std::move(id), std::move(revision));
  }
  return archive;
}

}  // namespace drover::migrations
