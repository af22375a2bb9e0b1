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
