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

/// The one URL that `text` names, as the source /p/app/db.py; "-" when there is none.
std::string UrlOf(const std::string& text) {
  const PythonSource source = ReadPythonSource(text, "/p/app/db.py");
  return source.urls.size() == 1 ? source.urls.front().url : "-";
}

TEST(PythonSourceTest, UrlsThatBeginAtThePlaceOfTheFileArePutTogether) {
  const std::string os = "import os\nbasedir = os.path.abspath(os.path.dirname(__file__))\n";
  for (const char* text : {
           "u = 'sqlite:///' + os.path.join(basedir, 'a.db')\n",
           "class C:\n    U = os.environ.get('D') or 'sqlite:///' + os.path.join(basedir, "
           "'a.db')\n",
           "u = f'sqlite:///{basedir}/a.db'\n",
           "NAME = 'a.db'\nu = f\"sqlite:///{os.path.join(basedir, NAME)}\"\n",
           "FILE = os.path.join(basedir, 'a.db')\nu = ('sqlite:///' + FILE)\n",
       }) {
    EXPECT_EQ(UrlOf(os + text), "sqlite:////p/app/a.db") << text;
  }
  EXPECT_EQ(UrlOf("B = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))\n"
                  "u = 'sqlite:///' + os.path.join(B, 'a.db')\n"),
            "sqlite:////p/a.db");
  const std::string path = "BASE_DIR = Path(__file__).resolve().parent\n";
  for (const char* text : {
           "u = f\"sqlite:///{BASE_DIR}/a.db\"\n",
           "u = f\"sqlite:///{BASE_DIR / 'a.db'}\"\n",
           "u = \"sqlite:///\" + str(BASE_DIR / \"a.db\")\n",
           "D: Path = BASE_DIR / 'a.db'\nu = f'sqlite:///{D}'\n",
           "u = 'sqlite:///' + (BASE_DIR / 'a.db').as_posix()\n",
           "u = 'sqlite:///' + os.path.join(BASE_DIR, 'a.db')\n",
           "u = create_engine(URL.create('sqlite', database=str(BASE_DIR / 'a.db')))\n",
       }) {
    EXPECT_EQ(UrlOf(path + text), "sqlite:////p/app/a.db") << text;
  }
  EXPECT_EQ(UrlOf("B = Path(__file__).parent.parent\nu = f'sqlite+aiosqlite:///{B}/a.db?x=1'\n"),
            "sqlite+aiosqlite:////p/a.db?x=1");
  EXPECT_EQ(UrlOf("B = pathlib.Path(__file__).parents[1]\nu = f'sqlite:///{B}/a.db'\n"),
            "sqlite:////p/a.db");
  EXPECT_EQ(UrlOf(path + "u = URL.create(\n    drivername='sqlite+aiosqlite', database='a.db')\n"),
            "sqlite+aiosqlite:///a.db");
  const PythonSource known = ReadPythonSource("u = f'sqlite:///{__file__}.db'\n", "/p/a.py");
  ASSERT_EQ(known.urls.size(), 1U);
  EXPECT_TRUE(known.urls[0].from_file);
  EXPECT_EQ(known.urls[0].name, "u");
  EXPECT_THAT(ReadPythonSource("u = f'sqlite:///{__file__}.db'\n").urls, IsEmpty());
  EXPECT_FALSE(ReadPythonSource("u = 'sqlite:////p/a.db'\n", "/p/a.py").urls[0].from_file);
}

TEST(PythonSourceTest, WhatIsNotUnderstoodIsNoUrl) {
  const std::string base = "B = Path(__file__).parent\n";
  for (const char* text : {
           "u = f'sqlite:///{B!r}/a.db'\n",
           "u = f'sqlite:///{C}/a.db'\n",
           "u = f'sqlite:///{settings.B}/a.db'\n",
           "u = f'sqlite:///{B.name}/a.db'\n",
           "u = 'sqlite:///' + B\n",
           "u = 'sqlite:///' + os.path.join(B, os.environ['X'])\n",
           "u = 'sqlite:///' + str(B.parents[x])\n",
           "B = other\nu = f'sqlite:///{B}/a.db'\n",
           "if x:\n    B = 'y'\nu = f'sqlite:///{B}/a.db'\n",
           "for B in x:\n    u = f'sqlite:///{B}/a.db'\n",
           "L = L\nu = 'sqlite:///' + L\n",
           "if x:\n    D = 'y'\nu = f'sqlite:///{D}/a.db'\n",
           "D = 'x' if y else 'z'\nu = f'sqlite:///{D}/a.db'\n",
           "u = URL.create('postgresql', database='a.db')\n",
           "u = URL.create('sqlite', database=B)\n",
           "u = URL.create('sqlite')\n",
       }) {
    EXPECT_EQ(UrlOf(base + text), "-") << text;
  }
  // It ends, and soon.
  std::string many = "A0 = 'x'\n";
  for (int i = 1; i < 40; ++i) many += Concat("A", i, " = A", i - 1, " + A", i - 1, "\n");
  EXPECT_EQ(UrlOf(many + "u = 'sqlite:///' + A20\n"), "-");
}

/// The variable of the one URL in `text`, and the name that the code has for it.
std::string AskedFor(const std::string& text) {
  const PythonSource source = ReadPythonSource(text);
  if (source.urls.size() != 1) return "-";
  return Concat(source.urls.front().variable, " ", source.urls.front().name);
}

TEST(PythonSourceTest, TheVariableBeforeADefaultIsSeen) {
  for (const char* text : {
           "u = os.environ.get('APP_DB') or 'sqlite:///./x.db'\n",
           "u = os.getenv('APP_DB', '') or (\n    'sqlite:///./x.db')\n",
           "u = os.environ['APP_DB'] if 'APP_DB' in os.environ else 'sqlite:///./x.db'\n",
           "u = env.str('APP_DB', 'sqlite:///./x.db')\n",
           "u = env('APP_DB', default='sqlite:///./x.db')\n",
           "e = os.environ.get('APP_DB')\nu = e or 'sqlite:///./x.db'\n",
           "u = os.environ.get('APP_DB') or 'sqlite:///' + 'x.db'\n",
       }) {
    EXPECT_EQ(AskedFor(text), "APP_DB u") << text;
  }
  const std::string named = "D = 'sqlite:///./x.db'\n";
  EXPECT_EQ(AskedFor(named + "u = os.getenv('APP_DB', D)\n"), "APP_DB u");
  EXPECT_EQ(AskedFor(named + "u = config('APP_DB', default=D)\n"), "APP_DB u");
  EXPECT_EQ(AskedFor(named + "u = os.getenv('APP_DB') or D\n"), "APP_DB u");
  EXPECT_EQ(AskedFor(named + "u = f('APP_DB', D)\n"), " D");
  EXPECT_EQ(AskedFor("D = y\n" + named + "u = os.getenv('APP_DB', D)\n"), " D");
  EXPECT_EQ(AskedFor("u = x or 'sqlite:///./x.db'\n"), " u");
  EXPECT_EQ(AskedFor("u = f('APP_DB') or 'sqlite:///./x.db'\n"), " u");
  EXPECT_EQ(AskedFor("x['APP_DB']\nu = 'sqlite:///./x.db'\n"), " u");
  EXPECT_EQ(AskedFor("page.str('APP_DB', 'sqlite:///./x.db')\n"), " ");
}

TEST(PythonSourceTest, FieldsOfSettingsAreVariables) {
  const auto in = [](std::string_view body) {
    return AskedFor(Concat("class Settings(BaseSettings):\n", body));
  };
  EXPECT_EQ(in("    debug: bool = False\n    database_url: str = 'sqlite:///./x.db'\n"),
            "DATABASE_URL database_url");
  EXPECT_EQ(in("    model_config = SettingsConfigDict(env_prefix='APP_', env_file='.env')\n"
               "    db: str = 'sqlite:///./x.db'\n"),
            "APP_DB db");
  EXPECT_EQ(in("    db: str = 'sqlite:///./x.db'\n\n    class Config:\n"
               "        env_prefix = \"app_\"\n"),
            "APP_DB db");
  EXPECT_EQ(in("    db: str = 'sqlite:///./x.db'\n    model_config = {'case_sensitive': True}\n"),
            "db db");
  EXPECT_EQ(in("    db: str = Field('sqlite:///./x.db', env='APP_DB')\n"), "APP_DB db");
  EXPECT_EQ(in("    db: str = Field(default='sqlite:///./x.db', validation_alias='APP_DB')\n"),
            "APP_DB db");
  EXPECT_EQ(in("    a: str = Field(\n        default='sqlite:///./x.db',\n"
               "        validation_alias=AliasChoices('APP_DB', 'DB'))\n"),
            "APP_DB a");
  EXPECT_EQ(in("    db: str = os.getenv('MY_DB', 'sqlite:///./x.db')\n"), "MY_DB db");
  EXPECT_EQ(in("    a: str = 'b'\n\nDB = 'sqlite:///./x.db'\n"), " DB");
  EXPECT_EQ(in("    def f(self):\n        db = 'sqlite:///./x.db'\n"), " db");
  EXPECT_EQ(in("    pass\nclass Dev(Settings):\n    db: str = 'sqlite:///./x.db'\n"), "DB db");
  EXPECT_EQ(AskedFor("class Other(Base):\n    db: str = 'sqlite:///./x.db'\n"), " db");
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
  constexpr std::string_view kPieces[] = {"\"",
                                          "'",
                                          "\\",
                                          "sqlite://",
                                          "/x.db",
                                          "#",
                                          "f\"",
                                          "\n",
                                          "=",
                                          "(",
                                          "NAME",
                                          "{",
                                          "env_file",
                                          " ",
                                          "environ[",
                                          "django.db.backends.sqlite3",
                                          "}",
                                          "+",
                                          " or ",
                                          " else ",
                                          "class ",
                                          ")",
                                          ".parents[",
                                          "URL.create(",
                                          "BaseSettings):"};
  std::mt19937 random(11);
  for (int i = 0; i < 5000; ++i) {
    std::string text;
    for (int n = 0; n < 12; ++n) text += kPieces[random() % std::size(kPieces)];
    const PythonSource source = ReadPythonSource(text, "/p/a.py");
    EXPECT_LE(source.urls.size(), 6U) << text;
  }
  for (const char* text : {"\"", "'\\", "x = 'sqlite:", "env_file=", "\n\n", "version_table"}) {
    EXPECT_THAT(ReadPythonSource(text).urls, IsEmpty()) << text;
  }
}

}  // namespace
}  // namespace drover::environments
