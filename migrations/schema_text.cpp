#include "migrations/schema_text.h"

#include <algorithm>
#include <array>
#include <span>

#include "base/text.h"
#include "migrations/sql_text.h"
#include "migrations/sqlite.h"

namespace drover::migrations {
namespace {

using Tokens = std::span<const Token>;

/// CREATE TRIGGER name INSTEAD OF UPDATE OF column ON table: the names stand near the beginning.
constexpr std::size_t kHeadTokens = 64;

std::vector<Token> Tokenize(std::string_view sql) {
  std::vector<Token> tokens;
  Lexer lexer(sql);
  while (const std::optional<Token> token = lexer.Next()) tokens.push_back(*token);
  while (!tokens.empty() && tokens.back().text == ";") tokens.pop_back();
  return tokens;
}

bool IsPlainName(std::string_view name) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '$' ||
           static_cast<unsigned char>(c) >= 0x80U;
  };
  return !name.empty() && !(name.front() >= '0' && name.front() <= '9') &&
         std::ranges::all_of(name, plain);
}

std::string Spell(const Token& token) {
  if (token.kind == TokenKind::kString || token.kind == TokenKind::kSymbol) {
    return std::string(token.text);
  }
  std::string name = ToLower(NameOf(token));
  if (token.kind != TokenKind::kQuotedName || IsPlainName(name)) return name;
  return QuoteIdentifier(name);
}

/// Two symbols that are one operator: the lexer cuts every symbol into single characters.
bool IsOperator(char first, char second) {
  constexpr std::array<std::string_view, 9> kPairs{"<=", "<>", "<<", ">=", ">>",
                                                   "||", "->", "==", "!="};
  return std::ranges::any_of(
      kPairs, [&](std::string_view pair) { return pair[0] == first && pair[1] == second; });
}

std::string Canonical(Tokens tokens) {
  std::string out;
  out.reserve(tokens.size() * 8);
  const Token* before = nullptr;
  for (const Token& token : tokens) {
    const bool symbol = token.kind == TokenKind::kSymbol;
    const bool adjacent = before != nullptr && before->kind == TokenKind::kSymbol && symbol &&
                          before->offset + 1 == token.offset;
    const char previous = before == nullptr ? '(' : before->text.front();
    const char current = token.text.front();
    const bool after_word = before != nullptr && before->kind != TokenKind::kSymbol;
    before = &token;
    if (adjacent && previous == '=' && current == '=') continue;
    if (adjacent && previous == '!' && current == '=') {
      out.back() = '<';
      out.push_back('>');
      continue;
    }
    const bool opens = previous == '(' || previous == '.';
    const bool closes = symbol && (current == ')' || current == ',' || current == '.' ||
                                   current == ';' || (current == '(' && after_word));
    const bool joined = adjacent && IsOperator(previous, current);
    if (!opens && !closes && !joined) out.push_back(' ');
    out += Spell(token);
  }
  return out;
}

bool Is(const Token& token, std::string_view lower) {
  return (token.kind == TokenKind::kWord || token.kind == TokenKind::kSymbol) &&
         token.text.size() == lower.size() && ToLower(token.text) == lower;
}

/// The index behind the parenthesis that closes the one at `open`.
std::size_t GroupEnd(Tokens tokens, std::size_t open) {
  int depth = 0;
  for (std::size_t i = open; i < tokens.size(); ++i) {
    if (Is(tokens[i], "(")) ++depth;
    if (Is(tokens[i], ")") && --depth == 0) return i + 1;
  }
  return tokens.size();
}

Tokens WithoutOuterParentheses(Tokens tokens) {
  while (tokens.size() >= 2 && Is(tokens.front(), "(") && GroupEnd(tokens, 0) == tokens.size() &&
         Is(tokens.back(), ")")) {
    tokens = tokens.subspan(1, tokens.size() - 2);
  }
  return tokens;
}

/// A key of an index without its order and collation.
std::string CanonicalKey(Tokens tokens) {
  std::size_t before = 0;
  while (before != tokens.size()) {
    before = tokens.size();
    tokens = WithoutOuterParentheses(tokens);
    if (!tokens.empty() && (Is(tokens.back(), "asc") || Is(tokens.back(), "desc"))) {
      tokens = tokens.first(tokens.size() - 1);
    }
    if (tokens.size() > 2 && Is(tokens[tokens.size() - 2], "collate")) {
      tokens = tokens.first(tokens.size() - 2);
    }
  }
  return Canonical(tokens);
}

/// Walks over the definitions between a CREATE TABLE's parentheses, with the few words in mind
/// whose meaning no pragma tells. SQLite has checked the text: only its order is followed.
class TableReader {
 public:
  explicit TableReader(Tokens body) : body_(body) {}

  TableText Read() {
    while (at_ < body_.size()) {
      BeginDefinition();
      while (at_ < body_.size() && !Is(body_[at_], ",")) ReadOne();
      EndDefinition();
      ++at_;
    }
    std::ranges::sort(text_.checks);
    std::ranges::sort(text_.conflicts);
    return std::move(text_);
  }

 private:
  void BeginDefinition() {
    constexpr std::array<std::string_view, 5> kTableConstraints{"constraint", "primary", "unique",
                                                                "check", "foreign"};
    column_.clear();
    key_.clear();
    constraint_.clear();
    const bool is_constraint = std::ranges::any_of(
        kTableConstraints, [&](std::string_view word) { return Is(body_[at_], word); });
    if (is_constraint) return;
    text_.columns.push_back({.name = NameOf(body_[at_]), .begin = body_[at_].offset});
    key_ = column_ = ToLower(NameOf(body_[at_++]));
  }

  void EndDefinition() {
    if (column_.empty()) return;
    const Token& last = body_[std::min(at_, body_.size()) - 1];
    text_.columns.back().end = last.offset + last.text.size();
  }

  bool Accept(std::string_view word) {
    if (at_ >= body_.size() || !Is(body_[at_], word)) return false;
    ++at_;
    return true;
  }

  [[nodiscard]] bool AtGroup() const { return at_ < body_.size() && Is(body_[at_], "("); }

  /// The tokens of the group that begins here, without its parentheses; empty when none does.
  Tokens Group() {
    if (!AtGroup()) return {};
    const std::size_t begin = at_;
    at_ = GroupEnd(body_, at_);
    return WithoutOuterParentheses(body_.subspan(begin, at_ - begin));
  }

  void ReadOne() {
    if (Accept("constraint")) {
      ++at_;  // its name, which may be any word
    } else if (Accept("check")) {
      constraint_ = "check";
      if (AtGroup()) text_.checks.push_back(Canonical(Group()));
    } else if (Accept("as")) {
      if (AtGroup()) text_.generated[column_] = Canonical(Group());
    } else if (Accept("default")) {
      if (AtGroup()) {
        (void)Group();
      } else {
        ++at_;  // a literal, or the sign before one
      }
    } else if (Accept("collate")) {
      if (at_ >= body_.size()) return;
      std::string collation = ToLower(NameOf(body_[at_++]));
      if (collation != "binary") text_.collations[column_] = std::move(collation);
    } else if (Accept("autoincrement")) {
      text_.autoincrement = true;
    } else if (Accept("primary")) {
      constraint_ = "primary key";
      if (!column_.empty()) text_.primary_key.push_back(column_);
    } else if (Accept("references")) {
      ++text_.foreign_keys;
    } else if (Accept("unique")) {
      constraint_ = "unique";
      ReadKey();
    } else if (Accept("key")) {  // PRIMARY KEY, FOREIGN KEY
      ReadKey();
    } else if (Accept("not")) {
      if (Accept("null")) {
        constraint_ = "not null";
        if (!column_.empty()) text_.columns.back().not_null = true;
      } else if (Accept("deferrable") && Accept("initially")) {
        ++at_;
      }
    } else if (Accept("initially")) {
      if (Accept("deferred")) text_.deferred.insert(key_);
    } else if (Accept("on")) {
      if (Accept("conflict")) ReadConflict();
    } else {
      ++at_;
      (void)Group();  // the size of a type, the columns of a parent
    }
  }

  void ReadKey() {
    if (!column_.empty() || !AtGroup()) return;
    const Tokens group = Group();
    key_ = Canonical(group);
    if (constraint_ != "primary key") return;
    bool begins = true;
    for (const Token& token : group) {
      if (begins) text_.primary_key.push_back(ToLower(NameOf(token)));
      if (Is(token, "autoincrement")) text_.autoincrement = true;
      begins = Is(token, ",");
    }
  }

  void ReadConflict() {
    if (at_ >= body_.size()) return;
    const std::string action = Spell(body_[at_++]);
    if (action == "abort") return;
    text_.conflicts.push_back(Concat(key_, " ", constraint_, " on conflict ", action));
  }

  Tokens body_;
  std::size_t at_ = 0;
  std::string column_;      // of a column definition; empty in a table constraint
  std::string key_;         // the columns that the constraint is about
  std::string constraint_;  // the last one begun
  TableText text_;
};

}  // namespace

std::string CanonicalSql(std::string_view sql) { return Canonical(Tokenize(sql)); }

std::string CanonicalExpression(std::string_view sql) {
  const std::vector<Token> tokens = Tokenize(sql);
  return Canonical(WithoutOuterParentheses(tokens));
}

std::string CanonicalObject(std::string_view sql) {
  std::vector<Token> tokens = Tokenize(sql);
  for (std::size_t i = 1; i < tokens.size(); ++i) {
    const Token& before = tokens[i - 1];
    const bool named = Is(before, "view") || Is(before, "trigger") || Is(before, "table") ||
                       (Is(before, "on") && i < kHeadTokens);
    if (named && tokens[i].kind == TokenKind::kString) tokens[i].kind = TokenKind::kQuotedName;
    if (Is(tokens[i], "as") || Is(tokens[i], "begin") || Is(tokens[i], "using")) break;
  }
  return Canonical(tokens);
}

IndexText ReadIndexText(std::string_view create_index) {
  IndexText text;
  const std::vector<Token> all = Tokenize(create_index);
  std::size_t open = 0;
  while (open < all.size() && !Is(all[open], "(")) ++open;
  if (open == all.size()) return text;
  const std::size_t end = GroupEnd(all, open);
  std::size_t begin = open + 1;
  int depth = 0;
  for (std::size_t i = open; i < end; ++i) {
    if (Is(all[i], "(")) ++depth;
    if (Is(all[i], ")")) --depth;
    const bool ends = depth == 0 || (depth == 1 && Is(all[i], ","));
    if (!ends) continue;
    text.keys.push_back(CanonicalKey(Tokens(all).subspan(begin, i - begin)));
    begin = i + 1;
  }
  if (end < all.size() && Is(all[end], "where")) {
    text.where = Canonical(WithoutOuterParentheses(Tokens(all).subspan(end + 1)));
  }
  return text;
}

std::string CanonicalDefault(std::string_view sql) {
  constexpr std::array<std::string_view, 6> kValues{
      "null", "true", "false", "current_date", "current_time", "current_timestamp"};
  const std::vector<Token> all = Tokenize(sql);
  Tokens tokens = WithoutOuterParentheses(all);
  if (tokens.size() == 2 && Is(tokens[0], "+") && tokens[1].kind == TokenKind::kNumber) {
    tokens = tokens.subspan(1);
  }
  if (tokens.size() == 1) {
    const Token& only = tokens.front();
    if (Is(only, "null")) return {};
    const bool value = std::ranges::any_of(kValues, [&](auto word) { return Is(only, word); });
    if (only.kind == TokenKind::kQuotedName || (only.kind == TokenKind::kWord && !value)) {
      return QuoteLiteral(NameOf(only));
    }
  }
  return Canonical(tokens);
}

TableText ReadTableText(std::string_view create_table) {
  const std::vector<Token> tokens = Tokenize(create_table);
  const auto open = std::ranges::find_if(tokens, [](const Token& token) { return Is(token, "("); });
  if (open == tokens.end()) return {};
  const auto begin = static_cast<std::size_t>(open - tokens.begin());
  const std::size_t end = GroupEnd(tokens, begin);
  if (begin == 0 || end < begin + 2) return {};
  TableText text = TableReader(Tokens(tokens).subspan(begin + 1, end - begin - 2)).Read();
  text.name_end = tokens[begin - 1].offset + tokens[begin - 1].text.size();
  return text;
}

}  // namespace drover::migrations
