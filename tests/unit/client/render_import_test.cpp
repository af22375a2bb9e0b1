#include <gtest/gtest.h>

#include "client/render/render.h"
#include "tests/unit/client/support.h"

namespace drover::client {
namespace {

ImportDocument Imported() {
  ImportDocument imported;
  imported.directory = "/home/u/idv/migrations";
  imported.written = true;
  imported.equal = true;
  imported.duration_ms = 9400;
  imported.revisions = {
      {.revision = "a1",
       .message = "First\033[31m",
       .source = "versions/a1.py",
       .file = "a1_first.sql",
       .up = "sql",
       .down = "partial",
       .equal = true,
       .differences = {},
       .data_code = {},
       .notes = {"a note"}},
      {.revision = "b2",
       .message = "Second",
       .source = "versions/b2.py",
       .file = "b2_second.sql",
       .up = "nothing",
       .down = "none",
       .equal = true,
       .differences = {},
       .data_code = {{.where = "versions/b2.py:7", .text = "bind =", .rows = false},
                     {.where = "versions/b2.py:8", .text = "bind.x()", .rows = true}},
       .notes = {}}};
  imported.config = {.file = "drover.yaml",
                     .before = "migrations:\n  format: alembic\n",
                     .after = "migrations:\n  format: native\n",
                     .problem = {},
                     .changed = false};
  return imported;
}

std::string Screen(const ImportDocument& imported) {
  return RenderImport(imported, "/home/u/idv/backend", "/home/u/idv", kPipe);
}

TEST(ImportScreenTest, EachRevisionAndWhatIsToBeChanged) {
  EXPECT_EQ(
      Screen(Imported()),
      "✓ a1  First [31m\n"
      "    up: what Alembic executes; down: what Alembic executes, in part\n"
      "    a note\n"
      "✓ b2  Second\n"
      "    up: nothing to do; down: no way back\n"
      "    not translated: versions/b2.py:8  bind.x()\n"
      "\n"
      "Replayed beside Alembic: the same schema and rows, but for what 1 revision does with rows "
      "in Python.\n"
      "2 files written to ../migrations in 9.4 s.\n"
      "\n"
      "In drover.yaml:\n"
      "\n"
      "    migrations:\n"
      "      format: alembic\n"
      "\n"
      "becomes (drover import --yes does it)\n"
      "\n"
      "    migrations:\n"
      "      format: native\n");
}

TEST(ImportScreenTest, WhatDiffersIsNamedAndNothingElseIsSaid) {
  ImportDocument imported = Imported();
  imported.written = imported.equal = imported.revisions[1].equal = false;
  imported.revisions[1].differences = {"+ t.x"};
  imported.error = ErrorBody{};
  const std::string screen = Screen(imported);
  EXPECT_NE(screen.find("✗ b2  Second\n"), std::string::npos);
  EXPECT_NE(screen.find("    differs: + t.x\n"), std::string::npos);
  EXPECT_EQ(screen.find("drover.yaml"), std::string::npos);
  EXPECT_EQ(screen.find("Replayed"), std::string::npos);
}

TEST(ImportScreenTest, WhyAFileIsOnlyShown) {
  ImportDocument imported = Imported();
  imported.config.problem = "it is odd";
  EXPECT_NE(Screen(imported).find("drover.yaml is not changed by drover: it is odd. Write there\n"),
            std::string::npos);
}

TEST(ImportScreenTest, AChangedFileIsShownWithTheNextCommand) {
  ImportDocument imported = Imported();
  imported.config.changed = true;
  EXPECT_NE(Screen(imported).find("Next: drover status; Alembic's files are as they were\n"),
            std::string::npos);
}

}  // namespace
}  // namespace drover::client
