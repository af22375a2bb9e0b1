// The tokens of a Python source, as far as a reader of literals needs them: names, texts, numbers
// and operators, with comments and white space left out and physical lines joined as Python joins
// them (brackets, backslashes). Follows "Lexical analysis" of the Python language reference. Pure,
// and fails for no text: what is no Python becomes tokens that nobody asks for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace drover::migrations {

struct PythonToken {
  enum class Kind : std::uint8_t {
    kName,      // a name or a keyword
    kText,      // a text with its prefix and quotes
    kBroken,    // a text that does not end
    kNumber,    // anything that begins with a digit
    kOperator,  // "=", "==", ":=", "(", …; any other character too
    kNewline,   // the end of a logical line
    kEnd,
  };
  Kind kind = Kind::kEnd;
  std::string_view text;  // as written
  std::size_t begin = 0;  // offset in the source
  std::size_t line = 1;   // physical line, from 1
  std::size_t depth = 0;  // of brackets around it; a bracket has the depth outside of it
  bool indented = false;  // its logical line does not begin in the first column
};

/// Reads the tokens of `source`, which must outlive it and its tokens. A byte order mark is
/// skipped; lines end with "\n", "\r\n" or "\r".
class PythonLexer final {
 public:
  explicit PythonLexer(std::string_view source);

  /// The next token; kEnd again and again at the end, after a last kNewline where one is due.
  [[nodiscard]] PythonToken Next();

 private:
  void SkipBlanks();
  void SkipLineEnd();
  [[nodiscard]] bool AtLineEnd(std::size_t at) const;
  [[nodiscard]] PythonToken Make(PythonToken::Kind kind, std::size_t begin, std::size_t line);
  [[nodiscard]] PythonToken Text(std::size_t begin, std::size_t quote);
  [[nodiscard]] PythonToken Operator();

  std::string_view source_;
  std::size_t at_ = 0;
  std::size_t line_ = 1;
  std::size_t depth_ = 0;
  bool fresh_ = true;  // no token of the logical line yet
  bool indented_ = false;
};

/// What a text token of Python means: quotes and prefix off, escapes replaced, line ends "\n".
/// Nothing for bytes, for an f-string, for "\N{…}" (a name of Unicode's) and for an escape that
/// Python refuses.
[[nodiscard]] std::optional<std::string> PythonTextValue(std::string_view token);

/// The same without escapes replaced: what stands between the quotes.
[[nodiscard]] std::string_view PythonTextBody(std::string_view token);

/// The letters before the quotes of a text token: "rb".
[[nodiscard]] std::string_view PythonTextPrefix(std::string_view token);

}  // namespace drover::migrations
