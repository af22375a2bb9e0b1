#include "migrations/alembic/native_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "migrations/native_format.h"

namespace drover::migrations {
namespace {

Revision OfAlembic() {
  Revision revision;
  revision.format = Format::kAlembic;
  revision.id = "b2";
  revision.down_revision = {"a1"};
  revision.depends_on = {"f9"};
  revision.branch_labels = {"shop"};
  revision.message = "Add a note";
  revision.created = "2026-02-12 23:20:18.123456";
  revision.down.emplace();
  return revision;
}

TEST(NativeFileTest, EverythingButTheCodeStays) {
  const Revision old = OfAlembic();
  const Revision made =
      MakeNative({.revision = old,
                  .source = "versions/b2.py",
                  .up = {.origin = ScriptOrigin::kSql, .sql = "ALTER TABLE t ADD COLUMN n;\n"},
                  .down = {.origin = ScriptOrigin::kSql, .sql = "DROP TABLE u;\n"}});
  EXPECT_EQ(FormatMigration(made),
            "-- revision: b2\n"
            "-- down_revision: a1\n"
            "-- depends_on: f9\n"
            "-- branch_labels: shop\n"
            "-- message: Add a note\n"
            "-- created: 2026-02-12 23:20:18.123456\n"
            "-- migrate:up\n"
            "-- Imported from versions/b2.py.\n"
            "ALTER TABLE t ADD COLUMN n;\n"
            "\n"
            "-- migrate:down\n"
            "DROP TABLE u;\n");
  EXPECT_EQ(NativeFileName(made), "b2_add_a_note.sql");
  EXPECT_FALSE(ParseMigration(FormatMigration(made), "x.sql").draft);
}

TEST(NativeFileTest, WithoutAWayBackThereIsNoDownSection) {
  const Revision old = OfAlembic();
  const Revision made = MakeNative({.revision = old, .source = "b2.py"});
  EXPECT_FALSE(ParseMigration(FormatMigration(made), "x.sql").down.has_value());
}

TEST(NativeFileTest, DoingNothingIsDoneByAStatement) {
  Revision old = OfAlembic();
  EXPECT_FALSE(HasEmptyUp(MakeNative({.revision = old, .source = "b2.py"})));
  old.down_revision = {"a1", "a2"};  // a merge may be empty
  EXPECT_THAT(MakeNative({.revision = old, .source = "b2.py"}).up.sql,
              testing::Not(testing::HasSubstr("SELECT")));
}

TEST(NativeFileTest, PythonThatIsLeftOutIsNamed) {
  const Revision old = OfAlembic();
  const Revision made = MakeNative(
      {.revision = old,
       .source = "b2.py",
       .up = {.origin = ScriptOrigin::kPartial,
              .sql = "SELECT 2;\n",
              .left_out = {"b2.py:3  bind.execute(x)"}},
       .down = {
           .origin = ScriptOrigin::kPartial, .sql = {}, .left_out = {"b2.py:9  bind.execute(y)"}}});
  EXPECT_EQ(made.up.sql,
            "-- Imported from b2.py.\n"
            "-- NOT TRANSLATED: Python that reads or writes rows:\n"
            "--   b2.py:3  bind.execute(x)\nSELECT 2;\n");
  EXPECT_EQ(
      made.down->sql,
      "-- NOT TRANSLATED: Python that reads or writes rows:\n--   b2.py:9  bind.execute(y)\n");
}

TEST(NativeFileTest, AnIdIsNeverAPath) {
  Revision revision = OfAlembic();
  revision.id = "../a/b";
  EXPECT_EQ(NativeFileName(revision), "_._a_b_add_a_note.sql");
  std::set<std::string> taken;
  EXPECT_EQ(FreeNativeFileName(revision, taken), "_._a_b_add_a_note.sql");
  revision.id = "_._A_b";
  EXPECT_EQ(FreeNativeFileName(revision, taken), "_._A_b_add_a_note_2.sql");
}

TEST(NativeFileTest, WhatIsNotProvenIsADraftThatSaysSo) {
  const Revision old = OfAlembic();
  const Revision made =
      MakeNative({.revision = old, .source = "b2.py", .differences = {"+ t.x\ny"}});
  EXPECT_TRUE(made.draft);
  EXPECT_THAT(made.up.sql, testing::HasSubstr("-- NOT PROVEN EQUAL to what Alembic does:\n"
                                              "--   + t.x y\n"));
}

TEST(NativeFileTest, ALineThatWouldBeginASectionIsRefused) {
  const Revision old = OfAlembic();
  try {
    (void)MakeNative(
        {.revision = old,
         .source = "b2.py",
         .up = {.origin = ScriptOrigin::kSql, .sql = "SELECT '\n-- migrate:down\n';\n"}});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind, "import.section_line");
    EXPECT_EQ(error.where, "b2.py:1:1");
  }
}

}  // namespace
}  // namespace drover::migrations
