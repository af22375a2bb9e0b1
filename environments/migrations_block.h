// The `migrations:` of drover.yaml when a project leaves Alembic: the same file with another block,
// edited as text so that comments and everything else stay. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace drover::environments {

struct NativeBlock {
  std::string before;               // the lines of the block as they are; empty: not found
  std::string after;                // the lines as they must be
  std::string problem;              // why the file cannot be edited safely; empty: it can
  std::optional<std::string> text;  // the whole file with the new block; nothing with a problem
};

/// Makes the block native: `format: native`, `directory` and `version_table` in the place of its
/// keys, none of which has a meaning any more; comments stay. `text` is the drover.yaml at `path`,
/// which ParseConfig() takes. The result is parsed again: what would read otherwise than meant, or
/// change anything but the migrations, is a problem, and so are anchors, merge keys and blocks of
/// an unusual form.
[[nodiscard]] NativeBlock MakeNativeBlock(std::string_view text, const std::string& path,
                                          const std::string& directory,
                                          const std::string& version_table);

}  // namespace drover::environments
