#include <gtest/gtest.h>

#include "client/render/doctor.h"
#include "tests/unit/client/support.h"

namespace drover::client {
namespace {

DoctorDocument Sick() {
  DoctorDocument doctor;
  doctor.project = "idv";
  doctor.root = "/home/u/idv";
  doctor.checked = {"drover.yaml", "git"};
  doctor.findings = {{.code = "wal-across-single-file",
                      .severity = "fatal",
                      .environment = "docker",
                      .message = "it is\033[31m lost",
                      .ground = "seen",
                      .fix = "mount a directory",
                      .where = "/home/u/idv/docker-compose.yml:11:9"},
                     {.code = "gitignore-gap",
                      .severity = "warning",
                      .environment = std::nullopt,
                      .message = "a gap",
                      .ground = "inferred",
                      .fix = std::nullopt,
                      .where = std::nullopt},
                     {.code = "unset-variable",
                      .severity = "warning",
                      .environment = "dev",
                      .message = "another",
                      .ground = "seen",
                      .fix = std::nullopt,
                      .where = std::nullopt}};
  return doctor;
}

TEST(DoctorScreenTest, EachSeverityHasItsHeading) {
  DoctorDocument doctor = Sick();
  doctor.fixes = {{.code = "gitignore-gap",
                   .environment = "dev",
                   .command = "printf",
                   .state = "planned",
                   .message = {},
                   .hint = {}}};
  EXPECT_EQ(RenderDoctor(doctor, FixesShown::kHint, "/home/u/idv/backend", kPipe),
            "idv  /home/u/idv\n"
            "\n"
            "Fatal: data will be lost\n"
            "  ✗ wal-across-single-file  docker  (seen)\n"
            "    it is [31m lost\n"
            "    at   ../docker-compose.yml:11:9\n"
            "    fix  mount a directory\n"
            "\n"
            "Warnings\n"
            "  ! gitignore-gap  (inferred)\n"
            "    a gap\n"
            "  ! unset-variable  dev  (seen)\n"
            "    another\n"
            "\n"
            "1 fatal, 2 warnings. Checked: drover.yaml, git.\n"
            "1 fix is safe: drover doctor --fix\n"
            "What a code means: drover doctor wal-across-single-file\n");
}

TEST(DoctorScreenTest, NothingFoundIsSaidClearly) {
  DoctorDocument doctor = Sick();
  doctor.findings.clear();
  EXPECT_EQ(RenderDoctor(doctor, FixesShown::kHint, kRoot, kPipe),
            "idv  /home/u/idv\n\n✓ Everything is well. Checked: drover.yaml, git.\n");
}

TEST(DoctorScreenTest, GoodToKnowIsNoTrouble) {
  DoctorDocument doctor = Sick();
  doctor.findings.resize(1);
  doctor.findings[0].severity = "info";
  const std::string text = RenderDoctor(doctor, FixesShown::kNone, kRoot, kPipe);
  EXPECT_NE(text.find("Good to know\n  - wal-across"), std::string::npos) << text;
  EXPECT_NE(text.find("Everything is well."), std::string::npos) << text;
}

TEST(DoctorScreenTest, FixesAreShownBeforeAndAfter) {
  DoctorDocument doctor = Sick();
  EXPECT_EQ(RenderFixes(doctor, kPipe),
            "Nothing here can be fixed without a decision of yours.\n\n");
  doctor.fixes = {{.code = "a",
                   .environment = {},
                   .command = "rmdir x",
                   .state = "planned",
                   .message = {},
                   .hint = {}}};
  EXPECT_EQ(RenderFixes(doctor, kPipe), "Would do:\n  - rmdir x  [a]\n\n");
  doctor.fixes[0].state = "done";
  doctor.fixes.push_back({.code = "b",
                          .environment = {},
                          .command = "git rm",
                          .state = "failed",
                          .message = "git is locked",
                          .hint = "try later"});
  EXPECT_EQ(
      RenderFixes(doctor, kPipe),
      "Done:\n  ✓ rmdir x  [a]\n  ✗ git rm  [b]\n    failed: git is locked\n    try later\n\n");
}

TEST(DoctorScreenTest, AnExplanationSaysWhatIsLostAndWhatToDo) {
  ExplainDocument explanation;
  explanation.code = "db-in-git";
  explanation.severity = "error";
  explanation.explanation = "the database is committed";
  explanation.loss = "rows";
  explanation.sight = "seen in git's index";
  explanation.cure = "take it out";
  EXPECT_EQ(RenderExplanation(explanation, kPipe),
            "db-in-git  error\n"
            "The database is committed.\n"
            "\n"
            "What is lost     rows\n"
            "How it is known  seen in git's index\n"
            "What to do       take it out\n");
}

}  // namespace
}  // namespace drover::client
