#include "environments/compose/sources.h"

#include <utility>

#include "base/text.h"
#include "environments/interpolate.h"

namespace drover::environments {
namespace {

constexpr std::size_t kMaxInterpolated = std::size_t{16} << 20U;

}  // namespace

std::uint32_t ComposeSources::Add(std::string path, std::string base) {
  sources_.push_back({.path = std::move(path), .base = std::move(base)});
  return static_cast<std::uint32_t>(sources_.size() - 1);
}

std::string ComposeSources::Where(const YamlNode& node) const {
  return Concat(Path(node), ":", node.at.line, ":", node.at.column);
}

const std::string& ComposeSources::Path(const YamlNode& node) const {
  return sources_.at(node.source).path;
}

const std::string& ComposeSources::Base(const YamlNode& node) const {
  return sources_.at(node.source).base;
}

void ComposeSources::Fail(std::string_view kind, std::string message, const YamlNode& node,
                          std::string hint) const {
  throw Error(Code::kInvalid, Concat("compose.", kind), std::move(message), std::move(hint),
              Where(node));
}

void ComposeSources::Interpolate(YamlNode& tree, std::uint32_t source,
                                 const ComposeEnvironment& environment,
                                 ComposeSurroundings::Knowledge shell) {
  tree.source = source;
  for (YamlNode& item : tree.items) Interpolate(item, source, environment, shell);
  for (YamlEntry& entry : tree.entries) Interpolate(entry.value, source, environment, shell);
  if (tree.kind != YamlNode::Kind::kScalar || tree.scalar.find('$') == std::string::npos) return;
  ComposeUse use;
  use.written = tree.scalar;
  const VariableLookup lookup = [&](std::string_view name) -> std::optional<VariableValue> {
    const ComposeVariable* variable = environment.Find(name);
    if (variable == nullptr) return std::nullopt;
    if (name == "PWD") {
      use.uses_directory = true;
    } else if (variable->origin == ComposeVariable::Origin::kShell) {
      use.from_shell.emplace_back(name);
    }
    return VariableValue{.value = variable->value, .where = variable->where};
  };
  // What the shell sets is not known: the error becomes part of the node, and counts when the node
  // is needed.
  try {
    Interpolated result =
        environments::Interpolate(tree.scalar, Dollar::kShell, lookup, Where(tree));
    tree.scalar = std::move(result.value);
    use.unset = std::move(result.unset);
    use.begins_empty = result.begins_empty;
  } catch (const Error& error) {
    const bool missing = error.kind == "variable.required";
    if (!missing || shell == ComposeSurroundings::Knowledge::kEverything) throw;
    use.required = error;
  }
  expanded_ += tree.scalar.size();
  if (expanded_ > kMaxInterpolated) {
    Fail("too_complex", "the compose project grows too large by the variables it uses", tree);
  }
  uses_.insert_or_assign(KeyOf(tree), std::move(use));
}

const ComposeUse* ComposeSources::Use(const YamlNode& node) const {
  const auto found = uses_.find(KeyOf(node));
  return found == uses_.end() ? nullptr : &found->second;
}

}  // namespace drover::environments
