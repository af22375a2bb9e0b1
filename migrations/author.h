// Writes new migration files: `revision` and `merge`.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "migrations/file_template.h"
#include "migrations/graph.h"

namespace drover::migrations {

struct NewRevision {
  std::string message;
  std::string head =
      "head";  // the parent; several, separated by blanks, make a merge; "base": none
  std::vector<std::string> depends_on{};  // in any spelling
  std::string branch_label{};
  std::string rev_id{};  // empty: 12 random hex digits
  bool splice = false;   // the parent need not be a head
  bool draft = true;
  std::string up{};                   // empty: both sections are left to be filled in
  std::optional<std::string> down{};  // with `up`; nothing: there is no way back
};

/// 12 random hexadecimal digits.
[[nodiscard]] RevisionId NewRevisionId();

/// The parents of a new revision, from what ResolveSymbol takes, separated by blanks. Throws what
/// ResolveSymbol throws; kInvalid ("duplicate_heads"); without `splice` kInvalid ("not_a_head") for
/// a parent that already has a child.
[[nodiscard]] std::vector<RevisionId> ResolveParents(const Graph& graph, std::string_view names,
                                                     bool splice);

/// What a merge of `revisions` joins; empty: the heads that share an ancestor, or all when none do.
/// Throws what ResolveParents throws and kInvalid ("nothing_to_merge") when that is less than two.
[[nodiscard]] std::vector<RevisionId> ResolveMergeParents(
    const Graph& graph, const std::vector<std::string>& revisions);

/// The id of a new revision: `wanted`, or a random one when that is empty. Throws kConflict
/// ("duplicate_revision") and kInvalid ("illegal_character", "duplicate_branch_label").
[[nodiscard]] RevisionId ChooseRevisionId(const Graph& graph, const std::string& wanted);

/// Writes a file into `directory`, called after `name` (creating the directory), and returns what
/// it wrote. Throws what ResolveParents, ResolveRevision and ChooseRevisionId throw, and kInvalid
/// ("duplicate_branch_label", "illegal_file_name").
Revision WriteRevision(const Graph& graph, const NewRevision& wanted, const std::string& directory,
                       const FileTemplate& name = {});

/// Writes the revision that joins `revisions`, as ResolveMergeParents() takes them. Merges are no
/// drafts: they change nothing. Throws what ResolveMergeParents and ChooseRevisionId throw.
Revision WriteMerge(const Graph& graph, const std::vector<std::string>& revisions,
                    std::string message, const std::string& rev_id, const std::string& branch_label,
                    const std::string& directory, const FileTemplate& name = {});

}  // namespace drover::migrations
