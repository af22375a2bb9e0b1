#include "environments/survey/python_expression.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/posix.h"
#include "base/text.h"

namespace drover::environments {
namespace {

using migrations::PythonToken;
using TokenKind = PythonToken::Kind;
using Tokens = std::span<const PythonToken>;

/// Of names that stand for names, texts in texts, and brackets in brackets.
constexpr int kDeepestExpression = 24;
constexpr int kMostOperands = 400;

std::string ParentOf(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return {};
  return std::string(path.substr(0, std::max<std::size_t>(slash, 1)));
}

std::string JoinPaths(std::string_view left, std::string_view right) {
  if (left.empty() || right.starts_with('/')) return std::string(right);
  return Concat(left, left.ends_with('/') ? "" : "/", right);
}

/// Reads one expression; nested ones by others of its kind.
class ExpressionReader final {
 public:
  /// `operands` is how many more may be read.
  ExpressionReader(const PythonModule& module, Tokens all, Tokens tokens, const std::string& file,
                   int depth, int& operands)
      : module_(module),
        all_(all),
        tokens_(tokens),
        file_(file),
        depth_(depth),
        operands_(operands) {}

  std::optional<PythonValue> Sum(std::size_t at) {
    if (++depth_ > kDeepestExpression) return std::nullopt;
    auto sum = Product(at);
    while (sum && Is(sum->end, "+")) {
      const auto next = Product(sum->end + 1);
      if (!next || sum->is_path || next->is_path) return std::nullopt;
      sum->text += next->text;
      sum->from_file |= next->from_file;
      sum->end = next->end;
    }
    --depth_;
    // "a" % b, a[0], a or b: whoever goes on like that makes something else of it.
    if (sum && (Is(sum->end, "%") || Is(sum->end, "[") || Is(sum->end, ".") || Is(sum->end, "*"))) {
      return std::nullopt;
    }
    return sum;
  }

  std::optional<PythonValue> UrlCall(std::size_t at) {
    const bool create = Is(at, "URL") && Is(at + 1, ".") && Is(at + 2, "create");
    const std::size_t open = create ? at + 3 : at + 1;
    if (!Is(at, "URL") || !Is(open, "(")) return std::nullopt;
    std::optional<PythonValue> driver;
    std::optional<PythonValue> database;
    std::size_t i = open + 1;
    for (bool first = true; !Is(i, ")"); first = false) {
      const bool named = IsName(i) && Is(i + 1, "=");
      const std::string_view key = named ? tokens_[i].text : first ? "drivername" : "";
      auto value = Sum(named ? i + 2 : i);
      if (!value || key.empty()) return std::nullopt;
      i = value->end;
      if (Is(i, ",")) {
        ++i;
      } else if (!Is(i, ")")) {
        return std::nullopt;
      }
      if (key == "drivername") driver = std::move(value);
      if (key == "database") database = std::move(value);
    }
    if (!driver || !database || database->is_path) return std::nullopt;
    if (driver->text != "sqlite" && !driver->text.starts_with("sqlite+")) return std::nullopt;
    return PythonValue{.text = Concat(driver->text, ":///", database->text),
                       .end = i + 1,
                       .from_file = database->from_file};
  }

 private:
  [[nodiscard]] bool Is(std::size_t i, std::string_view text) const {
    return i < tokens_.size() && tokens_[i].text == text;
  }

  [[nodiscard]] bool IsName(std::size_t i) const {
    return i < tokens_.size() && tokens_[i].kind == TokenKind::kName;
  }

  std::optional<PythonValue> Product(std::size_t at) {
    auto product = Operand(at);
    while (product && Is(product->end, "/")) {
      auto next = Operand(product->end + 1);
      if (!next || (!product->is_path && !next->is_path)) return std::nullopt;
      product = Joined(*product, *next);
    }
    return product;
  }

  static PythonValue Joined(const PythonValue& left, const PythonValue& right) {
    PythonValue joined = right;
    joined.text = JoinPaths(left.text, right.text);
    joined.from_file |= left.from_file && !right.text.starts_with('/');
    joined.is_path |= left.is_path;
    return joined;
  }

  std::optional<PythonValue> Operand(std::size_t at) {
    if (at >= tokens_.size() || --operands_ < 0) return std::nullopt;
    std::optional<PythonValue> operand;
    if (tokens_[at].kind == TokenKind::kText) {
      operand = Texts(at);
    } else if (Is(at, "(")) {
      operand = Sum(at + 1);
      if (!operand || !Is(operand->end, ")")) return std::nullopt;
      ++operand->end;
    } else if (IsName(at)) {
      operand = Named(at);
    }
    while (operand && operand->is_path && Is(operand->end, ".")) operand = Member(*operand);
    return operand;
  }

  /// Texts that stand side by side are one.
  std::optional<PythonValue> Texts(std::size_t at) {
    PythonValue value{.text = {}, .end = at};
    while (value.end < tokens_.size() && tokens_[value.end].kind == TokenKind::kText) {
      const std::string_view token = tokens_[value.end++].text;
      const std::string_view prefix = migrations::PythonTextPrefix(token);
      if (prefix.find_first_of("fF") == std::string_view::npos) {
        const auto text = migrations::PythonTextValue(token);
        if (!text) return std::nullopt;
        value.text += *text;
        continue;
      }
      const auto part = Formatted(migrations::PythonTextBody(token));
      if (!part) return std::nullopt;
      value.text += part->text;
      value.from_file |= part->from_file;
    }
    return value;
  }

  /// f"sqlite:///{BASE / 'x.db'}", without conversions and formats.
  std::optional<PythonValue> Formatted(std::string_view body) {
    if (body.find('\\') != std::string_view::npos) return std::nullopt;
    PythonValue value;
    for (std::size_t i = 0; i < body.size(); ++i) {
      const bool doubled = i + 1 < body.size() && body[i + 1] == body[i];
      if (body[i] != '{' && body[i] != '}') {
        value.text.push_back(body[i]);
      } else if (doubled) {
        value.text.push_back(body[i++]);
      } else {
        const std::size_t end = body.find('}', i);
        if (body[i] == '}' || end == std::string_view::npos) return std::nullopt;
        const auto inner = Inner(body.substr(i + 1, end - i - 1));
        if (!inner) return std::nullopt;
        value.text += inner->text;
        value.from_file |= inner->from_file;
        i = end;
      }
    }
    return value;
  }

  std::optional<PythonValue> Inner(std::string_view text) {
    const std::vector<PythonToken> tokens = PythonTokens(text);
    ExpressionReader reader(module_, all_, tokens, file_, depth_, operands_);
    auto value = reader.Sum(0);
    const bool whole =
        value && (value->end == tokens.size() || tokens[value->end].kind == TokenKind::kNewline);
    return whole ? value : std::nullopt;
  }

  /// A name, with modules before it, or a call of it.
  std::optional<PythonValue> Named(std::size_t at) {
    std::size_t last = at;
    if (!Is(at, "__file__") && !module_.Find(tokens_[at].text)) {
      while (Is(last + 1, ".") && IsName(last + 2)) last += 2;
    }
    if (Is(last + 1, "(")) return Call(at, last);
    if (last != at) return std::nullopt;
    if (Is(at, "__file__")) {
      if (file_.empty()) return std::nullopt;
      return PythonValue{.text = file_, .end = at + 1, .from_file = true};
    }
    const auto begin = module_.Find(tokens_[at].text);
    if (!begin) return std::nullopt;
    ExpressionReader reader(module_, all_, all_, file_, depth_, operands_);
    auto value = reader.Sum(*begin);
    const bool whole =
        value && (value->end == all_.size() || all_[value->end].kind == TokenKind::kNewline);
    if (!whole) return std::nullopt;
    value->end = at + 1;
    return value;
  }

  std::optional<PythonValue> Call(std::size_t first, std::size_t last) {
    std::string name;
    for (std::size_t i = first; i <= last; ++i) name += tokens_[i].text;
    std::size_t end = last + 2;
    const auto arguments = Arguments(end);
    if (!arguments) return std::nullopt;
    auto value = Apply(name, *arguments);
    if (value) value->end = end;
    return value;
  }

  /// Those of a call whose first argument is at `at`, which is moved behind it.
  std::optional<std::vector<PythonValue>> Arguments(std::size_t& at) {
    std::vector<PythonValue> arguments;
    while (!Is(at, ")")) {
      auto value = Sum(at);
      if (!value) return std::nullopt;
      at = value->end;
      if (Is(at, ",")) {
        ++at;
      } else if (!Is(at, ")")) {
        return std::nullopt;
      }
      arguments.push_back(*std::move(value));
    }
    ++at;
    return arguments;
  }

  static PythonValue JoinAll(const std::vector<PythonValue>& values) {
    PythonValue joined = values.front();
    for (const PythonValue& each : std::span(values).subspan(1)) joined = Joined(joined, each);
    return joined;
  }

  std::optional<PythonValue> Apply(std::string_view name,
                                   const std::vector<PythonValue>& arguments) const {
    if (arguments.empty()) return std::nullopt;
    const bool one = arguments.size() == 1;
    if (name == "Path" || name == "pathlib.Path") {
      PythonValue path = JoinAll(arguments);
      path.is_path = true;
      return path;
    }
    PythonValue value = arguments.front();
    value.is_path = false;
    if (one && (name == "str" || name == "os.fspath")) return value;
    // from os import path; from os.path import join
    for (const std::string_view module : {"os.path.", "path."}) {
      if (name.starts_with(module)) name.remove_prefix(module.size());
    }
    if (name == "join") {
      value = JoinAll(arguments);
      value.is_path = false;
      return value;
    }
    if (!one) return std::nullopt;
    if (name == "dirname") {
      value.text = ParentOf(value.text);
      return value;
    }
    if (name != "abspath" && name != "realpath" && name != "normpath") return std::nullopt;
    if (value.text.starts_with('/')) value.text = AbsolutePath(value.text, "/");
    return value;
  }

  /// What follows a path behind a dot.
  std::optional<PythonValue> Member(PythonValue path) {
    const std::size_t name = path.end + 1;
    if (!IsName(name)) return std::nullopt;
    const std::string_view member = tokens_[name].text;
    path.end = name + 1;
    if (member == "parent") {
      path.text = ParentOf(path.text);
      return path;
    }
    if (member == "parents" && Is(name + 1, "[") && Is(name + 3, "]")) {
      const auto number = ParseInteger(tokens_[name + 2].text);
      if (!number || *number < 0 || *number > kDeepestExpression) return std::nullopt;
      for (std::int64_t i = 0; i <= *number; ++i) path.text = ParentOf(path.text);
      path.end = name + 4;
      return path;
    }
    if (!Is(name + 1, "(")) return std::nullopt;
    std::size_t end = name + 2;
    const auto arguments = Arguments(end);
    if (!arguments) return std::nullopt;
    if (member == "joinpath" && !arguments->empty()) {
      path = Joined(path, JoinAll(*arguments));
    } else if (!arguments->empty()) {
      return std::nullopt;
    } else if (member == "as_posix") {
      path.is_path = false;
    } else if (member != "resolve" && member != "absolute") {
      return std::nullopt;
    }
    path.end = end;
    return path;
  }

  const PythonModule& module_;
  Tokens all_;     // of the module
  Tokens tokens_;  // that are read: those, or of an f-string
  const std::string& file_;
  int depth_;
  int& operands_;
};

}  // namespace

std::vector<PythonToken> PythonTokens(std::string_view text) {
  std::vector<PythonToken> tokens;
  migrations::PythonLexer lexer(text);
  for (PythonToken token = lexer.Next(); token.kind != TokenKind::kEnd; token = lexer.Next()) {
    tokens.push_back(token);
  }
  return tokens;
}

PythonModule::PythonModule(Tokens tokens, std::string file)
    : tokens_(tokens), file_(std::move(file)) {
  for (std::size_t i = 0; i < tokens_.size(); ++i) {
    if (tokens_[i].kind == TokenKind::kName) Note(i);
  }
}

void PythonModule::Note(std::size_t at) {
  constexpr std::array<std::string_view, 6> kBinding{"as", "for", "def", "class", "global", "del"};
  const PythonToken& token = tokens_[at];
  if (at > 0 && IsOneOf(kBinding, tokens_[at - 1].text)) {
    ++settings_[token.text].count;
    return;
  }
  const auto is = [&](std::size_t i, std::string_view text) {
    return i < tokens_.size() && tokens_[i].text == text;
  };
  const bool begins = at == 0 || tokens_[at - 1].kind == TokenKind::kNewline;
  std::size_t equals = at + 1;
  if (equals >= tokens_.size()) return;
  // As a keyword of a call it is none.
  if (token.depth > 0 && !is(equals, ":=")) return;
  if (begins && is(equals, ":")) {
    while (equals < tokens_.size() && tokens_[equals].kind != TokenKind::kNewline &&
           !(is(equals, "=") && tokens_[equals].depth == 0)) {
      ++equals;
    }
  }
  if (equals >= tokens_.size()) return;
  const std::string_view sign = tokens_[equals].text;
  const bool plain = sign == "=";
  const bool changed =
      sign == ":=" || (sign.size() > 1 && sign.back() == '=' && sign.find_first_of("=!<>") != 0);
  // A, B = …
  const bool several = sign == "," && begins;
  if (!plain && !changed && !several) return;
  Setting& setting = settings_[token.text];
  ++setting.count;
  if (plain && begins && !token.indented) setting.begin = equals + 1;
}

std::optional<std::size_t> PythonModule::Find(std::string_view name) const {
  const auto found = settings_.find(name);
  if (found == settings_.end() || found->second.count != 1 || found->second.begin == 0) {
    return std::nullopt;
  }
  return found->second.begin;
}

std::optional<PythonValue> PythonModule::Sum(std::size_t at) const {
  int operands = kMostOperands;
  return ExpressionReader(*this, tokens_, tokens_, file_, 0, operands).Sum(at);
}

std::optional<PythonValue> PythonModule::UrlCall(std::size_t at) const {
  int operands = kMostOperands;
  return ExpressionReader(*this, tokens_, tokens_, file_, 0, operands).UrlCall(at);
}

}  // namespace drover::environments
