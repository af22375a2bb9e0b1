#include "environments/variables.h"

#include "base/error.h"
#include "base/text.h"
#include "environments/hazards.h"

namespace drover::environments {
namespace {

constexpr int kMaxDepth = 32;

}  // namespace

Variables::Variables(const std::vector<std::string>& paths, const std::string& root, Files& files) {
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
  return FindBefore(name, lines_.size(), 0);
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
  if (depth >= kMaxDepth) {
    throw Error(
        Code::kInvalid, "variable.syntax",
        Concat("the value of ", line.entry.name, " refers to too long a chain of variables"), {},
        line.position);
  }
  const VariableLookup lookup = [&](std::string_view inner) {
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
