#include "environments/survey/survey.h"

#include <algorithm>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "environments/config.h"
#include "environments/strays/scan.h"
#include "environments/target.h"
#include "tests/unit/environments/fake_files.h"
#include "tests/unit/environments/strays/scan_fixture.h"

namespace drover::environments {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class SurveyTest : public ProjectTest {
 protected:
  InitDocument Survey(std::string_view directory = "", bool here = false) {
    const SurveySurroundings surroundings{
        .home = "/nowhere", .schema = "/s/drover.schema.json", .scan = Scan};
    return SurveyProject({.directory = Path(directory), .here = here}, surroundings, files_);
  }

  static std::vector<std::string> Codes(const InitDocument& init) {
    std::vector<std::string> codes;
    for (const Finding& each : init.findings) codes.push_back(each.code);
    return codes;
  }
  static const Finding& Find(const InitDocument& init, std::string_view code) {
    return *std::ranges::find(init.findings, code, &Finding::code);
  }
  static std::vector<std::string> Names(const InitDocument& init) {
    std::vector<std::string> names;
    for (const ProposedEnvironment& each : init.environments) names.push_back(each.name);
    return names;
  }
  Config Parsed(const InitDocument& init) { return ParseConfig(init.text, init.config); }

  /// The project that drover was made after.
  void Founding() {
    Write(".env", "DB__DB_URL = sqlite+aiosqlite:///./application.db\nTOKEN=s3cret\n");
    Write("docker-compose.yml",
          "services:\n  app:\n    image: x\n    working_dir: /app\n    env_file: .env\n"
          "    volumes:\n      - ./application.db:/app/application.db\n");
    Write("backend/alembic.ini",
          "[alembic]\nscript_location = alembic\n"
          "sqlalchemy.url = driver://user:pass@localhost/dbname\n");
    Write("backend/alembic/env.py", "url = os.environ['DB__DB_URL']\n");
    Write("backend/alembic/versions/981cbaae32a1_first.py",
          "revision = '981cbaae32a1'\ndown_revision = None\n");
  }
  static constexpr std::string_view kAtFirst =
      "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL);"
      "INSERT INTO alembic_version VALUES ('981cbaae32a1'); CREATE TABLE accounts (id INTEGER);";

  RealFiles files_;
};

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

TEST_F(SurveyTest, EveryVariableWithASqliteUrlIsAnEnvironment) {
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

TEST_F(SurveyTest, ARelativeUrlBeginsWhereTheDatabaseIs) {
  Write("backend/.env", "DATABASE_URL=sqlite:///app.db\n");
  Write("docker-compose.yml", "services: {}\n");
  EXPECT_EQ(Survey().environments[0].path, Path("backend/app.db"));
  Database("app.db", "CREATE TABLE t (id);");
  EXPECT_EQ(Survey().environments[0].path, Path("app.db"));
  Database("backend/app.db", "CREATE TABLE t (id);");
  EXPECT_EQ(Survey().environments[0].path, Path("backend/app.db"));
}

TEST_F(SurveyTest, ServicesWithOneDatabaseAreOneEnvironment) {
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

TEST_F(SurveyTest, SettingsOfFrameworksAreRead) {
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

TEST_F(SurveyTest, ADatabaseAloneIsAnEnvironment) {
  Database("data/shop.db", kAtFirst);
  Database("shop.db.bak", kAtFirst);
  const InitDocument init = Survey();
  EXPECT_EQ(init.environments[0].path, Path("data/shop.db"));
  EXPECT_THAT(init.environments[0].revision, ElementsAre("981cbaae32a1"));
}

TEST_F(SurveyTest, TheUrlOfADatabaseThatWasFoundMeansThatFile) {
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

TEST_F(SurveyTest, AlembicWithAnotherDatabaseThanTheApplicationIsNamed) {
  Write(".env", "DATABASE_URL=sqlite:///app.db\n");
  Write("alembic.ini",
        "[alembic]\nscript_location = alembic\nsqlalchemy.url = sqlite:///%(here)s/other.db\n");
  Write("alembic/__init__.py", "");
  const InitDocument init = Survey();
  EXPECT_THAT(Codes(init), ElementsAre("alembic-other-database", "alembic-package-shadowed"));
  EXPECT_EQ(init.findings[0].where, Path("alembic.ini:3:1"));
  EXPECT_THAT(Names(init), ElementsAre("dev"));
}

TEST_F(SurveyTest, TheDatabaseThatExistsIsTaken) {
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

TEST_F(SurveyTest, OfSeveralDatabasesTheOneWithRowsIsTakenAndSaid) {
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

TEST_F(SurveyTest, ADatabaseThatIsOnlySomewhereIsTaken) {
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

TEST_F(SurveyTest, WhatTheCodeFallsBackToIsAStrayAndAnotherDatabaseOfItIsNone) {
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

TEST_F(SurveyTest, AServicesWorkingDirectoryMayBeWhereAUrlBegins) {
  Write(".env", "DATABASE_URL=sqlite:///./app.db\n");
  Write("compose.yaml",
        "services: {api: {image: x, working_dir: /srv/src, volumes: ['./server:/srv']}}\n");
  Database("server/src/app.db", "CREATE TABLE t (id);");
  EXPECT_EQ(Survey().environments[0].path, Path("server/src/app.db"));
}

/// Two Alembic projects in one repository, each with its own URL.
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

TEST_F(SurveyTest, TheNameOfAFileIsNoUrlWhenItLiesElsewhere) {
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

TEST_F(SurveyTest, AVariableIsPromisedOnlyWhereItIsRead) {
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

TEST_F(SurveyTest, AUrlThatBeginsAtThePlaceOfItsSourceIsOneOfTheProject) {
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

TEST_F(SurveyTest, TheVariableThatTheCodeHasADefaultForIsPromised) {
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

TEST_F(SurveyTest, AnEnvPyWithAUrlThatCannotBeReadIsAsked) {
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
