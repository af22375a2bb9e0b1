// Writes new migration files: `revision` and `merge`.
#pragma once

#include <string>
#include <vector>

#include "migrations/file_template.h"
#include "migrations/graph.h"

namespace drover::migrations {

struct NewRevision {
  std::string message;
  std::string head = "head";              // the parent, in any spelling; "base" starts a new root
  std::vector<std::string> depends_on{};  // in any spelling
  std::string branch_label{};
  std::string rev_id{};  // empty: 12 random hex digits
  bool splice = false;   // the parent need not be a head
  bool draft = true;
};

/// Writes a file into `directory`, called after `name` (creating the directory), and returns what
/// it wrote. Throws kConflict ("multiple_heads", "duplicate_revision"), kInvalid ("not_a_head",
/// "illegal_character", "duplicate_branch_label", "illegal_file_name") and what ResolveRevision
/// throws.
Revision WriteRevision(const Graph& graph, const NewRevision& wanted, const std::string& directory,
                       const FileTemplate& name = {});

/// Writes the revision that joins `revisions` (empty: all heads). Merges are no drafts: they change
/// nothing. Throws kInvalid ("duplicate_heads", "not_a_head", "nothing_to_merge").
Revision WriteMerge(const Graph& graph, const std::vector<std::string>& revisions,
                    std::string message, const std::string& rev_id, const std::string& branch_label,
                    const std::string& directory, const FileTemplate& name = {});

}  // namespace drover::migrations
