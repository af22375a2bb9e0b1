#include "daemon/schema_check.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "migrations/inspect.h"
#include "migrations/schema_compare.h"
#include "migrations/schema_diff/drift.h"

namespace drover::daemon {
namespace {

constexpr std::size_t kRemembered = 16;
/// What a look may replay: some ten milliseconds.
constexpr std::size_t kCheapRevisions = 200;

std::string ReasonOf(const Error& error) {
  std::string reason = error.where.empty() ? std::string() : Concat(error.where, ": ");
  reason += error.message;
  if (!error.hint.empty()) reason += Concat(" (", error.hint, ")");
  return reason;
}

std::string KeyOf(const DriftQuestion& question) {
  const SchemaQuestion& asked = question.schema;
  return Concat(
      migrations::ReplayDigest(*asked.graph, question.rows, asked.version_table, asked.stubs), "\n",
      Join(question.ignore, "\t"));
}

bool IsCheap(const DriftQuestion& question) {
  const std::vector<bool> below = question.schema.graph->Closure(question.rows);
  return static_cast<std::size_t>(std::ranges::count(below, true)) <= kCheapRevisions;
}

}  // namespace

SchemaCheck SchemaChecker::Check(const SchemaQuestion& question,
                                 std::span<const migrations::RevisionId> rows) {
  SchemaCheck check;
  try {
    const migrations::SchemaImage actual =
        migrations::InspectSchema(question.path, question.version_table);
    const std::scoped_lock lock(mutex_);
    const migrations::SchemaImage expected = replays_.Schema(
        *question.graph, rows, question.version_table, question.stubs, {}, question.snapshots);
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

SchemaChecker::Compared* SchemaChecker::FindCompared(const std::string& path,
                                                     const std::string& key) {
  const auto found = std::ranges::find(compared_, path, &Compared::path);
  return found != compared_.end() && found->key == key ? &*found : nullptr;
}

std::shared_ptr<const DriftFacts> SchemaChecker::Drift(const DriftQuestion& question,
                                                       DriftEffort effort) {
  const SchemaQuestion& asked = question.schema;
  const std::string key = KeyOf(question);
  std::string text;
  {
    const std::scoped_lock lock(mutex_);
    if (const Compared* known = FindCompared(asked.path, key)) {
      if (question.footprint && known->footprint == question.footprint) return known->facts;
      text = known->text;
    }
  }
  if (text.empty() && effort == DriftEffort::kCheap && !IsCheap(question)) return nullptr;
  migrations::SchemaReading reading =
      migrations::InspectSchemaUnless(asked.path, asked.version_table, text);
  const std::scoped_lock lock(mutex_);
  if (!reading.image) {
    Compared* known = FindCompared(asked.path, key);
    if (known != nullptr && known->text == reading.digest) {
      known->footprint = question.footprint;
      return known->facts;
    }
    // Another thread has asked something else meanwhile.
    reading = migrations::InspectSchemaUnless(asked.path, asked.version_table, "");
  }
  ++comparisons_;
  auto facts = std::make_shared<DriftFacts>();
  const migrations::SchemaImage expected = replays_.Schema(
      *asked.graph, question.rows, asked.version_table, asked.stubs, {}, asked.snapshots);
  facts->expected = migrations::WithoutIgnored(expected, question.ignore);
  facts->live = migrations::WithoutIgnored(*reading.image, question.ignore);
  facts->changes = migrations::ListChanges(facts->expected, facts->live);
  for (const auto& object : reading.image->objects) {
    if (migrations::IsIgnored(*object, question.ignore)) facts->ignored.push_back(object->name);
  }
  std::erase_if(compared_, [&](const Compared& one) { return one.path == asked.path; });
  compared_.push_front({.path = asked.path,
                        .key = key,
                        .footprint = question.footprint,
                        .text = reading.digest,
                        .facts = facts});
  if (compared_.size() > kRemembered) compared_.pop_back();
  return facts;
}

std::size_t SchemaChecker::comparisons() {
  const std::scoped_lock lock(mutex_);
  return comparisons_;
}

std::size_t SchemaChecker::searches() {
  const std::scoped_lock lock(mutex_);
  return searches_;
}

}  // namespace drover::daemon
