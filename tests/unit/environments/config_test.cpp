#include "environments/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <map>
#include <string>

#include "base/text.h"
#include "tests/unit/environments/fake_files.h"

namespace drover::environments {
namespace {

constexpr std::string_view kWhole = R"(project: idv
migrations:
  format: native
  directory: [migrations, more/migrations]
  schema: schema.sql
  version_table: alembic_version
  file_template: "%(year)d_%(rev)s"
  timezone: local
default_environment: docker
environments:
  dev:
    url: ${DB__DB_URL:-sqlite+aiosqlite:///./application.db}
    env_file: .env
    on_pending: apply
  docker:
    compose: {file: [docker-compose.yml, override.yml], service: app, project_directory: .., profiles: web}
    url: sqlite+aiosqlite:///./application.db
    protected: true
safety:
  destructive: refuse
strays:
  roots: [., ../other]
  ignore: ["tests/**"]
)";

Config Load(std::string_view text) { return ParseConfig(text, "/p/idv/drover.yaml"); }
Error ConfigFailure(std::string_view text) {
  return ErrorOf([&] { return Load(text); });
}
/// The failure of a file that has one good environment and `more`.
Error FailureWith(std::string_view more) {
  return ConfigFailure(Concat("environments: {dev: {url: \"sqlite:///a.db\"}}\n", more));
}
/// The failure of an environment with a URL and `more`.
Error EnvironmentFailure(std::string_view more) {
  return ConfigFailure(Concat("environments:\n  dev:\n    url: a.db\n    ", more, "\n"));
}

TEST(ConfigTest, EveryKeyIsUnderstood) {
  const Config config = Load(kWhole);
  EXPECT_EQ(config.root, "/p/idv");
  EXPECT_EQ(config.project, "idv");
  EXPECT_EQ(config.migration_directories,
            (std::vector<std::string>{"/p/idv/migrations", "/p/idv/more/migrations"}));
  EXPECT_EQ(config.schema_files, std::vector<std::string>{"/p/idv/schema.sql"});
  EXPECT_EQ(config.version_table, "alembic_version");
  EXPECT_EQ(config.file_template,
            (migrations::FileTemplate{.pattern = "%(year)d_%(rev)s", .zone = TimeZone::kLocal}));
  EXPECT_EQ(config.default_environment, "docker");
  EXPECT_EQ(config.destructive, DestructivePolicy::kRefuse);
  EXPECT_EQ(config.stray_roots, (std::vector<std::string>{"/p/idv", "/p/other"}));
  EXPECT_EQ(config.stray_ignore, std::vector<std::string>{"tests/**"});
  ASSERT_EQ(config.environments.size(), 2U);
  const EnvironmentConfig& dev = config.environments[0];
  EXPECT_EQ(dev.name, "dev");
  EXPECT_EQ(dev.url, "${DB__DB_URL:-sqlite+aiosqlite:///./application.db}");
  EXPECT_EQ(dev.url_where, "/p/idv/drover.yaml:12:10");
  EXPECT_EQ(dev.where, "/p/idv/drover.yaml:11:3");
  EXPECT_EQ(dev.env_files, std::vector<std::string>{"/p/idv/.env"});
  EXPECT_EQ(dev.on_pending, OnPending::kApply);
  EXPECT_FALSE(dev.is_protected);
  EXPECT_FALSE(dev.compose);
  const EnvironmentConfig& docker = config.environments[1];
  EXPECT_EQ(docker.on_pending, OnPending::kReport);
  EXPECT_TRUE(docker.is_protected);
  ASSERT_TRUE(docker.compose);
  EXPECT_EQ(docker.compose->files,
            (std::vector<std::string>{"/p/idv/docker-compose.yml", "/p/idv/override.yml"}));
  EXPECT_EQ(docker.compose->service, "app");
  EXPECT_EQ(docker.compose->project_directory, "/p");
  EXPECT_EQ(docker.compose->profiles, std::vector<std::string>{"web"});
  EXPECT_EQ(docker.compose->where, "/p/idv/drover.yaml:16:14");
}

TEST(ConfigTest, DefaultsFillTheRest) {
  const Config config = Load("environments: {one: {url: a.db}, two: {url: b.db}}");
  EXPECT_EQ(config.project, "idv");
  EXPECT_EQ(config.migration_directories, std::vector<std::string>{"/p/idv/migrations"});
  EXPECT_TRUE(config.schema_files.empty());
  EXPECT_EQ(config.version_table, "drover_version");
  EXPECT_EQ(config.file_template, migrations::FileTemplate());
  EXPECT_EQ(config.default_environment, "one");
  EXPECT_EQ(config.destructive, DestructivePolicy::kConfirm);
  EXPECT_EQ(config.stray_roots, std::vector<std::string>{"/p/idv"});
}

TEST(ConfigTest, ChecksumIsOfTheBytes) {
  EXPECT_EQ(Load("environments: {a: {url: b}}").sha256.size(), 64U);
  EXPECT_NE(Load("environments: {a: {url: b}}").sha256,
            Load("environments: {a: {url: b}} ").sha256);
}

TEST(ConfigTest, UnknownKeysAreErrorsWithASuggestion) {
  const Error top = FailureWith("migration: {}\n");
  EXPECT_EQ(top.kind, "config.unknown_key");
  EXPECT_EQ(top.message, "unknown key \"migration\", did you mean \"migrations\"?");
  EXPECT_EQ(top.where, "/p/idv/drover.yaml:2:1");
  const Error inner = EnvironmentFailure("on_pendign: apply");
  EXPECT_EQ(inner.message,
            "unknown key \"on_pendign\" in environments.dev, did you mean \"on_pending\"?");
  EXPECT_EQ(inner.where, "/p/idv/drover.yaml:4:5");
  EXPECT_EQ(FailureWith("migrations: {dir: x}").kind, "config.unknown_key");
  EXPECT_EQ(FailureWith("safety: {x: y}").kind, "config.unknown_key");
  EXPECT_EQ(FailureWith("strays: {x: y}").kind, "config.unknown_key");
  EXPECT_EQ(EnvironmentFailure("compose: {file: a, service: b, x: c}").kind, "config.unknown_key");
}

TEST(ConfigTest, WhatIsNobodysDriftIsAListOfPatterns) {
  const std::string before = "environments: {dev: {url: \"sqlite:///a.db\"}}\n";
  EXPECT_THAT(Load(before).drift_ignore, testing::IsEmpty());
  EXPECT_THAT(Load(Concat(before, "drift: {ignore: [cache_*, tmp]}")).drift_ignore,
              testing::ElementsAre("cache_*", "tmp"));
  const Error wrong = FailureWith("drift: {ignor: [a]}");
  EXPECT_EQ(wrong.kind, "config.unknown_key");
  EXPECT_THAT(wrong.message, testing::HasSubstr("ignore"));
  EXPECT_EQ(wrong.where, "/p/idv/drover.yaml:2:9");
  EXPECT_EQ(FailureWith("drift: {ignore: {a: b}}").where, "/p/idv/drover.yaml:2:17");
}

TEST(ConfigTest, KeysOfLaterVersionsAreRefused) {
  EXPECT_EQ(FailureWith("hooks: {}").kind, "config.unsupported");
  EXPECT_EQ(FailureWith("hooks: {}").message, "this version of drover does not run hooks yet");
}

TEST(ConfigTest, AlembicIsReadWithItsOwnKeys) {
  const auto read = [](const std::string& keys) {
    return ParseConfig(
        Concat("environments: {dev: {url: 'sqlite:///a.db'}}\nmigrations: {", keys, "}"),
        "/p/idv/drover.yaml");
  };
  const Config plain = read("format: alembic");
  EXPECT_EQ(plain.format, migrations::Format::kAlembic);
  EXPECT_EQ(plain.version_table, "alembic_version");
  EXPECT_TRUE(plain.migration_directories.empty());
  EXPECT_EQ(plain.alembic.section, "alembic");
  EXPECT_EQ(plain.alembic.config, "");
  EXPECT_EQ(plain.alembic.config_where, "/p/idv/drover.yaml:2:22");
  const Config full = read(
      "format: alembic, config: backend/alembic.ini, section: app, version_table: v, "
      "command: [uv, run, alembic], url_variable: DB__DB_URL, directory: x/versions");
  EXPECT_EQ(full.alembic.config, "/p/idv/backend/alembic.ini");
  EXPECT_EQ(full.alembic.config_where, "/p/idv/drover.yaml:2:39");
  EXPECT_EQ(full.alembic.section, "app");
  EXPECT_EQ(full.version_table, "v");
  EXPECT_THAT(full.alembic.command, testing::ElementsAre("uv", "run", "alembic"));
  EXPECT_EQ(full.alembic.url_variable, "DB__DB_URL");
  EXPECT_THAT(full.migration_directories, testing::ElementsAre("/p/idv/x/versions"));
  EXPECT_EQ(read("directory: m").format, migrations::Format::kNative);
}

TEST(ConfigTest, TheKeysOfOneFormatAreErrorsInTheOther) {
  const auto message = [](const std::string& keys) {
    return FailureWith(Concat("migrations: {", keys, "}")).message;
  };
  EXPECT_EQ(message("config: alembic.ini"),
            "migrations.config has a meaning only with format: alembic");
  EXPECT_EQ(message("format: native, url_variable: X"),
            "migrations.url_variable has a meaning only with format: alembic");
  EXPECT_EQ(message("format: alembic, schema: s.sql"),
            "migrations.schema has a meaning only with format: native");
  EXPECT_EQ(message("format: alembic, config: alembic.txt"),
            "migrations.config must be an .ini file, pyproject.toml or setup.cfg");
  EXPECT_EQ(message("format: alembic, url_variable: A-B"),
            "migrations.url_variable \"A-B\" is no name of a variable");
}

TEST(ConfigTest, SafetyIsRead) {
  const auto safety = [](const std::string& text) {
    return ParseConfig(Concat("environments: {dev: {url: 'sqlite:///a.db'}}\nsafety: {", text, "}"),
                       "/p/idv/drover.yaml")
        .safety;
  };
  EXPECT_EQ(safety("").backup.keep, 10U);
  EXPECT_EQ(safety("").backup.directory, "");
  EXPECT_EQ(safety("backup: {keep: 3, directory: ../kept}").backup.keep, 3U);
  EXPECT_EQ(safety("backup: {directory: ../kept}").backup.directory, "/p/kept");
  EXPECT_EQ(safety("rehearse: never").rehearse, migrations::RehearsePolicy::kNever);
  for (const auto& [text, bytes] : std::map<std::string, std::uint64_t>{{"0", 0},
                                                                        {"500", 500},
                                                                        {"2 kB", 2000},
                                                                        {"2KiB", 2048},
                                                                        {"1 GiB", 1U << 30U},
                                                                        {"3TB", 3000000000000}}) {
    EXPECT_EQ(safety(Concat("backup: {max_bytes: ", text, "}")).backup.max_bytes, bytes) << text;
  }
  for (const char* wrong : {"x", "-1", "1.5GB", "1 Gi", "9999999999TB", "GB", "''"}) {
    EXPECT_EQ(FailureWith(Concat("safety: {backup: {max_bytes: ", wrong, "}}")).kind,
              "config.value")
        << wrong;
  }
  EXPECT_EQ(FailureWith("safety: {backup: {keep: 1001}}").where, "/p/idv/drover.yaml:2:25");
  EXPECT_EQ(FailureWith("safety: {backup: {kep: 1}}").kind, "config.unknown_key");
  EXPECT_EQ(FailureWith("safety: {backup: 3}").kind, "config.type");
  EXPECT_EQ(FailureWith("safety: {rehearse: sometimes}").kind, "config.value");
}

TEST(ConfigTest, ChoicesAreChecked) {
  const Error policy = EnvironmentFailure("on_pending: aply");
  EXPECT_EQ(policy.kind, "config.value");
  EXPECT_EQ(policy.message,
            "environments.dev.on_pending cannot be \"aply\", did you mean \"apply\"?");
  EXPECT_EQ(policy.where, "/p/idv/drover.yaml:4:17");
  EXPECT_EQ(FailureWith("safety: {destructive: maybe}").kind, "config.value");
  EXPECT_EQ(FailureWith("migrations: {format: sql}").kind, "config.value");
  EXPECT_EQ(FailureWith("default_environment: dve").message,
            "default_environment cannot be \"dve\", did you mean \"dev\"?");
}

TEST(ConfigTest, StubsAreNamesOfFunctionsAndCollations) {
  const Config config = ParseConfig(
      "migrations:\n  stub_functions: [slugify/1, now]\n  stub_collations: unicode_nocase\n"
      "environments: {dev: {url: \"sqlite:///a.db\"}}\n",
      "/p/idv/drover.yaml");
  EXPECT_THAT(config.stubs.functions, testing::ElementsAre("slugify/1", "now"));
  EXPECT_THAT(config.stubs.collations, testing::ElementsAre("unicode_nocase"));
  const Error wrong = FailureWith("migrations: {stub_functions: [fine, 'no good']}");
  EXPECT_EQ(wrong.kind, "config.value");
  EXPECT_EQ(wrong.where, "/p/idv/drover.yaml:2:37");
  EXPECT_EQ(FailureWith("migrations: {stub_functions: f/999}").kind, "config.value");
  EXPECT_EQ(FailureWith("migrations: {stub_functions: f/x}").kind, "config.value");
  EXPECT_EQ(FailureWith("migrations: {stub_collations: [c/1]}").kind, "config.value");
  EXPECT_EQ(FailureWith("migrations: {stub_collation: [c]}").kind, "config.unknown_key");
}

TEST(ConfigTest, TypesAreChecked) {
  EXPECT_EQ(ConfigFailure("- a\n").kind, "config.type");
  EXPECT_EQ(ConfigFailure("just text").kind, "config.type");
  EXPECT_EQ(ConfigFailure("environments: [a]").kind, "config.type");
  EXPECT_EQ(ConfigFailure("environments: {dev: sqlite}").kind, "config.type");
  EXPECT_EQ(ConfigFailure("environments: {dev: {url: [a]}}").message,
            "environments.dev.url must be a text, not a list");
  EXPECT_EQ(EnvironmentFailure("protected: yes").kind, "config.type");
  EXPECT_EQ(EnvironmentFailure("protected: \"true\"").kind, "config.type");
  EXPECT_EQ(EnvironmentFailure("compose: docker-compose.yml").kind, "config.type");
  EXPECT_EQ(EnvironmentFailure("env_file: {a: b}").kind, "config.type");
  EXPECT_EQ(EnvironmentFailure("env_file:").kind, "config.type");
  EXPECT_EQ(FailureWith("migrations:").kind, "config.type");
  EXPECT_EQ(FailureWith("project: !include x").kind, "config.unsupported");
}

TEST(ConfigTest, MissingThingsAreNamed) {
  EXPECT_EQ(ConfigFailure("").kind, "config.missing");
  EXPECT_EQ(ConfigFailure("# only a comment\n").kind, "config.missing");
  EXPECT_EQ(ConfigFailure("project: x").message, "drover.yaml has no \"environments\"");
  EXPECT_EQ(ConfigFailure("environments: {}").kind, "config.missing");
  const Error url = ConfigFailure("environments:\n  dev: {on_pending: apply}\n");
  EXPECT_EQ(url.kind, "config.missing");
  EXPECT_EQ(url.message, "environment \"dev\" has no url");
  EXPECT_EQ(url.where, "/p/idv/drover.yaml:2:3");
  EXPECT_EQ(EnvironmentFailure("compose: {file: a.yml}").kind, "config.missing");
}

TEST(ConfigTest, ComposeNeedsNoFileAndThenNoUrl) {
  const Config config =
      ParseConfig("environments:\n  docker:\n    compose: {service: app, project_name: shop}\n",
                  "/p/idv/drover.yaml");
  const EnvironmentConfig& docker = config.environments[0];
  EXPECT_EQ(docker.url, "");
  EXPECT_EQ(docker.url_where, "/p/idv/drover.yaml:2:3");
  EXPECT_TRUE(docker.compose->files.empty());
  EXPECT_EQ(docker.compose->service, "app");
  EXPECT_EQ(docker.compose->project_name, "shop");
}

TEST(ConfigTest, VersionTableMustBeAPlainName) {
  for (const char* name : {"1a", "a-b", "\"a b\"", "main.t", "sqlite_x", "SQLITE_x",
                           "drover_history", "Drover_History", "\"a;drop\"", "é"}) {
    EXPECT_EQ(FailureWith(Concat("migrations: {version_table: ", name, "}")).kind, "config.value")
        << name;
  }
}

TEST(ConfigTest, AFileTemplateIsCheckedWhereItStands) {
  const Error error = FailureWith("migrations:\n  file_template: \"%(yaer)d_%(rev)s\"\n");
  EXPECT_EQ(error.kind, "config.value");
  EXPECT_EQ(error.where, "/p/idv/drover.yaml:3:18");
  EXPECT_EQ(error.message,
            "migrations.file_template \"%(yaer)d_%(rev)s\" cannot be used: there is no token "
            "%(yaer), did you mean \"year\"?");
  EXPECT_NE(error.hint, "");
  EXPECT_EQ(FailureWith("migrations: {file_template: [a]}").kind, "config.type");
  EXPECT_EQ(FailureWith("migrations: {timezone: UCT}").kind, "config.value");
  EXPECT_EQ(FailureWith("migrations: {file_tmeplate: x}").message,
            "unknown key \"file_tmeplate\" in migrations, did you mean \"file_template\"?");
}

TEST(ConfigTest, EnvironmentNamesArePlain) {
  EXPECT_EQ(Load("environments: {a.B_c-1: {url: x.db}}").environments[0].name, "a.B_c-1");
  for (const char* name : {"\"a b\"", "a/b", "\"\"", "é"}) {
    EXPECT_EQ(ConfigFailure(Concat("environments: {", name, ": {url: x.db}}")).kind, "config.value")
        << name;
  }
}

TEST(ConfigTest, ValuesMustNotBeEmptyOrUnprintable) {
  EXPECT_EQ(ConfigFailure("environments: {dev: {url: \"\"}}").kind, "config.value");
  EXPECT_EQ(ConfigFailure("environments: {dev: {url: \"a\\nb\"}}").kind, "config.value");
  EXPECT_EQ(EnvironmentFailure("env_file: []").kind, "config.value");
  EXPECT_EQ(EnvironmentFailure("env_file: \"~/x\"").kind, "config.value");
}

TEST(ConfigTest, SyntaxErrorsAndDuplicatesHavePositions) {
  EXPECT_EQ(FailureWith("environments: {}").where, "/p/idv/drover.yaml:2:1");
  EXPECT_EQ(FailureWith("environments: {}").kind, "config.duplicate_key");
  EXPECT_EQ(FailureWith("a: [").kind, "config.syntax");
  EXPECT_EQ(FailureWith("\tproject: x").kind, "config.syntax");
}

TEST(ConfigTest, UnknownEnvironmentListsTheKnownOnes) {
  const Config config = Load(kWhole);
  EXPECT_EQ(FindEnvironment(config, "docker").name, "docker");
  const Error error = ErrorOf([&] { return FindEnvironment(config, "dokcer").name; });
  EXPECT_EQ(error.code, Code::kNotFound);
  EXPECT_EQ(error.kind, "environment.unknown");
  EXPECT_EQ(error.message,
            "there is no environment \"dokcer\", did you mean \"docker\"?; known: dev, docker");
  EXPECT_EQ(config.Find("x"), nullptr);
}

Config ReadUrlKeys(std::string_view text) { return ParseConfig(text, "/p/drover.yaml"); }

TEST(UrlKeysTest, TheEnvironmentsOwnKeyComesBeforeTheProjects) {
  const Config config = ReadUrlKeys(
      "url_dialect: flask\nrelative_to: backend\nenvironments:\n  dev:\n    url: a.db\n"
      "  cli:\n    url: a.db\n    url_dialect: path\n    relative_to: /srv/x/..\n");
  EXPECT_EQ(config.environments[0].url_dialect, UrlDialect::kFlask);
  EXPECT_EQ(config.environments[0].url_dialect_where, "/p/drover.yaml:1:14");
  EXPECT_EQ(config.environments[0].relative_to, "/p/backend");
  EXPECT_EQ(config.environments[1].url_dialect, UrlDialect::kPath);
  EXPECT_EQ(config.environments[1].url_dialect_where, "/p/drover.yaml:8:18");
  EXPECT_EQ(config.environments[1].relative_to, "/srv");
  EXPECT_EQ(config.environments[1].relative_to_where, "/p/drover.yaml:9:18");
  EXPECT_FALSE(ReadUrlKeys("environments: {dev: {url: a.db}}").environments[0].url_dialect);
}

TEST(UrlKeysTest, WrongValuesAreNamed) {
  const auto failure = [](std::string_view text) {
    return ErrorOf([&] { return ReadUrlKeys(text); });
  };
  const Error dialect = failure("environments: {dev: {url: a.db, url_dialect: sqlalchmy}}");
  EXPECT_EQ(dialect.kind, "config.value");
  EXPECT_EQ(dialect.where, "/p/drover.yaml:1:46");
  EXPECT_NE(dialect.message.find("did you mean \"sqlalchemy\""), std::string::npos);
  EXPECT_EQ(failure("relative_to: ~/x\nenvironments: {dev: {url: a.db}}").kind, "config.value");
}

TEST(UrlKeysTest, WithComposeADirectoryInTheContainerIsMeant) {
  const Config config =
      ReadUrlKeys("relative_to: backend\nenvironments: {d: {url: a.db, compose: {service: app}}}");
  EXPECT_EQ(config.environments[0].relative_to, "");
  const Error error = ErrorOf([] {
    return ReadUrlKeys("environments: {d: {url: a, relative_to: b, compose: {service: app}}}");
  });
  EXPECT_EQ(error.kind, "config.value");
  EXPECT_EQ(error.hint, "relative_to: /app/b");
}

}  // namespace
}  // namespace drover::environments
