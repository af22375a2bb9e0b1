// A new database without going through all of its migrations: from the longest beginning that is
// kept, and what follows it run on a private file, where nothing is synced.
#pragma once

#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "migrations/apply.h"
#include "migrations/snapshots/snapshots.h"

namespace drover::migrations {

struct FreshRequest {
  std::span<const Step> steps;  // upwards, the first one from nothing
  std::string version_table;
  AppliedBy by;
};

/// A database after the first `steps.size()` steps of a request; with none there is no content.
struct FreshDatabase {
  std::string content;  // bytes of a database file
  std::vector<AppliedStep> steps;
};

/// Equal to what Apply() makes of these steps: schema, rows, version table, and a history of this
/// run. May end before the last step: at a revision whose result is not a function of the chain,
/// that runs without a transaction, that fails, or when there is too little left to be worth it.
/// Keeps what it has made, and remembers where it had to end. Throws kCancelled; what goes wrong
/// otherwise ends the work, and shows when the rest is applied.
[[nodiscard]] FreshDatabase MakeFresh(const FreshRequest& request, const Snapshots& snapshots,
                                      const ApplyObserver& observer, const std::stop_token& stop);

/// As Apply(). Where there is no database yet, it appears whole, durable and at once with the steps
/// that MakeFresh() made, and Apply() does the others. One that appears meanwhile is left alone
/// and upgraded.
ApplyResult ApplyWithSnapshots(const ApplyRequest& request, const Snapshots& snapshots,
                               const ApplyObserver& observer, const std::stop_token& stop);

}  // namespace drover::migrations
