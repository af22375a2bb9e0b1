#include "environments/dotenv.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/text.h"

namespace drover::environments {
namespace {

enum class LoneReturn : std::uint8_t { kEndsLine, kIsBlank };

/// A position in the text that counts lines and columns.
class Lexer {
 public:
  Lexer(std::string_view text, LoneReturn lone_return) : text_(text), lone_return_(lone_return) {
    if (text_.starts_with("\xEF\xBB\xBF")) text_.remove_prefix(3);
  }

 protected:
  [[nodiscard]] bool AtEnd() const { return at_ >= text_.size(); }
  [[nodiscard]] char Peek() const { return text_[at_]; }
  [[nodiscard]] std::size_t at() const { return at_; }
  [[nodiscard]] std::size_t line() const { return line_; }
  [[nodiscard]] std::size_t column() const { return at_ - line_start_ + 1; }
  [[nodiscard]] std::string_view text() const { return text_; }

  [[nodiscard]] bool IsLineEnd(char c) const {
    return c == '\n' || (c == '\r' && lone_return_ == LoneReturn::kEndsLine);
  }
  [[nodiscard]] bool IsBlank(char c) const {
    return c == ' ' || c == '\t' || c == '\v' || c == '\f' ||
           (c == '\r' && lone_return_ == LoneReturn::kIsBlank);
  }

  void Advance() {
    const char c = text_[at_++];
    const bool pair = c == '\r' && !AtEnd() && Peek() == '\n';
    if (IsLineEnd(c) && !pair) {
      ++line_;
      line_start_ = at_;
    }
  }
  void AdvanceTo(std::size_t end) {
    while (at_ < end) Advance();
  }
  void SkipBlanks() {
    while (!AtEnd() && IsBlank(Peek())) Advance();
  }
  void SkipLine() {
    while (!AtEnd() && !IsLineEnd(Peek())) Advance();
  }
  /// To the next binding; false at the end of the file.
  bool SkipToBinding() {
    for (;;) {
      while (!AtEnd() && (IsBlank(Peek()) || IsLineEnd(Peek()))) Advance();
      if (AtEnd()) return false;
      if (Peek() != '#') return true;
      SkipLine();
    }
  }
  /// Past the word "export" with blanks after it, if it stands here.
  void SkipExport() {
    constexpr std::string_view kExport = "export";
    const std::size_t after = at_ + kExport.size();
    if (!text_.substr(at_).starts_with(kExport) || after >= text_.size()) return;
    if (!IsBlank(text_[after])) return;
    AdvanceTo(after);
    SkipBlanks();
  }

  void Problem(std::string message) {
    out_.problems.push_back({.line = line_, .column = column(), .message = std::move(message)});
  }

  Dotenv out_;

 private:
  std::string_view text_;
  LoneReturn lone_return_;
  std::size_t at_ = 0;
  std::size_t line_ = 1;
  std::size_t line_start_ = 0;
};

class SettingsParser final : private Lexer {
 public:
  explicit SettingsParser(std::string_view text) : Lexer(text, LoneReturn::kEndsLine) {}

  Dotenv Parse() {
    while (SkipToBinding()) Binding();
    return std::move(out_);
  }

 private:
  void BadLine(std::string message) {
    Problem(std::move(message));
    SkipLine();
  }

  void Binding() {
    SkipExport();
    if (AtEnd() || IsLineEnd(Peek())) return;
    DotenvEntry entry;
    entry.line = line();
    entry.column = column();
    const std::optional<std::string> name = Name();
    if (!name) return;
    entry.name = *name;
    SkipBlanks();
    if (AtEnd() || IsLineEnd(Peek())) return;
    if (Peek() == '#') {
      SkipLine();
      return;
    }
    if (Peek() != '=') {
      BadLine(Concat("expected \"=\" after the name ", Excerpt(entry.name, 40)));
      return;
    }
    Advance();
    SkipBlanks();
    if (!AtEnd() && (Peek() == '"' || Peek() == '\'')) {
      Quoted(std::move(entry));
    } else {
      Unquoted(std::move(entry));
    }
  }

  std::optional<std::string> Name() {
    const std::size_t begin = at();
    if (Peek() == '\'') {
      const std::size_t end = text().find('\'', at() + 1);
      if (end == std::string_view::npos || end == at() + 1 ||
          text().substr(at(), end - at()).find('\n') != std::string_view::npos) {
        BadLine("a name in quotes has no end");
        return std::nullopt;
      }
      AdvanceTo(end + 1);
      return std::string(text().substr(begin + 1, end - begin - 1));
    }
    while (!AtEnd() && Peek() != '=' && Peek() != '#' && !IsBlank(Peek()) && !IsLineEnd(Peek())) {
      Advance();
    }
    if (at() == begin) {
      BadLine("expected a name before \"=\"");
      return std::nullopt;
    }
    return std::string(text().substr(begin, at() - begin));
  }

  void Unquoted(DotenvEntry entry) {
    const std::size_t begin = at();
    SkipLine();
    std::string_view value = text().substr(begin, at() - begin);
    for (std::size_t i = 1; i < value.size(); ++i) {
      if (value[i] == '#' && IsBlank(value[i - 1])) {
        value = value.substr(0, i);
        break;
      }
    }
    if (value.starts_with("#") && begin > 0 && IsBlank(text()[begin - 1])) value = {};
    entry.value = Trim(value);
    out_.entries.push_back(std::move(entry));
  }

  void Quoted(DotenvEntry entry) {
    const char quote = Peek();
    std::size_t end = at() + 1;
    while (end < text().size() && text()[end] != quote) {
      end += text()[end] == '\\' ? 2 : 1;
    }
    if (end >= text().size()) {
      BadLine(Concat("the quoted value of ", Excerpt(entry.name, 40), " has no end"));
      return;
    }
    entry.quotes = quote == '"' ? DotenvEntry::Quotes::kDouble : DotenvEntry::Quotes::kSingle;
    entry.value = Decode(text().substr(at() + 1, end - at() - 1), entry.quotes);
    AdvanceTo(end + 1);
    SkipBlanks();
    if (!AtEnd() && !IsLineEnd(Peek()) && Peek() != '#') {
      BadLine(Concat("unexpected text after the quoted value of ", Excerpt(entry.name, 40)));
      return;
    }
    SkipLine();
    out_.entries.push_back(std::move(entry));
  }

  static std::string Decode(std::string_view raw, DotenvEntry::Quotes quotes) {
    constexpr std::string_view kEscapes = "\\'\"abfnrtv";
    constexpr std::string_view kMeanings = "\\'\"\a\b\f\n\r\t\v";
    std::string out;
    for (std::size_t i = 0; i < raw.size(); ++i) {
      if (raw[i] == '\\' && i + 1 < raw.size()) {
        const std::size_t which = kEscapes.find(raw[i + 1]);
        const bool known =
            quotes == DotenvEntry::Quotes::kDouble ? which != std::string_view::npos : which < 2;
        if (known) {
          out.push_back(kMeanings[which]);
          ++i;
          continue;
        }
      }
      out.push_back(raw[i]);
    }
    return out;
  }
};

class ComposeParser final : private Lexer {
 public:
  explicit ComposeParser(std::string_view text) : Lexer(text, LoneReturn::kIsBlank) {}

  Dotenv Parse() {
    while (SkipToBinding() && Binding()) {
    }
    return std::move(out_);
  }

 private:
  /// False after a problem: compose reads no further.
  bool Binding() {
    SkipExport();
    DotenvEntry entry;
    entry.line = line();
    entry.column = column();
    const std::size_t begin = at();
    while (!AtEnd() && Peek() != '=' && Peek() != ':' && !IsLineEnd(Peek())) {
      if (!IsBlank(Peek()) && !IsNameCharacter(Peek())) {
        Problem(Concat("unexpected character \"", Peek(), "\" in variable name \"",
                       Excerpt(text().substr(begin), 40), "\""));
        return false;
      }
      Advance();
    }
    entry.name = Trim(text().substr(begin, at() - begin));
    if (entry.name.find(' ') != std::string::npos) {
      Problem("key cannot contain a space");
      return false;
    }
    if (AtEnd() || IsLineEnd(Peek())) {
      entry.binding = DotenvEntry::Binding::kInherited;
      Keep(std::move(entry));
      return true;
    }
    Advance();
    SkipBlanks();
    if (!AtEnd() && (Peek() == '"' || Peek() == '\'')) return Quoted(std::move(entry));
    const std::size_t from = at();
    SkipLine();
    std::string_view value = text().substr(from, at() - from);
    entry.value = Trim(value.substr(0, value.find(" #")));
    Keep(std::move(entry));
    return true;
  }

  static bool IsNameCharacter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("_.-[]").find(c) != std::string_view::npos ||
           static_cast<unsigned char>(c) >= 0x80;
  }

  /// A name that begins with a digit sets nothing.
  void Keep(DotenvEntry entry) {
    const bool digit = !entry.name.empty() && entry.name[0] >= '0' && entry.name[0] <= '9';
    if (!entry.name.empty() && !digit) out_.entries.push_back(std::move(entry));
  }

  bool Quoted(DotenvEntry entry) {
    const char quote = Peek();
    std::string raw;
    std::size_t end = at() + 1;
    for (; end < text().size() && text()[end] != quote; ++end) {
      const bool escape = text()[end] == '\\' && end + 1 < text().size();
      if (escape && text()[end + 1] == quote) {
        raw.push_back(text()[++end]);
      } else if (escape) {
        raw.push_back('\\');
        raw.push_back(text()[++end]);
      } else {
        raw.push_back(text()[end]);
      }
    }
    if (end >= text().size()) {
      Problem(Concat("unterminated quoted value ", Excerpt(text().substr(at()), 40)));
      return false;
    }
    entry.quotes = quote == '"' ? DotenvEntry::Quotes::kDouble : DotenvEntry::Quotes::kSingle;
    entry.value = quote == '"' ? Decode(raw) : std::move(raw);
    AdvanceTo(end + 1);
    Keep(std::move(entry));
    return true;
  }

  static std::string Decode(std::string_view raw) {
    constexpr std::string_view kEscapes = "abfnrtv\"\\";
    constexpr std::string_view kMeanings = "\a\b\f\n\r\t\v\"\\";
    std::string out;
    for (std::size_t i = 0; i < raw.size(); ++i) {
      const char next = raw[i] == '\\' && i + 1 < raw.size() ? raw[i + 1] : '\0';
      const std::size_t which = next == '\0' ? std::string_view::npos : kEscapes.find(next);
      if (next == '$') {
        out += "$$";  // which the interpolation makes a dollar sign
        ++i;
      } else if (which != std::string_view::npos) {
        out.push_back(kMeanings[which]);
        ++i;
      } else {
        out.push_back(raw[i]);
      }
    }
    return out;
  }
};

}  // namespace

const DotenvEntry* Dotenv::Find(std::string_view name) const {
  const auto found = std::find_if(entries.rbegin(), entries.rend(),
                                  [&](const DotenvEntry& entry) { return entry.name == name; });
  return found == entries.rend() ? nullptr : &*found;
}

Dotenv ParseDotenv(std::string_view text, DotenvGrammar grammar) {
  return grammar == DotenvGrammar::kCompose ? ComposeParser(text).Parse()
                                            : SettingsParser(text).Parse();
}

}  // namespace drover::environments
