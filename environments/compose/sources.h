// Where the nodes of a compose tree come from: a tree that is merged from several files keeps, for
// each node, the file it stands in, the directory its relative paths begin at, and which variables
// its text used. Reads nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "base/error.h"
#include "environments/compose/environment.h"
#include "environments/yaml.h"

namespace drover::environments {

/// What the variables in the text of a node did to it.
struct ComposeUse {
  std::string written;             // the text before
  std::vector<std::string> unset;  // set nowhere and without a default: they stand for nothing
  std::vector<std::string> from_shell;
  bool uses_directory = false;    // ${PWD}
  bool begins_empty = false;      // the text begins with a variable that stands for nothing
  std::optional<Error> required;  // of ${NAME:?…}, while it is not known what the shell sets
};

class ComposeSources final {
 public:
  /// Announces a file whose relative paths begin at `base`. The number goes into YamlNode::source.
  [[nodiscard]] std::uint32_t Add(std::string path, std::string base);

  /// "path:line:column".
  [[nodiscard]] std::string Where(const YamlNode& node) const;
  [[nodiscard]] const std::string& Path(const YamlNode& node) const;
  [[nodiscard]] const std::string& Base(const YamlNode& node) const;

  /// Throws kInvalid "compose.<kind>" at `node`.
  [[noreturn]] void Fail(std::string_view kind, std::string message, const YamlNode& node,
                         std::string hint = {}) const;

  /// Marks a whole tree as coming from `source` and replaces the variables in its values, not in
  /// its keys. Throws kInvalid "variable.*"; a required variable that is missing is kept in the
  /// node's use instead as long as nothing is known of the shell.
  void Interpolate(YamlNode& tree, std::uint32_t source, const ComposeEnvironment& environment,
                   ComposeSurroundings::Knowledge shell);

  /// Null when the node's text used no variable.
  [[nodiscard]] const ComposeUse* Use(const YamlNode& node) const;

 private:
  struct Source {
    std::string path;
    std::string base;
  };
  using Key = std::tuple<std::uint32_t, std::size_t, std::size_t>;
  static Key KeyOf(const YamlNode& node) { return {node.source, node.at.line, node.at.column}; }

  std::vector<Source> sources_;
  std::map<Key, ComposeUse> uses_;
  std::size_t expanded_ = 0;  // bytes of text that variables were replaced in
};

}  // namespace drover::environments
