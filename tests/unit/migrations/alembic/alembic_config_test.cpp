#include "migrations/alembic/alembic_config.h"

#include <gtest/gtest.h>

namespace drover::migrations {
namespace {

TEST(AlembicConfigTest, IniIsReadAsConfigparserDoes) {
  const auto config = ReadAlembicIni(
      "# comment\n[DEFAULT]\nscript_location = ignored\n\n[alembic]\n"
      "Script_Location : %(here)s/alembic\n"
      "version_locations = a\n    script_location = no\n"
      "; sqlalchemy.url = no\n"
      "sqlalchemy.url = sqlite:///a%%20b.db\n[loggers]\nkeys = root\n");
  ASSERT_TRUE(config);
  EXPECT_EQ(config->script_location, (TextAtLine{"%(here)s/alembic", 6}));
  EXPECT_EQ(config->url, (TextAtLine{"sqlite:///a%20b.db", 10}));
  EXPECT_FALSE(ReadAlembicIni("[loggers]\nscript_location = x\n"));
  EXPECT_FALSE(ReadAlembicIni(""));
  EXPECT_FALSE(ReadAlembicIni("[alembic]\n")->script_location);
}

TEST(AlembicConfigTest, NamesAreReplacedAsConfigparserReplacesThem) {
  constexpr std::string_view kText =
      "[DEFAULT]\nbase = %(here)s/db\nscript_location = %(base)s/of_default\n"
      "[alembic]\nDb = x%%y\nsqlalchemy.url = sqlite:///%(DB)s%(nobody)s\nloop = %(loop)s\n";
  EXPECT_EQ(ReadAlembicIni(kText)->script_location, (TextAtLine{"%(here)s/db/of_default", 3}));
  const auto here = ReadAlembicIni(kText, "alembic", "/p/back%end");
  EXPECT_EQ(here->script_location, (TextAtLine{"/p/back%end/db/of_default", 3}));
  EXPECT_EQ(here->url, (TextAtLine{"sqlite:///x%y%(nobody)s", 6}));
  EXPECT_EQ(ReadAlembicIni("[alembic]\nscript_location = 100%%(here)s\n", "alembic", "/p")
                ->script_location->text,
            "100%(here)s");
  EXPECT_TRUE(ReadAlembicIni("[alembic]\nscript_location = %(script_location)s\n"));
}

TEST(AlembicConfigTest, OneSectionOfSeveralIsRead) {
  constexpr std::string_view kText =
      "[one]\nscript_location: a\n  [not a section]\n[two]\nscript_location=b\n";
  EXPECT_EQ(ReadAlembicIni(kText, "one")->script_location->text, "a\n[not a section]");
  EXPECT_EQ(ReadAlembicIni(kText, "two")->script_location, (TextAtLine{"b", 5}));
  EXPECT_FALSE(ReadAlembicIni(kText, "three"));
}

TEST(AlembicConfigTest, SectionsOfAlembicAreFound) {
  EXPECT_EQ(AlembicSections("[loggers]\nkeys = x\n[alembic:users]\nscript_location = u\n"
                            "[alembic:orders]\nscript_location = o\n"),
            (std::vector<std::string>{"alembic:users", "alembic:orders"}));
  EXPECT_EQ(AlembicSections("[DEFAULT]\nscript_location = d\n[alembic]\n[loggers]\nkeys = x\n"),
            (std::vector<std::string>{"alembic"}));
  EXPECT_TRUE(AlembicSections("[DEFAULT]\nscript_location = d\n[loggers]\n").empty());
  EXPECT_TRUE(AlembicSections("").empty());
}

TEST(AlembicConfigTest, ASeparatorCountsOnlyWhereSomethingIsToBeSplit) {
  // What stands behind a value belongs to it, as Alembic's own template has it up to 1.15.
  constexpr std::string_view kCommented = "[alembic]\nversion_path_separator = os  # as usual\n";
  const auto config = ReadAlembicIni(Concat(kCommented, "prepend_sys_path = .:src\n"));
  EXPECT_FALSE(config->bad_separator);
  EXPECT_EQ(config->python_path, (std::vector<std::string>{".", "src"}));
  const auto split = ReadAlembicIni(Concat(kCommented, "version_locations = a:b\n"));
  EXPECT_EQ(split->bad_separator, (TextAtLine{"os  # as usual", 2}));
  EXPECT_EQ(split->bad_separator_key, "version_path_separator");
  EXPECT_TRUE(split->version_locations.empty());
  // The newer key splits both.
  const auto newer = ReadAlembicIni("[alembic]\npath_separator = x\nprepend_sys_path = .\n");
  EXPECT_EQ(newer->bad_separator_key, "path_separator");
  EXPECT_EQ(ReadAlembicIni("[alembic]\ndatabases = one, two\n")->databases,
            (std::vector<std::string>{"one", "two"}));
}

TEST(AlembicConfigTest, TextsOfTomlAreRead) {
  const auto config = ReadAlembicToml(
      "[tool.alembic]\nscript_location = 'C:\\db' # literal\nversion_locations = [ \"a\\u0062\",\n"
      "  'c', ]\nrecursive_version_locations = true\nprepend_sys_path = [\"src\"]\n"
      "\"sqlalchemy.url\" = \"sqlite:///%%41\"\n[[tool.alembic.x]]\nscript_location = 'no'\n");
  EXPECT_EQ(config->script_location, (TextAtLine{"C:\\db", 2}));
  ASSERT_EQ(config->version_locations.size(), 2U);
  EXPECT_EQ(config->version_locations[0], (TextAtLine{"ab", 3}));
  EXPECT_EQ(config->version_locations[1], (TextAtLine{"c", 4}));
  EXPECT_TRUE(config->recursive);
  EXPECT_EQ(config->python_path, std::vector<std::string>{"src"});
  EXPECT_EQ(config->url, (TextAtLine{"sqlite:///%41", 7}));
}

TEST(AlembicConfigTest, TomlHasASectionOfItsOwn) {
  const auto config = ReadAlembicToml(
      "[project]\nscript_location = \"no\"\n[tool.alembic]\n# x\n"
      "script_location = \"%(here)s/migrations\"\n[tool.ruff]\nscript_location = 'no'\n");
  ASSERT_TRUE(config);
  EXPECT_EQ(config->script_location, (TextAtLine{"%(here)s/migrations", 5}));
  EXPECT_FALSE(ReadAlembicToml("[tool.other]\n"));
}

TEST(AlembicConfigTest, OnlyARelativeLocationDependsOnTheDirectory) {
  EXPECT_TRUE(DependsOnDirectory("alembic"));
  EXPECT_TRUE(DependsOnDirectory("./db/alembic"));
  for (const char* text : {"", "%(here)s/alembic", "/srv/alembic", "app:migrations"}) {
    EXPECT_FALSE(DependsOnDirectory(text)) << text;
  }
}

TEST(AlembicConfigTest, FindsTheScripts) {
  EXPECT_EQ(ScriptDirectory("alembic", "backend"), "backend/alembic");
  EXPECT_EQ(ScriptDirectory("./alembic", "."), "alembic");
  EXPECT_EQ(ScriptDirectory("%(here)s/alembic", "backend"), "backend/alembic");
  EXPECT_EQ(ScriptDirectory("%(here)s/../migrations", "backend"), "migrations");
  EXPECT_EQ(ScriptDirectory("%(here)s", "backend"), "backend");
  EXPECT_EQ(ScriptDirectory("/srv/alembic", "backend"), "/srv/alembic");
  EXPECT_EQ(ScriptDirectory("app:migrations", "backend"), "");
}

}  // namespace
}  // namespace drover::migrations
