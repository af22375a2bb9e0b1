#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "client/progress.h"
#include "client/render/render.h"
#include "tests/unit/client/support.h"

namespace drover::client {
namespace {

TEST(EventLineTest, OneLinePerEvent) {
  EventDocument event;
  event.event = "applied";
  event.at = "2026-02-12T23:20:18.042Z";
  event.environment = "dev";
  event.revision = "b2";
  event.direction = "up";
  event.duration_ms = 12;
  event.message = "Add servers.region";
  EXPECT_EQ(RenderEvent(event, kRoot, kRoot, kPipe),
            "23:20:18 applied  dev  b2 in 12 ms: Add servers.region\n");
  event.direction = "down";
  EXPECT_EQ(RenderEvent(event, kRoot, kRoot, kPipe),
            "23:20:18 applied  dev  reverted b2 in 12 ms: Add servers.region\n");

  EventDocument failed;
  failed.event = "failed";
  failed.environment = "dev";
  failed.error.emplace().message = "no such table: x";
  failed.error->where = "/home/u/idv/migrations/b2.sql:3:1";
  EXPECT_EQ(RenderEvent(failed, kRoot, kRoot, kPipe),
            "failed   dev  no such table: x at migrations/b2.sql:3:1\n");

  EventDocument pending;
  pending.event = "pending";
  pending.environment = "dev";
  pending.pending = 2;
  EXPECT_EQ(RenderEvent(pending, kRoot, kRoot, kPipe), "pending  dev  2 migrations pending\n");

  EventDocument state;
  state.event = "state";
  state.environment = "dev";
  state.state = "held";
  EXPECT_EQ(RenderEvent(state, kRoot, kRoot, kPipe), "state    dev  held\n");

  EventDocument stray;
  stray.event = "stray";
  stray.stray.emplace().path = "/home/u/idv/backend/application.db";
  stray.stray->kind = "duplicate";
  stray.stray->size = 2048;
  stray.message = "made\nfrom backend";
  EXPECT_EQ(RenderEvent(stray, kRoot, kRoot, kPipe),
            "stray     backend/application.db (duplicate, 2.0 KiB): made from backend\n");

  EventDocument overflow;
  overflow.event = "overflow";
  EXPECT_EQ(RenderEvent(overflow, kRoot, kRoot, kPipe),
            "overflow  some events were dropped: drover status tells where things are\n");
}

TEST(OutputScreenTest, WhatAlembicSaysOfItselfIsLeftOutOfASuccess) {
  const std::string output =
      "INFO  [alembic.runtime.migration] Context impl SQLiteImpl.\nmoved 3 rows\n\n";
  EXPECT_EQ(RenderOutput(output, OutputOf::kSuccess, kPipe), "    moved 3 rows\n");
  EXPECT_EQ(RenderOutput(output, OutputOf::kFailure, kPipe),
            "    INFO  [alembic.runtime.migration] Context impl SQLiteImpl.\n    moved 3 rows\n");
  EXPECT_EQ(RenderOutput("", OutputOf::kFailure, kPipe), "");
}

TEST(OutputScreenTest, OfManyLinesTheLastAreShownAndNothingReachesTheTerminalRaw) {
  std::string output;
  for (int i = 1; i <= 22; ++i) output += "line " + std::to_string(i) + "\n";
  const std::string shown = RenderOutput(output + "\x1b[31mred", OutputOf::kFailure, kPipe);
  EXPECT_TRUE(shown.starts_with("    (3 lines before)\n    line 4\n")) << shown;
  EXPECT_TRUE(shown.ends_with("    line 22\n     [31mred\n")) << shown;
}

TEST(OutputScreenTest, AnEventShowsIt) {
  EventDocument event;
  event.event = "failed";
  event.environment = "dev";
  event.error.emplace().message = "boom";
  event.output = "INFO  [alembic.env] here\nTraceback\n";
  EXPECT_EQ(RenderEvent(event, "/", "/", kPipe),
            "failed   dev  boom\n    INFO  [alembic.env] here\n    Traceback\n");
}

}  // namespace
}  // namespace drover::client
