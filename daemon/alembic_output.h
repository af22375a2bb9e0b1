// What Alembic has printed: the reason of a failure and its place, and the end of a long output.
// Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace drover::daemon {

/// The last words of a program that ends with a traceback or "FAILED: …", on one line.
[[nodiscard]] std::string LastWords(std::string_view output);

/// The last `File "X", line N` of a traceback with X in one of the folders: "X:N:1"; else empty.
[[nodiscard]] std::string PlaceInFolders(std::string_view output,
                                         const std::vector<std::string>& folders);

/// As many whole lines from the end as are kept: 16 KiB.
[[nodiscard]] std::string LastLines(std::string_view output);

}  // namespace drover::daemon
