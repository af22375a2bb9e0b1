#include "migrations/schema_diff/enum_check.h"

#include <algorithm>
#include <span>

#include "base/text.h"
#include "migrations/sql_text.h"

namespace drover::migrations {
namespace {

bool IsEnumWord(const Token& token, std::string_view lower) {
  return token.kind != TokenKind::kString && token.kind != TokenKind::kQuotedName &&
         ToLower(token.text) == lower;
}

std::span<const Token> Peeled(std::span<const Token> tokens) {
  while (tokens.size() > 2 && tokens.front().text == "(" && tokens.back().text == ")") {
    int depth = 0;
    std::size_t end = 0;
    for (std::size_t i = 0; i < tokens.size() && end == 0; ++i) {
      if (tokens[i].text == "(") ++depth;
      if (tokens[i].text == ")" && --depth == 0) end = i + 1;
    }
    if (end != tokens.size()) break;
    tokens = tokens.subspan(1, tokens.size() - 2);
  }
  return tokens;
}

/// "status in ('a', 'b')", and nothing else.
std::optional<EnumCheck> ReadValueList(std::span<const Token> tokens) {
  tokens = Peeled(tokens);
  if (tokens.size() < 5 || !IsEnumWord(tokens[1], "in") || tokens[2].text != "(" ||
      tokens.back().text != ")" || tokens[0].kind == TokenKind::kSymbol) {
    return std::nullopt;
  }
  EnumCheck found{.column = ToLower(NameOf(tokens[0])), .values = {}};
  const std::span<const Token> list = tokens.subspan(3, tokens.size() - 4);
  for (std::size_t i = 0; i < list.size(); ++i) {
    const bool literal = list[i].kind == TokenKind::kString || list[i].kind == TokenKind::kNumber;
    if (i % 2 == 0 ? !literal : list[i].text != ",") return std::nullopt;
    if (i % 2 == 0) found.values.emplace_back(list[i].text);
  }
  return list.size() % 2 == 1 ? std::optional(std::move(found)) : std::nullopt;
}

bool IsNullTest(std::span<const Token> tokens, const std::string& column) {
  tokens = Peeled(tokens);
  return tokens.size() == 3 && ToLower(NameOf(tokens[0])) == column &&
         IsEnumWord(tokens[1], "is") && IsEnumWord(tokens[2], "null");
}

std::string PlainValue(const std::string& literal) {
  Lexer lexer(literal);
  const std::optional<Token> token = lexer.Next();
  return token ? NameOf(*token) : literal;
}

}  // namespace

std::optional<EnumCheck> ReadEnumCheck(std::string_view clause) {
  std::vector<Token> all;
  Lexer lexer(clause);
  while (const std::optional<Token> token = lexer.Next()) all.push_back(*token);
  std::span<const Token> tokens(all);
  if (!tokens.empty() && IsEnumWord(tokens.front(), "check")) tokens = tokens.subspan(1);
  tokens = Peeled(tokens);
  if (std::optional<EnumCheck> plain = ReadValueList(tokens)) return plain;
  int depth = 0;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (tokens[i].text == "(") ++depth;
    if (tokens[i].text == ")") --depth;
    if (depth != 0 || !IsEnumWord(tokens[i], "or")) continue;
    const std::span<const Token> left = tokens.first(i);
    const std::span<const Token> right = tokens.subspan(i + 1);
    for (const auto& [null_test, list] : {std::pair(left, right), std::pair(right, left)}) {
      std::optional<EnumCheck> found = ReadValueList(list);
      if (found && IsNullTest(null_test, found->column)) return found;
    }
    return std::nullopt;
  }
  return std::nullopt;
}

std::string DescribeEnumChange(const EnumCheck& before, const EnumCheck& after) {
  std::vector<std::string> words;
  for (const std::string& value : after.values) {
    if (std::ranges::find(before.values, value) == before.values.end()) {
      words.push_back(Concat("+ ", PlainValue(value)));
    }
  }
  for (const std::string& value : before.values) {
    if (std::ranges::find(after.values, value) == after.values.end()) {
      words.push_back(Concat("- ", PlainValue(value)));
    }
  }
  return words.empty() ? "other order" : Join(words, ", ");
}

}  // namespace drover::migrations
