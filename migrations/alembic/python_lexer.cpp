#include "migrations/alembic/python_lexer.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace drover::migrations {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

bool IsNameStart(char c) {
  return IsLetter(c) || c == '_' || static_cast<unsigned char>(c) >= 0x80U;
}

bool IsNamePart(char c) { return IsNameStart(c) || IsDigit(c); }

bool IsQuote(char c) { return c == '"' || c == '\''; }

/// May these letters stand before a quote? (At most three are looked at by the caller.)
bool IsTextPrefix(std::string_view name) {
  return name.size() <= 2 && std::ranges::all_of(name, [](char c) {
           return std::string_view("rRuUbBfFtT").find(c) != std::string_view::npos;
         });
}

std::size_t OperatorLength(std::string_view rest) {
  constexpr std::string_view kSecond = "=*/<>.";  // of the long ones
  if (rest.size() < 2 || kSecond.find(rest[1]) == std::string_view::npos) return 1;
  constexpr std::array<std::string_view, 24> kLong{
      "**=", "//=", ">>=", "<<=", "...", "==", "!=", "<=", ">=", "->", ":=", "+=",
      "-=",  "*=",  "/=",  "%=",  "&=",  "|=", "^=", "@=", "**", "//", "<<", ">>"};
  for (const std::string_view each : kLong) {
    if (rest.starts_with(each)) return each.size();
  }
  return 1;
}

void AppendUtf8(std::string& out, std::uint32_t code) {
  const auto byte = [](std::uint32_t value) { return static_cast<char>(value); };
  if (code < 0x80U) {
    out.push_back(byte(code));
  } else if (code < 0x800U) {
    out += {byte(0xC0U | (code >> 6U)), byte(0x80U | (code & 0x3FU))};
  } else if (code < 0x10000U) {
    out += {byte(0xE0U | (code >> 12U)), byte(0x80U | ((code >> 6U) & 0x3FU)),
            byte(0x80U | (code & 0x3FU))};
  } else {
    out += {byte(0xF0U | (code >> 18U)), byte(0x80U | ((code >> 12U) & 0x3FU)),
            byte(0x80U | ((code >> 6U) & 0x3FU)), byte(0x80U | (code & 0x3FU))};
  }
}

std::optional<std::uint32_t> HexDigit(char c) {
  if (IsDigit(c)) return static_cast<std::uint32_t>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<std::uint32_t>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F') return static_cast<std::uint32_t>(c - 'A' + 10);
  return std::nullopt;
}

/// Replaces the escapes of one text.
class EscapeReader final {
 public:
  explicit EscapeReader(std::string_view body) : body_(body) {}

  std::optional<std::string> Read(bool raw) {
    while (at_ < body_.size()) {
      const char c = body_[at_++];
      if (c == '\r') {
        LineEnd();
        out_.push_back('\n');
      } else if (c != '\\' || raw || at_ == body_.size()) {
        out_.push_back(c);
      } else if (!Escape(body_[at_++])) {
        return std::nullopt;
      }
    }
    return std::move(out_);
  }

 private:
  void LineEnd() {
    if (at_ < body_.size() && body_[at_] == '\n') ++at_;
  }

  bool Escape(char c) {
    constexpr std::string_view kFrom = "\\'\"abfnrtv";
    constexpr std::string_view kTo = "\\'\"\a\b\f\n\r\t\v";
    if (c == '\n') return true;
    if (c == '\r') return LineEnd(), true;
    if (c == 'x') return Code(2);
    if (c == 'u') return Code(4);
    if (c == 'U') return Code(8);
    if (c == 'N') return false;
    if (c >= '0' && c <= '7') return Octal(c);
    if (const std::size_t known = kFrom.find(c); known != std::string_view::npos) {
      out_.push_back(kTo[known]);
    } else {
      out_ += {'\\', c};
    }
    return true;
  }

  bool Octal(char first) {
    auto code = static_cast<std::uint32_t>(first - '0');
    for (int i = 0; i < 2 && at_ < body_.size() && body_[at_] >= '0' && body_[at_] <= '7'; ++i) {
      code = code * 8 + static_cast<std::uint32_t>(body_[at_++] - '0');
    }
    AppendUtf8(out_, code);
    return true;
  }

  bool Code(std::size_t digits) {
    constexpr std::uint32_t kLastCode = 0x10FFFF;
    if (body_.size() - at_ < digits) return false;
    std::uint32_t code = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      const auto digit = HexDigit(body_[at_++]);
      if (!digit) return false;
      code = code * 16 + *digit;
    }
    const bool surrogate = code >= 0xD800U && code <= 0xDFFFU;
    if (code > kLastCode || surrogate) return false;
    AppendUtf8(out_, code);
    return true;
  }

  std::string_view body_;
  std::size_t at_ = 0;
  std::string out_;
};

}  // namespace

PythonLexer::PythonLexer(std::string_view source) : source_(source) {
  if (source_.starts_with(kByteOrderMark)) at_ = kByteOrderMark.size();
}

bool PythonLexer::AtLineEnd(std::size_t at) const {
  return at < source_.size() && (source_[at] == '\n' || source_[at] == '\r');
}

void PythonLexer::SkipLineEnd() {
  if (source_[at_] == '\r' && at_ + 1 < source_.size() && source_[at_ + 1] == '\n') ++at_;
  ++at_;
  ++line_;
}

/// Blanks, comments, and the ends of lines that end no logical one.
void PythonLexer::SkipBlanks() {
  while (at_ < source_.size()) {
    const char c = source_[at_];
    if (c == ' ' || c == '\t' || c == '\f') {
      if (fresh_) indented_ = c != '\f';
      ++at_;
    } else if (c == '#') {
      while (at_ < source_.size() && !AtLineEnd(at_)) ++at_;
    } else if (c == '\\' && AtLineEnd(at_ + 1)) {
      ++at_;
      SkipLineEnd();
    } else if (AtLineEnd(at_) && (fresh_ || depth_ > 0)) {
      SkipLineEnd();
      if (fresh_) indented_ = false;
    } else {
      return;
    }
  }
}

PythonToken PythonLexer::Make(PythonToken::Kind kind, std::size_t begin, std::size_t line) {
  fresh_ = false;
  return {.kind = kind,
          .text = source_.substr(begin, at_ - begin),
          .begin = begin,
          .line = line,
          .depth = depth_,
          .indented = indented_};
}

PythonToken PythonLexer::Text(std::size_t begin, std::size_t quote) {
  const std::size_t line = line_;
  const char c = source_[quote];
  const std::string_view rest = source_.substr(quote);
  const bool triple = rest.size() >= 3 && rest[1] == c && rest[2] == c;
  const std::size_t length = triple ? 3 : 1;
  for (at_ = quote + length; at_ < source_.size();) {
    if (AtLineEnd(at_)) {
      if (!triple) return Make(PythonToken::Kind::kBroken, begin, line);
      SkipLineEnd();
    } else if (source_[at_] == '\\' && at_ + 1 < source_.size()) {
      ++at_;
      if (AtLineEnd(at_)) {
        SkipLineEnd();
      } else {
        ++at_;
      }
    } else if (source_[at_] == c && (!triple || source_.substr(at_, 3) == rest.substr(0, 3))) {
      at_ += length;
      return Make(PythonToken::Kind::kText, begin, line);
    } else {
      ++at_;
    }
  }
  return Make(PythonToken::Kind::kBroken, begin, line);
}

PythonToken PythonLexer::Operator() {
  const std::size_t begin = at_;
  const char c = source_[at_];
  at_ += OperatorLength(source_.substr(at_));
  const bool closes = c == ')' || c == ']' || c == '}';
  if (closes && depth_ > 0) --depth_;
  const PythonToken token = Make(PythonToken::Kind::kOperator, begin, line_);
  if (c == '(' || c == '[' || c == '{') ++depth_;
  return token;
}

PythonToken PythonLexer::Next() {
  SkipBlanks();
  const std::size_t begin = at_;
  if (at_ >= source_.size()) {
    const PythonToken end =
        Make(fresh_ ? PythonToken::Kind::kEnd : PythonToken::Kind::kNewline, begin, line_);
    fresh_ = true;
    return end;
  }
  const char c = source_[at_];
  if (AtLineEnd(at_)) {
    PythonToken end = Make(PythonToken::Kind::kNewline, begin, line_);
    SkipLineEnd();
    fresh_ = true;
    indented_ = false;
    return end;
  }
  if (IsQuote(c)) return Text(begin, begin);
  if (IsNameStart(c)) {
    while (at_ < source_.size() && IsNamePart(source_[at_])) ++at_;
    const bool quoted = at_ < source_.size() && IsQuote(source_[at_]);
    if (quoted && IsTextPrefix(source_.substr(begin, at_ - begin))) return Text(begin, at_);
    return Make(PythonToken::Kind::kName, begin, line_);
  }
  if (IsDigit(c)) {
    while (at_ < source_.size() && (IsNamePart(source_[at_]) || source_[at_] == '.')) ++at_;
    return Make(PythonToken::Kind::kNumber, begin, line_);
  }
  return Operator();
}

std::string_view PythonTextPrefix(std::string_view token) {
  return token.substr(0, std::min(token.find_first_of("'\""), token.size()));
}

std::string_view PythonTextBody(std::string_view token) {
  std::string_view body = token.substr(PythonTextPrefix(token).size());
  if (body.empty()) return body;
  const bool triple = body.size() >= 6 && body[1] == body[0] && body[2] == body[0];
  const std::size_t quotes = triple ? 3 : 1;
  if (body.size() < 2 * quotes) return {};
  return body.substr(quotes, body.size() - 2 * quotes);
}

std::optional<std::string> PythonTextValue(std::string_view token) {
  const std::string_view prefix = PythonTextPrefix(token);
  if (prefix.find_first_of("bBfFtT") != std::string_view::npos) return std::nullopt;
  const bool raw = prefix.find_first_of("rR") != std::string_view::npos;
  return EscapeReader(PythonTextBody(token)).Read(raw);
}

}  // namespace drover::migrations
