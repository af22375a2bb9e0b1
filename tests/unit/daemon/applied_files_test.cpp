#include "daemon/applied_files.h"

#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "tests/unit/daemon/scratch.h"

namespace drover::daemon {
namespace {

using drover::testing::Scratch;
using drover::testing::Spill;
using migrations::Revision;
using migrations::RevisionId;

constexpr FileIdentity kDatabase{.device = 1, .inode = 2};
const std::string kPath = "/srv/app.db";

/// "id:parent=checksum", separated by blanks; the first have no parent.
class Files {
 public:
  explicit Files(std::string_view text) {
    for (const std::string& each : SplitList(text, ' ')) {
      const std::size_t colon = each.find(':');
      const std::size_t equals = each.find('=');
      Revision revision;
      revision.format = migrations::Format::kAlembic;
      revision.id = each.substr(0, std::min(colon, equals));
      if (colon < equals) revision.down_revision = {each.substr(colon + 1, equals - colon - 1)};
      revision.raw_sha256 = each.substr(equals + 1);
      revisions_.push_back(std::make_shared<const Revision>(std::move(revision)));
    }
  }

  [[nodiscard]] migrations::MigrationFiles Get() const {
    return {.revisions = revisions_, .graph = nullptr, .unreadable = std::nullopt};
  }

  [[nodiscard]] std::vector<migrations::RevisionPtr> Pointers() const { return revisions_; }

 private:
  std::vector<migrations::RevisionPtr> revisions_;
};

std::string NotedIn(AppliedFiles& noted, std::vector<RevisionId> rows, std::string_view files,
                    FileIdentity database = kDatabase, const std::string& path = kPath) {
  const Files there(files);
  std::vector<std::string> texts;
  for (const auto& [id, record] : noted.Note(path, database, rows, there.Get())) {
    texts.push_back(Concat(id, "=", record.raw_sha256));
  }
  return Join(texts, " ");
}

TEST(AppliedFilesTest, WhatIsFirstSeenStaysAcrossRestarts) {
  const Scratch scratch;
  {
    AppliedFiles noted(scratch.path());
    EXPECT_EQ(NotedIn(noted, {"b"}, "a=1 b:a=2 c:b=3"), "a=1 b=2");
    EXPECT_EQ(NotedIn(noted, {"b"}, "a=9 b:a=2 c:b=3"), "a=1 b=2");
  }
  AppliedFiles again(scratch.path());
  EXPECT_EQ(NotedIn(again, {"c"}, "a=9 b:a=8 c:b=7"), "a=1 b=2 c=7");
  EXPECT_EQ(NotedIn(again, {"c"}, "b:a=8"), "a=1 b=2 c=7") << "files may be gone";
}

TEST(AppliedFilesTest, WhatIsTakenBackIsForgotten) {
  const Scratch scratch;
  AppliedFiles noted(scratch.path());
  EXPECT_EQ(NotedIn(noted, {"b"}, "a=1 b:a=2"), "a=1 b=2");
  EXPECT_EQ(NotedIn(noted, {"a"}, "a=1 b:a=2"), "a=1");
  EXPECT_EQ(NotedIn(noted, {"b"}, "a=1 b:a=5"), "a=1 b=5");
  const Files none("");
  migrations::MigrationFiles unreadable = none.Get();
  unreadable.unreadable = Error(Code::kInvalid, "malformed_migration", "x");
  EXPECT_EQ(noted.Note(kPath, kDatabase, std::vector<RevisionId>{}, unreadable).size(), 2U);
}

TEST(AppliedFilesTest, AnotherDatabaseInTheSamePlaceBeginsAnew) {
  const Scratch scratch;
  AppliedFiles noted(scratch.path());
  EXPECT_EQ(NotedIn(noted, {"a"}, "a=1"), "a=1");
  EXPECT_EQ(NotedIn(noted, {"a"}, "a=2", {.device = 1, .inode = 3}), "a=2");
}

TEST(AppliedFilesTest, AnEditIsAcceptedAlsoByAnotherProcess) {
  const Scratch scratch;
  AppliedFiles noted(scratch.path());
  EXPECT_EQ(NotedIn(noted, {"b"}, "a=1 b:a=2"), "a=1 b=2");
  AppliedFiles(scratch.path()).Accept(kPath, "a");
  EXPECT_EQ(NotedIn(noted, {"b"}, "a=7 b:a=2"), "a=7 b=2");
}

TEST(AppliedFilesTest, AJobNotesWhatItHasApplied) {
  const Scratch scratch;
  const std::string path = scratch / "app.db";
  Spill(path, "");
  const FileIdentity database = StatFile(path)->identity;
  AppliedFiles noted(scratch.path());
  EXPECT_EQ(NotedIn(noted, {"b"}, "a=1 b:a=2", database, path), "a=1 b=2");

  const Files now("a=7 b:a=8 c:b=3");
  const migrations::Graph graph(now.Pointers());
  AppliedFiles(scratch.path())
      .NoteJob(path, std::vector<RevisionId>{"c"}, graph, std::vector<RevisionId>{"b", "c"});
  EXPECT_EQ(NotedIn(noted, {"c"}, "a=7 b:a=8 c:b=9", database, path), "a=1 b=8 c=3");

  std::filesystem::remove(path);
  AppliedFiles(scratch.path()).NoteJob(path, {}, graph, {});
  EXPECT_EQ(NotedIn(noted, {"c"}, "c:b=9", database, path), "a=1 b=8 c=3") << "nothing to note of";
}

TEST(AppliedFilesTest, DamagedNotesAreMadeAnew) {
  const Scratch scratch;
  AppliedFiles noted(scratch.path());
  EXPECT_EQ(NotedIn(noted, {"a"}, "a=1"), "a=1");
  const std::string file = ListDirectory(scratch / "alembic").front();
  for (const char* text : {"", "{", "[]", "{\"revisions\": 3}"}) {
    Spill(scratch / ("alembic/" + file), text);
    AppliedFiles again(scratch.path());
    EXPECT_EQ(NotedIn(again, {"a"}, "a=5"), "a=5") << text;
  }
}

}  // namespace
}  // namespace drover::daemon
