// The variables of a compose project, as compose gathers them: those of the shell that runs it, and
// those of `.env` files, of which the first to set a name counts. And `.env` files in general, by
// compose's grammar (dotenv.h).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "environments/files.h"
#include "environments/interpolate.h"

namespace drover::environments {

/// What surrounds compose on this machine. The daemon knows nothing of the shell that runs compose:
/// its own environment is not the developer's, so a variable that no file sets is "not known"
/// rather than "not set".
struct ComposeSurroundings {
  enum class Knowledge : std::uint8_t { kNothing, kEverything };

  Knowledge shell = Knowledge::kNothing;
  std::map<std::string, std::string> variables;
  std::string directory;  // where compose is run, absolute; empty: the project's root
  std::string home;       // what ~ stands for; empty: not known
  /// Where the system's Docker keeps its data; empty: where /etc/docker/daemon.json says.
  std::string docker_root{};
};

struct ComposeVariable {
  enum class Origin : std::uint8_t { kShell, kFile, kCompose };

  std::string value;
  std::string where;  // ".env:3", "the shell's environment", "compose"
  Origin origin = Origin::kFile;
};

/// What a `.env` file sets.
struct EnvFileVariable {
  std::string name;
  std::string value;
  std::string where;  // ".env:3"
};

/// The bindings of `text`, whose ${…} are looked up in `outer` and then in the lines above; a name
/// alone takes its value from `outer`. `root` shortens `path` in `where`. Throws kInvalid with
/// "path:line:column": "compose.env_file" for a line that compose refuses, "variable.*".
[[nodiscard]] std::vector<EnvFileVariable> ReadEnvFile(std::string_view text,
                                                       const std::string& path,
                                                       const std::string& root,
                                                       const VariableLookup& outer);

class ComposeEnvironment final {
 public:
  explicit ComposeEnvironment(const ComposeSurroundings& surroundings);

  /// Adds what `path` sets and nothing before it has. Returns whether there is such a file. Throws
  /// as ReadEnvFile, and kIo.
  bool Load(const std::string& path, const std::string& root, Files& files);

  /// Sets a variable that compose itself defines, unless it is set already.
  void Define(const std::string& name, std::string value);

  /// Null when it is not set.
  [[nodiscard]] const ComposeVariable* Find(std::string_view name) const;

  /// The names that Find and Look were asked for, set or not, without PWD: those with which a shell
  /// could change the result.
  [[nodiscard]] const std::set<std::string>& asked() const { return asked_; }

  /// Counts what an environment derived from this one was asked for.
  void NoteAsked(const ComposeEnvironment& derived) const;

  [[nodiscard]] std::optional<VariableValue> Look(std::string_view name) const;

  /// Does a `.env` file set `name` to something else than the value that counts?
  [[nodiscard]] bool IsOverridden(std::string_view name) const;

 private:
  std::map<std::string, ComposeVariable, std::less<>> variables_;
  std::map<std::string, std::string, std::less<>> hidden_;  // by name: what a file says in vain
  mutable std::set<std::string> asked_;
};

}  // namespace drover::environments
