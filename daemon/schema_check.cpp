#include "daemon/schema_check.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "migrations/inspect.h"
#include "migrations/schema_compare.h"

namespace drover::daemon {
namespace {

constexpr std::size_t kRemembered = 16;

std::string ReasonOf(const Error& error) {
  std::string reason = error.where.empty() ? std::string() : Concat(error.where, ": ");
  reason += error.message;
  if (!error.hint.empty()) reason += Concat(" (", error.hint, ")");
  return reason;
}

}  // namespace

SchemaCheck SchemaChecker::Check(const SchemaQuestion& question,
                                 std::span<const migrations::RevisionId> rows) {
  SchemaCheck check;
  try {
    const migrations::SchemaImage actual =
        migrations::InspectSchema(question.path, question.version_table);
    const std::scoped_lock lock(mutex_);
    const migrations::SchemaImage expected =
        replays_.Schema(*question.graph, rows, question.version_table, question.stubs, {});
    check.differences = migrations::CompareSchemas(expected, actual);
    check.verified = check.differences.empty();
  } catch (const Error& error) {
    check.reason = ReasonOf(error);
  }
  return check;
}

std::optional<migrations::SchemaMatch> SchemaChecker::Nearest(const SchemaQuestion& question) {
  try {
    const migrations::SchemaImage live =
        migrations::InspectSchema(question.path, question.version_table);
    const std::string digest =
        Concat(live.Digest(), " ", question.migrations_digest, " ", question.version_table, " ",
               Join(question.stubs.functions, ","), " ", Join(question.stubs.collations, ","));
    const std::scoped_lock lock(mutex_);
    const auto known = std::ranges::find(searched_, digest, &Searched::digest);
    if (known != searched_.end()) return known->match;
    ++searches_;
    std::optional<migrations::SchemaMatch> match = migrations::FindNearestRevision(
        *question.graph, live, question.version_table, question.stubs, {});
    searched_.push_front({.digest = digest, .match = match});
    if (searched_.size() > kRemembered) searched_.pop_back();
    return match;
  } catch (const Error&) {
    return std::nullopt;  // Inspect() and Check() tell why
  }
}

std::size_t SchemaChecker::searches() {
  const std::scoped_lock lock(mutex_);
  return searches_;
}

}  // namespace drover::daemon
