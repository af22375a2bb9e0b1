#include "daemon/branch_search.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/posix.h"
#include "base/text.h"
#include "daemon/git_process.h"
#include "tests/unit/daemon/support.h"

namespace drover::daemon {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class BranchSearchTest : public ::testing::Test {
 protected:
  BranchSearchTest() {
    Git({"init", "--quiet", "--initial-branch=main"});
    Commit("one", "-- revision: a1\n-- down_revision: none\n");
    Git({"checkout", "--quiet", "-b", "feature/notes"});
    Commit("two", "-- revision: b2\r\n-- down_revision: a1\n");
    Git({"branch", "copy"});
    Git({"checkout", "--quiet", "main"});
  }

  void Git(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"-c", "user.name=Ann", "-c", "user.email=a@example.org"});
    const ChildResult result = RunGit(scratch_.path(), std::move(arguments));
    ASSERT_EQ(result.exit_code, 0) << result.output;
  }

  void Commit(const std::string& name, std::string_view text) {
    MakeDirectories(scratch_.path() + "/db/migrations", 0755);
    CreateFile(Concat(scratch_.path(), "/db/migrations/", name, ".sql"), text, 0644);
    Git({"add", "."});
    Git({"commit", "--quiet", "-m", name});
  }

  [[nodiscard]] BranchSearchRequest Request(std::set<std::string> revisions) const {
    return {.root = scratch_.path() + "/db",
            .directories = {scratch_.path() + "/db/migrations"},
            .revisions = std::move(revisions)};
  }

  drover::testing::Scratch scratch_;
};

TEST_F(BranchSearchTest, AFileOfOtherBranchesIsFoundWithoutACheckout) {
  const auto found = FindOnBranches(Request({"b2", "c3"}));
  ASSERT_THAT(found, SizeIs(1));
  const RevisionOnBranches& where = found.at("b2");
  EXPECT_THAT(where.branches, ::testing::UnorderedElementsAre("feature/notes", "copy"));
  EXPECT_EQ(where.file, "db/migrations/two.sql");
  EXPECT_EQ(where.author, "Ann");
}

TEST_F(BranchSearchTest, OnlyTheHeaderOfTheRevisionItselfCounts) {
  Git({"checkout", "--quiet", "-b", "talk"});
  Commit("three", "-- revision: c3\n-- down_revision: b2\n-- message: revision: b2x\n");
  Git({"checkout", "--quiet", "main"});
  EXPECT_THAT(FindOnBranches(Request({"b2"})).at("b2").branches, SizeIs(2));
  EXPECT_THAT(FindOnBranches(Request({"b."})), IsEmpty()) << "an id is no pattern";
}

TEST_F(BranchSearchTest, AnswersAreKeptUntilAReferenceChanges) {
  BranchSearch search;
  EXPECT_THAT(search.Find(Request({"c3"})), IsEmpty());
  Git({"checkout", "--quiet", "-b", "talk"});
  Commit("three", "-- revision: c3\n-- down_revision: a1\n");
  EXPECT_THAT(search.Find(Request({"c3"})).at("c3").branches, ElementsAre("talk"));
  EXPECT_THAT(search.Find(Request({"b2"})).at("b2").branches, SizeIs(2));
}

TEST(BranchSearchWithoutGitTest, NothingIsFoundOutsideOfARepository) {
  const drover::testing::Scratch scratch;
  EXPECT_THAT(
      FindOnBranches({.root = scratch.path(), .directories = {scratch.path()}, .revisions = {"a"}}),
      IsEmpty());
}

TEST(RevisionOnBranchesTest, IsDescribedInAFewWords) {
  EXPECT_EQ(Describe({.branches = {"x"}, .file = "m/x.sql", .author = ""}),
            "on branch x (m/x.sql)");
  EXPECT_EQ(Describe({.branches = {"a", "b", "c", "d"}, .file = "m/x.sql", .author = "Ann"}),
            "on branches a, b, c and 1 more (m/x.sql, by Ann)");
}

}  // namespace
}  // namespace drover::daemon
