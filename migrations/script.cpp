#include "migrations/script.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <sqlite3.h>
#include <string_view>

#include "base/error.h"
#include "base/text.h"
#include "migrations/sql_text.h"

namespace drover::migrations {
namespace {

/// PRAGMAs that do nothing, or fail with a riddle, inside a transaction (measured on SQLite 3.40).
constexpr std::array<std::string_view, 7> kOutsideOnly{
    "foreign_keys", "journal_mode", "synchronous",   "page_size",
    "auto_vacuum",  "encoding",     "wal_checkpoint"};

/// SQLite asks the authorizer while it prepares a statement; what is denied is remembered here,
/// since SQLite itself only says "not authorized".
struct Guard {
  bool in_transaction = true;
  bool vacuum = false;                      // the statement is a VACUUM
  std::optional<std::string> foreign_keys;  // set by the statement: its place decides
  bool changes_connection = false;
  std::string refused;
  std::string hint;

  void Refuse(std::string what, std::string how) {
    if (!refused.empty()) return;
    refused = std::move(what);
    hint = std::move(how);
  }
};

int Authorize(void* context, int action, const char* first, const char* second, const char*,
              const char*) {
  auto& guard = *static_cast<Guard*>(context);
  const std::string_view name = first == nullptr ? std::string_view() : first;
  switch (action) {
    case SQLITE_TRANSACTION:
      if (!guard.in_transaction) return SQLITE_OK;
      guard.Refuse(Concat(name,
                          " is not allowed here: drover runs the whole migration in one "
                          "transaction of its own"),
                   "remove the statement, or write \"transaction:false\" after the section's name");
      return SQLITE_DENY;
    case SQLITE_ATTACH:
      // VACUUM attaches a database without a name for its own use. A name that is an expression
      // arrives as null.
      if (guard.vacuum && first != nullptr && name.empty()) return SQLITE_OK;
      guard.Refuse(Concat(guard.vacuum ? "VACUUM INTO" : "ATTACH",
                          " is not allowed: a migration works on one database"),
                   "remove the statement");
      return SQLITE_DENY;
    case SQLITE_DETACH:
      guard.Refuse("DETACH is not allowed: a migration works on one database",
                   "remove the statement");
      return SQLITE_DENY;
    case SQLITE_PRAGMA: {
      const std::string pragma = ToLower(name);
      if (second == nullptr && pragma != "wal_checkpoint") return SQLITE_OK;
      guard.changes_connection = true;
      if (!guard.in_transaction || std::ranges::find(kOutsideOnly, pragma) == kOutsideOnly.end()) {
        return SQLITE_OK;
      }
      if (pragma == "foreign_keys") {
        guard.foreign_keys = second == nullptr ? "" : ToLower(second);
        return SQLITE_OK;
      }
      guard.Refuse(Concat("PRAGMA ", pragma, " has no effect inside a transaction"),
                   "put it into a migration with \"transaction:false\"");
      return SQLITE_DENY;
    }
    case SQLITE_CREATE_TEMP_INDEX:
    case SQLITE_CREATE_TEMP_TABLE:
    case SQLITE_CREATE_TEMP_TRIGGER:
    case SQLITE_CREATE_TEMP_VIEW:
      guard.changes_connection = true;
      return SQLITE_OK;
    default:
      return SQLITE_OK;
  }
}

/// Tells how far a script has come: not before it has taken a while, and then now and again.
class Reporter {
 public:
  Reporter(const std::string& sql, const ScriptObserver& observer)
      : sql_(sql), observer_(observer) {}

  /// `done` statements lie behind, the next one begins at `offset`.
  void Reached(std::size_t done, std::size_t offset) {
    done_ = done;
    offset_ = offset;
    Tick();
  }

  void Tick() {
    if (!observer_) return;
    const SteadyClock::time_point now = SteadyClock::now();
    if (now < due_) return;
    due_ = now + kPause;
    // Counting costs a pass over the text: only who waits for a long script pays it, once.
    if (statements_ == 0) {
      statements_ = done_ + CountStatements(std::string_view(sql_).substr(offset_));
    }
    observer_(done_ + 1, statements_);
  }

 private:
  using SteadyClock = std::chrono::steady_clock;
  static constexpr std::chrono::milliseconds kPatience{200};
  static constexpr std::chrono::milliseconds kPause{50};

  const std::string& sql_;
  const ScriptObserver& observer_;
  SteadyClock::time_point due_ = SteadyClock::now() + kPatience;
  std::size_t done_ = 0;
  std::size_t offset_ = 0;
  std::size_t statements_ = 0;  // 0: not counted yet
};

/// What SQLite calls back for, every so many steps of its machine.
struct Pulse {
  const std::stop_token& stop;
  Reporter& reporter;
};

int OnPulse(void* context) {
  const auto& pulse = *static_cast<const Pulse*>(context);
  pulse.reporter.Tick();
  return pulse.stop.stop_requested() ? 1 : 0;
}

/// Installs the guard and the pulse on a connection for the life of one script.
class Hooks {
 public:
  Hooks(sqlite3* database, Guard& guard, Pulse& pulse) : database_(database) {
    sqlite3_set_authorizer(database, Authorize, &guard);
    sqlite3_progress_handler(database, 1000, OnPulse, &pulse);
  }
  Hooks(const Hooks&) = delete;
  Hooks& operator=(const Hooks&) = delete;
  ~Hooks() {
    sqlite3_set_authorizer(database_, nullptr, nullptr);
    sqlite3_progress_handler(database_, 0, nullptr, nullptr);
  }

 private:
  sqlite3* database_;
};

/// True also for what this does not know.
bool MayChangeSchema(std::string_view statement) {
  constexpr std::array<std::string_view, 11> kRowsOnly{"insert",  "replace", "update", "delete",
                                                       "select",  "values",  "with",   "analyze",
                                                       "reindex", "vacuum",  "explain"};
  const std::optional<Token> first = Lexer(statement).Next();
  return !first || std::ranges::find(kRowsOnly, ToLower(first->text)) == kRowsOnly.end();
}

/// `text` is what `open` was found in.
Error UnterminatedError(const Unterminated& open, std::string_view text, std::string where) {
  return {Code::kInvalid, "sql.unterminated",
          Concat("the ", open.what,
                 " that begins here is never closed: ", Excerpt(text.substr(open.offset), 40)),
          "close it and save the file", std::move(where)};
}

Error ForeignCommandError(const ForeignCommand& command, std::string where) {
  const bool dot = command.word.starts_with('.');
  return {Code::kInvalid, "sql.foreign_command",
          Concat(command.word, " is a command of ", command.program, ", not SQL"),
          dot ? "write plain SQL in its place and save the file"
              : "remove the line: SQLite needs only ';' after a statement",
          std::move(where)};
}

class Runner {
 public:
  Runner(Connection& connection, const Script& script, const std::string& file,
         const std::stop_token& stop, const ScriptObserver& observer)
      : connection_(connection),
        script_(script),
        pair_(script.transaction ? FindOuterTransaction(script.sql) : std::nullopt),
        sql_(pair_ ? pair_->without : script.sql),
        file_(file),
        stop_(stop),
        reporter_(sql_, observer) {
    guard_.in_transaction = script.transaction;
  }

  ScriptRun RunSchemaStatements() {
    schema_only_ = true;
    return Run();
  }

  ScriptRun Run() {
    Pulse pulse{.stop = stop_, .reporter = reporter_};
    const Hooks hooks(connection_.raw(), guard_, pulse);
    const std::string_view sql = sql_;
    RefuseWhatHidesText();
    if (pair_) {
      run_.notices.push_back(Concat(Where(pair_->begin), ": BEGIN, and the COMMIT in line ",
                                    PositionAt(sql, pair_->commit, script_.line).line,
                                    ", are left out: drover runs the whole migration in one "
                                    "transaction of its own"));
    }
    std::size_t offset = BlankPrefix(sql);
    while (offset < sql.size()) {
      begin_ = offset;
      if (stop_.stop_requested()) {
        throw Error(Code::kCancelled, "job.cancelled", "the migration was cancelled", "", Where(0));
      }
      reporter_.Reached(run_.statements, offset);
      const char* tail = nullptr;
      StatementPtr statement = Prepare(sql.data() + offset, &tail);
      const auto end = static_cast<std::size_t>(tail - sql.data());
      text_ = sql.substr(begin_, end - begin_);
      offset = end + BlankPrefix(sql.substr(end));
      if (statement == nullptr) continue;
      if (guard_.foreign_keys) CheckForeignKeysPlace(offset >= sql.size());
      Execute(statement.get());
      ++run_.statements;
    }
    run_.changes_connection = guard_.changes_connection;
    return std::move(run_);
  }

 private:
  /// A NUL byte ends the text for SQLite, an open comment does for everybody: what follows would be
  /// left out without a word.
  void RefuseWhatHidesText() const {
    if (const std::size_t nul = sql_.find('\0'); nul != std::string::npos) {
      throw Error(Code::kInvalid, "malformed_migration",
                  "the script contains a NUL byte, which would end the SQL there",
                  "save the file as plain UTF-8 text", Where(nul));
    }
    const std::size_t comment = sql_.rfind("/*");
    if (comment == std::string::npos || sql_.find("*/", comment + 2) != std::string::npos) return;
    const std::optional<Unterminated> open = FindUnterminated(sql_);
    if (open && open->what == "comment") ThrowUnterminated(*open);
  }

  [[noreturn]] void ThrowUnterminated(const Unterminated& open) const {
    throw UnterminatedError(open, std::string_view(sql_).substr(begin_), Where(open.offset));
  }

  [[nodiscard]] std::string Where(std::size_t offset) const {
    const TextPosition at = PositionAt(sql_, begin_ + offset, script_.line);
    return Concat(file_, ":", at.line, ":", at.column);
  }

  StatementPtr Prepare(const char* sql, const char** tail) {
    guard_.foreign_keys.reset();
    // A view of known length: measuring the rest of the script for each statement would be
    // quadratic.
    guard_.vacuum = FirstWord(std::string_view(sql_).substr(begin_)) == "vacuum";
    if (guard_.vacuum && script_.transaction) {
      text_ = std::string_view(sql_).substr(begin_);
      guard_.Refuse("VACUUM is not possible inside a transaction",
                    "put it into a migration with \"transaction:false\"");
      ThrowRefused();
    }
    sqlite3_stmt* raw = nullptr;
    // -1: the script is NUL-terminated, and a length would make SQLite copy the rest each time.
    const int result = sqlite3_prepare_v3(connection_.raw(), sql, -1, 0, &raw, tail);
    StatementPtr statement(raw);
    if (result == SQLITE_OK) return statement;
    text_ = std::string_view(sql_).substr(begin_);
    Fail(result);
  }

  static std::string FirstWord(std::string_view sql) {
    const std::optional<Token> first = Lexer(sql).Next();
    return first ? ToLower(first->text) : std::string();
  }

  [[noreturn]] void ThrowRefused() const {
    throw Error(Code::kRefused, "sql.refused", Concat(guard_.refused, Quoted()), guard_.hint,
                Where(0));
  }

  /// OFF as the first and ON as the last statement do what drover does anyway; everywhere else the
  /// author expects an effect that does not come.
  void CheckForeignKeysPlace(bool last) {
    constexpr std::array<std::string_view, 4> kOff{"0", "off", "no", "false"};
    const bool off = std::ranges::find(kOff, *guard_.foreign_keys) != kOff.end();
    if (off ? run_.statements > 0 : !last) {
      throw Error(Code::kRefused, "sql.refused",
                  Concat("PRAGMA foreign_keys has no effect inside a transaction", Quoted()),
                  "remove it: drover switches foreign key enforcement off while it migrates",
                  Where(0));
    }
    run_.notices.push_back(
        Concat(Where(0),
               ": PRAGMA foreign_keys is not needed: drover switches foreign key "
               "enforcement off while it migrates"));
  }

  void Execute(sqlite3_stmt* statement) {
    if (schema_only_ && !MayChangeSchema(text_)) return;
    int result = SQLITE_ROW;
    while (result == SQLITE_ROW) result = sqlite3_step(statement);
    if (result != SQLITE_DONE) Fail(result);
    if (script_.transaction && connection_.autocommit()) {
      throw Error(
          Code::kInvalid, "sql.implicit_rollback",
          Concat("the statement ended the transaction; everything before it was undone", Quoted()),
          "do not use OR ROLLBACK or RAISE(ROLLBACK) in a migration", Where(0));
    }
  }

  [[nodiscard]] std::string Quoted() const {
    return Concat(", in statement ", run_.statements + 1, ": ", Excerpt(text_, 80));
  }

  [[noreturn]] void Fail(int result) {
    // VACUUM asks the authorizer while it runs.
    if (!guard_.refused.empty()) ThrowRefused();
    const int at = sqlite3_error_offset(connection_.raw());
    const std::size_t offset = at > 0 ? static_cast<std::size_t>(at) : 0;
    if ((result & 0xFF) == SQLITE_ERROR) ExplainSyntax(offset);
    try {
      ThrowSqlite(connection_.raw(), result, "");
    } catch (Error& error) {
      if (stop_.stop_requested() && error.code == Code::kCancelled) {
        error.message = "the migration was cancelled";
      }
      error.message += Quoted();
      // Not the statement's fault: the file, or the disk that it is on, must be looked at.
      const bool about_file = error.code == Code::kIo || error.code == Code::kCorrupt;
      if (about_file && connection_.path().starts_with('/')) {
        error.message = Concat(connection_.path(), ": ", error.message);
      }
      error.where = Where(offset);
      if (error.code == Code::kInvalid && script_.transaction && connection_.autocommit()) {
        error.kind = "sql.implicit_rollback";
        error.hint = "do not use OR ROLLBACK or RAISE(ROLLBACK) in a migration";
      }
      if (error.hint.empty() && error.code == Code::kInvalid) {
        error.hint = "correct the statement and save the file";
      }
      throw;
    }
  }

  /// Throws when the statement is not SQL at all but something that files of other tools contain,
  /// or ends too early: SQLite only says near which word it gave up.
  void ExplainSyntax(std::size_t offset) const {
    const std::string_view message = sqlite3_errmsg(connection_.raw());
    if (message.starts_with("unrecognized token")) {
      const std::optional<Unterminated> open = FindUnterminated(text_);
      if (open && open->offset == offset) ThrowUnterminated(*open);
    }
    if (message == "incomplete input") {
      throw Error(Code::kInvalid, "sql.unterminated",
                  Concat("the last statement is not finished", Quoted()),
                  "look for a missing ')' or END, then save the file", Where(0));
    }
    if (!message.starts_with("near \"")) return;
    // SQLite gives up at the word itself, or a line later when it could be taken for a name.
    const std::size_t end = text_.find('\n', offset);
    const std::optional<ForeignCommand> command = FindForeignCommand(text_.substr(0, end));
    if (command) throw ForeignCommandError(*command, Where(command->offset));
  }

  Connection& connection_;
  const Script& script_;
  std::optional<TransactionPair> pair_;
  const std::string& sql_;  // what runs: the script, but for that pair
  const std::string& file_;
  const std::stop_token& stop_;
  Reporter reporter_;
  Guard guard_;
  ScriptRun run_;
  std::size_t begin_ = 0;  // of the current statement
  std::string_view text_;  // of the current statement
  bool schema_only_ = false;
};

}  // namespace

ScriptRun RunScript(Connection& connection, const Script& script, const std::string& file,
                    const std::stop_token& stop, const ScriptObserver& observer) {
  return Runner(connection, script, file, stop, observer).Run();
}

ScriptRun RunSchemaStatements(Connection& connection, const Script& script, const std::string& file,
                              const std::stop_token& stop) {
  return Runner(connection, script, file, stop, {}).RunSchemaStatements();
}

void CheckScriptText(const Script& script, const std::string& file) {
  const std::optional<TransactionPair> pair =
      script.transaction ? FindOuterTransaction(script.sql) : std::nullopt;
  const std::string& sql = pair ? pair->without : script.sql;
  const auto where = [&](std::size_t offset) {
    const TextPosition at = PositionAt(sql, offset, script.line);
    return Concat(file, ":", at.line, ":", at.column);
  };
  if (const auto open = FindUnterminated(sql)) {
    throw UnterminatedError(*open, sql, where(open->offset));
  }
  if (const auto command = FindForeignCommand(sql)) {
    throw ForeignCommandError(*command, where(command->offset));
  }
  if (const auto statement = FindOutOfPlace(sql, script.transaction)) {
    throw Error(Code::kRefused, "sql.refused",
                Concat(statement->word,
                       " is not allowed here: each revision is one transaction on "
                       "one database"),
                "remove the statement", where(statement->offset));
  }
}

}  // namespace drover::migrations
