// The help screens, made from the table of verbs. Pure.
#pragma once

#include <string>

#include "client/render/style.h"
#include "client/verbs.h"

namespace drover::client {

/// What `drover` alone and `drover help` print: the verbs in groups.
[[nodiscard]] std::string RenderOverview(const Style& style);

/// What `drover VERB --help` prints: usage, options, examples.
[[nodiscard]] std::string RenderVerbHelp(const Verb& verb, const Style& style);

}  // namespace drover::client
