#include "environments/survey/environment_choice.h"

#include <algorithm>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/environments/survey/survey_fixture.h"

namespace drover::environments {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class EnvironmentChoiceTest : public SurveyTest {};

TEST_F(EnvironmentChoiceTest, EveryVariableWithASqliteUrlIsAnEnvironment) {
  Write(".env",
        "CACHE_DB_URL=sqlite:///cache.db\nDATABASE_URL=sqlite:///app.db\nSAME=sqlite:///./app.db\n"
        "PG=postgresql://u:secret@h/d\nMEM=sqlite://\nDB_PATH=./data/x.db\nICON=./x.db\n");
  Write(".env.test", "DATABASE_URL=sqlite:///test.db\n");
  Write(".env.example", "DATABASE_URL=sqlite:///example.db\n");
  const InitDocument init = Survey();
  EXPECT_THAT(Names(init), ElementsAre("dev", "cache", "dev-2", "test"));
  EXPECT_EQ(init.environments[0].path, Path("app.db"));
  EXPECT_EQ(init.environments[2].path, Path("data/x.db"));
  EXPECT_EQ(init.environments[3].path, Path("test.db"));
  EXPECT_THAT(init.notes, Contains(HasSubstr("PG in .env:4 is a postgresql database")));
  EXPECT_THAT(init.notes, Contains(HasSubstr(".env:5: a database in memory")));
  EXPECT_THAT(init.notes, testing::Not(Contains(HasSubstr("secret"))));
  EXPECT_THAT(init.text, HasSubstr("The same database: .env:3\n"));
}

TEST_F(EnvironmentChoiceTest, ARelativeUrlBeginsWhereTheDatabaseIs) {
  Write("backend/.env", "DATABASE_URL=sqlite:///app.db\n");
  Write("docker-compose.yml", "services: {}\n");
  EXPECT_EQ(Survey().environments[0].path, Path("backend/app.db"));
  Database("app.db", "CREATE TABLE t (id);");
  EXPECT_EQ(Survey().environments[0].path, Path("app.db"));
  Database("backend/app.db", "CREATE TABLE t (id);");
  EXPECT_EQ(Survey().environments[0].path, Path("backend/app.db"));
}

TEST_F(EnvironmentChoiceTest, ServicesWithOneDatabaseAreOneEnvironment) {
  Write("compose.yaml",
        "services:\n"
        "  api: {image: x, environment: {DB: 'sqlite:////d/app.db'}, volumes: ['./data:/d']}\n"
        "  worker: {image: x, environment: {DB: 'sqlite:////d/app.db'}, volumes: ['./data:/d']}\n"
        "  mounted: {image: x, volumes: ['./one.db:/srv/one.db']}\n"
        "  broken: {image: x, volumes: ['./x:/y:z:w:v']}\n"
        "  web: {image: x}\n");
  Write("one.db", "");
  Directory("data");
  const InitDocument init = Survey();
  EXPECT_THAT(Names(init), ElementsAre("docker", "docker-mounted"));
  EXPECT_EQ(init.environments[0].path, Path("data/app.db"));
  EXPECT_EQ(init.environments[0].url, "${DB}");
  EXPECT_EQ(init.environments[1].path, Path("one.db"));
  EXPECT_EQ(init.environments[1].url, "sqlite:////srv/one.db");
  EXPECT_THAT(init.text, HasSubstr("The same database: service worker, compose.yaml:3\n"));
  EXPECT_THAT(init.notes, Contains(HasSubstr("service broken is not used: compose.yaml:5")));
}

TEST_F(EnvironmentChoiceTest, SettingsOfFrameworksAreRead) {
  Write("manage.py", "");
  Write("proj/settings.py",
        "'ENGINE': 'django.db.backends.sqlite3',\n'NAME': BASE_DIR / 'db.sqlite3',\n");
  EXPECT_EQ(Survey().environments[0].path, Path("db.sqlite3"));
  Write("prisma/schema.prisma",
        "datasource db {\n provider = \"sqlite\"\n url = env(\"PDB\")\n}\n");
  Write(".env", "PDB=\"file:./dev.db\"\n");
  const InitDocument init = Survey();
  EXPECT_EQ(init.environments[0].path, Path("prisma/dev.db"));
  EXPECT_THAT(init.text, HasSubstr("relative_to: prisma"));
}

TEST_F(EnvironmentChoiceTest, ADatabaseAloneIsAnEnvironment) {
  Database("data/shop.db", kAtFirst);
  Database("shop.db.bak", kAtFirst);
  const InitDocument init = Survey();
  EXPECT_EQ(init.environments[0].path, Path("data/shop.db"));
  EXPECT_THAT(init.environments[0].revision, ElementsAre("981cbaae32a1"));
}

TEST_F(EnvironmentChoiceTest, TheUrlOfADatabaseThatWasFoundMeansThatFile) {
  Database("app.db", kAtFirst);
  EXPECT_THAT(Survey().text, testing::Not(HasSubstr("url_dialect")));
  // In Flask's dialect it would be instance/app.db.
  Write("requirements.txt", "Flask-SQLAlchemy\n");
  const InitDocument found = Survey();
  EXPECT_EQ(found.environments[0].path, Path("app.db"));
  EXPECT_TRUE(found.environments[0].exists);
  EXPECT_THAT(found.strays, IsEmpty());
  EXPECT_THAT(found.text, HasSubstr("    url: sqlite:///./app.db\n    url_dialect: sqlalchemy\n"));
  Write(".env", "DATA_DIR=./data\nDB_FILE=parts.db\n");
  Database("data/parts.db", "CREATE TABLE t (id);");
  const InitDocument part = Survey();
  EXPECT_EQ(part.environments[0].path, Path("data/parts.db"));
  EXPECT_THAT(part.text, HasSubstr("url_dialect: sqlalchemy\n"));
}

TEST_F(EnvironmentChoiceTest, AlembicWithAnotherDatabaseThanTheApplicationIsNamed) {
  Write(".env", "DATABASE_URL=sqlite:///app.db\n");
  Write("alembic.ini",
        "[alembic]\nscript_location = alembic\nsqlalchemy.url = sqlite:///%(here)s/other.db\n");
  Write("alembic/__init__.py", "");
  const InitDocument init = Survey();
  EXPECT_THAT(Codes(init), ElementsAre("alembic-other-database", "alembic-package-shadowed"));
  EXPECT_EQ(init.findings[0].where, Path("alembic.ini:3:1"));
  EXPECT_THAT(Names(init), ElementsAre("dev"));
}

TEST_F(EnvironmentChoiceTest, TheDatabaseThatExistsIsTaken) {
  Directory(".git");
  Write(".gitignore", "*.db*\n");
  Write(".env", "DATABASE_URL=sqlite:///./app.db\n");
  Write("backend/alembic.ini", "[alembic]\nscript_location = alembic\n");
  Write("backend/alembic/versions/1.py", "revision = 'a1'\ndown_revision = None\n");
  EXPECT_EQ(Survey().environments[0].path, Path("app.db"));
  Database("backend/app.db", "CREATE TABLE t (id); INSERT INTO t VALUES (1);");
  const InitDocument init = Survey();
  EXPECT_EQ(init.environments[0].path, Path("backend/app.db"));
  EXPECT_THAT(init.text, HasSubstr("relative_to: backend"));
  EXPECT_THAT(init.strays, IsEmpty());
  EXPECT_THAT(Codes(init), IsEmpty());
  EXPECT_EQ(Parsed(init).alembic.url_variable, "DATABASE_URL");  // there is no env.py to ask
}

TEST_F(EnvironmentChoiceTest, OfSeveralDatabasesTheOneWithRowsIsTakenAndSaid) {
  Directory(".git");
  Write(".gitignore", "*.db*\n");
  Write(".env", "DATABASE_URL=sqlite:///./app.db\n");
  Write("backend/alembic.ini", "[alembic]\nscript_location = alembic\n");
  Write("backend/alembic/versions/1.py", "revision = '981cbaae32a1'\ndown_revision = None\n");
  Database("app.db", kAtFirst);
  Database("backend/app.db", Concat(kAtFirst, "INSERT INTO accounts VALUES (1);"));
  const InitDocument rows = Survey();
  EXPECT_EQ(rows.environments[0].path, Path("backend/app.db"));
  EXPECT_THAT(Find(rows, "relative-url-ambiguous").message,
              HasSubstr("in backend/ and in the root: taken is backend/app.db, since that database "
                        "has rows"));
  Database("app.db", "INSERT INTO accounts VALUES (1); DELETE FROM alembic_version;");
  EXPECT_THAT(Find(Survey(), "relative-url-ambiguous").message, HasSubstr("newer revision"));
  Database("app.db", "INSERT INTO alembic_version VALUES ('981cbaae32a1');");
  const InitDocument same = Survey();
  EXPECT_EQ(same.environments[0].path, Path("app.db"));
  EXPECT_THAT(Find(same, "relative-url-ambiguous").message, HasSubstr("likelier place"));
  // What the container has is no guess.
  Write("compose.yaml",
        "services: {api: {image: x, working_dir: /app, environment: {DATABASE_URL: "
        "'sqlite:///./app.db'}, volumes: ['./app.db:/app/app.db']}}\n");
  EXPECT_THAT(Codes(Survey()), testing::Not(Contains("relative-url-ambiguous")));
}

TEST_F(EnvironmentChoiceTest, ADatabaseThatIsOnlySomewhereIsTaken) {
  Write(".env", "DATABASE_URL=sqlite:///./app.db\n");
  Write("server/src/x.py", "");
  Write("server/other/x.py", "");
  Database("backup/app.db", "CREATE TABLE t (id);");
  EXPECT_EQ(Survey().environments[0].path, Path("app.db"));
  Database("server/src/app.db", "CREATE TABLE t (id);");
  EXPECT_EQ(Survey().environments[0].path, Path("server/src/app.db"));
  Database("server/other/app.db", "CREATE TABLE t (id);");
  EXPECT_EQ(Survey().environments[0].path, Path("app.db"));
}

TEST_F(EnvironmentChoiceTest, WhatTheCodeFallsBackToIsAStrayAndAnotherDatabaseOfItIsNone) {
  Write(".env", "DATABASE_URL=sqlite:///./app.db\n");
  Write("a.py", "url = os.getenv('DATABASE_URL', 'sqlite:///./dev.db')\n");
  Write("b.py", "cache = create_engine('sqlite:///./cache.db')\n");
  Database("app.db", kAtFirst);
  Database("dev.db", kAtFirst);
  Database("cache.db", kAtFirst);
  const InitDocument init = Survey();
  ASSERT_EQ(init.strays.size(), 1U);
  EXPECT_EQ(init.strays[0].path, Path("dev.db"));
  // So is a field of settings, whose variable is written in small letters.
  Write("a.py", "class S(BaseSettings):\n    database_url: str = 'sqlite:///./dev.db'\n");
  Write(".env", "database_url=sqlite:///./app.db\n");
  EXPECT_EQ(Survey().strays.size(), 1U);
  EXPECT_EQ(Parsed(init).stray_ignore, std::vector<std::string>{"cache.db"});
}

TEST_F(EnvironmentChoiceTest, AServicesWorkingDirectoryMayBeWhereAUrlBegins) {
  Write(".env", "DATABASE_URL=sqlite:///./app.db\n");
  Write("compose.yaml",
        "services: {api: {image: x, working_dir: /srv/src, volumes: ['./server:/srv']}}\n");
  Database("server/src/app.db", "CREATE TABLE t (id);");
  EXPECT_EQ(Survey().environments[0].path, Path("server/src/app.db"));
}

/// Two Alembic projects in one repository, each with its own URL.
TEST_F(EnvironmentChoiceTest, TheNameOfAFileIsNoUrlWhenItLiesElsewhere) {
  Write(".env", "DATA_DIR=./data\nDB_FILE=parts.db\n");
  const InitDocument unknown = Survey();
  EXPECT_EQ(unknown.environments[0].url, "${DATABASE_URL}");
  EXPECT_EQ(*Find(unknown, "url-in-parts").fix,
            "write url: sqlite:///./data/parts.db in drover.yaml");
  EXPECT_EQ(Find(unknown, "url-in-parts").where, Path(".env:2:1"));
  Database("data/parts.db", "CREATE TABLE t (id);");
  const InitDocument there = Survey();
  EXPECT_EQ(there.environments[0].path, Path("data/parts.db"));
  EXPECT_THAT(there.strays, IsEmpty());
  Write(".env", "DB_FILE=parts.db\n");
  EXPECT_EQ(Survey().environments[0].path, Path("data/parts.db"));
  // Nothing speaks against these.
  Write(".env", "DB_FILE=new.db\n");
  EXPECT_EQ(Survey().environments[0].path, Path("new.db"));
  Write(".env", "LOG_DIR=./logs\nDB_FILE=new.db\n");
  EXPECT_EQ(Survey().environments[0].path, Path("new.db"));
  Write(".env", "DATA_DIR=./data\nDB_PATH=./new.db\n");
  EXPECT_EQ(Survey().environments[0].path, Path("new.db"));
}

TEST_F(EnvironmentChoiceTest, AVariableIsPromisedOnlyWhereItIsRead) {
  Write(".env", "DATABASE_URL=sqlite:////srv/app.db\n");
  Write("alembic.ini", "[alembic]\nscript_location = alembic\n");
  const auto with = [&](std::string_view env_py) {
    Write("alembic/env.py", env_py);
    return Parsed(Survey()).alembic.url_variable;
  };
  EXPECT_EQ(with("url = config.get_main_option('sqlalchemy.url')\n"), "");
  EXPECT_EQ(with("from app.settings import settings\nurl = settings.database_url\n"), "");
  Write("app/settings.py", "class Settings(BaseSettings):\n  config = dict(env_file='.env')\n");
  EXPECT_EQ(with("from app.settings import settings\nurl = settings.database_url\n"),
            "DATABASE_URL");
  EXPECT_EQ(with("url = config.get_main_option('sqlalchemy.url')\n"), "");
  Write("app/settings.py", "class Settings(BaseSettings):\n  database_url: str\n");
  EXPECT_EQ(with("from app.settings import settings\nurl = settings.database_url\n"),
            "DATABASE_URL");
  EXPECT_EQ(with("url = os.environ['MY_DB_URL']\n"), "MY_DB_URL");
}

TEST_F(EnvironmentChoiceTest, AUrlThatBeginsAtThePlaceOfItsSourceIsOneOfTheProject) {
  Write("requirements.txt", "Flask-SQLAlchemy\n");
  Write("src/config.py",
        "basedir = os.path.dirname(os.path.abspath(__file__))\n"
        "class Config:\n    URI = os.environ.get('DATABASE_URL') or \\\n"
        "        'sqlite:///' + os.path.join(basedir, 'app.db')\n");
  const InitDocument flask = Survey();
  EXPECT_EQ(flask.environments[0].path, Path("src/app.db"));
  EXPECT_EQ(flask.environments[0].url, "${DATABASE_URL:-sqlite:///./src/app.db}");
  EXPECT_EQ(Parsed(flask).environments[0].url_dialect, UrlDialect::kSqlalchemy);
  EXPECT_THAT(flask.notes, IsEmpty());
  EXPECT_THAT(flask.landings, IsEmpty());
  Write("requirements.txt", "");
  EXPECT_THAT(Survey().text, testing::Not(HasSubstr("url_dialect")));
  Write("src/config.py",
        "BASE = Path(__file__).resolve().parents[7]\nU = f'sqlite:////{BASE}/app.db?x=1'\n");
  EXPECT_EQ(Survey().environments[0].path, "/app.db");
}

TEST_F(EnvironmentChoiceTest, TheVariableThatTheCodeHasADefaultForIsPromised) {
  Write("alembic.ini", "[alembic]\nscript_location = alembic\n");
  const auto with = [&](std::string_view code, std::string_view env_py) {
    Write("app/db.py", code);
    Write("alembic/env.py", env_py);
    return Parsed(Survey()).alembic.url_variable;
  };
  constexpr std::string_view kOption =
      "from app.db import settings\nconfig.set_main_option('sqlalchemy.url', settings.dsn)\n";
  EXPECT_EQ(with("class Settings(BaseSettings):\n    dsn: str = 'sqlite:///./x.db'\n", kOption),
            "DSN");
  constexpr std::string_view kPrefix =
      "class C(BaseSettings):\n    dsn: str = 'sqlite:///./x.db'\n"
      "    model_config = SettingsConfigDict(env_prefix='APP_')\n";
  EXPECT_EQ(with(kPrefix, "from app.db import c\nengine = create_engine(c.dsn)\n"), "APP_DSN");
  EXPECT_EQ(Survey().environments[0].url, "${APP_DSN:-sqlite:///./x.db}");
  EXPECT_EQ(with(kPrefix, "engine = engine_from_config(config.get_section('alembic'))\n"), "");
  constexpr std::string_view kOr = "LINK = os.environ.get('APP_DB') or 'sqlite:///./x.db'\n";
  EXPECT_EQ(with(kOr, "from app.db import LINK\nengine = create_engine(LINK)\n"), "APP_DB");
  EXPECT_EQ(with(kOr, "from app.db import engine\nwith engine.connect() as c: pass\n"), "APP_DB");
  EXPECT_EQ(with(kOr, "link = config.get_main_option('sqlalchemy.url')\n"), "");
  // env.py itself.
  EXPECT_EQ(with("", "engine = create_engine(env.str('MY_DB', 'sqlite:///./own.db'))\n"), "MY_DB");
  EXPECT_EQ(Survey().environments[0].path, Path("own.db"));
}

TEST_F(EnvironmentChoiceTest, AnEnvPyWithAUrlThatCannotBeReadIsAsked) {
  Write("alembic.ini",
        "[alembic]\nscript_location = alembic\nsqlalchemy.url = driver://u:p@localhost/d\n");
  const auto with = [&](std::string_view env_py) {
    Write("alembic/env.py", env_py);
    return Survey();
  };
  for (const char* own : {
           "config.set_main_option('sqlalchemy.url', settings().link)\n",
           "config.set_section_option('alembic', 'sqlalchemy.url', f())\n",
           "section = config.get_section('alembic')\nsection['sqlalchemy.url'] = f()\n",
           "engine = engine_from_config({'sqlalchemy.url': f()})\n",
           "engine = create_engine(f())\n",
           "from app.db import engine\nwith engine.connect() as c: pass\n",
           "from flask import current_app\n",
       }) {
    const InitDocument init = with(own);
    EXPECT_EQ(init.environments[0].url, "${DATABASE_URL}") << own;
    EXPECT_TRUE(init.environments[0].error) << own;
    EXPECT_THAT(init.notes, Contains(HasSubstr("alembic/env.py does not take its URL from "
                                               "alembic.ini")))
        << own;
  }
  for (const char* stock : {
           "",
           "engine = engine_from_config(config.get_section(config.config_ini_section))\n",
           "def run():\n    c = config.get_section('x')\n    e = engine_from_config(c)\n",
           "url = config.get_main_option('sqlalchemy.url')\nengine = create_engine(url)\n",
       }) {
    const InitDocument init = with(stock);
    EXPECT_EQ(init.environments[0].url, "sqlite:///./application.db") << stock;
    EXPECT_THAT(init.notes, Contains(HasSubstr("no place names a database"))) << stock;
  }
}

}  // namespace
}  // namespace drover::environments
