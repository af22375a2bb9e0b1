#include <gtest/gtest.h>

#include "client/render/render.h"
#include "tests/unit/client/support.h"

namespace drover::client {
namespace {

ArchiveEntry Put(std::string reason) {
  ArchiveEntry archive;
  archive.id = "20260301-120000-3fa9c1";
  archive.path = "/home/u/idv/backend/application.db";
  archive.directory = "/state/archive/20260301-120000-3fa9c1";
  archive.at = "2026-03-01T12:00:00Z";
  archive.reason = std::move(reason);
  archive.kind = "duplicate";
  archive.environment = "dev";
  archive.size = 8192;
  return archive;
}

TEST(RemedyScreenTest, ADryRunTellsTheSteps) {
  RemedyDocument remedy;
  remedy.action = "archive";
  remedy.steps = {"move it", "and that"};
  EXPECT_EQ(RenderRemedy(remedy, kRoot, kRoot, kPipe), "Would:\n    move it\n    and that\n");
}

TEST(RemedyScreenTest, WhatWasDoneComesWithTheCommandThatTakesItBack) {
  RemedyDocument remedy;
  remedy.action = "archive";
  remedy.path = "/home/u/idv/backend/application.db";
  remedy.done = true;
  remedy.archives = {Put("archive")};
  const std::string shown = RenderRemedy(remedy, kRoot, kRoot, kPipe);
  EXPECT_NE(shown.find("backend/application.db is archived\n"), std::string::npos) << shown;
  EXPECT_NE(shown.find("undo: drover strays restore 20260301-120000-3fa9c1\n"), std::string::npos);
  remedy.action = "adopt";
  remedy.environment = "dev";
  remedy.archives = {Put("adopt"), Put("replaced")};
  EXPECT_NE(RenderRemedy(remedy, kRoot, kRoot, kPipe)
                .find("undo: drover strays adopt 20260301-120000-3fa9c1 -e dev\n"),
            std::string::npos);
}

TEST(RemedyScreenTest, ArchivesAreListedWithTheirWayBack) {
  StraysDocument strays;
  EXPECT_EQ(RenderArchives(strays, kRoot, kRoot, kPipe), "Nothing is archived.\n");
  strays.archives = {Put("archive")};
  EXPECT_EQ(RenderArchives(strays, kRoot, kRoot, kPipe),
            "20260301-120000-3fa9c1  backend/application.db  duplicate, 8.0 KiB, "
            "2026-03-01T12:00:00Z\n    drover strays restore 20260301-120000-3fa9c1\n");
}

TEST(RemedyScreenTest, ADifferenceShowsSchemaAndRows) {
  StrayDiffDocument diff;
  diff.path = "/home/u/idv/old.db";
  diff.environment = "dev";
  diff.environment_path = "/home/u/idv/application.db";
  diff.revision = {"a1"};
  diff.differences = {{"table", "t", "missing", "is not there"}};
  diff.rows = {{.table = "t", .stray = {}, .environment = 3, .more = false},
               {.table = "users", .stray = 2, .environment = 2, .more = false}};
  EXPECT_EQ(RenderStrayDiff(diff, kRoot, kRoot, kPipe),
            "old.db, at a1\ncompared with dev, application.db, at no revision\n\n"
            "- table t: is not there\n\nRows here and there\n"
            "    t      no table / 3  *\n    users  2 / 2\n");
}

TEST(RemedyScreenTest, QuietDatabasesAreCountedAndListedWhenAskedFor) {
  StraysDocument strays;
  strays.strays.resize(1);
  strays.strays[0].path = "/home/u/idv/places.sqlite";
  strays.strays[0].kind = "tool-db";
  strays.archives = {Put("archive")};
  EXPECT_EQ(RenderStrays(strays, StraysShown::kTrouble, kRoot, kRoot, kPipe),
            "No strays: every SQLite file of the project is accounted for.\n"
            "1 database of other tools, of tests, or kept as a backup: drover strays --all\n"
            "1 archived database: drover strays restore\n");
  EXPECT_NE(RenderStrays(strays, StraysShown::kAll, kRoot, kRoot, kPipe).find("places.sqlite"),
            std::string::npos);
}

}  // namespace
}  // namespace drover::client
