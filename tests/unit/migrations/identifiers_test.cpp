#include "migrations/identifiers.h"

#include <gmock/gmock.h>

#include "base/hints.h"
#include "tests/unit/migrations/support.h"

namespace drover::migrations {
namespace {

using testing::HasSubstr;

Graph WithMessages(std::string_view text) {
  std::vector<Revision> revisions = Revisions(text);
  for (Revision& revision : revisions) revision.message = Concat("make ", revision.id);
  return Graph(std::move(revisions));
}

std::string Up(const Graph& graph, std::string_view target, std::vector<RevisionId> rows = {}) {
  return Listed(ResolveTarget(graph, target, rows, Direction::kUp).revisions);
}

std::string Down(const Graph& graph, std::string_view target, std::vector<RevisionId> rows) {
  const ResolvedTarget resolved = ResolveTarget(graph, target, rows, Direction::kDown);
  return resolved.is_base() ? "base" : Listed(resolved.revisions);
}

Error UpError(const Graph& graph, std::string_view target, std::vector<RevisionId> rows = {}) {
  return Caught([&] { (void)Up(graph, target, std::move(rows)); });
}

Error DownError(const Graph& graph, std::string_view target, std::vector<RevisionId> rows) {
  return Caught([&] { (void)Down(graph, target, std::move(rows)); });
}

TEST(IdentifierTest, WordsStandForEndsOfTheGraph) {
  const Graph graph = Build("a <- b <- c");
  EXPECT_EQ(Up(graph, "head"), "c");
  EXPECT_EQ(Up(graph, "heads"), "c");
  EXPECT_TRUE(ResolveTarget(graph, "base", {}, Direction::kUp).is_base());
}

TEST(IdentifierTest, AnEmptyGraphIsAtBase) {
  const Graph graph;
  EXPECT_EQ(Up(graph, "head"), "");
  EXPECT_EQ(Up(graph, "heads"), "");
}

TEST(IdentifierTest, HeadIsAConflictWithSeveralAndTheyAreListed) {
  const Graph graph = WithMessages("a <- b; a <- c");
  EXPECT_EQ(Up(graph, "heads"), "b, c");
  const Error error = UpError(graph, "head");
  EXPECT_EQ(error.code, Code::kConflict);
  EXPECT_EQ(error.kind, "multiple_heads");
  EXPECT_EQ(error.message, "there are 2 heads: b (make b), c (make c)");
  EXPECT_EQ(error.hint, kMergeHint);
}

TEST(IdentifierTest, HeadsLeavesOutWhatAnotherHeadDependsOn) {
  const Graph graph = Build("a <- b; x <- y; b <~ y");
  EXPECT_EQ(Up(graph, "heads"), "y");
  EXPECT_EQ(UpError(graph, "head").kind, "multiple_heads");
}

TEST(IdentifierTest, EverythingIsAllHeadsWhenNoneWantAMerge) {
  EXPECT_EQ(TargetOfAll(Graph()), "head");
  EXPECT_EQ(TargetOfAll(Build("a <- b")), "head");
  EXPECT_EQ(TargetOfAll(Build("a <- b; a <- c")), "head");
  const Graph apart = Build("a <- b; x <- y");
  EXPECT_EQ(TargetOfAll(apart), "heads");
  EXPECT_EQ(UpError(apart, "head").hint, "name one of them; drover upgrade alone goes to all");
}

TEST(IdentifierTest, AnExactIdWinsOverAPrefix) {
  const Graph graph = Build("abcd <- abcde");
  EXPECT_EQ(Up(graph, "abcd"), "abcd");
  EXPECT_EQ(Up(graph, "abcde"), "abcde");
}

TEST(IdentifierTest, AUniquePrefixIsEnough) {
  const Graph graph = Build("981cbaae32a1 <- 77fe01aa0000");
  EXPECT_EQ(Up(graph, "981c"), "981cbaae32a1");
  EXPECT_EQ(Up(graph, "7"), "77fe01aa0000");
}

TEST(IdentifierTest, IdsOfThreeCharactersCannotBeAbbreviated) {
  const Graph graph = Build("abc");
  EXPECT_EQ(UpError(graph, "ab").kind, "unknown_revision_short_id");
}

TEST(IdentifierTest, AnAmbiguousPrefixListsTheCandidates) {
  const Graph graph = WithMessages("aaaa1 <- aaaa2 <- bbbb1");
  const Error error = UpError(graph, "aa");
  EXPECT_EQ(error.code, Code::kConflict);
  EXPECT_EQ(error.kind, "ambiguous_partial_id");
  EXPECT_EQ(error.message, "\"aa\" fits several revisions: aaaa1 (make aaaa1), aaaa2 (make aaaa2)");
}

TEST(IdentifierTest, ABranchLabelNamesItsRevision) {
  std::vector<Revision> revisions = Revisions("a <- b");
  revisions[1].branch_labels = {"shop"};
  EXPECT_EQ(Up(Graph(std::move(revisions)), "shop"), "b");
}

TEST(IdentifierTest, UnknownIdsAreNotFound) {
  const Graph graph = Build("aaaa1");
  const Error error = UpError(graph, "dead");
  EXPECT_EQ(error.code, Code::kNotFound);
  EXPECT_EQ(error.kind, "unknown_revision");
  EXPECT_EQ(error.hint, "drover history");
  EXPECT_EQ(UpError(graph, "de").kind, "unknown_revision_short_id");
  EXPECT_EQ(UpError(graph, "AAAA1").kind, "unknown_revision");
}

TEST(IdentifierTest, NothingIsNotAnAbbreviationOfTheOnlyRevision) {
  EXPECT_EQ(UpError(Build("aaaa1"), "").kind, "empty_identifier");
  EXPECT_EQ(UpError(Build("aaaa1"), "+").code, Code::kNotFound);
  EXPECT_EQ(UpError(Build("aaaa1"), "-").code, Code::kNotFound);
}

TEST(IdentifierTest, StepsUpStartAtTheCurrentRowOrAtBase) {
  const Graph graph = Build("a <- b <- c");
  EXPECT_EQ(Up(graph, "+1", {"a"}), "b");
  EXPECT_EQ(Up(graph, "+2", {"a"}), "c");
  EXPECT_EQ(Up(graph, "+1"), "a");
  EXPECT_EQ(Up(graph, "+3"), "c");
}

TEST(IdentifierTest, StepsDownStartAtTheCurrentRowAndEndAtBase) {
  const Graph graph = Build("a <- b <- c");
  EXPECT_EQ(Down(graph, "-1", {"c"}), "b");
  EXPECT_EQ(Down(graph, "-2", {"c"}), "a");
  EXPECT_EQ(Down(graph, "-3", {"c"}), "base");
}

TEST(IdentifierTest, StepsMayStartAtAName) {
  const Graph graph = Build("aaaa <- bbbb <- cccc");
  EXPECT_EQ(Up(graph, "aaaa+1"), "bbbb");
  EXPECT_EQ(Up(graph, "aa+2"), "cccc");
  EXPECT_EQ(Up(graph, "head-1"), "bbbb");
  EXPECT_EQ(Up(graph, "base+2"), "bbbb");
  EXPECT_EQ(Down(graph, "cccc-2", {"cccc"}), "aaaa");
  EXPECT_EQ(Down(graph, "aaaa-1", {"cccc"}), "base");
}

TEST(IdentifierTest, StepsBeyondTheEndsAreOutOfRange) {
  const Graph graph = Build("a <- b");
  for (const char* target : {"+3", "head+1", "b+9223372036854775807"}) {
    const Error error = UpError(graph, target);
    EXPECT_EQ(error.code, Code::kInvalid) << target;
    EXPECT_EQ(error.kind, "relative_out_of_range") << target;
  }
  EXPECT_EQ(DownError(graph, "-3", {"b"}).kind, "relative_out_of_range");
  EXPECT_EQ(DownError(graph, "-1", {}).kind, "relative_out_of_range");
  EXPECT_EQ(UpError(graph, "base-1").kind, "relative_out_of_range");
}

TEST(IdentifierTest, StepsInTheWrongDirectionAreOutOfRange) {
  const Graph graph = Build("a <- b");
  EXPECT_EQ(UpError(graph, "-1", {"b"}).kind, "relative_out_of_range");
  EXPECT_EQ(UpError(graph, "+0", {"a"}).kind, "relative_out_of_range");
  EXPECT_EQ(DownError(graph, "+1", {"a"}).kind, "relative_out_of_range");
}

TEST(IdentifierTest, ANumberTooLargeForStepsIsNoRevision) {
  EXPECT_EQ(UpError(Build("a"), "+99999999999999999999").code, Code::kNotFound);
}

TEST(IdentifierTest, AForkMakesStepsUpAmbiguousAndNamesTheWays) {
  const Graph graph = WithMessages("a <- b; a <- c");
  const Error error = UpError(graph, "+1", {"a"});
  EXPECT_EQ(error.code, Code::kConflict);
  EXPECT_EQ(error.kind, "ambiguous_relative");
  EXPECT_THAT(error.message, HasSubstr("b (make b), c (make c)"));
}

TEST(IdentifierTest, AMergeMakesStepsDownAmbiguous) {
  const Graph graph = Build("b <- m; c <- m");
  EXPECT_EQ(DownError(graph, "-1", {"m"}).kind, "ambiguous_relative");
}

TEST(IdentifierTest, SeveralRowsMakePlainStepsAmbiguous) {
  const Graph graph = Build("a <- b; a <- c");
  EXPECT_EQ(UpError(graph, "+1", {"b", "c"}).kind, "ambiguous_relative");
  EXPECT_EQ(DownError(graph, "-1", {"b", "c"}).kind, "ambiguous_relative");
}

TEST(IdentifierTest, StepsFromAnUnknownRowSayThatItIsUnknown) {
  EXPECT_EQ(UpError(Build("aaaa"), "+1", {"gone"}).kind, "unknown_revision");
}

TEST(IdentifierTest, ALabelLimitsTheSymbolToItsLineage) {
  std::vector<Revision> revisions = Revisions("a <- b; b <- c1; c1 <- d1; b <- c2; c2 <- d2");
  for (Revision& revision : revisions) {
    if (revision.id == "c1") revision.branch_labels = {"left"};
  }
  const Graph graph(std::move(revisions));
  EXPECT_EQ(Up(graph, "left"), "c1");
  EXPECT_EQ(Up(graph, "left@head"), "d1");
  EXPECT_EQ(Up(graph, "lef@head"), "d1");
  EXPECT_EQ(Up(graph, "c2@head"), "d2");
  EXPECT_EQ(Up(graph, "left@+1", {"b"}), "c1");
  EXPECT_EQ(Up(graph, "left@+1", {"d2"}), "c1");
  EXPECT_EQ(Up(graph, "left@head-1"), "c1");
  EXPECT_EQ(Down(graph, "left@-1", {"d1", "d2"}), "c1");
  EXPECT_EQ(UpError(graph, "left@d2").kind, "not_in_branch");
  EXPECT_EQ(UpError(graph, "left@d2").hint, "drover history -r c1@base:");
  EXPECT_EQ(UpError(graph, "left@").kind, "empty_identifier");
  EXPECT_EQ(UpError(graph, "b@head").kind, "multiple_heads");
  EXPECT_EQ(Down(graph, "c2@-1", {"a"}), "base");
}

TEST(IdentifierTest, OnlyStepsOfUpgradesAndDowngradesCount) {
  const Graph graph = Build("r1 <- r2 <- r3");
  const Error error = Caught([&] { (void)ResolveSymbol(graph, "head-1"); });
  EXPECT_EQ(error.kind, "unknown_revision");
  EXPECT_EQ(error.hint, "write r2 instead of head-1");
  EXPECT_EQ(Listed(ResolveToShow(graph, "-1")), "r2");
  EXPECT_EQ(Caught([&] { (void)ResolveSymbol(graph, "-1"); }).kind, "unknown_revision_short_id");
}

std::string Range(const Graph& graph, std::string_view range, std::vector<RevisionId> rows = {}) {
  const std::vector<bool> inside = ResolveRange(graph, range, rows);
  std::vector<RevisionId> ids;
  for (std::size_t i = 0; i < inside.size(); ++i) {
    if (inside[i]) ids.push_back(graph.At(i).id);
  }
  return Listed(ids);
}

TEST(IdentifierTest, RangesIncludeBothEnds) {
  const Graph graph = Build("r1 <- r2 <- r3 <- r4");
  EXPECT_EQ(Range(graph, "r2:r3"), "r2, r3");
  EXPECT_EQ(Range(graph, "r3:"), "r3, r4");
  EXPECT_EQ(Range(graph, ":r2"), "r1, r2");
  EXPECT_EQ(Range(graph, ":"), "r1, r2, r3, r4");
  EXPECT_EQ(Range(graph, "-1:"), "r3, r4");
  EXPECT_EQ(Range(graph, "-9:r2"), "r1, r2");
  EXPECT_EQ(Range(graph, "r2:+1"), "r2, r3");
  EXPECT_EQ(Range(graph, "current:", {"r3"}), "r3, r4");
  EXPECT_EQ(Caught([&] { (void)Range(graph, "r3:r2"); }).kind, "range_not_ancestor");
  EXPECT_EQ(Caught([&] { (void)Range(graph, "r3"); }).kind, "range");
}

TEST(IdentifierTest, ResolveRevisionWantsExactlyOne) {
  const Graph graph = Build("aaaa <- bbbb; aaaa <- cccc");
  EXPECT_EQ(ResolveRevision(graph, "bb"), "bbbb");
  EXPECT_EQ(Caught([&] { (void)ResolveRevision(graph, "heads"); }).kind, "multiple_heads");
  EXPECT_EQ(Caught([&] { (void)ResolveRevision(graph, "base"); }).kind, "unknown_revision");
}

TEST(IdentifierTest, LongListsOfRevisionsAreCutShort) {
  std::vector<std::string> ids;
  for (int i = 0; i < 10; ++i) ids.push_back(Concat("r", i));
  EXPECT_EQ(NameRevisions(Graph(), ids), "r0, r1, r2, r3, r4, r5, r6, r7, 2 more");
  const std::vector<std::string> base{""};
  EXPECT_EQ(NameRevisions(Graph(), base), "base");
}

}  // namespace
}  // namespace drover::migrations
