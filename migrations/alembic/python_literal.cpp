#include "migrations/alembic/python_literal.h"

#include <algorithm>
#include <optional>

namespace drover::migrations {
namespace {

using Kind = PythonToken::Kind;
using Tokens = std::span<const PythonToken>;

/// Stands `text` in `tokens` outside of brackets?
bool HasOutside(Tokens tokens, std::string_view text) {
  return !tokens.empty() && std::ranges::any_of(tokens, [&](const PythonToken& token) {
    return token.kind == Kind::kOperator && token.depth == tokens.front().depth &&
           token.text == text;
  });
}

PythonValue JoinTexts(Tokens tokens) {
  PythonValue value{.kind = PythonValue::Kind::kText};
  for (const PythonToken& token : tokens) {
    const std::optional<std::string> text = PythonTextValue(token.text);
    if (!text) return {};
    value.text += *text;
  }
  return value;
}

PythonValue ReadSequence(Tokens tokens) {
  PythonValue value{.kind = PythonValue::Kind::kSequence};
  if (tokens.empty()) return value;
  for (const Tokens piece : SplitAtCommas(tokens)) value.items.push_back(ReadPythonLiteral(piece));
  return value;
}

PythonValue ReadBrackets(Tokens tokens) {
  const Tokens inner = tokens.subspan(1, tokens.size() - 2);
  const char bracket = tokens.front().text[0];
  if (bracket == '{' && (inner.empty() || HasOutside(inner, ":"))) return {};  // a dictionary
  const bool sequence = bracket != '(' || inner.empty() || HasOutside(inner, ",");
  return sequence ? ReadSequence(inner) : ReadPythonLiteral(inner);
}

}  // namespace

std::vector<Tokens> SplitAtCommas(Tokens tokens) {
  std::vector<Tokens> pieces;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (tokens[i].text != "," || tokens[i].depth != tokens.front().depth) continue;
    pieces.push_back(tokens.subspan(begin, i - begin));
    begin = i + 1;
  }
  if (begin < tokens.size()) pieces.push_back(tokens.subspan(begin));
  return pieces;
}

bool IsBracketed(Tokens tokens) {
  if (tokens.size() < 2 || tokens.front().kind != Kind::kOperator) return false;
  constexpr std::string_view kPairs[] = {"()", "[]", "{}"};
  const bool pair = std::ranges::any_of(kPairs, [&](std::string_view both) {
    return tokens.front().text == both.substr(0, 1) && tokens.back().text == both.substr(1);
  });
  return pair && std::ranges::all_of(tokens.subspan(1, tokens.size() - 2),
                                     [outside = tokens.front().depth](const PythonToken& token) {
                                       return token.depth > outside;
                                     });
}

PythonValue ReadPythonLiteral(Tokens tokens) {
  if (tokens.empty()) return {};
  if (HasOutside(tokens, ",")) return ReadSequence(tokens);
  if (IsBracketed(tokens)) return ReadBrackets(tokens);
  const auto is_text = [](const PythonToken& token) { return token.kind == Kind::kText; };
  if (std::ranges::all_of(tokens, is_text)) return JoinTexts(tokens);
  if (tokens.size() == 1 && tokens[0].text == "None") return {.kind = PythonValue::Kind::kNone};
  return {};
}

}  // namespace drover::migrations
