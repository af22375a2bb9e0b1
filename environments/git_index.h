// git's index: which paths it tracks. Reads bytes, no files (gitformat-index(5), versions 2 to 4).
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace drover::environments {

/// How many bytes a repository's object names have.
enum class GitHash : std::uint8_t { kSha1 = 20, kSha256 = 32 };

/// Those of `wanted`, relative to the working tree, that the index in `bytes` tracks. Nothing when
/// it cannot be told: another format, cut off, or split over several files.
[[nodiscard]] std::optional<std::set<std::string>> TrackedIn(std::string_view bytes,
                                                             const std::set<std::string>& wanted,
                                                             GitHash hash);

}  // namespace drover::environments
