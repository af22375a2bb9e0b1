#include "environments/hazards.h"

#include <gtest/gtest.h>
#include <set>
#include <string>

#include "tests/unit/environments/fake_files.h"

namespace drover::environments {
namespace {

TEST(HazardsTest, EveryEntryIsComplete) {
  const std::set<std::string_view> severities{"fatal", "error", "warning", "info"};
  std::string_view before;
  for (const Hazard& hazard : Hazards()) {
    EXPECT_LT(before, hazard.code);
    EXPECT_TRUE(severities.contains(hazard.severity)) << hazard.code;
    EXPECT_FALSE(hazard.explanation.empty()) << hazard.code;
    EXPECT_FALSE(hazard.loss.empty()) << hazard.code;
    EXPECT_FALSE(hazard.cure.empty()) << hazard.code;
    EXPECT_TRUE(hazard.sight.starts_with("seen") || hazard.sight.starts_with("inferred"))
        << hazard.code;
    EXPECT_EQ(FindHazard(hazard.code), &hazard);
    before = hazard.code;
  }
}

TEST(HazardsTest, UnknownCodeIsNotThere) {
  EXPECT_EQ(FindHazard("no-such"), nullptr);
  EXPECT_EQ(FindHazard(""), nullptr);
  EXPECT_EQ(FindHazard("zzz"), nullptr);
  EXPECT_EQ(ErrorOf([] { return MakeFinding("no-such", "m", "w"); }).code, Code::kInternal);
}

TEST(HazardsTest, FindingHasTheSeverityOfTheTable) {
  const Finding finding =
      MakeFinding("database-in-image-layer", "m", "f:1:2", "fix it", Ground::kInferred);
  EXPECT_EQ(finding.severity, "fatal");
  EXPECT_EQ(finding.ground, "inferred");
  EXPECT_EQ(finding.fix, "fix it");
  EXPECT_EQ(finding.where, "f:1:2");
  EXPECT_EQ(MakeFinding("symlinked", "m", "w").ground, "seen");
  EXPECT_EQ(MakeFinding("symlinked", "m", "w").fix, std::nullopt);
}

}  // namespace
}  // namespace drover::environments
