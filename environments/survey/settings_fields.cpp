#include "environments/survey/settings_fields.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>

#include "base/text.h"

namespace drover::environments {
namespace {

using migrations::PythonToken;

/// How a class makes names of variables.
struct SettingsNaming {
  std::string prefix;
  bool exact = false;  // case_sensitive
};

class SettingsReader final {
 public:
  SettingsReader(std::string_view text, std::span<const PythonToken> tokens)
      : text_(text), tokens_(tokens) {}

  std::vector<SettingsField> Read() {
    for (std::size_t i = 0; i < tokens_.size(); ++i) {
      if (Is(i, "class") && BeginsLine(i)) Class(i);
    }
    return std::move(found_);
  }

 private:
  using TokenKind = PythonToken::Kind;

  [[nodiscard]] bool Is(std::size_t i, std::string_view text) const {
    return i < tokens_.size() && tokens_[i].text == text;
  }

  [[nodiscard]] bool IsKind(std::size_t i, TokenKind kind) const {
    return i < tokens_.size() && tokens_[i].kind == kind;
  }

  [[nodiscard]] bool BeginsLine(std::size_t i) const {
    return i == 0 || tokens_[i - 1].kind == TokenKind::kNewline;
  }

  [[nodiscard]] std::size_t LineEnd(std::size_t i) const {
    while (i < tokens_.size() && tokens_[i].kind != TokenKind::kNewline) ++i;
    return i;
  }

  /// Of the first token of a line.
  [[nodiscard]] std::size_t Column(std::size_t i) const {
    const std::size_t begin = tokens_[i].begin;
    const std::size_t line = text_.substr(0, begin).find_last_of("\r\n");
    return line == std::string_view::npos ? begin : begin - line - 1;
  }

  void Class(std::size_t at) {
    const std::size_t begin = LineEnd(at) + 1;
    auto naming = NamingOfBases(at, begin);
    if (!naming) return;
    std::size_t end = begin;
    while (end < tokens_.size() && Column(end) > Column(at)) end = LineEnd(end) + 1;
    end = std::min(end, tokens_.size());
    for (std::size_t i = begin; i < end; ++i) Option(i, *naming);
    for (std::size_t i = begin; i < end; i = LineEnd(i) + 1) {
      if (Column(i) == Column(begin)) Field(i, *naming);
    }
    classes_.insert_or_assign(tokens_[at + 1].text, *std::move(naming));
  }

  /// Nothing when the class at `at` is none of settings.
  [[nodiscard]] std::optional<SettingsNaming> NamingOfBases(std::size_t at, std::size_t end) const {
    for (std::size_t i = at + 2; i < end && i < tokens_.size(); ++i) {
      if (Is(i, "BaseSettings")) return SettingsNaming{};
      const auto known = classes_.find(tokens_[i].text);
      if (known != classes_.end()) return known->second;
    }
    return std::nullopt;
  }

  /// env_prefix="APP_", of SettingsConfigDict(…), of a dictionary or of class Config.
  void Option(std::size_t i, SettingsNaming& naming) const {
    if (!Is(i + 1, "=") && !Is(i + 1, ":")) return;
    const std::string_view key =
        IsKind(i, TokenKind::kText) ? migrations::PythonTextBody(tokens_[i].text) : tokens_[i].text;
    if (key == "case_sensitive") naming.exact = Is(i + 2, "True");
    if (key != "env_prefix" || !IsKind(i + 2, TokenKind::kText)) return;
    naming.prefix = migrations::PythonTextBody(tokens_[i + 2].text);
  }

  /// NAME: str = …
  void Field(std::size_t at, const SettingsNaming& naming) {
    const std::size_t end = LineEnd(at);
    if (!IsKind(at, TokenKind::kName) || (!Is(at + 1, ":") && !Is(at + 1, "="))) return;
    std::size_t equals = at + 1;
    while (equals < end && !(Is(equals, "=") && tokens_[equals].depth == tokens_[at].depth)) {
      ++equals;
    }
    if (equals == end) return;
    SettingsField field{.name = std::string(tokens_[at].text), .begin = equals + 1, .end = end};
    field.variable = naming.prefix + field.name;
    if (!naming.exact) {
      for (char& c : field.variable) {
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
      }
    }
    if (auto named = Alias(field)) field.variable = *std::move(named);
    found_.push_back(std::move(field));
  }

  /// Field(…, env="APP_DB"), validation_alias="APP_DB" or =AliasChoices("APP_DB", …): as it is.
  [[nodiscard]] std::optional<std::string> Alias(const SettingsField& field) const {
    constexpr std::array<std::string_view, 3> kKeys{"env", "validation_alias", "alias"};
    for (std::size_t i = field.begin; i + 2 < field.end; ++i) {
      if (!IsOneOf(kKeys, tokens_[i].text) || !Is(i + 1, "=")) continue;
      std::size_t text = i + 2;
      if (Is(text, "AliasChoices")) ++text;
      if (Is(text, "(") || Is(text, "[")) ++text;
      if (!IsKind(text, TokenKind::kText)) continue;
      return std::string(migrations::PythonTextBody(tokens_[text].text));
    }
    return std::nullopt;
  }

  std::string_view text_;
  std::span<const PythonToken> tokens_;
  std::map<std::string_view, SettingsNaming> classes_;
  std::vector<SettingsField> found_;
};

}  // namespace

std::vector<SettingsField> ReadSettingsFields(std::string_view text,
                                              std::span<const PythonToken> tokens) {
  return SettingsReader(text, tokens).Read();
}

}  // namespace drover::environments
