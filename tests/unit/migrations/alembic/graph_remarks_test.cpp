#include "migrations/alembic/graph_remarks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"

namespace drover::migrations {
namespace {

Revision Version(std::string id, std::vector<RevisionId> parents) {
  Revision revision;
  revision.format = Format::kAlembic;
  revision.file = Concat("/v/", id, ".py");
  revision.header_line = 7;
  revision.id = std::move(id);
  revision.down_revision = std::move(parents);
  return revision;
}

std::vector<std::string> KindsIn(std::vector<Revision> revisions) {
  std::vector<std::string> kinds;
  for (const Remark& remark : CheckVersionGraph(Graph(std::move(revisions)))) {
    kinds.push_back(Concat(remark.kind, " ", remark.revision, " ", remark.where));
  }
  return kinds;
}

TEST(GraphRemarksTest, TwinMergesAreFoundWhateverTheOrderOfTheirParents) {
  EXPECT_THAT(KindsIn({Version("a", {}), Version("b", {"a"}), Version("c", {"a"}),
                       Version("m1", {"b", "c"}), Version("m2", {"c", "b"})}),
              testing::ElementsAre("alembic-twin-merges m2 /v/m2.py:7:1"));
  EXPECT_THAT(KindsIn({Version("a", {}), Version("b", {"a"}), Version("c", {"a"}),
                       Version("d", {"a"}), Version("m1", {"b", "c"}), Version("m2", {"c", "d"})}),
              testing::IsEmpty());
}

TEST(GraphRemarksTest, AnIdFitsIntoTheColumnOfTheVersionTable) {
  const std::string fits(32, 'a');
  const std::string longer(33, 'b');
  EXPECT_THAT(KindsIn({Version(fits, {}), Version(longer, {fits})}),
              testing::ElementsAre(Concat("alembic-long-id ", longer, " /v/", longer, ".py:7:1")));
}

}  // namespace
}  // namespace drover::migrations
