#include "migrations/inspect.h"

#include <chrono>
#include <functional>
#include <thread>

#include "base/posix.h"
#include "base/text.h"
#include "migrations/checksum.h"
#include "migrations/footprint.h"
#include "migrations/lock_state.h"
#include "migrations/rollback_journal.h"
#include "migrations/schema_diff/desired.h"

namespace drover::migrations {
namespace {

/// A look must not wait for a long write lock: whoever asked is waiting for the answer.
constexpr std::chrono::milliseconds kLookPatience{100};
constexpr std::chrono::milliseconds kPause{2};

enum class Way : std::uint8_t {
  kAlone,        // nobody is in the middle of something: without a lock
  kBesideOther,  // a writer has changed nothing yet: without a lock
  kUnderLock,    // SQLite decides
  kNotNow,       // the file is being changed
};

/// How the database can be read without getting in anybody's way. In rollback mode a reader's lock,
/// held at the moment of the commit, makes a writer without a busy time-out fail.
Way ChooseWay(const std::string& path, const Footprint& before) {
  if (before.alone()) return Way::kAlone;
  if (before.wal) return Way::kUnderLock;  // there readers never hold up a writer
  if (!HasLiveJournal(path)) return Way::kAlone;
  switch (FindWriter(path)) {
    case Writer::kPreparing:
      return Way::kBesideOther;
    case Writer::kWriting:
      return Way::kNotNow;
    case Writer::kNone:
      break;
  }
  // A commit removes the journal before it gives up its lock: one that is still there is hot, or
  // belongs to a writer that cannot be seen from here.
  return TakeFootprint(path) == before ? Way::kUnderLock : Way::kNotNow;
}

/// Runs `read` without a lock. False when a writer came by: what was read may be torn.
bool ReadUnlocked(const std::string& path, Way way, const Footprint& before,
                  const std::function<void(Connection&)>& read) {
  std::optional<Error> failure;
  try {
    Connection connection(path, OpenMode::kReadImmutable);
    read(connection);
  } catch (const Error& error) {
    failure = error;  // perhaps only because of the writer
  }
  const Footprint after = TakeFootprint(path);
  const bool same = way == Way::kAlone ? after == before : after.database == before.database;
  if (same && failure) throw Error(*failure);
  return same;
}

/// Runs `read` on a connection that cannot change anything and makes nobody fail; more than once
/// when a writer comes by. Returns how it was read. Throws kBusy ("sqlite.busy") while the database
/// is being written.
Way ReadOnly(const std::string& path, const std::function<void(Connection&)>& read) {
  const auto deadline = std::chrono::steady_clock::now() + kLookPatience;
  do {
    const Footprint before = TakeFootprint(path);
    const Way way = ChooseWay(path, before);
    if (way == Way::kUnderLock) {
      Connection connection(path, OpenMode::kRead, kLookPatience);
      connection.Execute("BEGIN");
      read(connection);
      connection.Execute("COMMIT");
      return way;
    }
    if (way != Way::kNotNow && ReadUnlocked(path, way, before, read)) return way;
    std::this_thread::sleep_for(kPause);
  } while (std::chrono::steady_clock::now() < deadline);
  throw Error(Code::kBusy, "sqlite.busy",
              Concat(path, ": the database is locked: another program is writing to it"),
              "close it or try again");
}

/// alembic/operations/batch.py names the copy of a table so while it rebuilds it.
std::vector<BatchLeftover> ReadLeftovers(Connection& connection) {
  constexpr std::string_view kPrefix = "_alembic_tmp_";
  std::vector<BatchLeftover> leftovers;
  Statement rows = connection.Prepare(
      "SELECT name, NOT EXISTS (SELECT 1 FROM sqlite_schema AS base WHERE base.type = 'table' AND "
      "base.name = substr(copy.name, 14)) FROM sqlite_schema AS copy WHERE type = 'table' AND "
      "substr(name, 1, 13) = '_alembic_tmp_' ORDER BY name");
  while (rows.Step()) {
    std::string name(rows.Text(0));
    std::string of = name.substr(kPrefix.size());
    leftovers.push_back(
        {.table = std::move(name), .of = std::move(of), .alone = rows.Integer(1) != 0});
  }
  return leftovers;
}

/// Without SQLite's own and drover's history.
std::int64_t CountTables(Connection& connection) {
  return connection.QueryInteger(
      "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' "
      "ESCAPE '\\' AND name <> 'drover_history'");
}

std::string FindOtherVersionTable(Connection& connection) {
  Statement rows = connection.Prepare(
      "SELECT name FROM sqlite_schema AS candidate WHERE type = 'table' AND sql LIKE "
      "'%version_num%' AND (SELECT group_concat(name) FROM pragma_table_info(candidate.name)) = "
      "'version_num' ORDER BY name");
  return rows.Step() ? std::string(rows.Text(0)) : std::string();
}

void ReadFacts(Connection& connection, std::string_view version_table, DatabaseFacts& facts) {
  facts = DatabaseFacts();
  facts.wal = connection.IsWal();
  facts.kind = DatabaseKind::kVersioned;
  if (FindVersionTable(connection, {std::string(version_table)}).empty()) {
    CheckVersionTableName(connection, version_table);
    facts.kind = CountTables(connection) > 0 ? DatabaseKind::kUnversioned : DatabaseKind::kEmpty;
    facts.other_version_table = FindOtherVersionTable(connection);
    return;
  }
  facts.bare = CountTables(connection) == 1;
  facts.rows = ReadVersionRows(connection, version_table);
  facts.records = ReadRecords(connection);
  if (facts.records.empty()) facts.leftovers = ReadLeftovers(connection);
  for (const auto& [revision, record] : facts.records) {
    if (record.state == "applying") facts.unfinished.push_back(revision);
  }
}

}  // namespace

DatabaseFacts Inspect(const std::string& path, std::string_view version_table) {
  DatabaseFacts facts;
  try {
    const auto status = StatFile(path);
    if (!status) return facts;
    if (status->type == FileType::kDirectory) {
      throw Error(Code::kInvalid, "database_is_directory",
                  Concat(path,
                         " is a directory: a container engine makes one when a bind mount's "
                         "source is missing"),
                  Concat("rmdir ", ShellQuote(path)));
    }
    if (status->type != FileType::kRegular) {
      throw Error(Code::kInvalid, "database_is_not_a_file", Concat(path, " is not a regular file"));
    }
    const Way way = ReadOnly(
        path, [&](Connection& connection) { ReadFacts(connection, version_table, facts); });
    facts.beside_writer = way == Way::kBesideOther;
  } catch (const Error& error) {
    facts = DatabaseFacts();
    facts.kind = DatabaseKind::kUnreadable;
    facts.problem = error;
    if (error.code != Code::kBusy && HasLiveJournal(path)) {
      facts.problem = Error(Code::kBusy, "hot_journal",
                            Concat(path,
                                   " has a hot journal: a writer was killed in "
                                   "mid-transaction; the next writer rolls it back"),
                            "drover upgrade");
    }
  }
  return facts;
}

std::optional<std::string> InspectDamage(const std::string& path) {
  std::optional<std::string> answer;
  try {
    const auto status = StatFile(path);
    if (!status || status->type != FileType::kRegular) return std::nullopt;
    ReadOnly(path, [&](Connection& connection) {
      answer = connection.QueryText("PRAGMA quick_check(1)");
    });
  } catch (const Error& error) {
    if (error.code != Code::kCorrupt) return std::nullopt;
    answer = error.message;
  }
  return answer == "ok" ? std::nullopt : answer;
}

void RollBackHotJournal(const std::string& path) {
  if (!HasLiveJournal(path)) return;
  Connection connection(path, OpenMode::kWrite);
  // The first read finds the journal and rolls it back (sqlite.org/lockingv3.html).
  (void)connection.QueryInteger("SELECT count(*) FROM sqlite_schema");
}

std::map<RevisionId, Revision> InspectArchive(const std::string& path,
                                              const std::set<RevisionId>& wanted) {
  std::map<RevisionId, Revision> archive;
  ReadOnly(path, [&](Connection& connection) { archive = ReadArchive(connection, wanted); });
  return archive;
}

SchemaOutline InspectOutline(const std::string& path, std::string_view version_table) {
  SchemaOutline outline;
  try {
    const auto status = StatFile(path);
    if (!status || status->type != FileType::kRegular) return outline;
    ReadOnly(path, [&](Connection& connection) {
      outline = ReadOutline(connection, version_table);
      outline.digest = SchemaReader(version_table).Read(connection).Digest();
    });
  } catch (const Error&) {
    return {};  // Inspect() has reported why
  }
  return outline;
}

SchemaImage InspectSchema(const std::string& path, std::string_view version_table) {
  SchemaImage image;
  ReadOnly(path,
           [&](Connection& connection) { image = SchemaReader(version_table).Read(connection); });
  return image;
}

SchemaReading InspectSchemaUnless(const std::string& path, std::string_view version_table,
                                  std::string_view known) {
  SchemaReading reading;
  ReadOnly(path, [&](Connection& connection) {
    std::string text;
    Statement rows = connection.Prepare(
        "SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_schema ORDER BY 1, 2");
    while (rows.Step()) {
      text +=
          Concat(rows.Text(0), "\t", rows.Text(1), "\t", rows.Text(2), "\t", rows.Text(3), "\n");
    }
    reading.digest = Sha256(text);
    reading.image.reset();
    if (reading.digest != known) reading.image = SchemaReader(version_table).Read(connection);
  });
  return reading;
}

Connection InspectCopy(const std::string& path) {
  Connection copy("", OpenMode::kMemory);
  ReadOnly(path, [&](Connection& connection) { copy.CopyFrom(connection); });
  return copy;
}

Connection InspectSchemaCopy(const std::string& path, const Stubs& stubs) {
  std::optional<Connection> copy;
  ReadOnly(path, [&](Connection& connection) {
    copy.emplace("", OpenMode::kMemory);
    RegisterStubs(*copy, stubs);
    CopySchema(connection, *copy);
  });
  return std::move(*copy);
}

std::optional<std::vector<std::string>> InspectSchemaSql(const std::string& path) {
  std::vector<std::string> schema;
  try {
    if (!StatFile(path)) return schema;
    ReadOnly(path, [&](Connection& connection) {
      schema = connection.QueryColumn(
          "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' "
          "ESCAPE '\\' ORDER BY sql NOT LIKE 'create virtual%', type <> 'table', rowid");
    });
  } catch (const Error&) {
    return std::nullopt;  // Inspect() has reported why
  }
  return schema;
}

}  // namespace drover::migrations
