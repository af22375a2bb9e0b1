#include "migrations/schema_diff/desired.h"

#include <algorithm>
#include <array>
#include <memory>
#include <set>
#include <sqlite3.h>

#include "base/error.h"
#include "base/text.h"
#include "migrations/schema_diff/validate.h"
#include "migrations/schema_text.h"
#include "migrations/script.h"
#include "migrations/sql_text.h"

namespace drover::migrations {
namespace {

constexpr int kStepsPerCall = 1'000'000;
constexpr int kMostCalls = 500;
constexpr int kMostSqlBytes = 8 << 20;

int DenyReach(void*, int action, const char*, const char* second, const char*, const char*) {
  switch (action) {
    case SQLITE_ATTACH:
    case SQLITE_DETACH:
    case SQLITE_CREATE_TEMP_INDEX:
    case SQLITE_CREATE_TEMP_TABLE:
    case SQLITE_CREATE_TEMP_TRIGGER:
    case SQLITE_CREATE_TEMP_VIEW:
      return SQLITE_DENY;
    case SQLITE_FUNCTION:
      return second != nullptr && ToLower(second) == "load_extension" ? SQLITE_DENY : SQLITE_OK;
    default:
      return SQLITE_OK;
  }
}

int CountCalls(void* context) { return ++*static_cast<int*>(context) > kMostCalls ? 1 : 0; }

struct DesiredFinalizer {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};

/// "users" of "CREATE TABLE IF NOT EXISTS main.users (…", with its type: "table\tusers".
std::string CreatedObject(std::string_view statement) {
  constexpr std::array<std::string_view, 4> kTypes{"table", "index", "view", "trigger"};
  Lexer lexer(statement);
  std::string type;
  while (const std::optional<Token> token = lexer.Next()) {
    const std::string word = ToLower(token->text);
    if (type.empty()) {
      if (std::ranges::find(kTypes, word) != kTypes.end()) type = word;
      continue;
    }
    const bool quoted = token->kind == TokenKind::kQuotedName || token->kind == TokenKind::kString;
    if (!quoted && (word == "if" || word == "not" || word == "exists")) continue;
    Lexer ahead = lexer;
    const std::optional<Token> dot = ahead.Next();
    if (dot && dot->text == ".") {
      lexer = ahead;
      continue;
    }
    return Concat(type, "\t", ToLower(NameOf(*token)));
  }
  return {};
}

/// Reads a schema file into a connection.
class SchemaLoader {
 public:
  SchemaLoader(Connection& connection, const SchemaSource& source)
      : connection_(connection), source_(source), sql_(source.sql) {}

  void Run() {
    if (const std::size_t nul = sql_.find('\0'); nul != std::string::npos) {
      begin_ = nul;
      Fail("schema.sql", "the file contains a NUL byte, which would end the SQL there",
           "save the file as plain UTF-8 text");
    }
    CheckScriptText({.sql = sql_, .line = 1, .transaction = false}, source_.file);
    FindSeedBlocks();
    sqlite3_set_authorizer(connection_.raw(), DenyReach, nullptr);
    sqlite3_progress_handler(connection_.raw(), kStepsPerCall, CountCalls, &calls_);
    std::size_t end_before = 0;
    std::size_t offset = BlankPrefix(sql_);
    while (offset < sql_.size()) {
      begin_ = offset;
      const std::size_t end = One(end_before);
      end_before = end;
      offset = end + BlankPrefix(std::string_view(sql_).substr(end));
    }
    sqlite3_set_authorizer(connection_.raw(), nullptr, nullptr);
    sqlite3_progress_handler(connection_.raw(), 0, nullptr, nullptr);
  }

  [[nodiscard]] std::string WhereOf(std::string_view type, std::string_view name) const {
    const auto found = places_.find(Concat(type, "\t", ToLower(name)));
    return Where(found == places_.end() ? 0 : found->second);
  }

  [[nodiscard]] const std::vector<RenameHint>& renames_above() const { return renames_above_; }

 private:
  [[nodiscard]] std::string Where(std::size_t offset) const {
    const TextPosition at = PositionAt(sql_, offset, 1);
    return Concat(source_.file, ":", at.line, ":", at.column);
  }

  [[noreturn]] void Fail(std::string_view kind, const std::string& message,
                         const std::string& hint) const {
    throw Error(Code::kInvalid, std::string(kind), message, hint, Where(begin_));
  }

  /// Carries out the statement that begins here and returns where it ends.
  std::size_t One(std::size_t end_before) {
    const std::string_view rest = std::string_view(sql_).substr(begin_);
    const std::optional<Token> first = Lexer(rest).Next();
    const std::string word = first ? ToLower(first->text) : std::string();
    if (IsPassedOver(word)) return begin_ + StatementSize(rest);
    const char* tail = nullptr;
    sqlite3_stmt* raw = nullptr;
    const int result =
        sqlite3_prepare_v3(connection_.raw(), sql_.c_str() + begin_, -1, 0, &raw, &tail);
    const std::unique_ptr<sqlite3_stmt, DesiredFinalizer> statement(raw);
    if (result != SQLITE_OK) ThrowSql(result);
    int step = SQLITE_ROW;
    while (step == SQLITE_ROW) step = sqlite3_step(raw);
    if (step != SQLITE_DONE) ThrowSql(step);
    const auto end = static_cast<std::size_t>(tail - sql_.c_str());
    const std::string_view text = std::string_view(sql_).substr(begin_, end - begin_);
    if (word == "create") Remember(text, end_before);
    return end;
  }

  /// Is the statement no part of a schema, but harmless? Throws for what is neither.
  bool IsPassedOver(const std::string& word) {
    constexpr std::array<std::string_view, 3> kSchema{"create", "alter", "drop"};
    constexpr std::array<std::string_view, 3> kPassed{"begin", "commit", "end"};
    if (std::ranges::find(kSchema, word) != kSchema.end()) return false;
    if (InSeedBlock() || std::ranges::find(kPassed, word) != kPassed.end()) return true;
    if (word == "pragma" && IsHarmlessPragma()) return true;
    Fail("schema.statement",
         Concat("a schema file has no place for ", word,
                ": it only says what "
                "tables, indexes, views and triggers there are"),
         word == "insert" ? "put rows between \"-- drover:seed\" and \"-- drover:end\", or into a "
                            "migration"
                          : "put the statement into a migration");
  }

  [[nodiscard]] bool IsHarmlessPragma() const {
    constexpr std::array<std::string_view, 8> kHarmless{
        "foreign_keys", "user_version", "application_id", "journal_mode",
        "synchronous",  "page_size",    "encoding",       "auto_vacuum"};
    Lexer lexer(std::string_view(sql_).substr(begin_));
    (void)lexer.Next();
    const std::optional<Token> name = lexer.Next();
    return name && std::ranges::find(kHarmless, ToLower(name->text)) != kHarmless.end();
  }

  /// Of a statement that is no CREATE TRIGGER.
  static std::size_t StatementSize(std::string_view sql) {
    Lexer lexer(sql);
    while (const std::optional<Token> token = lexer.Next()) {
      if (token->text == ";") return token->offset + 1;
    }
    return sql.size();
  }

  void FindSeedBlocks() {
    constexpr std::size_t kNowhere = std::string::npos;
    std::size_t begin = kNowhere;
    for (const Comment& comment : FindComments(sql_)) {
      const std::string_view text = Trim(comment.text);
      if (text == "drover:seed") begin = comment.begin;
      if (text == "drover:end" && begin != kNowhere) {
        seeds_.emplace_back(begin, comment.end);
        begin = kNowhere;
      }
    }
    if (begin != kNowhere) seeds_.emplace_back(begin, sql_.size());
  }

  [[nodiscard]] bool InSeedBlock() const {
    return std::ranges::any_of(
        seeds_, [&](const auto& block) { return block.first < begin_ && begin_ < block.second; });
  }

  void Remember(std::string_view text, std::size_t end_before) {
    const std::string object = CreatedObject(text);
    places_[object] = begin_;
    if (!object.starts_with("table\t")) return;
    // A hint above the statement speaks of the table; SQLite does not keep it.
    const std::string_view gap = std::string_view(sql_).substr(end_before, begin_ - end_before);
    for (const Comment& comment : FindComments(gap)) {
      const std::string from = RenamedFrom(comment.text);
      const bool own_line =
          end_before == 0 || gap.substr(0, comment.begin).find('\n') != std::string_view::npos;
      if (!from.empty() && own_line) renames_above_.push_back({object.substr(6), "", from});
    }
  }

  [[noreturn]] void ThrowSql(int result) const {
    if ((result & 0xFF) == SQLITE_INTERRUPT || (result & 0xFF) == SQLITE_FULL) {
      Fail("schema.too_large", "the schema takes too long, or too much memory, to carry out",
           "put what makes rows into a migration");
    }
    const int offset = sqlite3_error_offset(connection_.raw());
    const std::size_t at = begin_ + (offset < 0 ? 0 : static_cast<std::size_t>(offset));
    const std::string message = sqlite3_errmsg(connection_.raw());
    throw Error(Code::kInvalid, "schema.sql", message, StubHint(message).value_or(""), Where(at));
  }

  Connection& connection_;
  const SchemaSource& source_;
  const std::string& sql_;
  std::size_t begin_ = 0;  // of the current statement
  int calls_ = 0;
  std::vector<std::pair<std::size_t, std::size_t>> seeds_;
  std::map<std::string, std::size_t> places_;
  std::vector<RenameHint> renames_above_;
};

void ReadOrder(DesiredSchema& schema) {
  schema.order = schema.database->QueryColumn(
      "SELECT type || char(9) || name FROM sqlite_schema ORDER BY rowid");
}

}  // namespace

DesiredSchema LoadDesiredSchema(const SchemaSource& source) {
  DesiredSchema schema;
  schema.database = std::make_unique<Connection>("", OpenMode::kMemory);
  Connection& memory = *schema.database;
  sqlite3* raw = memory.raw();
  sqlite3_db_config(raw, SQLITE_DBCONFIG_DQS_DDL, 0, nullptr);
  sqlite3_db_config(raw, SQLITE_DBCONFIG_DQS_DML, 0, nullptr);
  sqlite3_limit(raw, SQLITE_LIMIT_SQL_LENGTH, kMostSqlBytes);
  memory.Execute("PRAGMA foreign_keys=OFF; PRAGMA temp_store=MEMORY; PRAGMA max_page_count=16384");
  RegisterStubs(memory, source.stubs);
  SchemaLoader loader(memory, source);
  loader.Run();
  ValidateSchema(memory, [&](std::string_view type, std::string_view name) {
    return loader.WhereOf(type, name);
  });
  schema.image = SchemaReader(source.version_table).Read(memory);
  ReadOrder(schema);
  for (const auto& object : schema.image.objects) {
    if (object->type != "table") continue;
    SchemaHints hints = ReadHints(object->sql, object->name);
    std::ranges::move(hints.renames, std::back_inserter(schema.hints.renames));
    std::ranges::move(hints.backfills, std::back_inserter(schema.hints.backfills));
  }
  std::ranges::copy(loader.renames_above(), std::back_inserter(schema.hints.renames));
  CrossCheck(schema.image);
  return schema;
}

DesiredSchema SchemaOfDatabase(Connection& database, std::string_view version_table,
                               const Stubs& stubs) {
  DesiredSchema schema;
  schema.database = std::make_unique<Connection>("", OpenMode::kMemory);
  RegisterStubs(*schema.database, stubs);
  CopySchema(database, *schema.database);
  schema.image = SchemaReader(version_table).Read(*schema.database);
  ReadOrder(schema);
  CrossCheck(schema.image);
  return schema;
}

void CopySchema(Connection& from, Connection& to) {
  const std::vector<std::string> statements = from.QueryColumn(
      "SELECT sql FROM sqlite_schema m WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' "
      "ESCAPE '\\' AND NOT EXISTS (SELECT 1 FROM pragma_table_list l WHERE l.schema = 'main' AND "
      "l.name = m.name AND l.type = 'shadow') "
      "ORDER BY CASE type WHEN 'table' THEN 0 WHEN 'index' THEN 1 WHEN 'view' THEN 2 ELSE 3 END, "
      "rowid");
  for (const std::string& sql : statements) to.Execute(sql);
}

void CrossCheck(const SchemaImage& image) {
  for (const auto& object : image.objects) {
    if (!object->facts) continue;
    const TableText text = ReadTableText(object->sql);
    const TableFacts& facts = *object->facts;
    const bool same_columns =
        std::ranges::equal(facts.columns, text.columns, {}, &ColumnFacts::name, &ColumnText::name);
    const auto key = std::ranges::find_if(
        facts.keys, [](const std::string& clause) { return clause.starts_with("primary key"); });
    const bool same_key = text.primary_key.empty() == (key == facts.keys.end());
    if (same_columns && same_key && text.foreign_keys == facts.foreign_keys.size()) continue;
    throw Error(Code::kInternal, "schema.misread",
                Concat("what SQLite tells about table ", object->name,
                       " does not agree with the text of its definition"),
                "please report this with the CREATE TABLE statement");
  }
}

}  // namespace drover::migrations
