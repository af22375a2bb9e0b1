// The variables that a URL in drover.yaml may use: those of the environment's `env_file`, by the
// rules of python-dotenv (dotenv.h) and pydantic-settings (settings.h), and nothing else. Where the
// question is what an application would see that is started from a shell, the shell's variables
// come first, as both libraries have it. Those of a compose project are in compose_environment.h.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/error_documents.h"
#include "environments/dotenv.h"
#include "environments/files.h"
#include "environments/interpolate.h"

namespace drover::environments {

class Variables final {
 public:
  /// Reads the files in order; of a name that several set, the last one counts. `root` shortens the
  /// paths in `where`; `shell`, which must outlive this, is empty when only the files count. Throws
  /// kIo or kInvalid for a file that cannot be read.
  Variables(const std::vector<std::string>& paths, const std::string& root, Files& files,
            const std::map<std::string, std::string>& shell);

  /// The value of `name`, first in the shell, then in the files: by its very name; else, inferred,
  /// by the name in another case, or from the JSON object of NestedKeys(). A file's value has its
  /// own ${…} replaced by the shell's or by what stands before it in the files; `$NAME` means
  /// nothing there, and an unset variable is an error. Throws kInvalid ("variable.*").
  [[nodiscard]] std::optional<VariableValue> Find(std::string_view name) const;

  /// The names with which a shell could change what Find has answered.
  [[nodiscard]] const std::set<std::string>& asked() const { return asked_; }

  [[nodiscard]] const std::vector<std::string>& missing() const { return missing_; }
  [[nodiscard]] std::vector<std::string_view> names() const;
  [[nodiscard]] const std::vector<Finding>& findings() const { return findings_; }

 private:
  struct Line {
    DotenvEntry entry;
    std::string where;     // ".env:3", for provenance
    std::string position;  // "/p/.env:3:1", for errors
  };
  [[nodiscard]] std::optional<VariableValue> FindInShell(std::string_view name) const;
  [[nodiscard]] std::optional<VariableValue> FindInFiles(std::string_view name) const;
  [[nodiscard]] std::optional<VariableValue> FindBefore(std::string_view name, std::size_t before,
                                                        int depth) const;

  const std::map<std::string, std::string>& shell_;
  std::vector<Line> lines_;
  mutable std::set<std::string> asked_;
  std::vector<std::string> missing_;  // files that do not exist
  std::vector<Finding> findings_;     // env-file-syntax: lines that could not be read
  mutable std::map<std::size_t, std::string> expanded_;  // by index of the line
};

}  // namespace drover::environments
