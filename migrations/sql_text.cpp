#include "migrations/sql_text.h"

#include <algorithm>
#include <array>
#include <set>
#include <span>

#include "base/text.h"

namespace drover::migrations {
namespace {

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r'; }

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

bool IsWordPart(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || IsDigit(c) || c == '_' || c == '$' ||
         static_cast<unsigned char>(c) >= 0x80U;
}

/// The end of the comment that begins at `at`; beyond the text when it is never closed.
std::size_t CommentEnd(std::string_view sql, std::size_t at) {
  const std::size_t end = sql.find("*/", at + 2);
  return end == std::string_view::npos ? sql.size() + 1 : end + 2;
}

/// The end of the white space or comment that begins at `at`; `at` when there is none.
std::size_t SkipOneBlank(std::string_view sql, std::size_t at) {
  if (IsSpace(sql[at])) return at + 1;
  const std::string_view rest = sql.substr(at);
  if (rest.starts_with("\xEF\xBB\xBF")) return at + 3;
  if (rest.starts_with("--")) return std::min(sql.find('\n', at), sql.size());
  if (rest.starts_with("/*")) return std::min(CommentEnd(sql, at), sql.size());
  return at;
}

/// The end of a quoted token that begins at `at`; a doubled quote stands for itself. Beyond the
/// text when the quote is never closed.
std::size_t QuotedEnd(std::string_view sql, std::size_t at, char close) {
  std::size_t end = at + 1;
  while (end < sql.size()) {
    if (sql[end] == close) {
      if (close == ']' || end + 1 >= sql.size() || sql[end + 1] != close) return end + 1;
      ++end;
    }
    ++end;
  }
  return sql.size() + 1;
}

using TokenList = std::vector<Token>;

bool IsWord(const Token& token, std::string_view lower) {
  return token.kind == TokenKind::kWord && token.text.size() == lower.size() &&
         ToLower(token.text) == lower;
}

bool IsSymbol(const Token& token, char symbol) {
  return token.kind == TokenKind::kSymbol && token.text.front() == symbol;
}

/// Does a statement that begins like this end with "; END ;" instead of ";"?
bool IsTrigger(std::span<const Token> statement) {
  if (statement.empty() || !IsWord(statement.front(), "create")) return false;
  std::size_t at = 1;
  if (at < statement.size() &&
      (IsWord(statement[at], "temp") || IsWord(statement[at], "temporary"))) {
    ++at;
  }
  return at < statement.size() && IsWord(statement[at], "trigger");
}

std::vector<TokenList> SplitStatements(std::string_view sql) {
  std::vector<TokenList> statements;
  TokenList current;
  Lexer lexer(sql);
  while (const std::optional<Token> token = lexer.Next()) {
    if (!IsSymbol(*token, ';')) {
      current.push_back(*token);
      continue;
    }
    if (IsTrigger(current)) {
      const bool ended = current.size() > 2 && IsWord(current.back(), "end") &&
                         IsSymbol(current[current.size() - 2], ';');
      if (!ended) {
        current.push_back(*token);
        continue;
      }
    }
    if (!current.empty()) statements.push_back(std::move(current));
    current.clear();
  }
  if (!current.empty()) statements.push_back(std::move(current));
  return statements;
}

/// BEGIN, with or without its options, and nothing else.
bool IsBegin(std::span<const Token> statement) {
  return IsWord(statement.front(), "begin") &&
         std::ranges::all_of(statement.subspan(1), [](const Token& token) {
           return IsWord(token, "transaction") || IsWord(token, "deferred") ||
                  IsWord(token, "immediate") || IsWord(token, "exclusive");
         });
}

bool IsCommit(std::span<const Token> statement) {
  return (IsWord(statement.front(), "commit") || IsWord(statement.front(), "end")) &&
         (statement.size() == 1 || (statement.size() == 2 && IsWord(statement[1], "transaction")));
}

bool IsForeignKeysPragma(std::span<const Token> statement) {
  return statement.size() > 1 && IsWord(statement[0], "pragma") &&
         IsWord(statement[1], "foreign_keys");
}

/// Walks over one statement's words.
class TextReader {
 public:
  explicit TextReader(std::span<const Token> tokens) : tokens_(tokens) {}

  bool Accept(std::string_view word) {
    if (at_ < tokens_.size() && IsWord(tokens_[at_], word)) {
      ++at_;
      return true;
    }
    return false;
  }

  /// Skips everything before `word` that is not in parentheses. False when it does not come.
  bool SkipTo(std::string_view word) {
    int depth = 0;
    for (; at_ < tokens_.size(); ++at_) {
      if (IsSymbol(tokens_[at_], '(')) ++depth;
      if (IsSymbol(tokens_[at_], ')')) --depth;
      if (depth == 0 && IsWord(tokens_[at_], word)) return true;
    }
    return false;
  }

  /// Skips past the next comma of the list we are in. False when the list ends first.
  bool SkipComma() {
    int depth = 0;
    for (; at_ < tokens_.size(); ++at_) {
      if (IsSymbol(tokens_[at_], '(')) ++depth;
      if (IsSymbol(tokens_[at_], ')')) --depth;
      if (depth != 0) continue;
      if (IsWord(tokens_[at_], "where") || IsWord(tokens_[at_], "from")) return false;
      if (IsSymbol(tokens_[at_], ',')) {
        ++at_;
        return true;
      }
    }
    return false;
  }

  /// [schema.]name, lower-cased since SQLite's names are case-insensitive.
  std::string Name() {
    std::string name = One();
    if (at_ < tokens_.size() && IsSymbol(tokens_[at_], '.')) {
      ++at_;
      name = One();
    }
    return name;
  }

 private:
  std::string One() { return at_ < tokens_.size() ? ToLower(NameOf(tokens_[at_++])) : ""; }

  std::span<const Token> tokens_;
  std::size_t at_ = 0;
};

/// The columns that "SET a = 1, b = (…)" gives values to; none for the form "(a, b) = …".
std::vector<std::string> ReadAssignments(TextReader& reader) {
  std::vector<std::string> columns;
  if (!reader.SkipTo("set")) return columns;
  do {
    (void)reader.Accept("set");
    columns.push_back(reader.Name());
    if (columns.back() == "(") return {};
  } while (reader.SkipComma());
  return columns;
}

/// The tables that some statement of the script renames something to.
std::set<std::string> RenameTargets(std::span<const TokenList> statements) {
  std::set<std::string> names;
  for (const TokenList& statement : statements) {
    TextReader reader(statement);
    if (!reader.Accept("alter") || !reader.Accept("table")) continue;
    (void)reader.Name();
    if (reader.Accept("rename") && reader.Accept("to")) names.insert(reader.Name());
  }
  return names;
}

}  // namespace

std::optional<Token> Lexer::Next() {
  while (at_ < sql_.size()) {
    const std::size_t next = SkipOneBlank(sql_, at_);
    if (next == at_) break;
    at_ = next;
  }
  if (at_ >= sql_.size()) return std::nullopt;
  const std::size_t begin = at_;
  const char c = sql_[at_];
  TokenKind kind = TokenKind::kSymbol;
  if (c == '\'') {
    kind = TokenKind::kString;
    at_ = std::min(QuotedEnd(sql_, at_, '\''), sql_.size());
  } else if (c == '"' || c == '`') {
    kind = TokenKind::kQuotedName;
    at_ = std::min(QuotedEnd(sql_, at_, c), sql_.size());
  } else if (c == '[') {
    kind = TokenKind::kQuotedName;
    at_ = std::min(QuotedEnd(sql_, at_, ']'), sql_.size());
  } else if (IsWordPart(c)) {
    kind = IsDigit(c) ? TokenKind::kNumber : TokenKind::kWord;
    while (at_ < sql_.size() &&
           (IsWordPart(sql_[at_]) || (kind == TokenKind::kNumber && sql_[at_] == '.'))) {
      ++at_;
    }
  } else {
    ++at_;
  }
  return Token{.kind = kind, .text = sql_.substr(begin, at_ - begin), .offset = begin};
}

std::size_t BlankPrefix(std::string_view sql) {
  std::size_t at = 0;
  while (at < sql.size()) {
    const std::size_t next = sql[at] == ';' ? at + 1 : SkipOneBlank(sql, at);
    if (next == at) break;
    at = next;
  }
  return at;
}

std::vector<Comment> FindComments(std::string_view sql) {
  std::vector<Comment> comments;
  for (std::size_t at = 0; at < sql.size();) {
    const char c = sql[at];
    if (c == '\'' || c == '"' || c == '`' || c == '[') {
      at = QuotedEnd(sql, at, c == '[' ? ']' : c);
      continue;
    }
    const std::size_t end = SkipOneBlank(sql, at);
    const std::string_view blank = sql.substr(at, end - at);
    if (blank.starts_with("--")) {
      comments.push_back({.text = blank.substr(2), .begin = at, .end = end});
    } else if (blank.starts_with("/*")) {
      const std::size_t marks = blank.size() >= 4 && blank.ends_with("*/") ? 4 : 2;
      comments.push_back({.text = blank.substr(2, blank.size() - marks), .begin = at, .end = end});
    }
    at = std::max(end, at + 1);
  }
  return comments;
}

std::string WithoutComments(std::string_view sql) {
  std::string out;
  bool blank = false;
  for (std::size_t at = 0; at < sql.size();) {
    const char c = sql[at];
    const std::size_t skipped = SkipOneBlank(sql, at);
    if (skipped > at) {
      blank = true;
      at = skipped;
      continue;
    }
    if (blank && !out.empty()) out.push_back(' ');
    blank = false;
    std::size_t end = at + 1;
    if (c == '\'' || c == '"' || c == '`' || c == '[') {
      end = std::min(QuotedEnd(sql, at, c == '[' ? ']' : c), sql.size());
    }
    out += sql.substr(at, end - at);
    at = end;
  }
  return out;
}

TextPosition PositionAt(std::string_view text, std::size_t offset, std::size_t first_line) {
  TextPosition position{.line = first_line, .column = 1};
  for (const char c : text.substr(0, offset)) {
    if (c == '\n') {
      ++position.line;
      position.column = 1;
    } else if ((static_cast<unsigned char>(c) & 0xC0U) != 0x80U) {
      ++position.column;
    }
  }
  return position;
}

std::optional<Unterminated> FindUnterminated(std::string_view sql) {
  for (std::size_t at = 0; at < sql.size();) {
    const char c = sql[at];
    std::size_t end = at + 1;
    std::string_view what;
    if (c == '\'') {
      what = "string";
      end = QuotedEnd(sql, at, c);
    } else if (c == '"' || c == '`' || c == '[') {
      what = "quoted name";
      end = QuotedEnd(sql, at, c == '[' ? ']' : c);
    } else if (sql.substr(at).starts_with("/*")) {
      what = "comment";
      end = CommentEnd(sql, at);
    } else {
      end = std::max(SkipOneBlank(sql, at), end);
    }
    if (end > sql.size()) return Unterminated{.what = what, .offset = at};
    at = end;
  }
  return std::nullopt;
}

std::optional<ForeignCommand> FindForeignCommand(std::string_view sql) {
  Lexer lexer(sql);
  std::optional<Token> token = lexer.Next();
  const auto line_of = [&](const Token& one) {
    const std::size_t begin = sql.rfind('\n', one.offset);
    const std::size_t first = begin == std::string_view::npos ? 0 : begin + 1;
    return sql.substr(first, std::min(sql.find('\n', one.offset), sql.size()) - first);
  };
  while (token) {
    const std::optional<Token> next = lexer.Next();
    const std::string_view line = Trim(line_of(*token));
    const bool leads = line.data() == token->text.data();
    if (leads && token->text == "." && next && next->kind == TokenKind::kWord &&
        next->offset == token->offset + 1) {
      return ForeignCommand{Concat(".", next->text), "the sqlite3 program", token->offset};
    }
    const std::string word = ToLower(token->text);
    const std::string_view after = Trim(line.substr(std::min(word.size(), line.size())));
    if (leads && word == "go" && after.find_first_not_of("0123456789") == std::string_view::npos) {
      return ForeignCommand{std::string(token->text), "SQL Server's client", token->offset};
    }
    if (leads && word == "delimiter") {
      return ForeignCommand{std::string(token->text), "MySQL's client", token->offset};
    }
    token = next;
  }
  return std::nullopt;
}

std::optional<TransactionPair> FindOuterTransaction(std::string_view sql) {
  // Most scripts have no BEGIN in front: they are not cut into statements for it.
  Lexer lexer(sql);
  std::optional<Token> first = lexer.Next();
  while (first && IsSymbol(*first, ';')) first = lexer.Next();
  if (!first || !(IsWord(*first, "begin") || IsWord(*first, "pragma"))) return std::nullopt;
  const std::vector<TokenList> statements = SplitStatements(sql);
  std::span<const TokenList> rest(statements);
  if (IsForeignKeysPragma(rest.front())) rest = rest.subspan(1);
  if (!rest.empty() && IsForeignKeysPragma(rest.back())) rest = rest.first(rest.size() - 1);
  if (rest.size() < 2 || !IsBegin(rest.front()) || !IsCommit(rest.back())) return std::nullopt;
  TransactionPair pair{.begin = rest.front().front().offset,
                       .commit = rest.back().front().offset,
                       .without = std::string(sql)};
  for (const TokenList* statement : {&rest.front(), &rest.back()}) {
    for (const Token& token : *statement) {
      pair.without.replace(token.offset, token.text.size(), token.text.size(), ' ');
    }
  }
  return pair;
}

std::optional<OutOfPlace> FindOutOfPlace(std::string_view sql, bool transaction) {
  constexpr std::array<std::string_view, 2> kElsewhere{"attach", "detach"};
  constexpr std::array<std::string_view, 5> kControl{"begin", "commit", "end", "rollback",
                                                     "vacuum"};
  for (const TokenList& statement : SplitStatements(sql)) {
    const std::string word = ToLower(statement.front().text);
    const bool to_savepoint =
        word == "rollback" &&
        std::ranges::any_of(statement, [](const Token& token) { return IsWord(token, "to"); });
    const bool control =
        transaction && !to_savepoint && std::ranges::find(kControl, word) != kControl.end();
    if (control || std::ranges::find(kElsewhere, word) != kElsewhere.end()) {
      return OutOfPlace{.word = word, .offset = statement.front().offset};
    }
  }
  return std::nullopt;
}

bool CopiesOnlySome(std::string_view statement) {
  constexpr std::array<std::string_view, 9> kFilters{
      "where", "limit", "join", "group", "having", "distinct", "except", "intersect", "ignore"};
  Lexer lexer(statement);
  while (const std::optional<Token> token = lexer.Next()) {
    if (token->kind == TokenKind::kWord &&
        std::ranges::find(kFilters, ToLower(token->text)) != kFilters.end()) {
      return true;
    }
  }
  return false;
}

std::vector<StatementSpan> FindStatements(std::string_view sql) {
  std::vector<StatementSpan> spans;
  for (const TokenList& statement : SplitStatements(sql)) {
    spans.push_back({.begin = statement.front().offset,
                     .end = statement.back().offset + statement.back().text.size()});
  }
  return spans;
}

std::size_t CountStatements(std::string_view sql) { return SplitStatements(sql).size(); }

std::string NameOf(const Token& token) {
  if (token.kind != TokenKind::kQuotedName && token.kind != TokenKind::kString) {
    return std::string(token.text);
  }
  if (token.text.size() < 2) return std::string(token.text);
  const char quote = token.text.back();
  const std::string_view inner = token.text.substr(1, token.text.size() - 2);
  std::string name;
  for (std::size_t i = 0; i < inner.size(); ++i) {
    name.push_back(inner[i]);
    if (inner[i] == quote && quote != ']') ++i;
  }
  return name;
}

std::vector<Destruction> FindDestruction(std::string_view sql) {
  const std::vector<TokenList> statements = SplitStatements(sql);
  const std::set<std::string> rebuilt = RenameTargets(statements);
  std::set<std::string> created;  // tables, and columns as "table.column"
  std::vector<Destruction> found;
  bool thinned = false;  // a copy into another table may have left rows out
  for (const TokenList& statement : statements) {
    TextReader reader(statement);
    if (IsWord(statement.front(), "insert")) {
      const Token& last = statement.back();
      const std::size_t begin = statement.front().offset;
      thinned =
          thinned || CopiesOnlySome(sql.substr(begin, last.offset + last.text.size() - begin));
      continue;
    }
    if (reader.Accept("create")) {
      if (!reader.Accept("temp")) (void)reader.Accept("temporary");
      if (!reader.Accept("table")) continue;
      // With IF NOT EXISTS the table may be an old one, with rows.
      if (!reader.Accept("if")) created.insert(reader.Name());
    } else if (reader.Accept("drop")) {
      if (!reader.Accept("table")) continue;
      if (reader.Accept("if")) (void)reader.Accept("exists");
      const std::string table = reader.Name();
      if (created.contains(table)) continue;
      if (!rebuilt.contains(table)) {
        found.push_back({.kind = "drop table", .object = table});
      } else if (thinned) {
        found.push_back({.kind = "delete rows", .object = table});
      }
    } else if (reader.Accept("alter")) {
      (void)reader.Accept("table");
      const std::string table = reader.Name();
      if (reader.Accept("rename")) {
        if (reader.Accept("to") && created.contains(table)) created.insert(reader.Name());
        continue;
      }
      if (reader.Accept("add")) {
        (void)reader.Accept("column");
        created.insert(Concat(table, ".", reader.Name()));
        continue;
      }
      if (!reader.Accept("drop") || created.contains(table)) continue;
      (void)reader.Accept("column");
      found.push_back({.kind = "drop column", .object = Concat(table, ".", reader.Name())});
    } else if (reader.Accept("update")) {
      if (reader.Accept("or")) (void)reader.Name();
      const std::string table = reader.Name();
      if (created.contains(table)) continue;
      const std::vector<std::string> columns = ReadAssignments(reader);
      if (columns.empty()) found.push_back({.kind = "update rows", .object = table});
      for (const std::string& column : columns) {
        const std::string object = Concat(table, ".", column);
        if (!created.contains(object)) found.push_back({.kind = "update rows", .object = object});
      }
    } else {
      if (reader.Accept("with") && !reader.SkipTo("delete")) continue;
      if (!reader.Accept("delete")) continue;
      (void)reader.Accept("from");
      const std::string table = reader.Name();
      // The last value of AUTOINCREMENT, which a rebuild takes along, is no row of the user's.
      if (created.contains(table) || table.starts_with("sqlite_")) continue;
      found.push_back({.kind = "delete rows", .object = table});
    }
  }
  return found;
}

}  // namespace drover::migrations
