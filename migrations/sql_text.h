// SQL as text: tokens, positions, and what a script would destroy. Used for error positions and for
// warnings before anything runs; execution itself splits statements with SQLite's own parser
// (script.h). Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/documents.h"

namespace drover::migrations {

enum class TokenKind : std::uint8_t { kWord, kQuotedName, kString, kNumber, kSymbol };

struct Token {
  TokenKind kind = TokenKind::kSymbol;
  std::string_view text;  // as written, quotes included
  std::size_t offset = 0;
};

/// Cuts SQL into tokens, leaving out white space and comments, by the lexical rules of
/// sqlite.org/lang.html. An unterminated string or comment ends with the text.
class Lexer final {
 public:
  explicit Lexer(std::string_view sql) : sql_(sql) {}
  [[nodiscard]] std::optional<Token> Next();

 private:
  std::string_view sql_;
  std::size_t at_ = 0;
};

/// How many bytes of white space, comments and semicolons `sql` begins with.
[[nodiscard]] std::size_t BlankPrefix(std::string_view sql);

struct TextPosition {
  std::size_t line = 1;
  std::size_t column = 1;  // in characters
};

/// The position of byte `offset` of a text whose first line is `first_line`.
[[nodiscard]] TextPosition PositionAt(std::string_view text, std::size_t offset,
                                      std::size_t first_line);

/// The name a token stands for: quotes removed.
[[nodiscard]] std::string NameOf(const Token& token);

/// What data the script would destroy if it ran: dropped tables and columns, deleted rows. A table
/// that the script itself created, and the old table of a rebuild (create, copy, drop, rename), do
/// not count. Advice for people and policies, not a proof: triggers and views are not followed.
[[nodiscard]] std::vector<Destruction> FindDestruction(std::string_view sql);

}  // namespace drover::migrations
