#include "daemon/alembic_program.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <unistd.h>

#include "base/error.h"
#include "base/posix.h"
#include "base/text.h"

namespace drover::daemon {
namespace {

constexpr std::array<std::string_view, 3> kVirtualEnvironments{".venv", "venv", "env"};

bool IsProgram(const std::string& path) { return access(path.c_str(), X_OK) == 0; }

/// Can the Python of a virtual environment import Alembic, its own or the system's
/// (docs.python.org/3/library/venv.html)?
bool HasAlembic(const std::string& environment) {
  try {
    constexpr std::size_t kLargest = 64 * 1024;
    for (const std::string_view line :
         SplitLines(ReadFile(environment + "/pyvenv.cfg", kLargest))) {
      const std::size_t equals = std::min(line.find('='), line.size());
      if (Trim(line.substr(0, equals)) == "include-system-site-packages" &&
          ToLower(Trim(line.substr(std::min(equals + 1, line.size())))) == "true") {
        return true;
      }
    }
    const std::string libraries = environment + "/lib";
    for (const std::string& python : ListDirectory(libraries)) {
      if (StatFile(Concat(libraries, "/", python, "/site-packages/alembic"))) return true;
    }
  } catch (const Error&) {
    // No virtual environment.
  }
  return false;
}

std::optional<std::string> InPath(std::string_view name) {
  for (const std::string& directory : SplitList(EnvironmentVariable("PATH").value_or(""), ':')) {
    std::string path = AbsolutePath(name, directory);
    if (IsProgram(path)) return path;
  }
  return std::nullopt;
}

}  // namespace

std::vector<std::string> FindAlembicProgram(const std::vector<std::string>& directories) {
  for (const std::string& directory : directories) {
    for (const std::string_view environment : kVirtualEnvironments) {
      const std::string bin = AbsolutePath(Concat(environment, "/bin"), directory);
      if (IsProgram(bin + "/alembic")) return {bin + "/alembic"};
      if (HasAlembic(AbsolutePath(environment, directory)) && IsProgram(bin + "/python")) {
        return {bin + "/python", "-m", "alembic"};
      }
    }
  }
  if (const auto found = InPath("alembic")) return {*found};
  return {"python3", "-m", "alembic"};
}

}  // namespace drover::daemon
