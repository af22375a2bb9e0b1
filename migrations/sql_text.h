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

#include "base/plan_documents.h"

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

/// A comment: `text` is what stands between its marks.
struct Comment {
  std::string_view text;
  std::size_t begin = 0;  // of "--" or "/*"
  std::size_t end = 0;
};

/// The comments of `sql`, in order; what looks like one in a string or a quoted name is none.
[[nodiscard]] std::vector<Comment> FindComments(std::string_view sql);

/// `sql` on one line: every comment, and every run of white space, is one blank; none at the ends.
/// Strings and quoted names stay as they are. ALTER TABLE … ADD COLUMN does not take a "--" comment
/// at its end.
[[nodiscard]] std::string WithoutComments(std::string_view sql);

struct TextPosition {
  std::size_t line = 1;
  std::size_t column = 1;  // in characters
};

/// The position of byte `offset` of a text whose first line is `first_line`.
[[nodiscard]] TextPosition PositionAt(std::string_view text, std::size_t offset,
                                      std::size_t first_line);

/// What begins in a text and does not end in it.
struct Unterminated {
  std::string_view what;  // "string", "quoted name" or "comment"
  std::size_t offset = 0;
};

/// The string, quoted name or comment that `sql` begins and never ends. SQLite takes an open
/// comment for a closed one, and so would skip whatever was meant to follow it.
[[nodiscard]] std::optional<Unterminated> FindUnterminated(std::string_view sql);

/// A line that speaks to another program than SQLite's library.
struct ForeignCommand {
  std::string word;     // as written: ".read", "GO", "DELIMITER"
  std::string program;  // whose command it is
  std::size_t offset = 0;
};

/// The first line of `sql` that is a dot command of the sqlite3 program, a "GO" by itself, or a
/// "DELIMITER"; lines within strings and comments do not count.
[[nodiscard]] std::optional<ForeignCommand> FindForeignCommand(std::string_view sql);

/// A statement that only works outside of drover's transaction, or beyond the one database.
struct OutOfPlace {
  std::string word;  // lower case: "commit", "attach"
  std::size_t offset = 0;
};

/// The first statement of `sql` that begins or ends a transaction (not a savepoint), needs none
/// (VACUUM), or attaches a database; with `transaction` false only the last kind.
[[nodiscard]] std::optional<OutOfPlace> FindOutOfPlace(std::string_view sql, bool transaction);

/// Does an INSERT … SELECT leave rows out, as far as its words tell: a WHERE, LIMIT, JOIN and so
/// on?
[[nodiscard]] bool CopiesOnlySome(std::string_view statement);

/// The two statements with which many a file wraps itself into a transaction.
struct TransactionPair {
  std::size_t begin = 0;  // offset of BEGIN
  std::size_t commit = 0;
  std::string without;  // the script with both blanked out; every other byte stays where it was
};

/// The outermost BEGIN … COMMIT (or END) of a script: its first and last statement, but for a
/// PRAGMA foreign_keys around them, as `.dump` and Prisma write it. Nothing when the script has no
/// such pair.
[[nodiscard]] std::optional<TransactionPair> FindOuterTransaction(std::string_view sql);

/// One statement of a script: from its first token to behind its last, the semicolon not included.
struct StatementSpan {
  std::size_t begin = 0;
  std::size_t end = 0;
};

/// The statements of `sql`, in order; semicolons in strings, comments and triggers split nothing.
[[nodiscard]] std::vector<StatementSpan> FindStatements(std::string_view sql);

/// How many statements `sql` holds: semicolons in strings, comments and triggers split nothing.
[[nodiscard]] std::size_t CountStatements(std::string_view sql);

/// The name a token stands for: quotes removed.
[[nodiscard]] std::string NameOf(const Token& token);

/// What data the script would destroy if it ran: dropped tables and columns, deleted rows, columns
/// whose old values are overwritten ("update rows"). A table that the script itself created does
/// not count; the old table of a rebuild (create, copy, drop, rename) counts as "delete rows" when
/// the copy may leave rows out. Advice for people and policies, not a proof: triggers and views are
/// not followed.
[[nodiscard]] std::vector<Destruction> FindDestruction(std::string_view sql);

}  // namespace drover::migrations
