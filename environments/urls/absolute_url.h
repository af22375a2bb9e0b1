// A database URL with an absolute path in the place of its own, for a program that may be started
// anywhere: the same dialect, driver and query. Pure.
#pragma once

#include <string>
#include <string_view>

#include "environments/urls/dialect.h"

namespace drover::environments {

/// `text` as `dialect` reads it (ParseUrl accepts it, and it names a file), with `path`, which is
/// absolute. Throws kRefused ("url.not_expressible") when this dialect has no way to write the
/// path, which may hold a '?', say.
[[nodiscard]] std::string AbsoluteUrl(std::string_view text, UrlDialect dialect,
                                      const std::string& path);

}  // namespace drover::environments
