#include "environments/urls/url_value.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "environments/compose/service_url.h"
#include "environments/interpolate.h"

namespace drover::environments {
namespace {

/// Why a variable is not set, in a few words.
std::string NotThere(const EnvironmentConfig& environment, const std::string& root,
                     const Variables& variables) {
  if (environment.env_files.empty()) return "no env_file";
  std::vector<std::string> pieces;
  for (const std::string& path : environment.env_files) {
    const auto& missing = variables.missing();
    const bool gone = std::find(missing.begin(), missing.end(), path) != missing.end();
    pieces.push_back(Concat(gone ? "no file " : "not in ", RelativeTo(path, root)));
  }
  return Join(pieces, ", ");
}

[[noreturn]] void FailUnset(const std::string& name, const EnvironmentConfig& environment,
                            const std::string& root, const Variables& variables) {
  if (environment.env_files.empty()) {
    throw Error(
        Code::kInvalid, "variable.unset",
        Concat("the variable ", name, " is not set: environment \"", environment.name,
               "\" has no env_file to look it up in"),
        Concat("env_file: .env, or write a default: ${", name, ":-sqlite:///./application.db}"),
        environment.url_where);
  }
  const std::vector<std::string_view> names = variables.names();
  throw Error(Code::kInvalid, "variable.unset",
              Concat("the variable ", name, " is not set (", NotThere(environment, root, variables),
                     ")", DidYouMean(name, names)),
              Concat("echo '", name, "=sqlite:///./application.db' >> ",
                     ShellQuote(environment.env_files.back())),
              environment.url_where);
}

}  // namespace

UrlValue ReadUrlValue(const EnvironmentConfig& environment, const std::string& root,
                      ServiceVariables service, const Variables& variables) {
  const VariableLookup lookup = [&](std::string_view name) -> std::optional<VariableValue> {
    if (service.service != nullptr) {
      auto value = FindServiceVariable(*service.service, *service.image, name);
      if (value) return value;
    }
    return variables.Find(name);
  };
  Interpolated result = Interpolate(environment.url, Dollar::kShell, lookup, environment.url_where);
  if (!result.unset.empty()) {
    if (service.service != nullptr && service.service->environment_error) {
      throw *service.service->environment_error;
    }
    FailUnset(result.unset.front(), environment, root, variables);
  }
  for (std::string& source : result.sources) source = RelativeTo(source, root);
  std::string from = Join(result.sources, ", ");
  if (!result.defaulted.empty()) {
    from += Concat(from.empty() ? "" : ", ", "default of ", Join(result.defaulted, ", "), " (",
                   NotThere(environment, root, variables), ")");
  }
  return {.value = std::move(result.value),
          .from = from.empty() ? "no variable was used" : std::move(from),
          .is_inferred = result.is_inferred};
}

}  // namespace drover::environments
