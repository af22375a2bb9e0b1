#include "migrations/native_format.h"

#include <gmock/gmock.h>

#include "tests/unit/migrations/support.h"

namespace drover::migrations {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::string_view kMinimal =
    "-- revision: abc\n-- down_revision: none\n-- migrate:up\nSELECT 1;\n";

Revision Parse(std::string_view text) { return ParseMigration(text, "/m/x.sql"); }

Error ParseError(std::string_view text) {
  return Caught([&] { (void)Parse(text); });
}

void ExpectMalformed(std::string_view text, std::string_view where, std::string_view message) {
  const Error error = ParseError(text);
  EXPECT_EQ(error.code, Code::kInvalid) << text;
  EXPECT_EQ(error.kind, "malformed_migration") << text;
  EXPECT_EQ(error.where, where) << text;
  EXPECT_THAT(error.message, HasSubstr(std::string(message)));
}

TEST(NativeFormatTest, ReadsEveryHeaderLineAndBothSections) {
  const Revision revision = Parse(
      "-- revision: 981cbaae32a1\n"
      "-- down_revision: aaaa1, bbbb2\n"
      "-- depends_on: cccc3\n"
      "-- branch_labels: shop,web\n"
      "-- message: Join: two branches\n"
      "-- created: 2026-02-12T23:20:18Z\n"
      "-- draft\n"
      "\n"
      "-- migrate:up\n"
      "CREATE TABLE t (a);\n"
      "-- migrate:down\n"
      "DROP TABLE t;\n");
  EXPECT_EQ(revision.id, "981cbaae32a1");
  EXPECT_THAT(revision.down_revision, ElementsAre("aaaa1", "bbbb2"));
  EXPECT_THAT(revision.depends_on, ElementsAre("cccc3"));
  EXPECT_THAT(revision.branch_labels, ElementsAre("shop", "web"));
  EXPECT_EQ(revision.message, "Join: two branches");
  EXPECT_EQ(revision.created, "2026-02-12T23:20:18Z");
  EXPECT_TRUE(revision.draft);
  EXPECT_EQ(revision.file, "/m/x.sql");
  EXPECT_EQ(revision.header_line, 1U);
  EXPECT_EQ(revision.up.sql, "CREATE TABLE t (a);\n");
  EXPECT_EQ(revision.up.line, 10U);
  EXPECT_TRUE(revision.up.transaction);
  ASSERT_TRUE(revision.down.has_value());
  EXPECT_EQ(revision.down->sql, "DROP TABLE t;\n");
  EXPECT_EQ(revision.down->line, 12U);
}

TEST(NativeFormatTest, ALeastFileIsABaseWithoutAWayBack) {
  const Revision revision = Parse(kMinimal);
  EXPECT_EQ(revision.id, "abc");
  EXPECT_THAT(revision.down_revision, IsEmpty());
  EXPECT_FALSE(revision.draft);
  EXPECT_FALSE(revision.down.has_value());
  EXPECT_EQ(revision.down_sha256, "");
}

TEST(NativeFormatTest, ChecksumsAreOfTheBytesAndOfTheSections) {
  const Revision revision = Parse(kMinimal);
  EXPECT_EQ(revision.raw_sha256, Sha256(kMinimal));
  EXPECT_EQ(revision.up_sha256, ScriptSha256("SELECT 1;"));
}

TEST(NativeFormatTest, OrderOfHeaderLinesAndSectionsDoesNotMatter) {
  const Revision revision = Parse(
      "-- down_revision: none\n\n--revision:abc\n-- migrate:down\nSELECT 2;\n--migrate:up\n"
      "SELECT 1;");
  EXPECT_EQ(revision.id, "abc");
  EXPECT_EQ(revision.header_line, 3U);
  EXPECT_EQ(revision.up.sql, "SELECT 1;");
  EXPECT_EQ(revision.up.line, 7U);
  EXPECT_EQ(revision.down->sql, "SELECT 2;\n");
}

TEST(NativeFormatTest, OtherCommentsInTheHeaderAreWelcome) {
  for (const std::string_view comment :
       {"-- Copyright: somebody", "-- author: me", "-- note: see below", "-- see https://a.b/c",
        "--", "-- Revises: x", "-- down revision: prose", "-- a draft of sorts", "-- ticket: 12"}) {
    EXPECT_EQ(Parse(Concat(comment, "\n", kMinimal)).id, "abc") << comment;
  }
}

TEST(NativeFormatTest, AByteOrderMarkAndWindowsLineEndsAreAccepted) {
  const Revision revision = Parse(
      "\xEF\xBB\xBF-- revision: abc\r\n-- down_revision: none\r\n-- draft\r\n-- migrate:up\r\n"
      "SELECT 1;\r\n-- migrate:down\r\n");
  EXPECT_EQ(revision.id, "abc");
  EXPECT_TRUE(revision.draft);
  EXPECT_EQ(revision.up.sql, "SELECT 1;\r\n");
  EXPECT_EQ(revision.up.line, 5U);
  ASSERT_TRUE(revision.down.has_value());
  EXPECT_EQ(revision.down->sql, "");
}

TEST(NativeFormatTest, TheDraftLineMayBeWrittenInCapitals) {
  EXPECT_TRUE(Parse(Concat("-- DRAFT\n", kMinimal)).draft);
  EXPECT_TRUE(Parse(Concat("-- Draft \n", kMinimal)).draft);
}

TEST(NativeFormatTest, ASectionMayOptOutOfTheTransaction) {
  const Revision revision = Parse(
      "-- revision: abc\n-- down_revision: none\n-- migrate:up transaction:false\nVACUUM;\n"
      "-- migrate:down transaction:true\n");
  EXPECT_FALSE(revision.up.transaction);
  EXPECT_TRUE(revision.down->transaction);
}

TEST(NativeFormatTest, AMegabyteOfSqlIsKeptAsWritten) {
  std::string sql;
  while (sql.size() < (1U << 20U)) sql += "INSERT INTO t VALUES ('row');\n";
  const Revision revision =
      Parse(Concat("-- revision: abc\n-- down_revision: none\n-- migrate:up\n", sql));
  EXPECT_EQ(revision.up.sql, sql);
}

TEST(NativeFormatErrorTest, MissingLinesAreNamed) {
  ExpectMalformed("", "/m/x.sql:1:1", "no \"-- revision:\" line");
  ExpectMalformed("\n\n", "/m/x.sql:1:1", "no \"-- revision:\" line");
  ExpectMalformed("-- down_revision: none\n-- migrate:up\n", "/m/x.sql:1:1",
                  "no \"-- revision:\" line");
  ExpectMalformed("-- revision: abc\n-- migrate:up\n", "/m/x.sql:1:1",
                  "no \"-- down_revision:\" line");
  ExpectMalformed("-- revision: abc\n-- down_revision: none\n", "/m/x.sql:1:1",
                  "no \"-- migrate:up\" line");
  ExpectMalformed("-- revision: abc\n-- down_revision: none\n-- migrate:down\nSELECT 1;\n",
                  "/m/x.sql:1:1", "no \"-- migrate:up\" line");
}

TEST(NativeFormatErrorTest, MalformedLinesAreNamedWithTheirPlace) {
  ExpectMalformed("-- revision: abc\nCREATE TABLE t (a);\n", "/m/x.sql:2:1",
                  "\"CREATE TABLE t (a);\" stands before the first section");
  ExpectMalformed("-- revision: abc\n-- revision: abd\n", "/m/x.sql:2:1", "twice");
  ExpectMalformed("-- revison: abc\n", "/m/x.sql:1:1", "did you mean \"revision\"?");
  ExpectMalformed("\n-- Down_revision: abc\n", "/m/x.sql:2:1", "did you mean \"down_revision\"?");
  ExpectMalformed("-- draft: true\n", "/m/x.sql:1:1", "did you mean \"draft\"?");
  ExpectMalformed("-- revision: abc\n-- down_revision:\n", "/m/x.sql:2:1", "has no value");
  ExpectMalformed("-- revision: abc\n-- down_revision: aa, aa\n", "/m/x.sql:2:1", "aa twice");
  ExpectMalformed(Concat(kMinimal, "-- migrate:up\n"), "/m/x.sql:5:1", "two \"-- migrate:up\"");
  ExpectMalformed(Concat(kMinimal, "-- migrate:down\n\n-- migrate:down\n"), "/m/x.sql:7:1",
                  "two \"-- migrate:down\"");
  ExpectMalformed("-- revision: abc\n-- migrate:upgrade\n", "/m/x.sql:2:1",
                  "unknown section \"migrate:upgrade\"");
  ExpectMalformed("-- revision: abc\n-- migrate:\n", "/m/x.sql:2:1", "unknown section");
  ExpectMalformed("-- revision: abc\n-- migrate:up transaction:no\n", "/m/x.sql:2:1",
                  "unknown option \"transaction:no\"");
}

TEST(NativeFormatErrorTest, ANulByteIsNamedWithItsLine) {
  std::string text(kMinimal);
  text += std::string("SELECT '\0';", 11);
  ExpectMalformed(text, "/m/x.sql:5:1", "NUL byte");
}

TEST(NativeFormatErrorTest, ABinaryFileIsNoMigration) {
  std::string bytes;
  for (int i = 1; i < 256; ++i) bytes.push_back(static_cast<char>(i));
  EXPECT_EQ(ParseError(bytes).kind, "malformed_migration");
  EXPECT_EQ(ParseError("\xFF\xFE\x2D").kind, "malformed_migration");
}

TEST(NativeFormatErrorTest, AnIdWithForbiddenCharactersIsNamedWithItsPlace) {
  const Error error = ParseError("\n-- revision: a b\n");
  EXPECT_EQ(error.code, Code::kInvalid);
  EXPECT_EQ(error.kind, "illegal_character");
  EXPECT_EQ(error.where, "/m/x.sql:2:1");
  EXPECT_EQ(ParseError("-- revision:\n").kind, "illegal_character");
  EXPECT_EQ(ParseError("-- revision: a\n-- down_revision: x, none\n").kind, "illegal_character");
  EXPECT_EQ(ParseError("-- revision: a\n-- depends_on: x+1\n").where, "/m/x.sql:2:1");
}

TEST(RevisionIdTest, WhatCanNameARevision) {
  for (const char* id :
       {"a", "0001", "981cbaae32a1", "add_notes", "v1.2", "2024.01/shop", "Größe"}) {
    EXPECT_NO_THROW(CheckRevisionId(id, "")) << id;
  }
  EXPECT_NO_THROW(CheckRevisionId(std::string(128, 'a'), ""));
}

TEST(RevisionIdTest, WhatCannot) {
  for (const char* id : {"", "a b", "a\tb", "a\nb", "a\"", "a'", "a`", "a\\b", "a,b", "a@b", "a-b",
                         "a+1", "a:b", "head", "heads", "base", "current", "none"}) {
    EXPECT_EQ(Caught([&] { CheckRevisionId(id, "w"); }).kind, "illegal_character") << id;
  }
  EXPECT_EQ(Caught([] { CheckRevisionId(std::string(129, 'a'), "w"); }).where, "w");
}

TEST(FormatMigrationTest, WhatIsWrittenIsReadBack) {
  Revision revision;
  revision.id = "abc123";
  revision.down_revision = {"x1", "y2"};
  revision.depends_on = {"z3"};
  revision.branch_labels = {"shop"};
  revision.message = "Add notes: of two kinds";
  revision.created = "2026-02-12T23:20:18Z";
  revision.draft = true;
  const Revision read = Parse(FormatMigration(revision));
  EXPECT_EQ(read.id, "abc123");
  EXPECT_THAT(read.down_revision, ElementsAre("x1", "y2"));
  EXPECT_THAT(read.depends_on, ElementsAre("z3"));
  EXPECT_THAT(read.branch_labels, ElementsAre("shop"));
  EXPECT_EQ(read.message, "Add notes: of two kinds");
  EXPECT_EQ(read.created, "2026-02-12T23:20:18Z");
  EXPECT_TRUE(read.draft);
  EXPECT_TRUE(read.down.has_value());
}

TEST(FormatMigrationTest, ABaseSaysNone) {
  Revision revision;
  revision.id = "abc";
  EXPECT_EQ(FormatMigration(revision),
            "-- revision: abc\n-- down_revision: none\n-- message: \n-- created: \n"
            "-- migrate:up\n\n-- migrate:down\n\n");
}

TEST(SlugTest, WordsOfAMessageJoinedByUnderscores) {
  EXPECT_EQ(Slug("Add notes to accounts"), "add_notes_to_accounts");
  EXPECT_EQ(Slug("  --Fix: the (odd) thing!! "), "fix_the_odd_thing");
  EXPECT_EQ(Slug("../../etc/passwd"), "etc_passwd");
  EXPECT_EQ(Slug(""), "");
  EXPECT_EQ(Slug("???"), "");
}

TEST(SlugTest, IsCutAtAWordOrInsideALongOne) {
  EXPECT_EQ(Slug("aaaaaaaaa bbbbbbbbb ccccccccc ddddddddd eeeeeeeee"),
            "aaaaaaaaa_bbbbbbbbb_ccccccccc_ddddddddd");
  EXPECT_EQ(Slug(std::string(50, 'a')), std::string(40, 'a'));
}

TEST(SlugTest, KeepsLettersBeyondAsciiWhole) {
  EXPECT_EQ(Slug("Größe"), "größe");
  EXPECT_EQ(Slug("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa caf\xC3\xA9 tail"),
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa_caf\xC3\xA9");
  std::string chinese;
  for (int i = 0; i < 20; ++i) chinese += "\xE4\xB8\xAD";
  std::string thirteen;
  for (int i = 0; i < 13; ++i) thirteen += "\xE4\xB8\xAD";
  EXPECT_EQ(Slug(chinese), thirteen);
}

TEST(EmptyUpTest, CommentsAndSemicolonsAreNoStatement) {
  EXPECT_TRUE(HasEmptyUp(MakeRevision("a", {}, "")));
  EXPECT_TRUE(HasEmptyUp(MakeRevision("a", {"b"}, "\n-- later\n/* and\n more */ ;;\n")));
  EXPECT_FALSE(HasEmptyUp(MakeRevision("a", {}, "-- x\nSELECT 1")));
  EXPECT_FALSE(HasEmptyUp(MakeRevision("a", {"b", "c"}, "")));
}

}  // namespace
}  // namespace drover::migrations
