#include "environments/survey/python_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <iterator>
#include <random>
#include <string>

namespace drover::environments {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(PythonSourceTest, FindsUrlsInQuotes) {
  const PythonSource source = ReadPythonSource(
      "URL = \"sqlite:///./app.db\"\n"
      "# OLD = \"sqlite:///./old.db\"\n"
      "x = 1  # 'sqlite:///./comment.db'\n"
      "F = f\"sqlite:///{BASE}/x.db\"\n"
      "url.replace('sqlite://', 'sqlite+aiosqlite://')\n"
      "A = os.getenv(\"DATABASE_URL\", 'sqlite+aiosqlite:///b.db')\n");
  ASSERT_EQ(source.urls.size(), 2U);
  EXPECT_EQ(source.urls[0].url, "sqlite:///./app.db");
  EXPECT_EQ(source.urls[0].line, 1U);
  EXPECT_EQ(source.urls[0].variable, "");
  EXPECT_EQ(source.urls[1].url, "sqlite+aiosqlite:///b.db");
  EXPECT_EQ(source.urls[1].variable, "DATABASE_URL");
  EXPECT_EQ(source.urls[1].line, 6U);
}

TEST(PythonSourceTest, ACallMayTakeSeveralLines) {
  const PythonSource source = ReadPythonSource(
      "DATABASES = {\n  'a': os.getenv(\n    'A_DB',\n    'sqlite:///a.db',\n  ),\n"
      "  'b': 'sqlite:///b.db',\n}\n\"\"\"\nc = 'sqlite:///doc.db'\n\"\"\"\n");
  ASSERT_EQ(source.urls.size(), 2U);
  EXPECT_EQ(source.urls[0].variable, "A_DB");
  EXPECT_EQ(source.urls[0].line, 4U);
  EXPECT_EQ(source.urls[1].url, "sqlite:///b.db");
  EXPECT_EQ(source.urls[1].variable, "");
}

TEST(PythonSourceTest, FindsTheVariablesOfADatabase) {
  const PythonSource source = ReadPythonSource(
      "a = os.environ[\"DB_URL\"]\nb = os.environ.get('SECRET')\nc = os.getenv( 'SQLITE_FILE' )\n"
      "d = settings[\"DB_URL\"]\n");
  EXPECT_THAT(source.variables, ElementsAre(TextAtLine{"DB_URL", 1}, TextAtLine{"SQLITE_FILE", 3}));
}

TEST(PythonSourceTest, FindsSettingsFiles) {
  EXPECT_THAT(ReadPythonSource("model_config = SettingsConfigDict(env_file=\".env\")\n").env_files,
              ElementsAre(TextAtLine{".env", 1}));
  EXPECT_THAT(ReadPythonSource("  {'env_file': '.env.dev'}\n").env_files,
              ElementsAre(TextAtLine{".env.dev", 1}));
  EXPECT_THAT(ReadPythonSource("env_file = \"/etc/app.env\"\nenv_file=BASE / \".env\"\n"
                               "env_file_encoding=\"utf-8\"\n")
                  .env_files,
              IsEmpty());
}

TEST(PythonSourceTest, KnowsDjangoAndAlembic) {
  const PythonSource settings = ReadPythonSource(
      "'ENGINE': 'django.db.backends.sqlite3',\n'NAME': os.path.join(BASE_DIR, 'db.sqlite3'),\n");
  EXPECT_EQ(settings.django_name, (TextAtLine{"db.sqlite3", 2}));
  EXPECT_FALSE(ReadPythonSource("'NAME': 'db.sqlite3'\n").django_name);
  EXPECT_TRUE(ReadPythonSource("class Migration(migrations.Migration):\n").is_django_migration);
  EXPECT_TRUE(ReadPythonSource("revision = 'a'\ndown_revision = None\n").is_alembic_revision);
  EXPECT_FALSE(ReadPythonSource("revision = 'a'\n").is_alembic_revision);
  EXPECT_EQ(ReadPythonSource("context.configure(version_table='my_versions')\n").version_table,
            (TextAtLine{"my_versions", 1}));
}

TEST(PythonSourceTest, NoTextMakesItFail) {
  constexpr std::string_view kPieces[] = {
      "\"", "'", "\\",   "sqlite://", "/x.db",    "#", "f\"",      "\n",
      "=",  "(", "NAME", "{",         "env_file", " ", "environ[", "django.db.backends.sqlite3"};
  std::mt19937 random(11);
  for (int i = 0; i < 5000; ++i) {
    std::string text;
    for (int n = 0; n < 12; ++n) text += kPieces[random() % std::size(kPieces)];
    const PythonSource source = ReadPythonSource(text);
    EXPECT_LE(source.urls.size(), 6U) << text;
  }
  for (const char* text : {"\"", "'\\", "x = 'sqlite:", "env_file=", "\n\n", "version_table"}) {
    EXPECT_THAT(ReadPythonSource(text).urls, IsEmpty()) << text;
  }
}

}  // namespace
}  // namespace drover::environments
