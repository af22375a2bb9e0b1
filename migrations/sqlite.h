// The one door to SQLite: a connection and its statements. Every other file speaks to a database
// through these two classes; sqlite3.h is included only where SQLite calls us back: script.cpp,
// destruction.cpp, regexp.cpp, stubs.cpp, schema_diff/desired.cpp, safety/column_digest.cpp and
// snapshots/repeatable.cpp.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

struct sqlite3;
struct sqlite3_stmt;

namespace drover::migrations {

using SqlValue = std::variant<std::monostate, std::int64_t, std::string>;

/// A prepared statement. Must not outlive its connection.
class Statement final {
 public:
  /// Throws like Connection::Execute.
  Statement(sqlite3* database, std::string_view sql);
  Statement(Statement&&) noexcept;
  Statement& operator=(Statement&&) = delete;
  ~Statement();

  /// Binds values to ?1, ?2, … and forgets the earlier ones.
  Statement& Bind(std::span<const SqlValue> values);

  /// Runs to the next row; false at the end. Throws kBusy, kIo, kCorrupt or kInvalid.
  bool Step();
  void Reset();

  [[nodiscard]] std::string Text(int column) const;
  [[nodiscard]] std::int64_t Integer(int column) const;
  [[nodiscard]] bool IsNull(int column) const;
  /// "integer", "real", "text", "blob" or "null": what typeof() would say. Ask before Text().
  [[nodiscard]] std::string_view TypeName(int column) const;
  [[nodiscard]] int ColumnCount() const;

 private:
  sqlite3* database_;
  sqlite3_stmt* statement_ = nullptr;
};

enum class OpenMode : std::uint8_t {
  kRead,  // mode=ro: takes SQLite's shared lock while reading; may leave -wal and -shm of a
          // WAL database
  kReadImmutable,  // immutable=1: no lock, no side file; only while nothing writes
  kWrite,          // must exist
  kCreate,         // created with mode 0644 when missing
  kMemory,         // private, in memory; the path is ignored
};

enum class TriggerMode : std::uint8_t { kFire, kRest };

/// A connection to one database. Not thread-safe; used by one thread at a time.
class Connection final {
 public:
  /// Opens `path`. Extension loading is off, DEFENSIVE is on, and regexp() is
  /// there (regexp.h). Throws kNotFound, kIo, kCorrupt
  /// ("sqlite.not_a_database") or kBusy; every message names the path.
  Connection(const std::string& path, OpenMode mode,
             std::chrono::milliseconds busy_timeout = std::chrono::seconds(5));
  Connection(Connection&&) noexcept;
  Connection& operator=(Connection&&) = delete;
  ~Connection();

  /// A private, read-only database in memory with the content of a database file that has no
  /// -wal. Neither a lock nor a file is involved. Whether the bytes are a database shows with the
  /// first statement. Throws kIo when there is no memory.
  [[nodiscard]] static Connection OfBytes(std::string_view bytes);

  /// The whole content as the bytes of a database file; empty when nothing was ever written. Throws
  /// kIo when there is no memory.
  [[nodiscard]] std::string ToBytes();

  /// Replaces the whole content by that of `source`, page by page in one transaction of this
  /// database: the file itself, its inode, owner and mode stay, and a crash leaves the old content
  /// or the new one. A database in WAL mode stays in it, others get the source's journal mode.
  /// Throws kBusy when another program reads or writes here, kInvalid ("sqlite.page_size") when a
  /// database in WAL mode would need another page size, else like Execute.
  void CopyFrom(Connection& source);

  /// Runs statements that return no rows of interest. Throws an Error whose message is SQLite's:
  /// kBusy ("sqlite.busy"), kIo ("sqlite.full", "sqlite.readonly", "sqlite.io"), kCorrupt, else
  /// kInvalid ("sqlite.error"); kCancelled after Interrupt().
  void Execute(std::string_view sql);

  [[nodiscard]] Statement Prepare(std::string_view sql);

  /// The first column of the first row; nothing when there is no row.
  [[nodiscard]] std::optional<std::string> QueryText(std::string_view sql);
  [[nodiscard]] std::int64_t QueryInteger(std::string_view sql);
  /// The first column of every row.
  [[nodiscard]] std::vector<std::string> QueryColumn(std::string_view sql);

  /// Is the database in WAL mode? By its header, read through SQLite's own descriptor; so also for
  /// kReadImmutable, where SQLite itself does not tell. False when it has no header yet.
  [[nodiscard]] bool IsWal();

  /// Do triggers fire? They do unless told otherwise; while they rest they are not compiled either.
  void SetTriggers(TriggerMode mode);

  /// True outside a transaction.
  [[nodiscard]] bool autocommit() const;
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] sqlite3* raw() const { return database_; }

  /// Asks a running statement to stop; may be called from another thread while the connection
  /// lives.
  void Interrupt();

 private:
  Connection() = default;
  void Configure() const;

  std::string path_;
  sqlite3* database_ = nullptr;
};

struct StatementFinalizer {
  void operator()(sqlite3_stmt* statement) const;
};
/// For code that talks to SQLite below Statement; it must not outlive the connection.
using StatementPtr = std::unique_ptr<sqlite3_stmt, StatementFinalizer>;

/// Which SQLite this is: its version and the source that it was made from.
[[nodiscard]] std::string_view SqliteSource();

/// Throws the Error that stands for a result code of SQLite, with the connection's own message.
[[noreturn]] void ThrowSqlite(sqlite3* database, int result, std::string_view path);

/// `name` quoted as an SQL identifier.
[[nodiscard]] std::string QuoteIdentifier(std::string_view name);

/// `name` as SQL reads it: quoted only when it is a keyword or has other characters than letters of
/// ASCII, digits and '_'.
[[nodiscard]] std::string SqlName(std::string_view name);

/// `text` as an SQL string literal.
[[nodiscard]] std::string QuoteLiteral(std::string_view text);

}  // namespace drover::migrations
