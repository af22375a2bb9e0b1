#include "migrations/lineage.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/migrations/support.h"

namespace drover::migrations {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

AppliedRecord RecordOf(const Revision& revision) {
  AppliedRecord record;
  record.direction = "up";
  record.state = "done";
  record.up_sha256 = revision.up_sha256;
  record.down_sha256 = revision.down_sha256;
  record.down_revision = revision.down_revision;
  record.depends_on = revision.depends_on;
  return record;
}

/// A database to which `Apply` has applied everything, and the files, which a test may change.
class LineageTest : public ::testing::Test {
 protected:
  void Apply(std::string_view text, std::vector<RevisionId> rows) {
    files = Revisions(text);
    for (const Revision& revision : files) {
      facts.records[revision.id] = RecordOf(revision);
      archive[revision.id] = revision;
      archive[revision.id].archived = true;
    }
    facts.kind = DatabaseKind::kVersioned;
    facts.rows = std::move(rows);
  }

  Revision& File(std::string_view id) { return *std::ranges::find(files, id, &Revision::id); }

  void Remove(std::string_view id) {
    std::erase_if(files, [&](const Revision& revision) { return revision.id == id; });
  }

  Lineage Trace() {
    std::shared_ptr<const Graph> graph;
    try {
      graph = std::make_shared<const Graph>(files);
    } catch (const Error&) {
      // As when a file is missing.
    }
    const std::vector<RevisionPtr> shared = Share(files);
    return TraceLineage({.revisions = shared, .graph = graph, .unreadable = unreadable}, facts,
                        [&](const std::set<RevisionId>& ids) {
                          wanted = ids;
                          std::map<RevisionId, Revision> found = archive;
                          std::erase_if(found, [&](auto& e) { return !ids.contains(e.first); });
                          return found;
                        });
  }

  std::vector<Revision> files;
  DatabaseFacts facts;
  std::map<RevisionId, Revision> archive;
  std::set<RevisionId> wanted;
  std::optional<Error> unreadable;
};

TEST_F(LineageTest, WhereNothingDiffersTheFilesGraphServesAndNothingIsRead) {
  Apply("a <- b", {"b"});
  const Lineage lineage = Trace();
  EXPECT_THAT(lineage.orphans, IsEmpty());
  EXPECT_THAT(lineage.edits, IsEmpty());
  EXPECT_THAT(lineage.archived, IsEmpty());
  EXPECT_THAT(wanted, IsEmpty());
  EXPECT_EQ(lineage.RequireGraph().revisions().size(), 2U);
}

TEST_F(LineageTest, OrphansAboveEachOtherAreFoundTheNewestFirst) {
  Apply("a <- b <- c", {"c"});
  Remove("b");
  Remove("c");
  const Lineage lineage = Trace();
  EXPECT_THAT(lineage.orphans, ElementsAre("c", "b"));
  const Plan plan = PlanDowngrade(lineage.RequireGraph(), facts.rows, "a");
  ASSERT_EQ(plan.steps.size(), 2U);
  EXPECT_TRUE(plan.steps[0].revision.archived);
  EXPECT_THAT(plan.to, ElementsAre("a"));
  EXPECT_EQ(WayBackFromOrphans(lineage, facts.rows), "a");
}

TEST_F(LineageTest, AnOrphanBelowAFileIsFoundAndTheGraphIsComplete) {
  Apply("a <- b <- c", {"c"});
  Remove("b");
  const Lineage lineage = Trace();
  EXPECT_THAT(lineage.orphans, ElementsAre("b"));
  EXPECT_FALSE(lineage.RequireGraph().Find("c")->archived);
  EXPECT_EQ(WayBackFromOrphans(lineage, facts.rows), "a");
}

TEST_F(LineageTest, AnOrphanWithoutParentsLeadsToBase) {
  Apply("a", {"a"});
  Remove("a");
  EXPECT_EQ(WayBackFromOrphans(Trace(), facts.rows), "base");
}

TEST_F(LineageTest, TheWayBackSparesABranchBesideTheOrphan) {
  Apply("a <- b; a <- c", {"b", "c"});
  Remove("c");
  EXPECT_EQ(WayBackFromOrphans(Trace(), facts.rows), "c@a");
}

TEST_F(LineageTest, WithoutADownSectionThereIsNoWayBack) {
  Apply("a <- b", {"b"});
  Remove("b");
  archive["b"].down.reset();
  EXPECT_EQ(WayBackFromOrphans(Trace(), facts.rows), std::nullopt);
}

TEST_F(LineageTest, ARevertedRevisionOrOneOfAnotherLineIsNoOrphan) {
  Apply("a <- b; a <- c", {"a"});
  facts.records["b"].direction = "down";
  Remove("b");
  Remove("c");  // applied once, forgotten by a stamp
  EXPECT_THAT(Trace().orphans, IsEmpty());
}

TEST_F(LineageTest, ARowThatNobodyKnowsIsAnOrphanWithoutAGraph) {
  Apply("a", {"zz"});
  const Lineage lineage = Trace();
  EXPECT_THAT(lineage.orphans, ElementsAre("zz"));
  EXPECT_EQ(lineage.graph, nullptr);
  const Error error = Caught([&] { (void)lineage.RequireGraph(); });
  EXPECT_EQ(error.code, Code::kDrift);
  EXPECT_THAT(error.message, HasSubstr("zz"));
  EXPECT_EQ(WayBackFromOrphans(lineage, facts.rows), std::nullopt);
}

TEST_F(LineageTest, AnEditedRevisionKeepsItsFileInTheGraph) {
  Apply("a <- b", {"b"});
  File("a").up_sha256 = "other";
  File("b").raw_sha256 = "new";
  facts.records["b"].raw_sha256 = "old";
  const Lineage lineage = Trace();
  ASSERT_EQ(lineage.edits.size(), 2U);
  EXPECT_EQ(lineage.FindEdit("a")->kind, EditKind::kModified);
  EXPECT_EQ(lineage.FindEdit("b")->kind, EditKind::kReformatted);
  EXPECT_EQ(lineage.FindEdit("c"), nullptr);
  EXPECT_THAT(wanted, ElementsAre("a")) << "only what can be shown or redone is read";
  EXPECT_FALSE(lineage.RequireGraph().Find("a")->archived);
}

TEST_F(LineageTest, AMovedRevisionIsWhereItWasApplied) {
  Apply("a <- b", {"b"});
  files.push_back(MakeRevision("x", {"a"}));
  File("b").down_revision = {"x"};  // x was never applied
  const Lineage lineage = Trace();
  EXPECT_TRUE(lineage.FindEdit("b")->moved);
  EXPECT_THAT(lineage.RequireGraph().Find("b")->down_revision, ElementsAre("a"));
  EXPECT_THAT(PlanDowngrade(*lineage.graph, facts.rows, "a").to, ElementsAre("a"));
}

TEST_F(LineageTest, AFileThatTookTheOrphansLabelKeepsIt) {
  Apply("a <- b", {"b"});
  archive["b"].branch_labels = {"net"};
  Remove("b");
  files.push_back(MakeRevision("c", {"a"}));
  File("c").branch_labels = {"net"};
  EXPECT_THAT(Trace().RequireGraph().Find("b")->branch_labels, IsEmpty());
}

TEST_F(LineageTest, ADependencyByLabelIsNoOrphan) {
  Apply("a; b <- c", {"a", "c"});
  File("a").branch_labels = {"net"};
  File("c").depends_on = {"net"};
  facts.records["c"].depends_on = {"net"};
  facts.records["a"].directives.branch_labels = {"net"};
  EXPECT_THAT(Trace().orphans, IsEmpty());
  EXPECT_THAT(Trace().edits, IsEmpty());
}

TEST_F(LineageTest, AnUnreadableFileMayBeAnyRevision) {
  Apply("a <- b", {"b"});
  Remove("b");
  unreadable = Error(Code::kInvalid, "malformed_migration", "no header");
  EXPECT_EQ(Caught([&] { (void)Trace().RequireGraph(); }).kind, "malformed_migration");
}

}  // namespace
}  // namespace drover::migrations
