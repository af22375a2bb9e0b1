#include "environments/settings.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "base/json.h"
#include "base/text.h"

namespace drover::environments {
namespace {

constexpr std::string_view kSeparator = "__";
constexpr int kMaxJsonDepth = 64;
constexpr std::array<std::string_view, 6> kSecretWords{"passwd", "password",   "secret",
                                                       "token",  "credential", "_key"};

std::vector<std::string> Parts(std::string_view name) {
  std::vector<std::string> parts;
  for (;;) {
    const std::size_t end = name.find(kSeparator);
    parts.emplace_back(name.substr(0, end));
    if (end == std::string_view::npos) return parts;
    name.remove_prefix(end + kSeparator.size());
  }
}

const Json* Member(const Json& object, std::string_view name) {
  if (!object.is_object()) return nullptr;
  for (const auto& [key, value] : object.items()) {
    if (SameSetting(key, name)) return &value;
  }
  return nullptr;
}

}  // namespace

std::vector<NestedKey> NestedKeys(std::string_view name) {
  const std::vector<std::string> parts = Parts(name);
  std::vector<NestedKey> keys;
  for (std::size_t count = parts.size() - 1; count > 0; --count) {
    const std::span<const std::string> all(parts);
    const std::string variable = Join(all.first(count), kSeparator);
    if (variable.empty()) continue;
    keys.push_back({.variable = variable,
                    .path = {parts.begin() + static_cast<std::ptrdiff_t>(count), parts.end()}});
  }
  return keys;
}

bool SameSetting(std::string_view a, std::string_view b) {
  return a.size() == b.size() && ToLower(a) == ToLower(b);
}

std::optional<std::string> TextInJson(std::string_view json, std::span<const std::string> path) {
  const std::string_view text = Trim(json);
  if (!text.starts_with("{") ||
      std::ranges::count(text, '{') + std::ranges::count(text, '[') > kMaxJsonDepth ||
      !Json::accept(text)) {
    return std::nullopt;
  }
  const Json root = ParseJson(text, kMaxJsonDepth);
  const Json* node = &root;
  for (const std::string& name : path) {
    node = Member(*node, name);
    if (node == nullptr) return std::nullopt;
  }
  if (!node->is_string()) return std::nullopt;
  return node->get<std::string>();
}

bool NamesSecret(std::string_view name) {
  const std::string lower = ToLower(name);
  return std::ranges::any_of(
      kSecretWords, [&](std::string_view word) { return lower.find(word) != std::string::npos; });
}

}  // namespace drover::environments
