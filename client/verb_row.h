// What the rows of the table of verbs are written with. Part of verbs.cpp.
#pragma once

#include <cstddef>

#include "client/verbs.h"

namespace drover::client::verb_rows {

using enum Option;

/// Of positional arguments: as many as there are.
inline constexpr std::size_t kAny = static_cast<std::size_t>(-1);

}  // namespace drover::client::verb_rows
