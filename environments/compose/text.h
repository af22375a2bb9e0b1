// Reading texts from a compose tree: each says as findings what its variables did. Pure.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error_documents.h"
#include "environments/compose/environment.h"
#include "environments/compose/sources.h"
#include "environments/yaml.h"

namespace drover::environments {

/// Reads the texts of one service and gathers what is to be said about them. Must not outlive what
/// it is made from.
class ComposeTextReader final {
 public:
  /// `root` shortens paths in messages.
  ComposeTextReader(const ComposeSources& sources, const ComposeEnvironment& environment,
                    ComposeSurroundings::Knowledge shell, const std::string& root,
                    const std::string& directory)
      : sources_(sources),
        environment_(environment),
        shell_(shell),
        root_(root),
        directory_(directory) {}

  /// The text of a scalar, a number or switch as it is written. Throws kInvalid: "compose.type"
  /// for anything else, "variable.required".
  [[nodiscard]] std::string Text(const YamlNode& node, std::string_view name);

  /// The texts of a list, or of a single text. The same, and nothing for null.
  [[nodiscard]] std::vector<const YamlNode*> Items(const YamlNode* node) const;

  /// Notes what the variables of `node`, and of the values in it, did.
  void Touch(const YamlNode& node);

  /// The variables that `node` and the values in it use and nobody sets.
  [[nodiscard]] std::vector<std::string> Unset(const YamlNode& node) const;

  void Add(Finding finding);
  [[nodiscard]] std::vector<Finding> TakeFindings() { return std::move(findings_); }

  [[nodiscard]] const ComposeSources& sources() const { return sources_; }

 private:
  const ComposeSources& sources_;
  const ComposeEnvironment& environment_;
  ComposeSurroundings::Knowledge shell_;
  const std::string& root_;
  const std::string& directory_;
  std::vector<Finding> findings_;
};

}  // namespace drover::environments
