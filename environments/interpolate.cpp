#include "environments/interpolate.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "base/error.h"
#include "base/text.h"

namespace drover::environments {
namespace {

constexpr int kMaxNesting = 32;
constexpr std::size_t kMaxLength = std::size_t{64} << 10U;

bool IsNameStart(char c) { return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool IsNamePart(char c) { return IsNameStart(c) || (c >= '0' && c <= '9'); }

void AddOnce(std::vector<std::string>& list, std::string item) {
  if (std::find(list.begin(), list.end(), item) == list.end()) list.push_back(std::move(item));
}

class Expander final {
 public:
  Expander(Dollar dollar, const VariableLookup& lookup, const std::string& where)
      : dollar_(dollar), lookup_(lookup), where_(where) {}

  Interpolated Run(std::string_view text) {
    out_.value = Expand(text, 0);
    return std::move(out_);
  }

 private:
  [[noreturn]] void Fail(std::string_view kind, std::string message, std::string hint = {}) const {
    throw Error(Code::kInvalid, Concat("variable.", kind), std::move(message), std::move(hint),
                where_);
  }

  std::string Expand(std::string_view text, int depth) {
    if (depth > kMaxNesting) Fail("syntax", "${…} is nested too deeply");
    std::string out;
    std::size_t i = 0;
    while (i < text.size()) {
      const char next = text[i] == '$' && i + 1 < text.size() ? text[i + 1] : '\0';
      if (next == '{') {
        const std::size_t end = ClosingBrace(text, i + 2);
        out += Braces(text.substr(i + 2, end - i - 2), depth);
        if (depth == 0 && i == 0) out_.begins_empty = out.empty();
        i = end + 1;
      } else if (next == '$' && dollar_ == Dollar::kShell) {
        out.push_back('$');
        i += 2;
      } else if (IsNameStart(next) && dollar_ == Dollar::kShell) {
        std::size_t end = i + 1;
        while (end < text.size() && IsNamePart(text[end])) ++end;
        out += Plain(text.substr(i + 1, end - i - 1));
        if (depth == 0 && i == 0) out_.begins_empty = out.empty();
        i = end;
      } else {
        out.push_back(text[i++]);
      }
      if (out.size() > kMaxLength) Fail("too_long", "the text grows beyond 64 KiB");
    }
    return out;
  }

  /// The brace that ends the ${ whose content begins at `from`.
  [[nodiscard]] std::size_t ClosingBrace(std::string_view text, std::size_t from) const {
    int open = 1;
    for (std::size_t i = from; i < text.size(); ++i) {
      const bool dollar = text[i] == '$' && i + 1 < text.size();
      if (dollar && text[i + 1] == '{') {
        ++open;
        ++i;
      } else if (dollar && text[i + 1] == '$' && dollar_ == Dollar::kShell) {
        ++i;
      } else if (text[i] == '}' && --open == 0) {
        return i;
      }
    }
    Fail("syntax",
         Concat("invalid interpolation format: \"", Excerpt(text, 60), "\" has a ${ without its }"),
         "write $$ for a dollar sign");
  }

  std::string Use(const VariableValue& variable) {
    AddOnce(out_.sources, variable.where);
    out_.is_inferred |= variable.is_inferred;
    return variable.value;
  }

  std::string Plain(std::string_view name) {
    const std::optional<VariableValue> variable = lookup_(name);
    if (variable) return Use(*variable);
    AddOnce(out_.unset, std::string(name));
    return {};
  }

  std::string Braces(std::string_view content, int depth) {
    std::size_t end = 0;
    while (end < content.size() && IsNamePart(content[end])) ++end;
    const std::string_view name = content.substr(0, end);
    std::string_view rest = content.substr(end);
    if (name.empty() || !IsNameStart(name.front())) BadExpression(content);
    if (rest.empty()) return Plain(name);
    const bool or_empty = rest.front() == ':';
    if (or_empty) rest.remove_prefix(1);
    if (rest.empty()) BadExpression(content);
    const char operation = rest.front();
    rest.remove_prefix(1);
    const std::optional<VariableValue> variable = lookup_(name);
    const bool present = variable && !(or_empty && variable->value.empty());
    switch (operation) {
      case '-':
        if (present) return Use(*variable);
        AddOnce(out_.defaulted, std::string(name));
        return Expand(rest, depth + 1);
      case '+':
        if (!present) return {};
        AddOnce(out_.sources, variable->where);
        return Expand(rest, depth + 1);
      case '?':
        if (present) return Use(*variable);
        Fail("required", Concat("required variable ", name, " is missing a value",
                                rest.empty() ? "" : ": ", Excerpt(Expand(rest, depth + 1), 200)));
      default:
        BadExpression(content);
    }
  }

  [[noreturn]] void BadExpression(std::string_view content) const {
    Fail(
        "syntax",
        Concat("invalid interpolation format: \"${", Excerpt(content, 60), "}\" is not a variable"),
        "write ${NAME} or ${NAME:-default}; $$ for a dollar sign");
  }

  Dollar dollar_;
  const VariableLookup& lookup_;
  const std::string& where_;
  Interpolated out_;
};

}  // namespace

Interpolated Interpolate(std::string_view text, Dollar dollar, const VariableLookup& lookup,
                         const std::string& where) {
  return Expander(dollar, lookup, where).Run(text);
}

}  // namespace drover::environments
