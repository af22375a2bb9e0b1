// The Python of this folder, compiled in.
#pragma once

#include <array>
#include <string_view>

namespace drover::daemon {

struct HookFile {
  std::string_view name;
  std::string_view text;
};

extern const std::array<HookFile, 3> kAlembicHook;

}  // namespace drover::daemon
