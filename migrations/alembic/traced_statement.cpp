#include "migrations/alembic/traced_statement.h"

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "base/text.h"
#include "migrations/alembic/offline_script.h"
#include "migrations/native_format.h"
#include "migrations/sql_text.h"

namespace drover::migrations {
namespace {

using Words = std::vector<Token>;

constexpr std::array<std::string_view, 4> kRowWords{"insert", "update", "delete", "replace"};
constexpr std::array<std::string_view, 3> kElsewhereWords{"vacuum", "attach", "detach"};
constexpr std::array<std::string_view, 3> kIdleWords{"savepoint", "release", "explain"};
constexpr std::array<std::string_view, 4> kCatalogue{"sqlite_master", "sqlite_schema",
                                                     "sqlite_temp_master", "sqlite_temp_schema"};
/// Those that ask although a value follows in parentheses (sqlite.org/pragma.html).
constexpr std::array<std::string_view, 11> kAskingPragmas{
    "table_info",  "table_xinfo",     "table_list",    "foreign_key_list",
    "index_list",  "index_info",      "index_xinfo",   "foreign_key_check",
    "quick_check", "integrity_check", "collation_list"};

Words WordsOf(std::string_view sql) {
  Words words;
  Lexer lexer(sql);
  while (const std::optional<Token> token = lexer.Next()) words.push_back(*token);
  return words;
}

std::string Lower(const Words& words, std::size_t at) {
  return at < words.size() ? ToLower(words[at].text) : std::string();
}

/// The next token behind `at` that is not in parentheses and is one of SELECT, INSERT, …: what a
/// statement that begins with WITH does.
std::string VerbOf(const Words& words) {
  const std::string first = Lower(words, 0);
  if (first != "with") return first;
  int depth = 0;
  for (std::size_t at = 1; at < words.size(); ++at) {
    const std::string word = Lower(words, at);
    if (word == "(") ++depth;
    if (word == ")") --depth;
    if (depth != 0 || words[at].kind != TokenKind::kWord) continue;
    if (word == "select" || word == "values" || IsOneOf(kRowWords, word)) return word;
  }
  return "select";
}

/// The name at `at`, without its schema, in lower case.
std::string NameAt(const Words& words, std::size_t at) {
  if (at >= words.size()) return {};
  if (Lower(words, at + 1) == "." && at + 2 < words.size()) at += 2;
  return ToLower(NameOf(words[at]));
}

/// Does a SELECT ask nothing but the catalogue and the version table?
bool IsAboutCatalogue(const Words& words, std::string_view version_table) {
  for (std::size_t at = 0; at + 1 < words.size(); ++at) {
    const std::string word = Lower(words, at);
    if (words[at].kind != TokenKind::kWord || (word != "from" && word != "join")) continue;
    if (Lower(words, at + 1) == "(") continue;  // what is in there has a FROM of its own, or none
    const std::string name = NameAt(words, at + 1);
    if (!IsOneOf(kCatalogue, name) && !name.starts_with("pragma_") &&
        name != ToLower(version_table)) {
      return false;
    }
    for (std::size_t after = at + 2; after < words.size() && after < at + 7; ++after) {
      const std::string next = Lower(words, after);
      if (next == ",") return false;  // another table, most likely
      if (next == "where" || next == ")" || next == "order" || next == "union") break;
    }
  }
  return true;
}

bool IsAsking(const Words& pragma) {
  std::size_t at = 1;
  if (Lower(pragma, 2) == ".") at = 3;
  return at + 1 >= pragma.size() || Lower(pragma, at + 1) == ";" ||
         IsOneOf(kAskingPragmas, Lower(pragma, at));
}

/// The table of an INSERT or a CREATE TABLE.
std::string TargetOf(const Words& words) {
  for (std::size_t at = 0; at < words.size(); ++at) {
    const std::string word = Lower(words, at);
    if (word != "into" && word != "table") continue;
    ++at;
    while (IsOneOf(std::array<std::string_view, 3>{"if", "not", "exists"}, Lower(words, at))) ++at;
    return NameAt(words, at);
  }
  return {};
}

/// A mark that is not in `text`.
std::string FreeMark(std::string_view text) {
  std::string mark = "<CR>";
  for (int number = 2; text.contains(mark); ++number) mark = Concat("<CR", number, ">");
  return mark;
}

/// A text with a line that would begin a section, as two.
std::string WithoutSections(std::string_view text) {
  std::string out;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size() - 1);
    const std::string_view line = text.substr(begin, end + 1 - begin);
    if (HasSectionLine(line)) out += "'||'";
    out += line;
    begin = end + 1;
  }
  return out;
}

/// A value as it survives in a file.
std::string WriteText(std::string_view text) {
  std::string out(text);
  if (HasSectionLine(out)) out = Concat("(", WithoutSections(out), ")");
  if (!out.contains('\r')) return out;
  const std::string mark = FreeMark(out);
  for (std::size_t at = out.find('\r'); at != std::string::npos; at = out.find('\r', at)) {
    out.replace(at, 1, mark);
  }
  return Concat("replace(", out, ", '", mark, "', char(13))");
}

std::string WriteValues(std::string_view sql) {
  std::string out;
  std::size_t done = 0;
  for (const Token& token : WordsOf(sql)) {
    if (token.kind != TokenKind::kString) continue;
    out += Concat(sql.substr(done, token.offset - done), WriteText(token.text));
    done = token.offset + token.text.size();
  }
  return Concat(out, sql.substr(done));
}

/// Comments whose lines begin no section.
std::string DefuseComments(std::string sql) {
  constexpr std::string_view kWord = "migrate:";
  std::vector<std::size_t> found;
  for (const Comment& each : FindComments(sql)) {
    const std::string_view whole = std::string_view(sql).substr(0, each.end);
    for (std::size_t at = whole.find(kWord, each.begin); at != std::string_view::npos;
         at = whole.find(kWord, at + 1)) {
      found.push_back(at + kWord.size() - 1);
    }
  }
  for (auto at = found.rbegin(); at != found.rend(); ++at) sql.insert(*at, " ");
  return sql;
}

}  // namespace

StatementKind ClassifyStatement(std::string_view sql, std::string_view version_table) {
  const Words words = WordsOf(sql);
  if (words.empty()) return StatementKind::kNothing;
  const std::string verb = VerbOf(words);
  if (IsOneOf(kIdleWords, verb)) return StatementKind::kNothing;
  if (IsBookkeeping(sql, version_table)) return StatementKind::kAlembics;
  if (verb == "pragma") {
    return IsAsking(words) ? StatementKind::kNothing : StatementKind::kPragma;
  }
  if (IsOneOf(kElsewhereWords, verb)) return StatementKind::kElsewhere;
  if (verb == "select" || verb == "values") {
    return IsAboutCatalogue(words, version_table) ? StatementKind::kNothing : StatementKind::kRead;
  }
  if (!IsOneOf(kRowWords, verb)) return StatementKind::kSchema;
  return TargetOf(words).starts_with(kBatchPrefix) ? StatementKind::kSchema : StatementKind::kRows;
}

bool ReturnsRows(std::string_view sql) {
  const Words words = WordsOf(sql);
  if (!IsOneOf(kRowWords, VerbOf(words))) return false;
  for (const Token& token : words) {
    if (token.kind == TokenKind::kWord && ToLower(token.text) == "returning") return true;
  }
  return false;
}

bool BeginsBatch(std::string_view sql) {
  const Words words = WordsOf(sql);
  return Lower(words, 0) == "create" && Lower(words, 1) == "table" &&
         TargetOf(words).starts_with(kBatchPrefix);
}

std::string WriteStatement(std::string_view sql, StatementKind kind) {
  const std::vector<StatementSpan> spans = FindStatements(sql);
  if (spans.empty()) return {};
  const std::size_t end = spans.back().end;
  std::string_view tail = Trim(sql.substr(end));
  while (tail.starts_with(';')) tail = Trim(tail.substr(1));
  if (FindUnterminated(tail)) tail = {};
  const std::string_view body = Trim(sql.substr(0, end));
  std::string out = Concat(kind == StatementKind::kRows ? WriteValues(body) : std::string(body),
                           ";", tail.empty() ? "" : " ", tail, "\n");
  return HasSectionLine(out) ? DefuseComments(std::move(out)) : out;
}

}  // namespace drover::migrations
