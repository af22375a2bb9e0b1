#include "environments/survey/survey.h"

#include <algorithm>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/unit/environments/survey/survey_fixture.h"

namespace drover::environments {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST_F(SurveyTest, TheFoundingProjectIsRecognisedFromItsSubfolder) {
  Founding();
  Database("application.db", kAtFirst);
  const InitDocument init = Survey("backend");
  EXPECT_EQ(init.root, Path(""));
  EXPECT_EQ(init.reason, "docker-compose.yml is here");
  EXPECT_THAT(Names(init), ElementsAre("dev", "docker"));
  EXPECT_EQ(init.environments[0].url, "${DB__DB_URL:-sqlite+aiosqlite:///./application.db}");
  EXPECT_EQ(init.environments[0].found, ".env:1");
  EXPECT_EQ(init.environments[0].path, Path("application.db"));
  EXPECT_TRUE(init.environments[0].exists);
  EXPECT_THAT(init.environments[0].revision, ElementsAre("981cbaae32a1"));
  EXPECT_THAT(init.environments[0].same_as, ElementsAre("docker"));
  EXPECT_EQ(init.environments[1].service, "app");
  EXPECT_EQ(init.environments[1].path, Path("application.db"));

  const Config config = Parsed(init);
  EXPECT_EQ(config.format, migrations::Format::kAlembic);
  EXPECT_EQ(config.alembic.config, Path("backend/alembic.ini"));
  EXPECT_EQ(config.alembic.url_variable, "DB__DB_URL");
  EXPECT_EQ(config.version_table, "alembic_version");
  ASSERT_EQ(init.migrations.size(), 1U);
  EXPECT_TRUE(init.migrations[0].usable);
  EXPECT_EQ(config.environments[0].on_pending, OnPending::kReport);
  EXPECT_EQ(config.environments[0].env_files, std::vector{Path(".env")});
  EXPECT_EQ(ResolveTarget(config, config.environments[1], files_).path, Path("application.db"));
  EXPECT_TRUE(init.text.starts_with("# yaml-language-server: $schema=/s/drover.schema.json\n"));
  EXPECT_THAT(init.text, HasSubstr("backend/alembic.ini, line 2: script_location = alembic"));
  EXPECT_THAT(init.text, HasSubstr("at 981cbaae32a1"));
  EXPECT_EQ(init.text.find("s3cret"), std::string::npos);
  EXPECT_THAT(init.create, IsEmpty());
  EXPECT_THAT(init.notes, IsEmpty());
}

TEST_F(SurveyTest, OneFormatIsProposed) {
  Founding();
  Write("migrations/a.sql", "-- revision: aaaa00000001\n-- down_revision: none\n-- migrate:up\n");
  const InitDocument both = Survey();
  EXPECT_EQ(Parsed(both).format, migrations::Format::kNative);
  EXPECT_THAT(both.notes, Contains("backend/alembic.ini is not read: drover reads the migrations "
                                   "of migrations"));
}

TEST_F(SurveyTest, RevisionsWithoutAConfigurationAreReadFromTheirFolder) {
  Write("db/versions/a.py", "revision = 'a'\ndown_revision = None\n");
  const InitDocument init = Survey();
  EXPECT_EQ(Parsed(init).format, migrations::Format::kAlembic);
  EXPECT_EQ(Parsed(init).migration_directories, std::vector{Path("db/versions")});
  EXPECT_EQ(Parsed(init).version_table, "alembic_version");
}

TEST_F(SurveyTest, TheTrapIsFoundWithItsPlace) {
  Founding();
  Database("application.db", kAtFirst);
  Database("backend/application.db", kAtFirst);
  const InitDocument init = Survey();
  const Finding& trap = Find(init, "alembic-wrong-directory");
  EXPECT_EQ(trap.severity, "error");
  EXPECT_EQ(trap.where, Path("backend/alembic.ini:2:1"));
  EXPECT_THAT(trap.message, HasSubstr("sqlite+aiosqlite:///./application.db (.env:1) is "
                                      "backend/application.db, not application.db"));
  ASSERT_EQ(init.landings.size(), 2U);
  EXPECT_EQ(init.landings[0].directory, ".");
  EXPECT_TRUE(init.landings[0].right);
  EXPECT_EQ(init.landings[1].directory, "backend");
  EXPECT_EQ(init.landings[1].path, Path("backend/application.db"));
  EXPECT_TRUE(init.landings[1].exists);
  EXPECT_FALSE(init.landings[1].right);
  EXPECT_THAT(init.landings[1].revision, ElementsAre("981cbaae32a1"));
  ASSERT_EQ(init.strays.size(), 1U);
  EXPECT_EQ(init.strays[0].kind, "duplicate");
  EXPECT_EQ(init.strays[0].made_from, Path("backend"));
  EXPECT_THAT(Codes(init), Contains("bind-single-file"));
}

TEST_F(SurveyTest, ALocationThatIsFixedIsALesserTrap) {
  Founding();
  Write("backend/alembic.ini", "[alembic]\nscript_location = %(here)s/alembic\n");
  EXPECT_THAT(Codes(Survey()), Contains("alembic-relative-url"));
  Write(".env", "DB__DB_URL=sqlite:////srv/x.db\n");
  const InitDocument init = Survey();
  EXPECT_THAT(Codes(init), testing::Not(Contains("alembic-relative-url")));
  EXPECT_THAT(init.landings, IsEmpty());
}

TEST_F(SurveyTest, AnEmptyDirectoryGetsABeginning) {
  const InitDocument init = Survey();
  EXPECT_EQ(init.root, Path(""));
  EXPECT_THAT(Names(init), ElementsAre("dev"));
  EXPECT_EQ(init.environments[0].path, Path("application.db"));
  EXPECT_THAT(init.create, ElementsAre(Path("migrations")));
  EXPECT_THAT(init.findings, IsEmpty());
  EXPECT_THAT(init.notes, ElementsAre("no place names a database: application.db is only a "
                                      "beginning; write the URL of yours into drover.yaml"));
  EXPECT_EQ(Parsed(init).version_table, "drover_version");
  EXPECT_FALSE(init.written);
  EXPECT_FALSE(StatFile(Path("drover.yaml")));
}

TEST_F(SurveyTest, NativeMigrationsAreUsed) {
  Write("db/changes/a.sql", "-- revision: aaaa00000001\n-- down_revision: none\n-- migrate:up\n");
  const InitDocument init = Survey();
  EXPECT_EQ(Parsed(init).migration_directories, std::vector{Path("db/changes")});
  EXPECT_THAT(init.create, IsEmpty());
  ASSERT_EQ(init.migrations.size(), 1U);
  EXPECT_TRUE(init.migrations[0].usable);
}

TEST_F(SurveyTest, OtherToolsFoldersAreNamedAndLeftAlone) {
  Write("migrations/001_a.sql", "-- migrate:up\nCREATE TABLE t (id);\n-- migrate:down\n");
  Write("goose/002_a.sql", "-- +goose Up\n");
  Write("go/0001_a.up.sql", "x");
  Write("go/0001_a.down.sql", "x");
  Write("fly/V1_2__a.sql", "x");
  Write("app/migrations/0001_initial.py", "class Migration(migrations.Migration):\n");
  Write("prisma/migrations/2026_a/migration.sql", "x");
  Write("prisma/migrations/2026_b/migration.sql", "x");
  Write("db/migrate/20260101000000_a.rb", "x");
  Write("flask/versions/a.py", "revision = 'a'\ndown_revision = None\n");
  const InitDocument init = Survey();
  std::vector<std::string> found;
  for (const SurveyMigrations& each : init.migrations) {
    EXPECT_FALSE(each.usable);
    found.push_back(Concat(each.format, " ", each.directory, " ", each.files));
  }
  EXPECT_THAT(found,
              ElementsAre("django app/migrations 1", "rails db/migrate 1",
                          "alembic flask/versions 1", "flyway fly 1", "golang-migrate go 1",
                          "goose goose 1", "dbmate migrations 1", "prisma prisma/migrations 2"));
  // Read by drover, dbmate's files would be errors.
  EXPECT_EQ(Parsed(init).migration_directories, std::vector{Path("drover_migrations")});
  EXPECT_EQ(init.notes.size(), 9U);  // one each, and that no place names a database
}

TEST_F(SurveyTest, AConfigurationThatIsThereIsRefused) {
  Directory("backend");
  Write("drover.yaml", "environments: {}\n");
  const Error error = ErrorOf([&] { return Survey("backend"); });
  EXPECT_EQ(error.code, Code::kConflict);
  EXPECT_EQ(error.kind, "init.exists");
  EXPECT_THAT(error.message, HasSubstr(Path("drover.yaml")));
  EXPECT_EQ(Survey("backend", true).root, Path("backend"));
  EXPECT_EQ(ErrorOf([&] { return Survey("", true); }).kind, "init.exists");
  EXPECT_EQ(ErrorOf([&] { return Survey("missing"); }).kind, "init.directory");
  EXPECT_EQ(ErrorOf([&] { return Survey("drover.yaml"); }).code, Code::kInvalid);
}

TEST_F(SurveyTest, WhatCannotBeReadIsANote) {
  Write(".env", std::string_view("A=\0\xff", 4));
  Write("docker-compose.yml", "services: [\n");
  Write("backend/alembic.ini", "\xff\xfe");
  Write("app/alembic.ini", std::string(600'000, '#'));
  Directory("pyproject.toml");
  ASSERT_EQ(mkfifo(Path("compose.env").c_str(), 0644), 0);
  const InitDocument init = Survey();
  EXPECT_THAT(init.notes, Contains(".env is not used: it is not text"));
  EXPECT_THAT(init.notes, Contains("backend/alembic.ini is not used: it is not text"));
  EXPECT_THAT(init.notes, Contains("app/alembic.ini is not used: it is too large"));
  EXPECT_THAT(init.notes, Contains("compose.env is not used: it is no regular file"));
  EXPECT_THAT(init.notes, Contains(HasSubstr("docker-compose.yml is not used: ")));
  EXPECT_THAT(Names(init), ElementsAre("dev"));
}

/// A requirements.txt that may not be read.
class LockedFiles final : public Files {
 public:
  [[nodiscard]] std::optional<std::string> Read(const std::string& path) override {
    if (path.ends_with("requirements.txt")) throw Error(Code::kIo, "file.read", "no permission");
    return files_.Read(path);
  }
  [[nodiscard]] std::optional<FileStatus> Stat(const std::string& path) override {
    return files_.Stat(path);
  }
  [[nodiscard]] Reach Probe(const std::string& path) override { return files_.Probe(path); }
  [[nodiscard]] std::string Real(const std::string& path) override { return files_.Real(path); }
  [[nodiscard]] bool IsEmptyDirectory(const std::string& path) override {
    return files_.IsEmptyDirectory(path);
  }
  [[nodiscard]] std::optional<std::string> RemoteFileSystem(const std::string& path) override {
    return files_.RemoteFileSystem(path);
  }

 private:
  RealFiles files_;
};

TEST_F(SurveyTest, RequirementsThatMayNotBeReadAreNoted) {
  Write("requirements.txt", "");
  LockedFiles files;
  const SurveySurroundings surroundings{.home = "/nowhere", .schema = {}, .scan = Scan};
  const InitDocument init =
      SurveyProject({.directory = Path(""), .here = false}, surroundings, files);
  EXPECT_THAT(Names(init), ElementsAre("dev"));
  EXPECT_THAT(init.notes, ElementsAre("no permission", HasSubstr("cannot be told")));
}

TEST_F(SurveyTest, AnotherProjectBelowAndTestsAreLeftOut) {
  Write("demo/drover.yaml", "environments: {dev: {url: 'sqlite:///x.db'}}\n");
  Write("demo/.env", "DATABASE_URL=sqlite:///demo.db\n");
  Write("tests/.env", "DATABASE_URL=sqlite:///tests.db\n");
  Write("node_modules/.env", "DATABASE_URL=sqlite:///no.db\n");
  Write("venv39/pyvenv.cfg", "");
  Write("venv39/.env", "DATABASE_URL=sqlite:///no.db\n");
  Write(".droverignore", "/old\n");
  Write("old/.env", "DATABASE_URL=sqlite:///old.db\n");
  const InitDocument init = Survey();
  EXPECT_THAT(init.facts, IsEmpty());
  EXPECT_THAT(init.notes, ElementsAre("demo is a project of its own: it has a drover.yaml",
                                      HasSubstr("no place names a database")));
}

TEST_F(SurveyTest, WhatGitWouldTakeAlongIsNamed) {
  Directory(".git");
  Write(".env", "DB_URL=sqlite:///data/app.sqlite3\n");
  EXPECT_THAT(Find(Survey(), "gitignore-gap").message, HasSubstr("is not ignored by git"));
  Write("data/.gitignore", "*.sqlite3\n");
  const InitDocument init = Survey();
  EXPECT_THAT(Find(init, "gitignore-gap").message, HasSubstr("its -wal and -journal are not"));
  EXPECT_THAT(*Find(init, "gitignore-gap").fix, HasSubstr("'*.sqlite3-wal'"));
  Write(".gitignore", "*.sqlite3*\n");
  EXPECT_THAT(Codes(Survey()), IsEmpty());
}

class TwoServicesTest : public SurveyTest {
 protected:
  void SetUp() override {
    SurveyTest::SetUp();
    Directory(".git");
    Write(".gitignore", "*.db*\n");
    for (const std::string name : {"billing", "catalog"}) {
      Write(Concat("services/", name, "/alembic.ini"),
            Concat("[alembic]\nscript_location = alembic\nsqlalchemy.url = sqlite:///", name,
                   ".db\n"));
      Write(Concat("services/", name, "/alembic/versions/1.py"),
            "revision = '981cbaae32a1'\ndown_revision = None\n");
    }
  }
};

TEST_F(TwoServicesTest, AUrlOfAnIniBeginsBesideIt) {
  const InitDocument init = Survey();
  EXPECT_EQ(init.environments[0].path, Path("services/billing/billing.db"));
  EXPECT_EQ(Parsed(init).alembic.config, Path("services/billing/alembic.ini"));
  EXPECT_THAT(init.notes, ElementsAre(HasSubstr("There are 2 Alembic projects here"),
                                      "services/catalog/alembic.ini gets one of its own with: "
                                      "drover init services/catalog --here"));
}

TEST_F(TwoServicesTest, TheNearestIsTheProjectAndTheOthersDatabaseIsNoStray) {
  Database("services/billing/billing.db", kAtFirst);
  Database("services/catalog/catalog.db", kAtFirst);
  Directory("services/catalog/app");
  for (const std::string_view from : {"services/catalog", "services/catalog/app"}) {
    const InitDocument init = Survey(from);
    EXPECT_EQ(init.environments[0].path, Path("services/catalog/catalog.db"));
    EXPECT_EQ(Parsed(init).alembic.config, Path("services/catalog/alembic.ini"));
    EXPECT_THAT(init.strays, IsEmpty());
    EXPECT_THAT(Codes(init), IsEmpty());
    EXPECT_EQ(Parsed(init).stray_ignore, std::vector<std::string>{"services/billing/billing.db"});
    EXPECT_THAT(init.notes, Contains(HasSubstr("services/billing/billing.db is the database of "
                                               "services/billing/alembic.ini:3")));
    EXPECT_THAT(init.notes,
                Contains(HasSubstr(Concat("drover init ", Path("services/billing"), " --here"))));
  }
}

TEST_F(TwoServicesTest, SettingsOfAnotherServiceAreItsOwn) {
  Write("services/catalog/.env", "DATABASE_URL=sqlite:///live.db\n");
  Database("services/catalog/live.db", kAtFirst);
  const InitDocument billing = Survey();
  EXPECT_THAT(Names(billing), ElementsAre("dev"));
  EXPECT_EQ(billing.environments[0].path, Path("services/billing/billing.db"));
  EXPECT_THAT(billing.strays, IsEmpty());
  const InitDocument catalog = Survey("services/catalog");
  EXPECT_EQ(catalog.environments[0].path, Path("services/catalog/live.db"));
  EXPECT_THAT(Codes(catalog), ElementsAre("alembic-other-database"));
}

TEST_F(TwoServicesTest, OneAboveIsAnotherToo) {
  Write("alembic.ini",
        "[alembic]\nscript_location = alembic\nsqlalchemy.url = sqlite:///above.db\n");
  Database("above.db", kAtFirst);
  EXPECT_EQ(Survey().environments[0].path, Path("above.db"));
  const InitDocument catalog = Survey("services/catalog");
  EXPECT_EQ(catalog.environments[0].path, Path("services/catalog/catalog.db"));
  EXPECT_THAT(Codes(catalog), IsEmpty());
  EXPECT_THAT(catalog.strays, IsEmpty());
}

TEST_F(SurveyTest, SectionsOfAlembicAreChosenFrom) {
  Write("alembic.ini",
        "[alembic:users]\nscript_location = users\nsqlalchemy.url = sqlite:///users.db\n"
        "[alembic:orders]\nscript_location = orders\nsqlalchemy.url = sqlite:///orders.db\n");
  Write("users/versions/1.py", "revision = '981cbaae32a1'\ndown_revision = None\n");
  Write("orders/versions/1.py", "revision = '981cbaae32a1'\ndown_revision = None\n");
  Database("orders.db", kAtFirst);
  const InitDocument init = Survey();
  EXPECT_EQ(Parsed(init).format, migrations::Format::kAlembic);
  EXPECT_EQ(Parsed(init).alembic.section, "alembic:users");
  EXPECT_EQ(init.environments[0].path, Path("users.db"));
  EXPECT_THAT(init.notes, Contains(HasSubstr("not about [alembic:orders]")));
  EXPECT_THAT(init.create, IsEmpty());
  EXPECT_THAT(init.strays, IsEmpty());
}

TEST_F(SurveyTest, OfSeveralDatabasesOfOneTreeTheFirstIsProposed) {
  constexpr std::string_view kTwo =
      "[alembic]\nscript_location = alembic\ndatabases = one, two\n"
      "[one]\nsqlalchemy.url = {}\n[two]\nsqlalchemy.url = sqlite:///two.db\n";
  const auto with = [&](std::string_view url) {
    std::string text(kTwo);
    Write("alembic.ini", text.replace(text.find("{}"), 2, url));
    return Survey();
  };
  Database("two.db", kAtFirst);
  const InitDocument init = with("sqlite:///one.db");
  EXPECT_THAT(Names(init), ElementsAre("dev"));
  EXPECT_EQ(init.environments[0].path, Path("one.db"));
  EXPECT_THAT(init.notes, Contains(HasSubstr("one database per Alembic tree")));
  EXPECT_THAT(init.strays, IsEmpty());
  const InitDocument placeholder = with("driver://user:pass@localhost/dbname");
  EXPECT_EQ(placeholder.environments[0].url, "${DATABASE_URL}");
  EXPECT_TRUE(placeholder.environments[0].error);
  EXPECT_THAT(placeholder.notes, Contains(HasSubstr("[one] of alembic.ini has no URL")));
}

TEST_F(SurveyTest, AnEnvFileIsATrapOnlyWhereItIsAnother) {
  Write(".env", "DATABASE_URL=sqlite:////srv/app.db\n");
  Write("backend/requirements.txt", "");
  const auto with = [&](std::string_view file) {
    Write("backend/app/settings.py", Concat("config = Settings(env_file=\"", file, "\")\n"));
    return Codes(Survey());
  };
  EXPECT_THAT(with(".env"), ElementsAre("settings-relative-env-file"));
  EXPECT_THAT(with("../.env"), IsEmpty());
  EXPECT_THAT(with("other.env"), IsEmpty());
  Write("backend/.env", "A=b\n");
  EXPECT_THAT(with("../.env"), IsEmpty());
  with(".env");
  EXPECT_THAT(Find(Survey(), "settings-relative-env-file").message,
              HasSubstr("started in backend/ reads backend/.env, not .env"));
}

TEST_F(SurveyTest, AnEngineMadeFromATextIsATrap) {
  Write("alembic.ini", "[alembic]\nscript_location = alembic\n");
  Write("alembic/env.py", "from app.db import URL\nengine = create_engine(URL)\n");
  EXPECT_THAT(Codes(Survey()), testing::Not(Contains("alembic-url-constant")));
  Write("app/db.py", "import os\nURL = 'sqlite:////srv/app.db'\n");
  const Finding constant = Find(Survey(), "alembic-url-constant");
  EXPECT_EQ(constant.severity, "warning");
  EXPECT_EQ(constant.where, Path("alembic/env.py:2:1"));
  EXPECT_THAT(constant.message, HasSubstr("a text in app/db.py:2, \"sqlite:////srv/app.db\""));
  EXPECT_THAT(*constant.fix, HasSubstr("create_engine(os.environ.get(\"DATABASE_URL\", URL)) in "
                                       "alembic/env.py"));
  Write("app/db.py", "URL = os.environ.get('X', 'sqlite:////srv/app.db')\n");
  EXPECT_THAT(Codes(Survey()), testing::Not(Contains("alembic-url-constant")));
  Write("app/db.py", "engine = create_engine('sqlite:////srv/app.db')\n");
  Write("alembic/env.py", "from app.db import engine\nwith engine.connect() as c: pass\n");
  EXPECT_EQ(Find(Survey(), "alembic-url-constant").where, Path("app/db.py:1:1"));
  Write("app/db.py", "URL = sa.URL.create('sqlite', database='local.db')\n");
  Write("alembic/env.py", "from app.db import URL\nengine = create_engine(URL)\n");
  EXPECT_THAT(Find(Survey(), "alembic-url-constant").message, HasSubstr("sqlite:///local.db"));
  EXPECT_EQ(Survey().environments[0].path, Path("local.db"));
  Write("alembic/env.py", "engine = create_engine(URL.create('sqlite', database='local.db'))\n");
  EXPECT_THAT(*Find(Survey(), "alembic-url-constant").fix,
              HasSubstr("\"DATABASE_URL\", URL.create('sqlite', database='local.db')))"));
}

TEST_F(SurveyTest, AlembicMayBeConfiguredInAnotherIni) {
  Write("app/alembic/env.py", "settings = get_appsettings(config.config_file_name)\n");
  Write("app/alembic/versions/1.py", "revision = 'a1'\ndown_revision = None\n");
  constexpr std::string_view kText =
      "[app:main]\nsqlalchemy.url = sqlite:///%(here)s/x.db\n"
      "[alembic]\nscript_location = app/alembic\n";
  Write("a.ini", kText);
  Write("tox.ini", "[tox]\n");
  Write("development.ini", kText);
  const InitDocument init = Survey();
  EXPECT_EQ(Parsed(init).alembic.config, Path("development.ini"));
  EXPECT_EQ(init.environments[0].path, Path("x.db"));
  EXPECT_EQ(init.environments[0].found, "development.ini:2");
  EXPECT_THAT(init.notes, IsEmpty());
  Write("app/alembic/env.py", "url = config.get_main_option('sqlalchemy.url')\n");
  EXPECT_EQ(Survey().environments[0].path, Path("application.db"));
  Write("alembic.ini", "[alembic]\nscript_location = app/alembic\n");
  EXPECT_EQ(Parsed(Survey()).alembic.config, Path("alembic.ini"));
}

TEST_F(SurveyTest, SetupCfgMayConfigureAlembic) {
  Write("setup.cfg", "[metadata]\nname = x\n");
  EXPECT_EQ(Parsed(Survey()).format, migrations::Format::kNative);
  Write("setup.cfg", "[alembic]\nscript_location = alembic\nsqlalchemy.url = sqlite:///a.db\n");
  const InitDocument init = Survey();
  EXPECT_EQ(Parsed(init).alembic.config, Path("setup.cfg"));
  EXPECT_EQ(init.environments[0].path, Path("a.db"));
  EXPECT_THAT(init.notes, IsEmpty());
  // Another one for the same scripts is none of its own.
  Write("conf/alembic.dev.ini", "[alembic]\nscript_location = ../alembic\n");
  EXPECT_THAT(Survey().notes, IsEmpty());
}

TEST_F(SurveyTest, FoldersThatOnlyEnvPyNamesAreWritten) {
  Write("core/alembic.ini",
        "[alembic]\nscript_location = alembic\nsqlalchemy.url = sqlite:///a.db\n");
  const auto with = [&](std::string_view list) {
    Write("core/alembic/env.py", Concat("HERE = os.path.dirname(__file__)\n"
                                        "context.script.version_locations = ",
                                        list, "\n"));
    return Survey();
  };
  Write("core/changes/1.py", "revision = 'a1'\ndown_revision = None\n");
  for (const char* list : {"['changes']", "[os.path.join(HERE, '..', 'changes'),]"}) {
    const InitDocument init = with(list);
    EXPECT_EQ(Parsed(init).migration_directories, std::vector{Path("core/changes")}) << list;
    EXPECT_EQ(Parsed(init).alembic.config, Path("core/alembic.ini"));
    ASSERT_EQ(init.migrations.size(), 1U);
    EXPECT_EQ(init.migrations[0].directory, "core/changes");
    EXPECT_EQ(init.migrations[0].files, 1);
    EXPECT_THAT(init.text, HasSubstr("Only core/alembic/env.py says where the revisions are"));
  }
  EXPECT_THAT(Parsed(with("[find()]")).migration_directories, IsEmpty());
  EXPECT_THAT(Parsed(with("find()")).migration_directories, IsEmpty());
  EXPECT_THAT(Parsed(with("['a', find()]")).migration_directories, IsEmpty());
}

TEST_F(SurveyTest, TheDirectoryOfFlaskMigrateIsOfAlembic) {
  Write("migrations/alembic.ini", "[alembic]\n[loggers]\nkeys = root\n");
  Write("migrations/env.py", "from flask import current_app\n");
  Write("migrations/versions/1.py", "revision = 'a1'\ndown_revision = None\n");
  const InitDocument init = Survey();
  EXPECT_EQ(Parsed(init).format, migrations::Format::kAlembic);
  EXPECT_EQ(Parsed(init).alembic.config, Path("migrations/alembic.ini"));
  EXPECT_THAT(init.text, HasSubstr("its env.py lies in migrations; 1 revision in"));
  ASSERT_EQ(init.facts.size(), 2U);
  EXPECT_THAT(init.facts[1].what, HasSubstr("Flask-Migrate"));
  EXPECT_THAT(init.create, IsEmpty());
}

TEST_F(SurveyTest, NamesWithoutMeaningForYamlAreWritten) {
  Write("we ird: #1/.env", "DATABASE_URL='sqlite:///a b{}$x.db'\n");
  const InitDocument init = Survey();
  EXPECT_EQ(init.environments[0].url, "${DATABASE_URL}");
  EXPECT_EQ(init.environments[0].path, Path("we ird: #1/a b{}$x.db"));
}

}  // namespace
}  // namespace drover::environments
