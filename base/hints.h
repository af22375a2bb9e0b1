// Next commands that several places propose, so that they propose the same one.
#pragma once

#include <string_view>

namespace drover {

/// What to type when there are several heads where one is needed.
inline constexpr std::string_view kMergeHint = "drover merge -m \"Merge heads\"";

}  // namespace drover
