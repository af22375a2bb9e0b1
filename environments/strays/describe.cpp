#include "environments/strays/describe.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/posix.h"
#include "base/text.h"
#include "migrations/census.h"
#include "migrations/rollback_journal.h"
#include "migrations/schema.h"
#include "migrations/schema_compare.h"
#include "migrations/schema_document.h"
#include "migrations/schema_image.h"

namespace drover::environments {
namespace {

// A reply has a size limit; no application of the kind drover serves comes near these.
constexpr std::size_t kMostRows = 100;
constexpr std::size_t kMostTables = 2'000;
constexpr std::size_t kMostColumns = 20'000;
constexpr std::size_t kLongestName = 500;
/// Row counts are a hint of which copy is the fresher one: a few will do.
constexpr std::size_t kMostCounted = 5;

void Clip(std::vector<std::string>& names, std::size_t most) {
  if (names.size() > most) names.resize(most);
  for (std::string& name : names) {
    if (name.size() > kLongestName) name.resize(kLongestName);
  }
}

std::vector<TableRows> Largest(std::vector<TableRows> census) {
  std::stable_sort(census.begin(), census.end(), [](const TableRows& left, const TableRows& right) {
    return left.rows > right.rows;
  });
  if (census.size() > kMostCounted) census.resize(kMostCounted);
  return census;
}

void ReadFacts(ScannedFile& file, const std::vector<std::string>& version_tables,
               migrations::Connection& connection) {
  std::string table = migrations::FindVersionTable(connection, version_tables);
  migrations::SchemaOutline outline = migrations::ReadOutline(connection, table);
  std::vector<std::string> rows;
  if (!table.empty()) rows = migrations::ReadVersionRows(connection, table);
  Clip(rows, kMostRows);
  Clip(outline.tables, kMostTables);
  Clip(outline.columns, kMostColumns);
  file.version_table = std::move(table);
  file.revision = std::move(rows);
  file.tables = std::move(outline.tables);
  file.columns = std::move(outline.columns);
  file.rows = Largest(migrations::CountRows(connection, file.version_table));
}

/// The whole schema in comparable form; empty when something in it is beyond us, such as a virtual
/// table of an extension: that says nothing against the database.
std::string SchemaDigest(std::string_view version_table, migrations::Connection& connection) {
  try {
    return migrations::SchemaReader(version_table).Read(connection).Digest();
  } catch (const Error&) {
    return {};
  }
}

/// SQLite's own words, without the name of the private copy before them.
std::string WithoutPath(std::string_view message, const std::string& copy) {
  const std::string prefix = copy + ": ";
  if (message.starts_with(prefix)) message.remove_prefix(prefix.size());
  return std::string(message);
}

std::string JoinProblems(std::string first, std::string_view second) {
  if (first.empty()) return std::string(second);
  return second.empty() ? first : Concat(first, "; ", second);
}

/// One side of a comparison.
struct Side {
  std::vector<std::string> revision;
  migrations::SchemaImage schema;
  std::vector<TableRows> rows;
};

/// A copy that can be read as a whole.
PrivateCopy CopyOrThrow(const std::string& path, PrivateDirectory& directory) {
  if (!StatFile(path)) {
    throw Error(Code::kNotFound, "database.missing", Concat("there is no database at ", path),
                "drover strays");
  }
  PrivateCopy copy = OpenPrivateCopy(path, directory);
  if (copy.too_large) {
    throw Error(Code::kRefused, "stray.too_large", Concat(path, " is ", copy.problem),
                Concat("sqlite3 ", ShellQuote(path), " .schema"));
  }
  if (!copy.connection) {
    throw Error(Code::kIo, "stray.unreadable", Concat(path, " ", copy.problem),
                Concat("ls -l ", ShellQuote(path)));
  }
  if (!copy.stable) {
    throw Error(Code::kBusy, "stray.changing", Concat(path, " is being written to all the time"),
                "drover strays");
  }
  return copy;
}

Side ReadSide(const std::string& path, const std::vector<std::string>& version_tables,
              const std::vector<std::string>& roots) {
  PrivateDirectory directory(roots);
  PrivateCopy copy = CopyOrThrow(path, directory);
  migrations::Connection& connection = *copy.connection;
  Side side;
  const std::string table = migrations::FindVersionTable(connection, version_tables);
  if (!table.empty()) side.revision = migrations::ReadVersionRows(connection, table);
  side.schema = migrations::SchemaReader(table).Read(connection);
  side.rows = migrations::CountRows(connection, table, {.tables = 500, .rows = 1'000'000});
  return side;
}

std::vector<RowsPair> Pair(const std::vector<TableRows>& stray,
                           const std::vector<TableRows>& environment) {
  std::vector<RowsPair> pairs;
  for (const TableRows& each : stray) {
    pairs.push_back(
        {.table = each.table, .stray = each.rows, .environment = {}, .more = each.more});
  }
  for (const TableRows& each : environment) {
    const auto at = std::ranges::find(pairs, each.table, &RowsPair::table);
    if (at == pairs.end()) {
      pairs.push_back(
          {.table = each.table, .stray = {}, .environment = each.rows, .more = each.more});
    } else {
      at->environment = each.rows;
      at->more |= each.more;
    }
  }
  std::ranges::sort(pairs, {}, &RowsPair::table);
  return pairs;
}

}  // namespace

void DescribeDatabase(ScannedFile& file, const std::vector<std::string>& version_tables,
                      PrivateDirectory& directory) {
  file.hot = migrations::HasLiveJournal(file.path);
  // A database that SQLite cannot read is a fact about the file, not a failure of the scan.
  std::string name = ":memory:";
  try {
    PrivateCopy copy = OpenPrivateCopy(file.path, directory);
    if (copy.connection) {
      name = copy.connection->path();
      ReadFacts(file, version_tables, *copy.connection);
      file.schema = SchemaDigest(file.version_table, *copy.connection);
      if (!copy.stable) {
        file.problem = JoinProblems("it changed while it was being read", file.problem);
      }
      if (file.hot) {
        file.problem = JoinProblems(
            "a rollback journal lies beside it: a write is going on or broke off", file.problem);
      }
    } else {
      file.problem = copy.problem;
      if (!copy.too_large) file.kind = "unreadable";
    }
  } catch (const Error& error) {
    const bool ours = error.code == Code::kIo;  // no room for a copy, say
    file.kind = ours ? "unreadable" : "damaged";
    file.problem = JoinProblems(Concat(ours ? "cannot be looked into: " : "SQLite cannot read it: ",
                                       WithoutPath(error.message, name)),
                                file.problem);
  }
  directory.Empty();
}

ImageDocument ReadSchemaOf(const std::string& path, const std::vector<std::string>& version_tables,
                           const std::vector<std::string>& roots) {
  PrivateDirectory directory(roots);
  PrivateCopy copy = CopyOrThrow(path, directory);
  migrations::Connection& connection = *copy.connection;
  try {
    const std::string table = migrations::FindVersionTable(connection, version_tables);
    return migrations::DocumentOf(migrations::SchemaReader(table).Read(connection));
  } catch (Error& error) {
    error.message = Concat(path, ": ", WithoutPath(error.message, connection.path()));
    throw;
  }
}

StrayDiffDocument CompareDatabases(const std::string& path, const std::string& reference,
                                   const std::vector<std::string>& version_tables,
                                   const std::vector<std::string>& roots) {
  const Side stray = ReadSide(path, version_tables, roots);
  const Side environment = ReadSide(reference, version_tables, roots);
  StrayDiffDocument diff;
  diff.path = path;
  diff.environment_path = reference;
  diff.revision = stray.revision;
  diff.environment_revision = environment.revision;
  diff.differences = migrations::CompareSchemas(environment.schema, stray.schema);
  diff.rows = Pair(stray.rows, environment.rows);
  return diff;
}

}  // namespace drover::environments
