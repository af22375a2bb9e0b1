#include "environments/compose/environment.h"

#include <cstddef>
#include <utility>

#include "base/error.h"
#include "base/posix.h"
#include "base/text.h"
#include "environments/dotenv.h"

namespace drover::environments {
namespace {

// Each value may be twice as long as the one it uses: what a file may grow to by interpolation.
constexpr std::size_t kMaxEnvironment = std::size_t{4} << 20U;

}  // namespace

std::vector<EnvFileVariable> ReadEnvFile(std::string_view text, const std::string& path,
                                         const std::string& root, const VariableLookup& outer) {
  const Dotenv parsed = ParseDotenv(text, DotenvGrammar::kCompose);
  if (!parsed.problems.empty()) {
    const DotenvProblem& problem = parsed.problems.front();
    throw Error(Code::kInvalid, "compose.env_file",
                Concat("failed to read ", path, ": line ", problem.line, ": ", problem.message),
                "write NAME=value, with quotes around a value that has # or quotes in it",
                Concat(path, ":", problem.line, ":", problem.column));
  }
  std::map<std::string, EnvFileVariable, std::less<>> above;
  std::size_t expanded = 0;
  for (const DotenvEntry& entry : parsed.entries) {
    const std::string position = Concat(path, ":", entry.line, ":", entry.column);
    EnvFileVariable variable{.name = entry.name,
                             .value = entry.value,
                             .where = Concat(RelativeTo(path, root), ":", entry.line)};
    if (entry.binding == DotenvEntry::Binding::kInherited) {
      std::optional<VariableValue> value = outer(entry.name);
      if (!value) continue;
      variable.value = std::move(value->value);
    } else if (entry.quotes != DotenvEntry::Quotes::kSingle &&
               entry.value.find('$') != std::string::npos) {
      const VariableLookup lookup = [&](std::string_view name) -> std::optional<VariableValue> {
        if (std::optional<VariableValue> value = outer(name)) return value;
        const auto found = above.find(name);
        if (found == above.end()) return std::nullopt;
        return VariableValue{.value = found->second.value, .where = found->second.where};
      };
      variable.value = Interpolate(entry.value, Dollar::kShell, lookup, position).value;
      expanded += variable.value.size();
    }
    if (expanded > kMaxEnvironment) {
      throw Error(Code::kInvalid, "variable.too_long",
                  Concat("the values of ", path, " grow too long by the variables they use"), {},
                  position);
    }
    above.insert_or_assign(entry.name, std::move(variable));
  }
  std::vector<EnvFileVariable> variables;
  variables.reserve(above.size());
  for (auto& [name, variable] : above) variables.push_back(std::move(variable));
  return variables;
}

ComposeEnvironment::ComposeEnvironment(const ComposeSurroundings& surroundings) {
  for (const auto& [name, value] : surroundings.variables) {
    variables_.emplace(name, ComposeVariable{.value = value,
                                             .where = "the shell's environment",
                                             .origin = ComposeVariable::Origin::kShell});
  }
}

bool ComposeEnvironment::Load(const std::string& path, const std::string& root, Files& files) {
  const std::optional<FileStatus> status = files.Stat(path);
  if (status && status->type == FileType::kDirectory) return false;
  const std::optional<std::string> text = files.Read(path);
  if (!text) return false;
  const VariableLookup outer = [&](std::string_view name) { return Look(name); };
  for (EnvFileVariable& variable : ReadEnvFile(*text, path, root, outer)) {
    const auto found = variables_.find(variable.name);
    const ComposeVariable* known = found == variables_.end() ? nullptr : &found->second;
    if (known == nullptr) {
      variables_.emplace(std::move(variable.name),
                         ComposeVariable{.value = std::move(variable.value),
                                         .where = std::move(variable.where),
                                         .origin = ComposeVariable::Origin::kFile});
    } else if (known->value != variable.value) {
      hidden_.emplace(std::move(variable.name), std::move(variable.value));
    }
  }
  return true;
}

void ComposeEnvironment::Define(const std::string& name, std::string value) {
  variables_.emplace(name, ComposeVariable{.value = std::move(value),
                                           .where = "compose",
                                           .origin = ComposeVariable::Origin::kCompose});
}

const ComposeVariable* ComposeEnvironment::Find(std::string_view name) const {
  if (name != "PWD") asked_.emplace(name);
  const auto found = variables_.find(name);
  return found == variables_.end() ? nullptr : &found->second;
}

std::optional<VariableValue> ComposeEnvironment::Look(std::string_view name) const {
  const ComposeVariable* variable = Find(name);
  if (variable == nullptr) return std::nullopt;
  return VariableValue{.value = variable->value, .where = variable->where};
}

void ComposeEnvironment::NoteAsked(const ComposeEnvironment& derived) const {
  asked_.insert(derived.asked_.begin(), derived.asked_.end());
}

bool ComposeEnvironment::IsOverridden(std::string_view name) const {
  return hidden_.contains(name);
}

}  // namespace drover::environments
