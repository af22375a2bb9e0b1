// What the terminal can show, from descriptors and the environment.
#pragma once

#include "client/arguments.h"
#include "client/render/style.h"

namespace drover::client {

/// The style for a descriptor: colour on a terminal unless NO_COLOR or TERM=dumb says otherwise or
/// `mode` decides; width from the terminal, 0 elsewhere; unicode when the locale is UTF-8.
[[nodiscard]] Style DetectStyle(int fd, ColorMode mode);

}  // namespace drover::client
