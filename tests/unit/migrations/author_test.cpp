#include "migrations/author.h"

#include <filesystem>
#include <gmock/gmock.h>

#include "base/text.h"
#include "migrations/folder.h"
#include "tests/unit/migrations/support.h"

namespace drover::migrations {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

class AuthorTest : public testing::Test {
 protected:
  Revision Write(const Graph& graph, const NewRevision& wanted) {
    return WriteRevision(graph, wanted, directory_.path());
  }
  Error WriteError(const Graph& graph, const NewRevision& wanted) {
    return Caught([&] { (void)Write(graph, wanted); });
  }
  Revision Merge(const Graph& graph, const std::vector<std::string>& revisions) {
    return WriteMerge(graph, revisions, "", "", "", directory_.path());
  }
  Error MergeError(const Graph& graph, const std::vector<std::string>& revisions) {
    return Caught([&] { (void)Merge(graph, revisions); });
  }

  TempDir directory_;
};

TEST_F(AuthorTest, WritesADraftOnTopOfTheHead) {
  const Revision written = Write(Build("a <- b"), {.message = "Add notes"});
  EXPECT_EQ(written.id.size(), 12U);
  EXPECT_TRUE(IsHex(written.id));
  EXPECT_EQ(written.file, directory_ / Concat(written.id, "_add_notes.sql"));
  const Revision read = ParseMigration(ReadText(written.file), written.file);
  EXPECT_EQ(read.id, written.id);
  EXPECT_THAT(read.down_revision, ElementsAre("b"));
  EXPECT_EQ(read.message, "Add notes");
  EXPECT_THAT(read.created, EndsWith("Z"));
  EXPECT_TRUE(read.draft);
  EXPECT_TRUE(HasEmptyUp(read));
}

TEST_F(AuthorTest, TheFirstRevisionIsABase) {
  EXPECT_THAT(Write(Graph(), {.message = "x"}).down_revision, IsEmpty());
}

TEST_F(AuthorTest, FilesAreCalledAfterTheTemplate) {
  const FileTemplate name{.pattern = "%(slug)s-%(rev)s"};
  const Graph graph = Build("a; b");
  EXPECT_EQ(WriteRevision(graph, {.message = "Fix it", .head = "a", .rev_id = "c1"},
                          directory_.path(), name)
                .file,
            directory_ / "fix_it-c1.sql");
  EXPECT_EQ(WriteMerge(graph, {}, "Join", "d1", "", directory_.path(), name).file,
            directory_ / "join-d1.sql");
}

TEST_F(AuthorTest, CreatesTheDirectory) {
  const std::string directory = directory_ / "x/migrations";
  (void)WriteRevision(Graph(), {.message = "x"}, directory);
  EXPECT_EQ(Names(directory).size(), 1U);
}

TEST_F(AuthorTest, EverythingAskedForIsInTheFile) {
  const Revision written = Write(Build("aaaa <- bbbb; cccc"), {.message = "two\nlines\x01 ",
                                                               .head = "bb",
                                                               .depends_on = {"cc"},
                                                               .branch_label = "shop",
                                                               .rev_id = "0002",
                                                               .draft = false});
  EXPECT_EQ(written.file, directory_ / "0002_two_lines.sql");
  const Revision read = ParseMigration(ReadText(written.file), written.file);
  EXPECT_EQ(read.id, "0002");
  EXPECT_THAT(read.down_revision, ElementsAre("bbbb"));
  EXPECT_THAT(read.depends_on, ElementsAre("cccc"));
  EXPECT_THAT(read.branch_labels, ElementsAre("shop"));
  EXPECT_EQ(read.message, "two lines");
  EXPECT_FALSE(read.draft);
}

TEST_F(AuthorTest, AMessageWithoutWordsLeavesTheIdAsTheName) {
  EXPECT_EQ(Write(Graph(), {.message = "???", .rev_id = "r1"}).file, directory_ / "r1.sql");
}

TEST_F(AuthorTest, SeveralHeadsAreAConflict) {
  const Error error = WriteError(Build("a <- b; a <- c"), {.message = "x"});
  EXPECT_EQ(error.code, Code::kConflict);
  EXPECT_EQ(error.kind, "multiple_heads");
  EXPECT_THAT(Names(directory_.path()), IsEmpty());
}

TEST_F(AuthorTest, OfLinesThatStayApartOneMustBeNamed) {
  const Error error = WriteError(Build("a <- b; x <- y"), {.message = "x"});
  EXPECT_EQ(error.kind, "multiple_heads");
  EXPECT_THAT(error.hint, StartsWith("drover revision --head"));
}

TEST_F(AuthorTest, TheParentMustBeAHeadUnlessSpliced) {
  const Graph graph = Build("aaaa <- bbbb");
  const Error error = WriteError(graph, {.message = "x", .head = "aaaa"});
  EXPECT_EQ(error.code, Code::kInvalid);
  EXPECT_EQ(error.kind, "not_a_head");
  EXPECT_THAT(error.message, HasSubstr("bbbb follows it"));
  EXPECT_THAT(Write(graph, {.message = "x", .head = "aaaa", .splice = true}).down_revision,
              ElementsAre("aaaa"));
}

TEST_F(AuthorTest, BaseStartsANewRoot) {
  EXPECT_THAT(Write(Build("a <- b"), {.message = "x", .head = "base"}).down_revision, IsEmpty());
}

TEST_F(AuthorTest, NamesThatWouldBreakTheGraphAreRefused) {
  std::vector<Revision> revisions = Revisions("aaaa");
  revisions[0].branch_labels = {"shop"};
  const Graph graph(std::move(revisions));
  EXPECT_EQ(WriteError(graph, {.message = "x", .rev_id = "aaaa"}).kind, "duplicate_revision");
  EXPECT_EQ(WriteError(graph, {.message = "x", .rev_id = "shop"}).kind, "duplicate_branch_label");
  EXPECT_EQ(WriteError(graph, {.message = "x", .rev_id = "a-b"}).kind, "illegal_character");
  EXPECT_EQ(WriteError(graph, {.message = "x", .branch_label = "a b"}).kind, "illegal_character");
  EXPECT_EQ(WriteError(graph, {.message = "x", .branch_label = "shop"}).kind,
            "duplicate_branch_label");
  EXPECT_EQ(WriteError(graph, {.message = "x", .branch_label = "aaaa"}).kind,
            "duplicate_branch_label");
  EXPECT_EQ(WriteError(graph, {.message = "x", .depends_on = {"gone"}}).kind, "unknown_revision");
  EXPECT_THAT(Names(directory_.path()), IsEmpty());
}

TEST_F(AuthorTest, AnExistingFileIsNotOverwritten) {
  WriteText(directory_ / "r1_x.sql", "precious");
  EXPECT_EQ(WriteError(Graph(), {.message = "x", .rev_id = "r1"}).code, Code::kConflict);
  EXPECT_EQ(ReadText(directory_ / "r1_x.sql"), "precious");
}

TEST_F(AuthorTest, AFileInPlaceOfTheDirectoryIsAnError) {
  WriteText(directory_ / "file", "");
  EXPECT_NO_FATAL_FAILURE({
    const Error error =
        Caught([&] { (void)WriteRevision(Graph(), {.message = "x"}, directory_ / "file"); });
    EXPECT_EQ(error.code, Code::kIo);
  });
}

TEST_F(AuthorTest, AMergeJoinsAllHeadsAndIsNoDraft) {
  const Revision merge = Merge(Build("a <- b; a <- c"), {});
  EXPECT_THAT(merge.down_revision, ElementsAre("b", "c"));
  EXPECT_FALSE(merge.draft);
  EXPECT_EQ(merge.message, "Merge b, c");
  MigrationFolders folders;
  const std::vector<std::string> directories{directory_.path()};
  EXPECT_EQ(folders.Load(directories).revisions.at(0)->id, merge.id);
}

TEST_F(AuthorTest, AMergeLeavesLinesOfTheirOwnAlone) {
  EXPECT_THAT(Merge(Build("a <- b; a <- c; x <- y"), {}).down_revision, ElementsAre("b", "c"));
}

TEST_F(AuthorTest, LinesOfTheirOwnAreMergedWhenThereIsNothingElse) {
  EXPECT_THAT(Merge(Build("a <- b; x <- y"), {}).down_revision, ElementsAre("b", "y"));
}

TEST_F(AuthorTest, AMergeOfNamedHeads) {
  const Graph graph = Build("aaaa <- bbbb; aaaa <- cccc; aaaa <- dddd");
  EXPECT_THAT(Merge(graph, {"bb", "dd"}).down_revision, ElementsAre("bbbb", "dddd"));
  EXPECT_THAT(Merge(graph, {"heads"}).down_revision, ElementsAre("bbbb", "cccc", "dddd"));
}

TEST_F(AuthorTest, AMergeNeedsSeveralDifferentHeads) {
  const Graph graph = Build("aaaa <- bbbb; aaaa <- cccc");
  EXPECT_EQ(MergeError(graph, {"bbbb", "bb"}).kind, "duplicate_heads");
  EXPECT_EQ(MergeError(graph, {"aaaa", "bbbb"}).kind, "not_a_head");
  EXPECT_EQ(MergeError(graph, {"bbbb"}).kind, "nothing_to_merge");
  EXPECT_EQ(MergeError(Build("a <- b"), {}).kind, "nothing_to_merge");
  EXPECT_EQ(MergeError(Graph(), {}).kind, "nothing_to_merge");
  EXPECT_THAT(Names(directory_.path()), IsEmpty());
}

}  // namespace
}  // namespace drover::migrations
