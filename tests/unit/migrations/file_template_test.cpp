#include "migrations/file_template.h"

#include <cstdlib>
#include <ctime>
#include <gmock/gmock.h>

#include "tests/unit/migrations/support.h"

namespace drover::migrations {
namespace {

using testing::HasSubstr;

// 2026-02-03T04:05:06Z
constexpr WallTime kTime{std::chrono::seconds(1770091506)};

std::string Name(std::string pattern, std::string message = "Add notes to accounts",
                 std::string id = "4b1c09a2e7d5") {
  Revision revision;
  revision.id = std::move(id);
  revision.message = std::move(message);
  return FileName({.pattern = std::move(pattern)}, revision, kTime);
}

TemplateProblem Problem(std::string_view pattern) {
  const auto problem = CheckFileTemplate(pattern);
  EXPECT_TRUE(problem.has_value()) << pattern;
  return problem.value_or(TemplateProblem{});
}

TEST(FileTemplateTest, TheDefaultIsAlembics) {
  EXPECT_EQ(Name(FileTemplate().pattern), "4b1c09a2e7d5_add_notes_to_accounts.sql");
  EXPECT_FALSE(CheckFileTemplate(FileTemplate().pattern));
}

TEST(FileTemplateTest, EveryTokenHasItsValue) {
  constexpr std::string_view kPattern =
      "%(epoch)s "
      "%(year)d-%(month).2d-%(day).2d_%(hour).2d.%(minute).2d.%(second).2d-%(rev)s~%(slug)s";
  EXPECT_FALSE(CheckFileTemplate(kPattern));
  EXPECT_EQ(Name(std::string(kPattern)),
            "1770091506 2026-02-03_04.05.06-4b1c09a2e7d5~add_notes_to_accounts.sql");
}

TEST(FileTemplateTest, NumbersTakeTheOtherSpellingsOfAlembicToo) {
  EXPECT_EQ(Name("%(month)d %(month)02d %(month)s %(month).3d"), "2 02 2 002.sql");
}

TEST(FileTemplateTest, TwoPercentSignsAreOne) {
  EXPECT_FALSE(CheckFileTemplate("100%%_%(rev)s"));
  EXPECT_EQ(Name("100%%_%(rev)s"), "100%_4b1c09a2e7d5.sql");
}

TEST(FileTemplateTest, AnEmptySlugLeavesNoSeparator) {
  EXPECT_EQ(Name("%(rev)s_%(slug)s", "!!!"), "4b1c09a2e7d5.sql");
  EXPECT_EQ(Name("%(rev)s_-_%(slug)s", ""), "4b1c09a2e7d5.sql");
  EXPECT_EQ(Name("%(rev)s_", "x"), "4b1c09a2e7d5_.sql");
}

TEST(FileTemplateTest, AnIdWithASlashStaysAName) {
  EXPECT_EQ(Name("%(rev)s_%(slug)s", "x", "a/b"), "a_b_x.sql");
}

TEST(FileTemplateTest, TimesAreOfTheChosenZone) {
  setenv("TZ", "Asia/Kolkata", 1);
  tzset();
  const Revision revision = [] {
    Revision made;
    made.id = "a1";
    return made;
  }();
  const std::string pattern = "%(day)d-%(hour).2d%(minute).2d_%(rev)s";
  EXPECT_EQ(FileName({.pattern = pattern, .zone = TimeZone::kUtc}, revision, kTime),
            "3-0405_a1.sql");
  EXPECT_EQ(FileName({.pattern = pattern, .zone = TimeZone::kLocal}, revision, kTime),
            "3-0935_a1.sql");
  unsetenv("TZ");
  tzset();
}

TEST(FileTemplateTest, AnUnknownTokenIsAnsweredWithTheNearest) {
  const TemplateProblem problem = Problem("%(rve)s_%(slug)s");
  EXPECT_EQ(problem.message, "there is no token %(rve), did you mean \"rev\"?");
  EXPECT_THAT(problem.hint, HasSubstr("rev, slug, epoch"));
}

TEST(FileTemplateTest, ATokenEndsInItsConversion) {
  EXPECT_EQ(Problem("%(rev)").hint, "write %(rev)s");
  EXPECT_EQ(Problem("%(rev)_x").hint, "write %(rev)s");
  EXPECT_EQ(Problem("%(rev)d").hint, "write %(rev)s");
  EXPECT_EQ(Problem("%(slug).2s").hint, "write %(slug)s");
  EXPECT_EQ(Problem("%(year)").hint, "write %(year)d");
  EXPECT_EQ(Problem("%(month).999d").hint, "write %(month).2d");
  EXPECT_EQ(Problem("%(month)2d").hint, "write %(month).2d");
}

TEST(FileTemplateTest, APercentSignAloneIsAnError) {
  EXPECT_THAT(Problem("50%_%(rev)s").hint, HasSubstr("%%"));
  EXPECT_THAT(Problem("%(rev)s%").hint, HasSubstr("%%"));
  EXPECT_THAT(Problem("%(rev").hint, HasSubstr("%%"));
}

TEST(FileTemplateTest, KnowsTheDoubledPercentOfAlembicIni) {
  EXPECT_THAT(Problem("%%(year)d_%%(rev)s").message, HasSubstr("alembic.ini"));
}

TEST(FileTemplateTest, TheNameStaysInTheDirectoryAndInSight) {
  EXPECT_THAT(Problem("%(year)d/%(rev)s").hint, HasSubstr("migrations.directory"));
  EXPECT_THAT(Problem("../%(rev)s").message, HasSubstr("another directory"));
  EXPECT_THAT(Problem(".%(rev)s").message, HasSubstr("begins with a dot"));
  EXPECT_THAT(Problem("%(rev)s.sql").hint, HasSubstr("leave \".sql\" out"));
  EXPECT_THAT(Problem("migration").message, HasSubstr("same name"));
}

TEST(FileTemplateTest, ANameThatCannotBeIsRefused) {
  for (const auto& [pattern, message, id] :
       {std::tuple{"%(slug)s", "!!!", "a1"}, std::tuple{"%(rev)s", "x", ".a1"},
        std::tuple{"%(slug)s%(slug)s%(slug)s%(slug)s%(slug)s%(slug)s%(slug)s",
                   "a message that is long enough for forty letters", "a1"}}) {
    const Error error = Caught([&] { (void)Name(pattern, message, id); });
    EXPECT_EQ(error.kind, "illegal_file_name") << pattern;
    EXPECT_THAT(error.hint, HasSubstr("file_template"));
  }
}

}  // namespace
}  // namespace drover::migrations
