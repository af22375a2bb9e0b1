// Verification: a revision is taken up, down and up again on a private database, and at each
// station the schema and the rows must be what they were there before.
#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "base/safety_documents.h"
#include "migrations/apply.h"
#include "migrations/graph.h"
#include "migrations/snapshots/snapshots.h"
#include "migrations/stubs.h"

namespace drover::migrations {

struct VerifyRequest {
  std::string directory;  // for private files: exists, and is the caller's to remove
  /// A private copy of a database, to be verified on its rows; it is changed. Empty: on made-up
  /// rows, from base. What it has applied is not verified.
  std::string copy;
  std::string version_table;
  AppliedBy by;
  Stubs stubs;
  Snapshots snapshots{};
  std::shared_ptr<const Graph> graph;
  std::vector<bool> selected;  // which revisions of the graph
  /// Carries one step out on the database at `path`, which need not exist, by other means than
  /// Apply(); empty: Apply(). What such a step destroys nobody says, so lost rows are notes.
  std::function<void(const Step& step, const std::string& path)> take{};
};

/// Verifies the selected revisions in the order in which they apply, and stops after one that does
/// not go up at all. A revision without a way down is "irreversible". One that goes
/// up only without made-up rows in the tables, since they may meet rows that it brings itself, is
/// verified without them, and a note says so. Throws
/// kCancelled, and what goes wrong with the private files.
[[nodiscard]] std::vector<VerifiedRevision> VerifyRevisions(const VerifyRequest& request,
                                                            const std::stop_token& stop);

}  // namespace drover::migrations
