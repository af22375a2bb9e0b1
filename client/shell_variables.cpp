#include "client/shell_variables.h"

#include <cstddef>
#include <set>
#include <string_view>

#include "base/text.h"

namespace drover::client {
namespace {

constexpr std::size_t kLongest = std::size_t{32} << 10U;

}  // namespace

std::vector<std::string> WantedVariables(const WhereDocument& where,
                                         const char* const* environment) {
  std::set<std::string> wanted;
  for (const EnvironmentWhere& each : where.environments) {
    for (const std::string& name : each.variables) wanted.insert(ToLower(name));
  }
  std::vector<std::string> variables;
  if (wanted.empty() || environment == nullptr) return variables;
  for (; *environment != nullptr; ++environment) {
    const std::string_view pair = *environment;
    if (pair.size() > kLongest || pair.find('=') == std::string_view::npos) continue;
    if (wanted.contains(ToLower(pair.substr(0, pair.find('='))))) variables.emplace_back(pair);
  }
  return variables;
}

}  // namespace drover::client
