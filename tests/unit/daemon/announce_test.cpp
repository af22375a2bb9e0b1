#include "daemon/announce.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"

namespace drover::daemon {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class AnnounceTest : public ::testing::Test {
 protected:
  static View Make(EnvironmentState state, std::size_t pending, std::string sha256 = "1") {
    auto seen = std::make_shared<Observation>();
    auto config = std::make_shared<environments::Config>();
    config->sha256 = std::move(sha256);
    seen->config = config;
    View view;
    view.seen = seen;
    Verdict verdict;
    verdict.environment = "dev";
    verdict.state = state;
    verdict.pending = pending;
    verdict.why = "why";
    view.verdicts.push_back(verdict);
    return view;
  }

  static std::vector<std::string> Names(const std::vector<EventDocument>& events) {
    std::vector<std::string> names;
    for (const EventDocument& event : events) {
      names.push_back(Concat(event.event, event.state ? " " : "", event.state.value_or("")));
    }
    return names;
  }
};

TEST_F(AnnounceTest, AtFirstEveryStateIsNews) {
  const View now = Make(EnvironmentState::kCurrent, 0);
  EXPECT_THAT(Names(AnnounceChanges(nullptr, now)), ElementsAre("state current"));
}

TEST_F(AnnounceTest, WhatIsAsBeforeIsNoNews) {
  const View before = Make(EnvironmentState::kPending, 1);
  EXPECT_THAT(AnnounceChanges(&before, before), IsEmpty());
}

TEST_F(AnnounceTest, PendingWorkThatNobodyWillDoIsAnEventOfItsOwn) {
  const View before = Make(EnvironmentState::kCurrent, 0);
  View now = Make(EnvironmentState::kPending, 2);
  EXPECT_THAT(Names(AnnounceChanges(&before, now)), ElementsAre("pending pending"));
  EXPECT_EQ(AnnounceChanges(&before, now)[0].pending, 2);
  now.verdicts[0].may_apply = true;
  EXPECT_THAT(Names(AnnounceChanges(&before, now)), ElementsAre("state pending"));
}

TEST_F(AnnounceTest, OnlyTheContentOfAConfigurationIsNews) {
  const View before = Make(EnvironmentState::kCurrent, 0);
  EXPECT_THAT(AnnounceChanges(&before, Make(EnvironmentState::kCurrent, 0)), IsEmpty());
  EXPECT_THAT(Names(AnnounceChanges(&before, Make(EnvironmentState::kCurrent, 0, "2"))),
              ElementsAre("config"));
}

TEST_F(AnnounceTest, AConfigurationErrorIsToldOnceAndSoIsItsEnd) {
  const View good = Make(EnvironmentState::kCurrent, 0);
  View bad = good;
  auto seen = std::make_shared<Observation>(*good.seen);
  seen->config_error = Error(Code::kInvalid, "config.syntax", "bad", "", "drover.yaml:1:1");
  bad.seen = seen;
  bad.findings = {{.code = "config-error",
                   .severity = "error",
                   .environment = {},
                   .message = "bad",
                   .ground = "seen",
                   .fix = {},
                   .where = {}}};
  const std::vector<EventDocument> events = AnnounceChanges(&good, bad);
  EXPECT_THAT(Names(events), ElementsAre("config"));
  EXPECT_EQ(events[0].error->where, "drover.yaml:1:1");
  EXPECT_THAT(AnnounceChanges(&bad, bad), IsEmpty());
  EXPECT_FALSE(AnnounceChanges(&bad, good).at(0).error);
}

TEST_F(AnnounceTest, AFindingIsToldWhenItIsNew) {
  const View before = Make(EnvironmentState::kCurrent, 0);
  View now = before;
  now.findings = {{.code = "hard-linked",
                   .severity = "error",
                   .environment = "dev",
                   .message = "two names",
                   .ground = "seen",
                   .fix = {},
                   .where = {}}};
  EXPECT_THAT(Names(AnnounceChanges(&before, now)), ElementsAre("finding"));
  EXPECT_THAT(AnnounceChanges(&now, now), IsEmpty());
}

TEST_F(AnnounceTest, AStrayIsToldWhenItIsNewOrOfAnotherClass) {
  StrayEntry stray;
  stray.path = "/p/a.db";
  stray.kind = "empty";
  EXPECT_THAT(Names(AnnounceStrays({}, {stray})), ElementsAre("stray"));
  EXPECT_THAT(AnnounceStrays({stray}, {stray}), IsEmpty());
  StrayEntry grown = stray;
  grown.kind = "behind";
  EXPECT_THAT(Names(AnnounceStrays({stray}, {grown})), ElementsAre("stray"));
  grown.kind = "foreign";
  EXPECT_THAT(AnnounceStrays({stray}, {grown}), IsEmpty());
}

}  // namespace
}  // namespace drover::daemon
