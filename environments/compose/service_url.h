// The database URL that the application in a container sees: among the variables of its service and
// of its image. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "environments/compose/compose.h"
#include "environments/compose/image.h"
#include "environments/interpolate.h"

namespace drover::environments {

struct ServiceUrl {
  std::string name;   // of the variable
  std::string value;  // as the container gets it
  std::string where;
};

/// A variable as the container gets it: `environment`, then `env_file`, then ENV of the image.
[[nodiscard]] std::optional<VariableValue> FindServiceVariable(const ComposeService& service,
                                                               const ComposeImage& image,
                                                               std::string_view name);

/// The variable that holds a SQLite URL; of several with different values the one that is called
/// DATABASE_URL. Throws kInvalid at `where`: "compose.no_url", "compose.several_urls"; and the
/// service's environment_error when there is none and not all variables are known.
[[nodiscard]] ServiceUrl FindServiceUrl(const ComposeService& service, const ComposeImage& image,
                                        const std::string& where);

}  // namespace drover::environments
