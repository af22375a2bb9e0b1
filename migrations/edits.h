// Has the file of an applied revision changed since it was applied, and how? Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "migrations/archive.h"
#include "migrations/revision.h"

namespace drover::migrations {

enum class EditKind : std::uint8_t {
  kReformatted,  // comments, white space, the case of words, the message: it does the same
  kModified,     // other SQL, another place in the graph, another way to run
};

/// "reformatted", "modified".
[[nodiscard]] std::string_view EditKindName(EditKind kind);

struct Edit {
  RevisionId revision;
  EditKind kind = EditKind::kReformatted;
  bool moved = false;                // parents or dependencies are others
  std::vector<std::string> changes;  // sentences without a full stop, at least one
};

/// Nothing when the file is byte for byte what was applied, or when the history cannot tell: a
/// record without checksums, or of a revision that was reverted.
[[nodiscard]] std::optional<Edit> FindEdit(const Revision& file, const AppliedRecord& record);

/// What was applied against what the file says, as a unified diff of what is compared: edges,
/// labels, message, and both sections. Empty when only the rest of the file differs.
[[nodiscard]] std::string DiffEdit(const Revision& archived, const Revision& file,
                                   std::string_view file_name);

}  // namespace drover::migrations
