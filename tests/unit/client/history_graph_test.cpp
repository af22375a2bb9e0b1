#include <gtest/gtest.h>

#include "base/text.h"
#include "client/render/render.h"
#include "tests/unit/client/support.h"

namespace drover::client {
namespace {

/// dev is at the draft's parent, docker at the branch point, staging nowhere yet.
RevisionsDocument Branches() {
  RevisionsDocument document;
  document.revisions = {Entry("e5", {"c3"}, "Add regions"), Entry("d4", {"b2"}, "Add prices"),
                        Entry("c3", {"a1"}, "Add servers"), Entry("b2", {"a1"}, "Add accounts"),
                        Entry("a1", {}, "Initial")};
  document.revisions[0].head = true;
  document.revisions[0].draft = true;
  document.revisions[1].head = true;
  document.revisions[1].depends_on = {"c3"};
  document.revisions[2].environments = {"dev"};
  document.revisions[3].branch_labels = {"billing"};
  document.revisions[4].environments = {"docker"};
  return document;
}

CurrentRevision Row(std::string revision, bool head) {
  return {
      .revision = std::move(revision), .head = head, .message = {}, .orphan = false, .applied = {}};
}

CurrentDocument At(std::vector<EnvironmentCurrent> environments) {
  CurrentDocument current;
  current.environments = std::move(environments);
  return current;
}

CurrentDocument DevAndDocker() {
  return At({{"dev", {Row("c3", false)}}, {"docker", {Row("a1", false)}}});
}

std::string Draw(const RevisionsDocument& document, const CurrentDocument& current,
                 const Style& style = kPipe) {
  return RenderHistoryGraph(document, document, current, style);
}

TEST(HistoryGraphTest, ShowsWhereEveryEnvironmentStands) {
  EXPECT_EQ(Draw(Branches(), DevAndDocker()),
            "◇   e5  2026-02-12  (head) (draft) Add regions\n"
            "│ ○ d4  2026-02-12  (head) Add prices  depends on c3\n"
            "│ ○ b2  2026-02-12  (billing) Add accounts\n"
            "◐ │ c3  2026-02-12  [dev] Add servers\n"
            "├─╯\n"
            "●   a1  2026-02-12  [docker] Initial\n"
            "\n"
            "● applied everywhere   ◐ applied in some   ○ pending everywhere   ◇ draft\n");
}

TEST(HistoryGraphTest, OneEnvironmentNeedsFewerWords) {
  EXPECT_EQ(Draw(Branches(), At({{"dev", {Row("c3", false)}}})),
            "◇   e5  2026-02-12  (head) (draft) Add regions\n"
            "│ ○ d4  2026-02-12  (head) Add prices  depends on c3\n"
            "│ ○ b2  2026-02-12  (billing) Add accounts\n"
            "● │ c3  2026-02-12  [dev] Add servers\n"
            "├─╯\n"
            "●   a1  2026-02-12  [docker] Initial\n"
            "\n"
            "● applied   ○ pending   ◇ draft\n");
}

TEST(HistoryGraphTest, AsciiUsesNothingElse) {
  const Style ascii{.color = false, .unicode = false, .width = 0};
  EXPECT_EQ(Draw(Branches(), DevAndDocker(), ascii),
            "~   e5  2026-02-12  (head) (draft) Add regions\n"
            "| o d4  2026-02-12  (head) Add prices  depends on c3\n"
            "| o b2  2026-02-12  (billing) Add accounts\n"
            "% | c3  2026-02-12  [dev] Add servers\n"
            "+-'\n"
            "*   a1  2026-02-12  [docker] Initial\n"
            "\n"
            "* applied everywhere   % applied in some   o pending everywhere   ~ draft\n");
}

TEST(HistoryGraphTest, AnAppliedDraftIsApplied) {
  RevisionsDocument document = Branches();
  document.revisions.resize(1);
  document.revisions[0].down_revision.clear();
  EXPECT_EQ(Draw(document, At({{"dev", {Row("e5", true)}}})),
            "● e5  2026-02-12  (head) (draft) Add regions\n\n● applied\n");
}

TEST(HistoryGraphTest, ADependencyStandsBelowWhatNeedsIt) {
  RevisionsDocument document = Branches();
  document.revisions[3].depends_on = {"e5"};
  document.revisions[1].depends_on.clear();
  const std::string picture = Draw(document, DevAndDocker());
  EXPECT_LT(picture.find(" b2 "), picture.find(" e5 ")) << picture;
}

TEST(HistoryGraphTest, WhatADependencyNeedsIsAppliedToo) {
  RevisionsDocument document = Branches();
  document.revisions[2].branch_labels = {"fleet"};
  document.revisions[1].depends_on = {"fleet"};
  const std::string picture = Draw(document, At({{"dev", {Row("d4", true)}}}));
  EXPECT_NE(picture.find("● │ c3"), std::string::npos) << picture;
  EXPECT_NE(picture.find("depends on fleet"), std::string::npos) << picture;
}

TEST(HistoryGraphTest, NamesTheEnvironmentsItCannotShow) {
  RevisionsDocument document;
  document.revisions = {Entry("a1", {}, "Initial")};
  document.revisions[0].created = "yesterday";
  EXPECT_EQ(Draw(document, At({{"dev", {}}, {"docker", {Row("zz", false)}}})),
            "○ a1  Initial\n"
            "\n"
            "○ pending everywhere\n"
            "[dev] no revision is applied\n"
            "[docker] at zz, which no file has\n");
}

TEST(HistoryGraphTest, APartKnowsWhatTheWholeSaysIsApplied) {
  const RevisionsDocument all = Branches();
  RevisionsDocument part;
  part.revisions = {all.revisions[3], all.revisions[4]};
  EXPECT_EQ(RenderHistoryGraph(part, all, At({{"dev", {Row("c3", false)}}}), kPipe),
            "○ b2  2026-02-12  (billing) Add accounts\n"
            "● a1  2026-02-12  [docker] Initial\n"
            "\n"
            "● applied   ○ pending\n"
            "[dev] at c3, which is not shown here\n");
}

TEST(HistoryGraphTest, TheMessageIsCutAndNotTheGraph) {
  RevisionsDocument document = Branches();
  for (RevisionEntry& entry : document.revisions) entry.message = std::string(200, 'x');
  for (const std::size_t width : {40U, 60U, 100U}) {
    const std::string picture =
        Draw(document, DevAndDocker(), Style{.color = false, .unicode = true, .width = width});
    const std::size_t legend = picture.find("\n\n");
    for (const std::string_view line : SplitLines(std::string_view(picture).substr(0, legend))) {
      EXPECT_LE(DisplayWidth(line), width) << line;
    }
    EXPECT_NE(picture.find("◐ │ c3"), std::string::npos) << picture;
    EXPECT_NE(picture.find("x…"), std::string::npos) << picture;
    EXPECT_EQ(picture.find("2026") == std::string::npos, width == 40U) << picture;
  }
}

TEST(HistoryGraphTest, ColourChangesNoCharacter) {
  const Style color{.color = true, .unicode = true, .width = 0};
  const std::string picture = Draw(Branches(), DevAndDocker(), color);
  EXPECT_NE(picture.find("\x1b[36m[dev]\x1b[0m"), std::string::npos);
  std::string plain;
  for (std::size_t i = 0; i < picture.size(); ++i) {
    if (picture[i] == '\x1b') {
      i = picture.find('m', i);
    } else {
      plain.push_back(picture[i]);
    }
  }
  EXPECT_EQ(plain, Draw(Branches(), DevAndDocker()));
}

TEST(HistoryGraphTest, NothingFromAFileReachesTheTerminalRaw) {
  RevisionsDocument document;
  document.revisions = {Entry("a1\x1b[2J", {}, "\x1b[31mred\n")};
  document.revisions[0].branch_labels = {"\x1b]0;x"};
  document.revisions[0].depends_on = {"\x1b[H"};
  const std::string picture = Draw(document, At({{"\x1b[1m", {}}}));
  EXPECT_EQ(picture.find('\x1b'), std::string::npos) << picture;
}

TEST(HistoryGraphTest, WithoutRevisionsOnlyTheEnvironmentsAreNamed) {
  EXPECT_EQ(Draw({}, At({{"dev", {}}})), "[dev] no revision is applied\n");
}

}  // namespace
}  // namespace drover::client
