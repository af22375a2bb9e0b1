#include "migrations/sqlite.h"

#include <algorithm>
#include <sqlite3.h>
#include <utility>

#include "base/error.h"
#include "base/posix.h"
#include "base/text.h"
#include "migrations/regexp.h"
#include "migrations/stubs.h"

namespace drover::migrations {
namespace {

struct SqliteFailure {
  Code code;
  std::string_view kind;
  std::string_view hint;
};

SqliteFailure Describe(int result) {
  switch (result & 0xFF) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return {Code::kBusy, "sqlite.busy",
              "another program is writing to this database; close it or try again"};
    case SQLITE_INTERRUPT:
      return {Code::kCancelled, "sqlite.interrupted", ""};
    case SQLITE_CORRUPT:
      return {Code::kCorrupt, "sqlite.corrupt", "sqlite3 FILE 'PRAGMA integrity_check'"};
    case SQLITE_NOTADB:
      return {Code::kCorrupt, "sqlite.not_a_database", ""};
    case SQLITE_FULL:
      return {Code::kIo, "sqlite.full", "free some space on the disk, then try again"};
    case SQLITE_READONLY:
      return {Code::kIo, "sqlite.readonly", "make the file and its directory writable"};
    case SQLITE_CANTOPEN:
      return {Code::kIo, "sqlite.cannot_open", ""};
    case SQLITE_IOERR:
      return {Code::kIo, "sqlite.io", ""};
    default:
      return {Code::kInvalid, "sqlite.error", ""};
  }
}

}  // namespace

void StatementFinalizer::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

std::string_view SqliteSource() { return sqlite3_sourceid(); }

void ThrowSqlite(sqlite3* database, int result, std::string_view path) {
  const SqliteFailure failure = Describe(result);
  const std::string_view text =
      database != nullptr ? sqlite3_errmsg(database) : sqlite3_errstr(result);
  // A database in memory is drover's own: its name would only puzzle the reader, and what the
  // application would have registered is the user's to name.
  const bool own = path.empty() || path == ":memory:";
  std::string hint(failure.hint);
  if (own && hint.empty()) hint = StubHint(text).value_or("");
  throw Error(failure.code, std::string(failure.kind),
              own ? std::string(text) : Concat(path, ": ", text), std::move(hint));
}

namespace {

std::string PathOf(sqlite3* database) {
  const char* name = sqlite3_db_filename(database, "main");
  // A database in memory has a name of SQLite's own, which would only puzzle the reader.
  return name == nullptr || *name != '/' ? std::string() : std::string(name);
}

/// A "file:" URI for a path: everything but unreserved characters and '/' percent-encoded.
std::string FileUri(std::string_view path, std::string_view query) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string uri = "file:";
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '/' || c == '-' || c == '_' || c == '.' || c == '~';
    if (plain) {
      uri.push_back(c);
    } else {
      uri.push_back('%');
      uri.push_back(kHex[byte >> 4U]);
      uri.push_back(kHex[byte & 15U]);
    }
  }
  return Concat(uri, "?", query);
}

}  // namespace

Statement::Statement(sqlite3* database, std::string_view sql) : database_(database) {
  const int result = sqlite3_prepare_v3(database, sql.data(), static_cast<int>(sql.size()), 0,
                                        &statement_, nullptr);
  if (result != SQLITE_OK) ThrowSqlite(database, result, PathOf(database));
}

Statement::Statement(Statement&& other) noexcept
    : database_(other.database_), statement_(std::exchange(other.statement_, nullptr)) {}

Statement::~Statement() { sqlite3_finalize(statement_); }

Statement& Statement::Bind(std::span<const SqlValue> values) {
  Reset();
  int index = 0;
  for (const SqlValue& value : values) {
    ++index;
    if (const auto* number = std::get_if<std::int64_t>(&value)) {
      sqlite3_bind_int64(statement_, index, *number);
    } else if (const auto* text = std::get_if<std::string>(&value)) {
      sqlite3_bind_text64(statement_, index, text->data(), text->size(), SQLITE_TRANSIENT,
                          SQLITE_UTF8);
    } else {
      sqlite3_bind_null(statement_, index);
    }
  }
  return *this;
}

bool Statement::Step() {
  const int result = sqlite3_step(statement_);
  if (result == SQLITE_ROW) return true;
  if (result == SQLITE_DONE) return false;
  ThrowSqlite(database_, result, PathOf(database_));
}

void Statement::Reset() {
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

std::string Statement::Text(int column) const {
  const auto* text = sqlite3_column_text(statement_, column);
  if (text == nullptr) return {};
  return {reinterpret_cast<const char*>(text),
          static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

std::int64_t Statement::Integer(int column) const {
  return sqlite3_column_int64(statement_, column);
}

bool Statement::IsNull(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

std::string_view Statement::TypeName(int column) const {
  switch (sqlite3_column_type(statement_, column)) {
    case SQLITE_INTEGER:
      return "integer";
    case SQLITE_FLOAT:
      return "real";
    case SQLITE_TEXT:
      return "text";
    case SQLITE_BLOB:
      return "blob";
    default:
      return "null";
  }
}

int Statement::ColumnCount() const { return sqlite3_column_count(statement_); }

namespace {

/// Counting every allocation costs a tenth of the time of small statements, and nobody asks.
void ConfigureLibrary() {
  static const int once = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  (void)once;
}

}  // namespace

Connection::Connection(const std::string& path, OpenMode mode,
                       std::chrono::milliseconds busy_timeout)
    : path_(mode == OpenMode::kMemory ? std::string(":memory:") : path) {
  ConfigureLibrary();
  std::string name = path;
  int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  switch (mode) {
    case OpenMode::kRead:
      name = FileUri(path, "mode=ro");
      flags |= SQLITE_OPEN_READONLY | SQLITE_OPEN_URI;
      break;
    case OpenMode::kReadImmutable:
      name = FileUri(path, "mode=ro&immutable=1");
      flags |= SQLITE_OPEN_READONLY | SQLITE_OPEN_URI;
      break;
    case OpenMode::kWrite:
      flags |= SQLITE_OPEN_READWRITE;
      break;
    case OpenMode::kCreate:
      flags |= SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
      break;
    case OpenMode::kMemory:
      name = ":memory:";
      flags |= SQLITE_OPEN_READWRITE | SQLITE_OPEN_MEMORY;
      break;
  }
  const int result = sqlite3_open_v2(name.c_str(), &database_, flags, nullptr);
  if (result != SQLITE_OK) {
    try {
      if ((result & 0xFF) == SQLITE_CANTOPEN && mode != OpenMode::kCreate && !StatFile(path_)) {
        throw Error(Code::kNotFound, "database.missing", Concat("there is no database at ", path_),
                    "drover upgrade");
      }
      ThrowSqlite(database_, result, path_);
    } catch (...) {
      sqlite3_close(database_);
      throw;
    }
  }
  sqlite3_busy_timeout(database_, static_cast<int>(busy_timeout.count()));
  Configure();
}

void Connection::Configure() const {
  sqlite3_db_config(database_, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(database_, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, nullptr);
  AddRegexp(database_);
}

Connection Connection::OfBytes(std::string_view bytes) {
  ConfigureLibrary();
  Connection connection;
  connection.path_ = ":memory:";
  constexpr int kFlags =
      SQLITE_OPEN_READWRITE | SQLITE_OPEN_MEMORY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  int result = sqlite3_open_v2(":memory:", &connection.database_, kFlags, nullptr);
  if (result != SQLITE_OK) ThrowSqlite(connection.database_, result, connection.path_);
  auto* content = static_cast<unsigned char*>(sqlite3_malloc64(bytes.size()));
  if (content == nullptr) throw Error(Code::kIo, "sqlite.io", "out of memory");
  bytes.copy(reinterpret_cast<char*>(content), bytes.size());
  // Without a -wal the main file is all there is; in memory there is no WAL mode to read it in.
  if (bytes.size() > 19) content[18] = content[19] = 1;
  result = sqlite3_deserialize(connection.database_, "main", content,
                               static_cast<sqlite3_int64>(bytes.size()),
                               static_cast<sqlite3_int64>(bytes.size()),
                               SQLITE_DESERIALIZE_FREEONCLOSE | SQLITE_DESERIALIZE_READONLY);
  if (result != SQLITE_OK) ThrowSqlite(connection.database_, result, connection.path_);
  connection.Configure();
  return connection;
}

std::string Connection::ToBytes() {
  sqlite3_int64 size = 0;
  unsigned char* content = sqlite3_serialize(database_, "main", &size, 0);
  if (content == nullptr) {
    if (size == 0) return {};
    throw Error(Code::kIo, "sqlite.io", "out of memory");
  }
  std::string bytes(reinterpret_cast<const char*>(content), static_cast<std::size_t>(size));
  sqlite3_free(content);
  return bytes;
}

void Connection::CopyFrom(Connection& source) {
  sqlite3_backup* backup = sqlite3_backup_init(database_, "main", source.database_, "main");
  if (backup == nullptr) ThrowSqlite(database_, sqlite3_extended_errcode(database_), path_);
  const int step = sqlite3_backup_step(backup, -1);
  const int result = sqlite3_backup_finish(backup);
  if ((step & 0xFF) == SQLITE_READONLY) {
    throw Error(Code::kInvalid, "sqlite.page_size",
                Concat(path_, " is in WAL mode and has another page size than ", source.path_),
                Concat("sqlite3 ", ShellQuote(path_), " 'PRAGMA journal_mode=DELETE'"));
  }
  if (step != SQLITE_DONE) ThrowSqlite(database_, step, path_);
  if (result != SQLITE_OK) ThrowSqlite(database_, result, path_);
}

Connection::Connection(Connection&& other) noexcept
    : path_(std::move(other.path_)), database_(std::exchange(other.database_, nullptr)) {}

Connection::~Connection() { sqlite3_close_v2(database_); }

void Connection::Execute(std::string_view sql) {
  const int result = sqlite3_exec(database_, std::string(sql).c_str(), nullptr, nullptr, nullptr);
  if (result != SQLITE_OK) ThrowSqlite(database_, result, path_);
}

Statement Connection::Prepare(std::string_view sql) { return {database_, sql}; }

std::optional<std::string> Connection::QueryText(std::string_view sql) {
  Statement statement = Prepare(sql);
  if (!statement.Step()) return std::nullopt;
  return statement.Text(0);
}

bool Connection::IsWal() {
  // "File format read version", sqlite.org/fileformat.html: 2 for a write-ahead log.
  constexpr int kReadVersion = 19;
  sqlite3_file* file = nullptr;
  if (sqlite3_file_control(database_, "main", SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK ||
      file == nullptr || file->pMethods == nullptr) {
    return false;
  }
  char version = 0;
  return file->pMethods->xRead(file, &version, 1, kReadVersion) == SQLITE_OK && version == 2;
}

std::int64_t Connection::QueryInteger(std::string_view sql) {
  Statement statement = Prepare(sql);
  return statement.Step() ? statement.Integer(0) : 0;
}

std::vector<std::string> Connection::QueryColumn(std::string_view sql) {
  std::vector<std::string> values;
  Statement statement = Prepare(sql);
  while (statement.Step()) values.push_back(statement.Text(0));
  return values;
}

void Connection::SetTriggers(TriggerMode mode) {
  sqlite3_db_config(database_, SQLITE_DBCONFIG_ENABLE_TRIGGER, mode == TriggerMode::kFire ? 1 : 0,
                    nullptr);
}

bool Connection::autocommit() const { return sqlite3_get_autocommit(database_) != 0; }

void Connection::Interrupt() { sqlite3_interrupt(database_); }

std::string QuoteIdentifier(std::string_view name) {
  std::string out = "\"";
  for (const char c : name) {
    if (c == '"') out.push_back('"');
    out.push_back(c);
  }
  out.push_back('"');
  return out;
}

std::string SqlName(std::string_view name) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  const bool bare = !name.empty() && !(name.front() >= '0' && name.front() <= '9') &&
                    std::ranges::all_of(name, plain) &&
                    sqlite3_keyword_check(name.data(), static_cast<int>(name.size())) == 0;
  return bare ? std::string(name) : QuoteIdentifier(name);
}

std::string QuoteLiteral(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') out.push_back('\'');
    out.push_back(c);
  }
  out.push_back('\'');
  return out;
}

}  // namespace drover::migrations
