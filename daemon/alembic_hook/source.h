// sitecustomize.py of this folder, compiled in.
#pragma once

#include <string_view>

namespace drover::daemon {

extern const std::string_view kAlembicHookSource;

}  // namespace drover::daemon
