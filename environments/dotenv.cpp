#include "environments/dotenv.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/text.h"

namespace drover::environments {
namespace {

bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\v' || c == '\f'; }
bool IsLineEnd(char c) { return c == '\n' || c == '\r'; }

class Parser final {
 public:
  explicit Parser(std::string_view text) : text_(text) {
    if (text_.starts_with("\xEF\xBB\xBF")) text_.remove_prefix(3);
  }

  Dotenv Parse() {
    for (;;) {
      while (!AtEnd() && (IsBlank(Peek()) || IsLineEnd(Peek()))) Advance();
      if (AtEnd()) return std::move(out_);
      if (Peek() == '#') {
        SkipLine();
      } else {
        Binding();
      }
    }
  }

 private:
  [[nodiscard]] bool AtEnd() const { return at_ >= text_.size(); }
  [[nodiscard]] char Peek() const { return text_[at_]; }

  void Advance() {
    const char c = text_[at_++];
    const bool pair = c == '\r' && !AtEnd() && Peek() == '\n';
    if (IsLineEnd(c) && !pair) {
      ++line_;
      line_start_ = at_;
    }
  }

  void SkipBlanks() {
    while (!AtEnd() && IsBlank(Peek())) Advance();
  }

  void SkipLine() {
    while (!AtEnd() && !IsLineEnd(Peek())) Advance();
  }

  void Problem(std::string message) {
    out_.problems.push_back(
        {.line = line_, .column = at_ - line_start_ + 1, .message = std::move(message)});
    SkipLine();
  }

  void Binding() {
    if (text_.substr(at_).starts_with("export") && at_ + 6 < text_.size() &&
        IsBlank(text_[at_ + 6])) {
      at_ += 6;
      SkipBlanks();
      if (AtEnd() || IsLineEnd(Peek())) return;
    }
    DotenvEntry entry{.name = {}, .value = {}, .line = line_, .column = at_ - line_start_ + 1};
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
      Problem(Concat("expected \"=\" after the name ", Excerpt(entry.name, 40)));
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
    const std::size_t begin = at_;
    if (Peek() == '\'') {
      const std::size_t end = text_.find('\'', at_ + 1);
      if (end == std::string_view::npos || end == at_ + 1 ||
          text_.substr(at_, end - at_).find('\n') != std::string_view::npos) {
        Problem("a name in quotes has no end");
        return std::nullopt;
      }
      at_ = end + 1;
      return std::string(text_.substr(begin + 1, end - begin - 1));
    }
    while (!AtEnd() && Peek() != '=' && Peek() != '#' && !IsBlank(Peek()) && !IsLineEnd(Peek())) {
      Advance();
    }
    if (at_ == begin) {
      Problem("expected a name before \"=\"");
      return std::nullopt;
    }
    return std::string(text_.substr(begin, at_ - begin));
  }

  void Unquoted(DotenvEntry entry) {
    const std::size_t begin = at_;
    SkipLine();
    std::string_view value = text_.substr(begin, at_ - begin);
    for (std::size_t i = 1; i < value.size(); ++i) {
      if (value[i] == '#' && IsBlank(value[i - 1])) {
        value = value.substr(0, i);
        break;
      }
    }
    if (value.starts_with("#") && begin > 0 && IsBlank(text_[begin - 1])) value = {};
    entry.value = Trim(value);
    out_.entries.push_back(std::move(entry));
  }

  void Quoted(DotenvEntry entry) {
    const char quote = Peek();
    std::size_t end = at_ + 1;
    while (end < text_.size() && text_[end] != quote) {
      end += text_[end] == '\\' ? 2 : 1;
    }
    if (end >= text_.size()) {
      Problem(Concat("the quoted value of ", Excerpt(entry.name, 40), " has no end"));
      return;
    }
    entry.quotes = quote == '"' ? DotenvEntry::Quotes::kDouble : DotenvEntry::Quotes::kSingle;
    entry.value = Decode(text_.substr(at_ + 1, end - at_ - 1), entry.quotes);
    while (at_ <= end) Advance();
    SkipBlanks();
    if (!AtEnd() && !IsLineEnd(Peek()) && Peek() != '#') {
      Problem(Concat("unexpected text after the quoted value of ", Excerpt(entry.name, 40)));
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

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t line_ = 1;
  std::size_t line_start_ = 0;
  Dotenv out_;
};

}  // namespace

const DotenvEntry* Dotenv::Find(std::string_view name) const {
  const auto found = std::find_if(entries.rbegin(), entries.rend(),
                                  [&](const DotenvEntry& entry) { return entry.name == name; });
  return found == entries.rend() ? nullptr : &*found;
}

Dotenv ParseDotenv(std::string_view text) { return Parser(text).Parse(); }

}  // namespace drover::environments
