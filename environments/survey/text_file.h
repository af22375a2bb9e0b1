// A configuration file of a project that nobody has checked: it may be a directory, huge, binary or
// not ours to read, and then that is the answer.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "environments/files.h"

namespace drover::environments {

struct TextFile {
  std::optional<std::string> text;
  std::string problem;  // why there is none: "it is not text"; empty when the file is missing
};

/// No file that says which database a project uses is larger.
inline constexpr std::uint64_t kLargestText = std::uint64_t{512} << 10U;

/// UTF-8 text of moderate size. Never throws for a bad file.
[[nodiscard]] TextFile ReadTextFile(const std::string& path, Files& files);

}  // namespace drover::environments
