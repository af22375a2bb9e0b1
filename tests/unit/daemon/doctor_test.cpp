#include "daemon/doctor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/findings.h"
#include "tests/unit/daemon/support.h"

namespace drover::daemon {
namespace {

using drover::testing::DiskProject;
using drover::testing::KindOf;
using drover::testing::RunSql;
using drover::testing::Scratch;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class DoctorTest : public ::testing::Test {
 protected:
  DoctorTest() { disk.Migrate("a1", "none", "CREATE TABLE t (x);"); }

  View Look() {
    Observer observer(disk.root(), store);
    View view;
    view.seen = observer.Observe();
    view.verdicts = Judge(*view.seen, {});
    view.findings = CollectFindings(*view.seen);
    view.strays = strays;
    return view;
  }

  std::vector<std::string> Codes(const std::vector<std::string>& names = {}) {
    std::vector<std::string> codes;
    for (const Finding& finding : Examine(Look(), names, "").findings) {
      codes.push_back(finding.code);
    }
    return codes;
  }

  StrayEntry Stray(const std::string& name, const std::string& kind) const {
    StrayEntry stray;
    stray.path = disk / name;
    stray.kind = kind;
    stray.environment = "dev";
    stray.message = "it is there";
    stray.fix = "drover strays diff";
    return stray;
  }

  const DiskProject disk;
  const Scratch state;
  StateStore store{state.path()};
  std::vector<StrayEntry> strays;
};

TEST_F(DoctorTest, WhatIsWaitingIsNoFinding) {
  const DoctorDocument document = Examine(Look(), {}, "");
  EXPECT_THAT(document.findings, IsEmpty());
  EXPECT_TRUE(document.healthy);
  EXPECT_THAT(document.checked, ElementsAre("drover.yaml", "1 migration", "1 environment (dev)",
                                            "0 databases", "git", "strays"));
}

TEST_F(DoctorTest, AStrayFromAWrongDirectoryIsInferredUntilSomebodyRunsThere) {
  strays = {Stray("backend/app.db", "behind")};
  strays[0].made_from = disk / "backend";
  DoctorDocument document = Examine(Look(), {}, "");
  ASSERT_EQ(document.findings.size(), 1U);
  EXPECT_EQ(document.findings[0].code, "wrong-cwd-stray");
  EXPECT_EQ(document.findings[0].severity, "error");
  EXPECT_EQ(document.findings[0].environment, "dev");
  EXPECT_EQ(document.findings[0].ground, "inferred");
  EXPECT_EQ(document.findings[0].fix, "drover strays diff");
  EXPECT_EQ(document.findings[0].message,
            "backend/app.db (behind) looks like dev, made by something started in backend/; start "
            "it from the project root, or make the URL absolute");
  EXPECT_FALSE(document.healthy);

  strays[0].holders = {{.pid = 7, .command = "python3", .cwd = disk / "backend"}};
  EXPECT_EQ(Examine(Look(), {}, "").findings.at(0).ground, "seen");
  strays[0].holders[0].container = true;  // its paths are not ours
  EXPECT_EQ(Examine(Look(), {}, "").findings.at(0).ground, "inferred");
  EXPECT_THAT(Codes({"dev"}), ElementsAre("wrong-cwd-stray"));
}

TEST_F(DoctorTest, QuietIgnoredAndDoublyToldStraysAreLeftOut) {
  strays = {Stray("a.db", "foreign"), Stray("b.db", "duplicate"), Stray("c.db", "alias"),
            Stray("app.db", "not-a-db")};
  strays[1].ignored = true;
  EXPECT_THAT(Codes(), IsEmpty());
  strays.push_back(Stray("d.db", "related"));
  EXPECT_THAT(Codes(), ElementsAre("stray-database"));
}

TEST_F(DoctorTest, WhatAStateTellsIsToldOnce) {
  disk.Replace("migrations/b2.sql", drover::testing::MigrationText("b2", "a1", "SELECT 1;"));
  disk.Replace("migrations/c3.sql", drover::testing::MigrationText("c3", "a1", "SELECT 1;"));
  EXPECT_THAT(Codes(), ElementsAre("environment-conflict"));
  disk.Replace("migrations/d4.sql", "no migration\n");
  EXPECT_THAT(Codes(), ElementsAre("migration-error")) << "the state has the same error";
  disk.Configure("  dev:\n    url: postgresql://x/y\n");
  EXPECT_THAT(Codes(), ElementsAre("migration-error", "environment-unresolved"));
}

TEST_F(DoctorTest, FixesAreCarriedOutOneByOne) {
  MakeDirectories(disk / "app.db", 0755);
  const View view = Look();
  const std::vector<environments::SafeFix> fixes = SafeFixes(view, {});
  ASSERT_EQ(fixes.size(), 1U);
  EXPECT_EQ(Examine(view, {}, "").fixes.at(0).state, "planned");
  EXPECT_THAT(SafeFixes(view, {"other"}), IsEmpty());
  drover::testing::Spill(disk / "app.db/came-between", "x");
  std::vector<FixEntry> done = CarryOutFixes(fixes, disk.root());
  EXPECT_EQ(done.at(0).state, "failed");
  EXPECT_THAT(done.at(0).message, HasSubstr("is not empty"));
  std::filesystem::remove(disk / "app.db/came-between");
  for (int i = 0; i < 2; ++i) EXPECT_EQ(CarryOutFixes(fixes, disk.root()).at(0).state, "done");
  EXPECT_FALSE(std::filesystem::exists(disk / "app.db"));
}

TEST_F(DoctorTest, TheJournalModeIsKnownWithoutALock) {
  RunSql(disk / "app.db", "CREATE TABLE t (x)");
  EXPECT_EQ(Look().seen->FactsOf(disk / "app.db")->wal, false);
  RunSql(disk / "app.db", "PRAGMA journal_mode=WAL");
  EXPECT_EQ(Look().seen->FactsOf(disk / "app.db")->wal, true);
  EXPECT_FALSE(std::filesystem::exists(disk / "app.db-shm"));
}

TEST(ExplainTest, KnowsEveryCodeOfTheTable) {
  EXPECT_EQ(Explain("db-in-git").severity, "error");
  EXPECT_THAT(Explain("db-in-git").cure, HasSubstr("git rm --cached"));
  EXPECT_EQ(KindOf([] { (void)Explain("db-in-gti"); }), "hazard.unknown");
}

}  // namespace
}  // namespace drover::daemon
