#include "daemon/taken_back.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace drover::daemon {
namespace {

using migrations::Revision;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Rows = std::vector<migrations::RevisionId>;

/// a - b - d, with c beside b.
std::shared_ptr<const migrations::Graph> MakeFork() {
  std::vector<Revision> revisions;
  for (const auto& [id, parents] : std::vector<std::pair<std::string, Rows>>{
           {"a", {}}, {"b", {"a"}}, {"c", {"a"}}, {"d", {"b"}}}) {
    Revision revision;
    revision.id = id;
    revision.down_revision = parents;
    revisions.push_back(std::move(revision));
  }
  return std::make_shared<const migrations::Graph>(std::move(revisions));
}

Observation SeeAt(Rows rows) {
  Observation seen;
  seen.graph = MakeFork();
  seen.migrations_digest = "1";
  environments::Target target;
  target.kind = environments::TargetKind::kFile;
  target.path = "/srv/app.db";
  target.key = "1:2";
  seen.targets.push_back(target);
  migrations::DatabaseFacts facts;
  facts.kind = migrations::DatabaseKind::kVersioned;
  facts.rows = std::move(rows);
  seen.databases[target.path] = std::make_shared<const migrations::DatabaseFacts>(facts);
  return seen;
}

TEST(TakenBackTest, LessThanBeforeIsTakenBack) {
  EXPECT_THAT(FindTakenBack(SeeAt({"d"}), SeeAt({"b"})), ElementsAre(0U));
  EXPECT_THAT(FindTakenBack(SeeAt({"d"}), SeeAt({})), ElementsAre(0U));
  EXPECT_THAT(FindTakenBack(SeeAt({"c", "d"}), SeeAt({"d"})), ElementsAre(0U));
  EXPECT_THAT(FindTakenBack(SeeAt({"c", "d"}), SeeAt({"b", "c"})), ElementsAre(0U));
}

TEST(TakenBackTest, UpwardsAndSidewaysIsNot) {
  EXPECT_THAT(FindTakenBack(SeeAt({"b"}), SeeAt({"b"})), IsEmpty());
  EXPECT_THAT(FindTakenBack(SeeAt({"b"}), SeeAt({"d"})), IsEmpty());
  EXPECT_THAT(FindTakenBack(SeeAt({"b"}), SeeAt({"c"})), IsEmpty());
  EXPECT_THAT(FindTakenBack(SeeAt({"d"}), SeeAt({"a", "c"})), IsEmpty());
}

TEST(TakenBackTest, AnotherFileOrOtherMigrationsAreNoSteps) {
  const Observation before = SeeAt({"d"});
  Observation replaced = SeeAt({"b"});
  replaced.targets[0].key = "1:3";
  EXPECT_THAT(FindTakenBack(before, replaced), IsEmpty());
  Observation worked_on = SeeAt({"b"});
  worked_on.migrations_digest = "2";
  EXPECT_THAT(FindTakenBack(before, worked_on), IsEmpty());
  Observation broken = SeeAt({"b"});
  broken.graph = nullptr;
  EXPECT_THAT(FindTakenBack(before, broken), IsEmpty());
  Observation emptied = SeeAt({});
  auto facts = std::make_shared<migrations::DatabaseFacts>();
  facts->kind = migrations::DatabaseKind::kEmpty;
  emptied.databases["/srv/app.db"] = facts;
  EXPECT_THAT(FindTakenBack(before, emptied), IsEmpty());
  Observation fewer = SeeAt({"b"});
  fewer.databases.clear();
  EXPECT_THAT(FindTakenBack(before, fewer), IsEmpty());
}

}  // namespace
}  // namespace drover::daemon
