// The variables of the shell that started drover, as far as the daemon has asked for them.
#pragma once

#include <string>
#include <vector>

#include "base/where_documents.h"

namespace drover::client {

/// "NAME=value" of those in `environment` (NAME=value, ended by a null pointer) that an environment
/// of the document asks for, names compared without regard to case. Values beyond 32 KiB are left
/// out: no URL is that long.
[[nodiscard]] std::vector<std::string> WantedVariables(const WhereDocument& where,
                                                       const char* const* environment);

}  // namespace drover::client
