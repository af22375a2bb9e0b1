#include "environments/variables.h"

#include "base/error.h"
#include "base/text.h"
#include "environments/hazards.h"
#include "environments/settings.h"

namespace drover::environments {
namespace {

constexpr int kMaxReferences = 32;
constexpr std::string_view kShell = "the shell's environment";

}  // namespace

Variables::Variables(const std::vector<std::string>& paths, const std::string& root, Files& files,
                     const std::map<std::string, std::string>& shell)
    : shell_(shell) {
  for (const std::string& path : paths) {
    const std::optional<std::string> text = files.Read(path);
    if (!text) {
      missing_.push_back(path);
      continue;
    }
    Dotenv parsed = ParseDotenv(*text, DotenvGrammar::kSettings);
    for (DotenvEntry& entry : parsed.entries) {
      std::string where = Concat(RelativeTo(path, root), ":", entry.line);
      std::string position = Concat(path, ":", entry.line, ":", entry.column);
      lines_.push_back(
          {.entry = std::move(entry), .where = std::move(where), .position = std::move(position)});
    }
    for (const DotenvProblem& problem : parsed.problems) {
      findings_.push_back(MakeFinding(
          "env-file-syntax",
          Concat("a line of ", RelativeTo(path, root), " is ignored: ", problem.message),
          Concat(path, ":", problem.line, ":", problem.column)));
    }
  }
}

std::optional<VariableValue> Variables::Find(std::string_view name) const {
  asked_.emplace(name);
  for (const NestedKey& key : NestedKeys(name)) asked_.insert(key.variable);
  std::optional<VariableValue> value = FindInShell(name);
  return value ? value : FindInFiles(name);
}

std::optional<VariableValue> Variables::FindInShell(std::string_view name) const {
  if (const auto found = shell_.find(std::string(name)); found != shell_.end()) {
    return VariableValue{.value = found->second, .where = std::string(kShell)};
  }
  for (const auto& [other, value] : shell_) {
    if (!SameSetting(other, name)) continue;
    return VariableValue{
        .value = value, .where = Concat(kShell, ", as ", other), .is_inferred = true};
  }
  for (const NestedKey& key : NestedKeys(name)) {
    for (const auto& [other, value] : shell_) {
      if (!SameSetting(other, key.variable)) continue;
      if (std::optional<std::string> text = TextInJson(value, key.path)) {
        return VariableValue{.value = *std::move(text),
                             .where = Concat(kShell, ", in the JSON of ", other),
                             .is_inferred = true};
      }
    }
  }
  return std::nullopt;
}

std::optional<VariableValue> Variables::FindInFiles(std::string_view name) const {
  if (auto value = FindBefore(name, lines_.size(), 0)) return value;
  for (std::size_t index = lines_.size(); index-- > 0;) {
    const std::string& other = lines_[index].entry.name;
    if (!SameSetting(other, name)) continue;
    std::optional<VariableValue> value = FindBefore(other, lines_.size(), 0);
    value->where += Concat(", as ", other);
    value->is_inferred = true;
    return value;
  }
  for (const NestedKey& key : NestedKeys(name)) {
    for (std::size_t index = lines_.size(); index-- > 0;) {
      const std::string& other = lines_[index].entry.name;
      if (!SameSetting(other, key.variable)) continue;
      const std::optional<VariableValue> value = FindBefore(other, lines_.size(), 0);
      std::optional<std::string> text = TextInJson(value->value, key.path);
      if (!text) continue;
      return VariableValue{.value = *std::move(text),
                           .where = Concat(value->where, ", in the JSON of ", other),
                           .is_inferred = true};
    }
  }
  return std::nullopt;
}

std::vector<std::string_view> Variables::names() const {
  std::vector<std::string_view> names;
  for (const Line& line : lines_) names.emplace_back(line.entry.name);
  return names;
}

std::optional<VariableValue> Variables::FindBefore(std::string_view name, std::size_t before,
                                                   int depth) const {
  std::size_t index = before;
  while (index > 0 && lines_[index - 1].entry.name != name) --index;
  if (index == 0) return std::nullopt;
  const Line& line = lines_[--index];
  if (line.entry.value.find('$') == std::string::npos) {
    return VariableValue{.value = line.entry.value, .where = line.where};
  }
  if (const auto known = expanded_.find(index); known != expanded_.end()) {
    return VariableValue{.value = known->second, .where = line.where};
  }
  if (depth >= kMaxReferences) {
    throw Error(
        Code::kInvalid, "variable.syntax",
        Concat("the value of ", line.entry.name, " refers to too long a chain of variables"), {},
        line.position);
  }
  const VariableLookup lookup = [&](std::string_view inner) -> std::optional<VariableValue> {
    asked_.emplace(inner);
    if (const auto found = shell_.find(std::string(inner)); found != shell_.end()) {
      return VariableValue{.value = found->second, .where = std::string(kShell)};
    }
    return FindBefore(inner, index, depth + 1);
  };
  const Interpolated result =
      Interpolate(line.entry.value, Dollar::kBracesOnly, lookup, line.position);
  if (!result.unset.empty()) {
    throw Error(Code::kInvalid, "variable.unset",
                Concat("the value of ", line.entry.name, " uses ${", result.unset.front(),
                       "}, which is not set before it"),
                Concat("set ", result.unset.front(), " above it, or write a default: ${",
                       result.unset.front(), ":-…}"),
                line.position);
  }
  expanded_[index] = result.value;
  return VariableValue{.value = result.value, .where = line.where};
}

}  // namespace drover::environments
