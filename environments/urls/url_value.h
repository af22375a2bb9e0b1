// The URL of an environment with its ${…} replaced: by the variables of the compose service, by
// those of the environment's env_file, by defaults; and which of them it was.
#pragma once

#include <string>

#include "environments/compose/compose.h"
#include "environments/compose/image.h"
#include "environments/config.h"
#include "environments/variables.h"

namespace drover::environments {

struct UrlValue {
  std::string value;
  std::string from;          // ".env:2"; "default of DB (not in .env)"
  bool is_inferred = false;  // a variable was found by another spelling
};

/// The container that a URL is written for; its variables come first.
struct ServiceVariables {
  const ComposeService* service = nullptr;
  const ComposeImage* image = nullptr;
};

/// Replaces the variables of `environment.url`; `variables` are those of its env_file. Throws
/// kInvalid ("variable.*"): for a variable that is not set, naming the files that were searched.
[[nodiscard]] UrlValue ReadUrlValue(const EnvironmentConfig& environment, const std::string& root,
                                    ServiceVariables service, const Variables& variables);

}  // namespace drover::environments
