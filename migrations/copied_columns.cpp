#include "migrations/copied_columns.h"

#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/text.h"
#include "migrations/sql_text.h"

namespace drover::migrations {
namespace {

using TokenSpan = std::span<const Token>;

bool Says(const Token& token, std::string_view word) {
  return token.kind != TokenKind::kQuotedName && token.kind != TokenKind::kString &&
         ToLower(token.text) == word;
}

/// The pieces between the commas that are in no parentheses.
std::vector<TokenSpan> SplitAtOuterCommas(TokenSpan tokens) {
  std::vector<TokenSpan> pieces;
  int depth = 0;
  std::size_t begin = 0;
  for (std::size_t at = 0; at < tokens.size(); ++at) {
    if (Says(tokens[at], "(")) ++depth;
    if (Says(tokens[at], ")")) --depth;
    if (depth != 0 || !Says(tokens[at], ",")) continue;
    pieces.push_back(tokens.subspan(begin, at - begin));
    begin = at + 1;
  }
  pieces.push_back(tokens.subspan(begin));
  return pieces;
}

/// Where `word` stands in no parentheses; the size when it does not.
std::size_t FindOutside(TokenSpan tokens, std::string_view word) {
  int depth = 0;
  for (std::size_t at = 0; at < tokens.size(); ++at) {
    if (depth == 0 && Says(tokens[at], word)) return at;
    if (Says(tokens[at], "(")) ++depth;
    if (Says(tokens[at], ")")) --depth;
  }
  return tokens.size();
}

/// The column that "t.name AS x" or "CAST(t.name AS TEXT)" reads, in lower case.
std::optional<std::string> ColumnRead(TokenSpan value) {
  value = value.first(FindOutside(value, "as"));
  if (value.size() > 3 && Says(value[0], "cast") && Says(value[1], "(") &&
      Says(value.back(), ")")) {
    return ColumnRead(value.subspan(2, value.size() - 3));
  }
  if (value.size() == 3 && Says(value[1], ".")) value = value.subspan(2);
  const bool named = value.size() == 1 &&
                     (value[0].kind == TokenKind::kWord || value[0].kind == TokenKind::kQuotedName);
  if (!named || Says(value[0], "null")) return std::nullopt;
  return ToLower(NameOf(value[0]));
}

}  // namespace

std::map<std::string, std::string> FindCopiedColumns(std::string_view statement) {
  std::vector<Token> all;
  Lexer lexer(statement);
  while (const std::optional<Token> token = lexer.Next()) all.push_back(*token);
  const TokenSpan tokens(all);
  const std::size_t open = FindOutside(tokens, "(");
  const std::size_t select = FindOutside(tokens, "select");
  const std::size_t from = FindOutside(tokens, "from");
  if (tokens.empty() || !Says(tokens[0], "insert") || open > select || select > from ||
      from == tokens.size() || !Says(tokens[select - 1], ")")) {
    return {};
  }
  const auto targets = SplitAtOuterCommas(tokens.subspan(open + 1, select - open - 2));
  const auto values = SplitAtOuterCommas(tokens.subspan(select + 1, from - select - 1));
  if (targets.size() != values.size()) return {};
  std::map<std::string, std::string> copied;
  for (std::size_t at = 0; at < targets.size(); ++at) {
    const auto column = ColumnRead(values[at]);
    if (column && targets[at].size() == 1) copied[ToLower(NameOf(targets[at][0]))] = *column;
  }
  return copied;
}

}  // namespace drover::migrations
