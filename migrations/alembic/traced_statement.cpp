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

/// What these answer is about rows, or is kept in the file as rows are.
constexpr std::array<std::string_view, 6> kReadingPragmas{"foreign_key_check", "quick_check",
                                                          "integrity_check",   "user_version",
                                                          "application_id",    "data_version"};
/// Table-valued functions about the schema alone.
constexpr std::array<std::string_view, 9> kCataloguePragmas{
    "pragma_table_info",       "pragma_table_xinfo",    "pragma_table_list",
    "pragma_index_list",       "pragma_index_info",     "pragma_index_xinfo",
    "pragma_foreign_key_list", "pragma_collation_list", "pragma_database_list"};
/// What these answer is about rows, or never the same.
constexpr std::array<std::string_view, 11> kTellingFunctions{
    "last_insert_rowid", "changes",   "total_changes", "random",
    "randomblob",        "strftime",  "date",          "time",
    "datetime",          "julianday", "unixepoch"};

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
  std::string first = Lower(words, 0);
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

bool CallsTelling(const Words& words) {
  for (std::size_t at = 0; at + 1 < words.size(); ++at) {
    if (words[at + 1].text == "(" && IsOneOf(kTellingFunctions, Lower(words, at))) return true;
  }
  return false;
}

/// A parenthesis at `at` that is a query, alone behind its FROM.
bool IsLoneQuery(const Words& words, std::size_t at) {
  if (Lower(words, at + 1) != "select") return false;
  int depth = 0;
  for (; at < words.size(); ++at) {
    if (words[at].text == "(") ++depth;
    if (words[at].text == ")" && --depth == 0) break;
  }
  const std::size_t behind = at + 1;  // perhaps an alias, with or without AS
  const bool more = Lower(words, behind) == "," || Lower(words, behind + 1) == "," ||
                    (Lower(words, behind) == "as" && Lower(words, behind + 2) == ",");
  return !more;
}

/// Does a SELECT ask nothing but the catalogue and the version table?
bool IsAboutCatalogue(const Words& words, std::string_view version_table) {
  if (CallsTelling(words)) return false;
  for (std::size_t at = 0; at + 1 < words.size(); ++at) {
    const std::string word = Lower(words, at);
    if (words[at].kind != TokenKind::kWord || (word != "from" && word != "join")) continue;
    if (Lower(words, at + 1) == "(") {
      if (!IsLoneQuery(words, at + 1)) return false;
      continue;  // what is in there has a FROM of its own, or none
    }
    const std::string name = NameAt(words, at + 1);
    if (!IsOneOf(kCatalogue, name) && !IsOneOf(kCataloguePragmas, name) &&
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

/// Where the name stands in a PRAGMA.
std::size_t NameOfPragma(const Words& pragma) { return Lower(pragma, 2) == "." ? 3 : 1; }

bool IsAsking(const Words& pragma) {
  const std::size_t at = NameOfPragma(pragma);
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
    if (!IsAsking(words)) return StatementKind::kPragma;
    return IsOneOf(kReadingPragmas, Lower(words, NameOfPragma(words))) ? StatementKind::kRead
                                                                       : StatementKind::kNothing;
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
