#include "migrations/regexp.h"

#include <array>
#include <locale.h>  // NOLINT(modernize-deprecated-headers): newlocale is POSIX, not C
#include <memory>
#include <optional>
#include <regex.h>
#include <sqlite3.h>
#include <string>
#include <string_view>

#include "base/text.h"

namespace drover::migrations {
namespace {

/// Makes '.' match one character instead of one byte, on this thread, while it lives.
class Utf8Scope {
 public:
  Utf8Scope() {
    static const locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
    if (utf8 != nullptr) before_ = uselocale(utf8);
  }
  Utf8Scope(const Utf8Scope&) = delete;
  Utf8Scope& operator=(const Utf8Scope&) = delete;
  ~Utf8Scope() {
    if (before_ != nullptr) uselocale(before_);
  }

 private:
  locale_t before_ = nullptr;
};

/// Rewrites what POSIX would silently take for a plain letter. Inside brackets a backslash is a
/// character like any other to POSIX, and an escape to everybody else.
class Translator {
 public:
  explicit Translator(std::string_view pattern) : pattern_(pattern) {}

  /// Nothing when the pattern has an escape of no known meaning, which is then unknown().
  std::optional<std::string> Translate() {
    while (at_ < pattern_.size()) {
      const char c = pattern_[at_];
      if (c == '\\' && at_ + 1 < pattern_.size()) {
        if (!(in_brackets_ ? EscapeInBrackets() : Escape())) return std::nullopt;
        continue;
      }
      if (in_brackets_ && c == '[' && at_ + 1 < pattern_.size() && IsClass(pattern_[at_ + 1])) {
        CopyClass();
        continue;
      }
      if (!in_brackets_ && c == '[') {
        OpenBrackets();
        continue;
      }
      if (in_brackets_ && c == ']') in_brackets_ = false;
      out_ += c;
      ++at_;
    }
    return std::move(out_);
  }

  [[nodiscard]] std::string_view unknown() const { return pattern_.substr(at_, 2); }

 private:
  static bool IsClass(char c) { return c == ':' || c == '.' || c == '='; }

  static std::optional<char> ControlOf(char c) {
    switch (c) {
      case 't':
        return '\t';
      case 'n':
        return '\n';
      case 'r':
        return '\r';
      default:
        return std::nullopt;
    }
  }

  static bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

  void OpenBrackets() {
    in_brackets_ = true;
    out_ += pattern_[at_++];
    if (at_ < pattern_.size() && pattern_[at_] == '^') out_ += pattern_[at_++];
    if (at_ < pattern_.size() && pattern_[at_] == ']') out_ += pattern_[at_++];
  }

  /// [:alpha:] and its kind, whole, so that their ']' ends nothing.
  void CopyClass() {
    const char kind = pattern_[at_ + 1];
    const std::size_t end = pattern_.find(std::string({kind, ']'}), at_ + 2);
    const std::size_t stop = end == std::string_view::npos ? pattern_.size() : end + 2;
    out_ += pattern_.substr(at_, stop - at_);
    at_ = stop;
  }

  bool Escape() {
    constexpr std::string_view kGnu = "wWsSbB<>`'";
    const char c = pattern_[at_ + 1];
    if (c == 'd' || c == 'D') {
      out_ += c == 'd' ? "[0-9]" : "[^0-9]";
    } else if (const auto control = ControlOf(c)) {
      out_ += *control;
    } else if (IsLetter(c) && kGnu.find(c) == std::string_view::npos) {
      return false;
    } else {
      out_ += pattern_.substr(at_, 2);
    }
    at_ += 2;
    return true;
  }

  bool EscapeInBrackets() {
    const char c = pattern_[at_ + 1];
    if (c == 'd') {
      out_ += "0-9";
    } else if (c == 'w') {
      out_ += "[:alnum:]_";
    } else if (c == 's') {
      out_ += "[:space:]";
    } else if (const auto control = ControlOf(c)) {
      out_ += *control;
    } else if (IsLetter(c)) {
      return false;
    } else {
      out_ += Concat("[.", c, ".]");
    }
    at_ += 2;
    return true;
  }

  std::string_view pattern_;
  std::size_t at_ = 0;
  bool in_brackets_ = false;
  std::string out_;
};

/// A compiled pattern. Its address is kept by SQLite as auxiliary data of a statement.
struct Pattern {
  regex_t compiled{};
  bool valid = false;

  Pattern() = default;
  Pattern(const Pattern&) = delete;
  Pattern& operator=(const Pattern&) = delete;
  ~Pattern() {
    if (valid) regfree(&compiled);
  }
};

void Fail(sqlite3_context* context, std::string_view pattern, std::string_view why) {
  const std::string message = Concat("regexp: \"", Excerpt(pattern, 60), "\": ", why);
  sqlite3_result_error(context, message.c_str(), static_cast<int>(message.size()));
}

/// Null after having reported an SQL error.
std::unique_ptr<Pattern> Compile(sqlite3_context* context, std::string_view text) {
  if (text.find('\0') != std::string_view::npos) {
    Fail(context, text, "a pattern cannot hold a NUL byte");
    return nullptr;
  }
  Translator translator(text);
  const std::optional<std::string> posix = translator.Translate();
  if (!posix) {
    Fail(context, text, Concat(translator.unknown(), " is not known here"));
    return nullptr;
  }
  auto pattern = std::make_unique<Pattern>();
  // No sub-matches: glibc then runs an automaton instead of searching, and does not recurse.
  const int result = regcomp(&pattern->compiled, posix->c_str(), REG_EXTENDED | REG_NOSUB);
  if (result == 0) {
    pattern->valid = true;
    return pattern;
  }
  std::array<char, 200> why{};
  regerror(result, &pattern->compiled, why.data(), why.size());
  Fail(context, text, why.data());
  return nullptr;
}

std::string_view TextOf(sqlite3_value* value) {
  const auto* text = reinterpret_cast<const char*>(sqlite3_value_text(value));
  return {text, text == nullptr ? 0 : static_cast<std::size_t>(sqlite3_value_bytes(value))};
}

void Regexp(sqlite3_context* context, int, sqlite3_value** arguments) {
  if (sqlite3_value_type(arguments[0]) == SQLITE_NULL ||
      sqlite3_value_type(arguments[1]) == SQLITE_NULL) {
    return;  // SQLite's default result is null
  }
  const Utf8Scope utf8;
  const auto* pattern = static_cast<const Pattern*>(sqlite3_get_auxdata(context, 0));
  std::unique_ptr<Pattern> fresh;
  if (pattern == nullptr) {
    fresh = Compile(context, TextOf(arguments[0]));
    if (!fresh) return;
    pattern = fresh.get();
  }
  const std::string_view text = TextOf(arguments[1]);
  regmatch_t range{.rm_so = 0, .rm_eo = static_cast<regoff_t>(text.size())};
  // REG_STARTEND gives the size. NOLINTNEXTLINE(bugprone-suspicious-stringview-data-usage)
  const int result = regexec(&pattern->compiled, text.data(), 1, &range, REG_STARTEND);
  if (result == REG_ESPACE) {
    sqlite3_result_error_nomem(context);
  } else {
    sqlite3_result_int(context, result == 0 ? 1 : 0);
  }
  if (fresh) {
    // SQLite may end it within this very call, so it is the last thing done.
    sqlite3_set_auxdata(context, 0, fresh.release(),
                        [](void* data) { delete static_cast<Pattern*>(data); });
  }
}

}  // namespace

void AddRegexp(sqlite3* database) {
  sqlite3_create_function_v2(database, "regexp", 2,
                             SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS, nullptr, Regexp,
                             nullptr, nullptr, nullptr);
}

}  // namespace drover::migrations
