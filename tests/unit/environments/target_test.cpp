#include "environments/target.h"

#include <gtest/gtest.h>
#include <string>

#include "base/text.h"
#include "tests/unit/environments/fake_files.h"

namespace drover::environments {
namespace {

class TargetTest : public testing::Test {
 protected:
  TargetTest() { files_.PutDirectory("/p/idv"); }

  /// Resolves the environment `dev`, written as the lines below its name.
  Target Resolve(std::string_view lines) {
    const Config config =
        ParseConfig(Concat("environments:\n  dev:\n", lines, "\n"), "/p/idv/drover.yaml");
    return ResolveTarget(config, config.environments[0], files_);
  }
  Target Url(std::string_view url) { return Resolve(Concat("    url: ", url)); }

  static std::string Codes(const Target& target) {
    std::vector<std::string> codes;
    for (const Finding& finding : target.findings) codes.push_back(finding.code);
    return Join(codes, " ");
  }
  static std::string Steps(const Target& target) {
    std::string text;
    for (const Provenance& step : target.provenance) text += step.value + " <- " + step.from + "\n";
    return text;
  }

  FakeFiles files_;
};

TEST_F(TargetTest, RelativeUrlBeginsAtTheProjectRoot) {
  files_.Put("/p/idv/application.db", "");
  const Target target = Url("sqlite+aiosqlite:///./application.db");
  EXPECT_EQ(target.environment, "dev");
  EXPECT_EQ(target.kind, TargetKind::kFile);
  EXPECT_EQ(target.path, "/p/idv/application.db");
  EXPECT_EQ(target.relative_tail, "application.db");
  EXPECT_EQ(target.confidence, Confidence::kCertain);
  EXPECT_TRUE(target.file);
  EXPECT_EQ(Codes(target), "");
  EXPECT_FALSE(target.error);
}

TEST_F(TargetTest, ProvenanceNamesEveryStepAndItsLine) {
  files_.Put("/p/idv/.env", "X=1\nDB__DB_URL = sqlite+aiosqlite:///./application.db\n");
  const Target target = Resolve("    url: ${DB__DB_URL:-sqlite:///other.db}\n    env_file: .env");
  EXPECT_EQ(Steps(target),
            "${DB__DB_URL:-sqlite:///other.db} <- drover.yaml:3:10\n"
            "sqlite+aiosqlite:///./application.db <- .env:2\n"
            "as sqlalchemy reads it <- guessed: the driver in sqlite+aiosqlite:\n"
            "./application.db relative to /p/idv <- relative SQLite URL (three slashes), from the "
            "project root\n"
            "/p/idv/application.db <- real path\n");
}

TEST_F(TargetTest, DefaultIsUsedAndSaidWhenTheFileIsMissing) {
  const Target target =
      Resolve("    url: ${DB:-sqlite:///other.db}\n    env_file: [.env, /etc/x.env]");
  EXPECT_EQ(target.path, "/p/idv/other.db");
  EXPECT_EQ(target.provenance[1].value, "sqlite:///other.db");
  EXPECT_EQ(target.provenance[1].from, "default of DB (no file .env, no file /etc/x.env)");
  EXPECT_TRUE(files_.read.contains("/p/idv/.env"));
}

TEST_F(TargetTest, LaterEnvFileWins) {
  files_.Put("/p/idv/.env", "DB=one.db\n");
  files_.Put("/p/idv/.env.local", "DB=two.db\n");
  const Target target = Resolve("    url: ${DB}\n    env_file: [.env, .env.local]");
  EXPECT_EQ(target.path, "/p/idv/two.db");
  EXPECT_EQ(target.provenance[1].from, ".env.local:1");
}

TEST_F(TargetTest, ProcessEnvironmentIsNeverLookedAt) {
  setenv("DROVER_TEST_URL", "sqlite:////wrong.db", 1);
  const Target target = Url("${DROVER_TEST_URL:-sqlite:///right.db}");
  unsetenv("DROVER_TEST_URL");
  EXPECT_EQ(target.path, "/p/idv/right.db");
}

TEST_F(TargetTest, UnsetVariableNamesTheFilesSearched) {
  files_.Put("/p/idv/.env", "DB_URL=x\n");
  const Target target = Resolve("    url: ${DB_ULR}\n    env_file: .env");
  EXPECT_EQ(target.kind, TargetKind::kUnresolved);
  EXPECT_EQ(target.confidence, Confidence::kUnknown);
  EXPECT_EQ(target.key, "");
  ASSERT_TRUE(target.error);
  EXPECT_EQ(target.error->kind, "variable.unset");
  EXPECT_EQ(target.error->message,
            "the variable DB_ULR is not set (not in .env), did you mean \"DB_URL\"?");
  EXPECT_EQ(target.error->where, "/p/idv/drover.yaml:3:10");
  EXPECT_EQ(Resolve("    url: ${DB}\n    env_file: .none").error->message,
            "the variable DB is not set (no file .none)");
  EXPECT_EQ(Url("${DB}").error->message,
            "the variable DB is not set: environment \"dev\" has no env_file to look it up in");
}

TEST_F(TargetTest, EnvValuesMayUseEarlierOnes) {
  files_.Put("/p/idv/.env", "DIR=data\nDB='sqlite:///${DIR}/a.db'\nBAD=${NOPE}\n");
  EXPECT_EQ(Resolve("    url: ${DB}\n    env_file: .env").path, "/p/idv/data/a.db");
  const Target bad = Resolve("    url: ${BAD}\n    env_file: .env");
  EXPECT_EQ(bad.error->kind, "variable.unset");
  EXPECT_EQ(bad.error->where, "/p/idv/.env:3:1");
}

TEST_F(TargetTest, LongChainsOfVariablesAreBounded) {
  std::string text = "V0=x\n";
  for (int i = 1; i <= 5000; ++i) {
    const std::string before = std::to_string(i - 1);
    text += "V" + std::to_string(i) + "=${V" + before + "}${V" + before + "}\n";
  }
  files_.Put("/p/idv/.env", text);
  EXPECT_EQ(Resolve("    url: ${V5000}\n    env_file: .env").error->kind, "variable.syntax");
  EXPECT_EQ(Resolve("    url: ${V12}\n    env_file: .env").path.size(), 4096U + 7U);
  EXPECT_EQ(Resolve("    url: ${V30}\n    env_file: .env").error->kind, "variable.too_long");
}

TEST_F(TargetTest, BadLineOfTheEnvFileIsAFinding) {
  files_.Put("/p/idv/.env", "a b=c\nDB=a.db\n");
  const Target target = Resolve("    url: ${DB}\n    env_file: .env");
  EXPECT_EQ(target.path, "/p/idv/a.db");
  ASSERT_EQ(Codes(target), "env-file-syntax");
  EXPECT_EQ(target.findings[0].where, "/p/idv/.env:1:3");
  EXPECT_EQ(target.findings[0].environment, "dev");
}

TEST_F(TargetTest, MemoryHasNothingToProvision) {
  const Target target = Url("sqlite://");
  EXPECT_EQ(target.kind, TargetKind::kMemory);
  EXPECT_EQ(target.path, "");
  EXPECT_EQ(target.key, "");
  EXPECT_EQ(Codes(target), "memory-database");
}

TEST_F(TargetTest, TailOfARelativeUrlIsClean) {
  EXPECT_EQ(Url("sqlite:///./data//x/../app.db").relative_tail, "data/app.db");
  EXPECT_EQ(Url("sqlite:////srv/app.db").relative_tail, "");
  EXPECT_EQ(Url("sqlite:///../app.db").relative_tail, "");
  EXPECT_EQ(Url("sqlite:///../app.db").path, "/p/app.db");
}

TEST_F(TargetTest, KeyIsTheSameForEverySpellingOfAFile) {
  files_.Put("/p/idv/data/app.db", "");
  files_.HardLink("/p/idv/other.db", "/p/idv/data/app.db");
  files_.Link("/p/idv/link.db", "/p/idv/data/app.db");
  const std::string key = Url("sqlite:///data/app.db").key;
  EXPECT_FALSE(key.empty());
  EXPECT_EQ(Url("sqlite:////p/idv/./data/app.db").key, key);
  EXPECT_EQ(Url("link.db").key, key);
  EXPECT_EQ(Url("other.db").key, key);
}

TEST_F(TargetTest, KeyOfAMissingFileIsItsDirectoryAndTheRest) {
  files_.PutDirectory("/p/idv/data");
  files_.Link("/p/idv/d", "/p/idv/data");
  const Target target = Url("sqlite:///data/x/app.db");
  EXPECT_FALSE(target.file);
  EXPECT_EQ(target.kind, TargetKind::kFile);
  EXPECT_TRUE(target.key.ends_with("/x/app.db"));
  EXPECT_EQ(Url("sqlite:////p/idv/d/x/app.db").key, target.key);
  EXPECT_NE(Url("sqlite:///data/y/app.db").key, target.key);
}

TEST_F(TargetTest, LinksAreFindings) {
  files_.Put("/p/idv/data/app.db", "");
  files_.Link("/p/idv/link.db", "/p/idv/data/app.db");
  EXPECT_EQ(Codes(Url("link.db")), "symlinked");
  EXPECT_EQ(Url("link.db").findings[0].severity, "info");
  EXPECT_EQ(Url("link.db").path, "/p/idv/data/app.db");
  files_.HardLink("/p/idv/other.db", "/p/idv/data/app.db");
  EXPECT_EQ(Codes(Url("other.db")), "hard-linked");
}

TEST_F(TargetTest, LinkedProjectRootIsNoFinding) {
  files_.PutDirectory("/real/idv");
  files_.Link("/p/idv", "/real/idv");
  const Target target = Url("app.db");
  EXPECT_EQ(target.path, "/real/idv/app.db");
  EXPECT_EQ(Codes(target), "");
}

TEST_F(TargetTest, DirectoryInPlaceOfTheFileIsUnresolvedButNamed) {
  files_.PutDirectory("/p/idv/application.db");
  const Target target = Url("sqlite:///application.db");
  EXPECT_EQ(target.kind, TargetKind::kUnresolved);
  EXPECT_EQ(target.path, "/p/idv/application.db");
  EXPECT_EQ(target.error->kind, "target.directory");
  EXPECT_EQ(Codes(target), "database-path-is-directory");
  EXPECT_EQ(target.findings[0].fix, "rmdir /p/idv/application.db");
}

TEST_F(TargetTest, OtherThingsInPlaceOfTheFileAreUnresolved) {
  files_.PutOther("/p/idv/pipe.db");
  EXPECT_EQ(Url("pipe.db").error->kind, "target.not_a_file");
  files_.Put("/p/idv/file", "");
  EXPECT_EQ(Url("file/app.db").error->kind, "target.not_a_directory");
  files_.Forbid("/p/idv/secret.db");
  EXPECT_EQ(Url("secret.db").error->code, "io");
  EXPECT_EQ(Url("secret.db").kind, TargetKind::kUnresolved);
}

TEST_F(TargetTest, ThreeSlashesWhereFourWereMeantIsAFinding) {
  const Target target = Url("sqlite:///home/me/app.db");
  EXPECT_EQ(target.path, "/p/idv/home/me/app.db");
  EXPECT_EQ(Codes(target), "url-slashes");
  EXPECT_EQ(Codes(Url("sqlite:///data/app.db")), "");
  files_.Put("/data/app.db", "");
  EXPECT_EQ(Codes(Url("sqlite:///data/app.db")), "url-slashes");
  files_.Put("/p/idv/data/app.db", "");
  EXPECT_EQ(Codes(Url("sqlite:///data/app.db")), "");
  EXPECT_EQ(Codes(Url("sqlite:///./tmp/app.db")), "");
}

TEST_F(TargetTest, BadUrlIsAnErrorOfTheTarget) {
  const Target target = Url("postgresql://db/x");
  EXPECT_EQ(target.kind, TargetKind::kUnresolved);
  EXPECT_EQ(target.error->code, "invalid");
  EXPECT_EQ(target.error->kind, "url.unsupported");
  EXPECT_EQ(target.error->where, "/p/idv/drover.yaml:3:10");
  ASSERT_EQ(target.provenance.size(), 2U);
}

TEST_F(TargetTest, DialectOfTheFileIsUsedAndItsLineNamed) {
  const Target target = Resolve("    url: sqlite:///data/app.db\n    url_dialect: dbmate");
  EXPECT_EQ(target.path, "/data/app.db");
  EXPECT_EQ(target.url_dialect, "dbmate");
  EXPECT_EQ(Steps(target),
            "sqlite:///data/app.db <- drover.yaml:3:10\n"
            "as dbmate reads it <- drover.yaml:4:18\n"
            "/data/app.db <- real path\n");
  EXPECT_FALSE(target.from_directory);
}

TEST_F(TargetTest, FlaskBeginsInTheInstanceFolderWhereverItIsStarted) {
  files_.Put("/p/idv/requirements.txt", "Flask-SQLAlchemy\n");
  const Target target = Url("sqlite:///app.db");
  EXPECT_EQ(target.path, "/p/idv/instance/app.db");
  EXPECT_EQ(target.relative_tail, "app.db");
  EXPECT_EQ(target.provenance[1].from, "guessed: requirements.txt:1 names Flask-SQLAlchemy");
  EXPECT_EQ(target.provenance[2].from,
            "relative SQLite URL (three slashes), from Flask's instance folder");
  EXPECT_FALSE(target.from_directory);
}

TEST_F(TargetTest, RelativeToIsWhereTheApplicationBegins) {
  const Target target = Resolve("    url: sqlite:///../app.db\n    relative_to: backend/src");
  EXPECT_EQ(target.path, "/p/idv/backend/app.db");
  EXPECT_EQ(target.provenance[2].value, "../app.db relative to /p/idv/backend/src");
  EXPECT_EQ(target.provenance[2].from,
            "relative SQLite URL (three slashes), from relative_to, drover.yaml:4:18");
  ASSERT_TRUE(target.from_directory);
  EXPECT_EQ(target.from_directory->directory, "/p/idv/backend/src");
  EXPECT_EQ(target.from_directory->path, "../app.db");
  EXPECT_EQ(Resolve("    url: sqlite:////srv/a.db\n    relative_to: backend").path, "/srv/a.db");
}

TEST_F(TargetTest, AnotherDialectThatLeadsToADatabaseIsADoubt) {
  files_.Put("/p/idv/instance/app.db", "");
  const Target target = Url("sqlite:///app.db");
  ASSERT_EQ(Codes(target), "url-dialect-unclear");
  EXPECT_EQ(target.findings[0].message,
            "app.db is missing, but read as flask does the URL names instance/app.db, which is "
            "there");
  EXPECT_EQ(target.findings[0].severity, "warning");
  EXPECT_EQ(target.findings[0].ground, "inferred");
  EXPECT_EQ(target.findings[0].fix, "url_dialect: flask");
  EXPECT_EQ(target.findings[0].where, "/p/idv/drover.yaml:3:10");
  EXPECT_EQ(Codes(Resolve("    url: sqlite:///app.db\n    url_dialect: sqlalchemy")), "");
  files_.Put("/p/idv/app.db", "");
  EXPECT_EQ(Codes(Url("sqlite:///app.db")), "");
}

TEST_F(TargetTest, DbmateWithSlashesWhereNoneWereMeantIsAFinding) {
  files_.Put("/p/idv/data/app.db", "");
  const Target target = Resolve("    url: sqlite:///data/app.db\n    url_dialect: dbmate");
  ASSERT_EQ(Codes(target), "url-slashes");
  EXPECT_EQ(target.findings[0].fix, "sqlite:data/app.db");
  EXPECT_EQ(Codes(Url("sqlite:/data/app.db")), "");
}

TEST_F(TargetTest, SettingsAreFoundInAnotherCaseAndInJson) {
  files_.Put("/p/idv/.env", "db__db_url=one.db\n");
  Target target = Resolve("    url: ${DB__DB_URL}\n    env_file: .env");
  EXPECT_EQ(target.path, "/p/idv/one.db");
  EXPECT_EQ(target.provenance[1].from, ".env:1, as db__db_url");
  EXPECT_EQ(target.confidence, Confidence::kLikely);
  files_.Put("/p/idv/.env", "X=1\nDB='{\"db_url\": \"two.db\", \"password\": \"p\"}'\n");
  target = Resolve("    url: ${DB__DB_URL}\n    env_file: .env");
  EXPECT_EQ(target.path, "/p/idv/two.db");
  EXPECT_EQ(target.provenance[1].value, "two.db");
  EXPECT_EQ(target.provenance[1].from, ".env:2, in the JSON of DB");
  files_.Put("/p/idv/.env", "DB='{\"db_url\": \"two.db\"}'\nDB__DB_URL=three.db\n");
  target = Resolve("    url: ${DB__DB_URL}\n    env_file: .env");
  EXPECT_EQ(target.path, "/p/idv/three.db");
  EXPECT_EQ(target.confidence, Confidence::kCertain);
}

TEST_F(TargetTest, VariablesThatMatterAreNamedSetOrNot) {
  files_.Put("/p/idv/.env", "DB__DB_URL=${DIR:-data}/a.db\nOTHER=${SECRET:-x}\n");
  EXPECT_EQ(Resolve("    url: ${DB__DB_URL}\n    env_file: .env").variables,
            (std::set<std::string>{"DB", "DB__DB_URL", "DIR"}));
  EXPECT_EQ(Url("${NOT_SET}").variables, std::set<std::string>{"NOT_SET"});
  EXPECT_EQ(Url("a.db").variables, std::set<std::string>());
}

TEST_F(TargetTest, ConfidenceHasANameEach) {
  EXPECT_EQ(ConfidenceName(Confidence::kCertain), "certain");
  EXPECT_EQ(ConfidenceName(Confidence::kLikely), "likely");
  EXPECT_EQ(ConfidenceName(Confidence::kUnknown), "unknown");
}

// Through a container ---------------------------------------------------------------------------

class ComposeTargetTest : public TargetTest {
 protected:
  /// Resolves `url` in the service `app`, whose keys are `service` (4 blanks deep).
  Target InService(std::string_view service, std::string_view url, std::string_view more = "") {
    files_.Put("/p/idv/compose.yml",
               Concat("services:\n  app:\n", service, "\n    image: x\n", more));
    return Resolve(Concat("    url: ", url, "\n    compose: {file: compose.yml, service: app}"));
  }
  static std::string Host(const Target& target) {
    return target.error ? target.error->kind : target.path;
  }
};

TEST_F(ComposeTargetTest, FollowsTheMountFromContainerToHost) {
  files_.Put("/p/idv/application.db", "x");
  const Target target =
      InService("    working_dir: /app\n    volumes:\n      - ./application.db:/app/application.db",
                "sqlite+aiosqlite:///./application.db");
  EXPECT_EQ(target.kind, TargetKind::kFile);
  EXPECT_EQ(target.path, "/p/idv/application.db");
  EXPECT_EQ(target.relative_tail, "application.db");
  EXPECT_EQ(target.confidence, Confidence::kCertain);
  EXPECT_EQ(target.key, Url("application.db").key);
  EXPECT_EQ(Codes(target), "bind-single-file");
  EXPECT_EQ(target.findings[0].severity, "warning");
  EXPECT_EQ(target.findings[0].ground, "seen");
  EXPECT_EQ(target.findings[0].fix,
            "mount a directory: \"./data:/app/data\", and let the URL be "
            "sqlite:////app/data/application.db");
  EXPECT_EQ(target.findings[0].where, "/p/idv/compose.yml:5:9");
  ASSERT_EQ(target.mounts.size(), 1U);
  EXPECT_EQ(target.mounts[0].target, "/app/application.db");
  EXPECT_EQ(target.mounts[0].type, "bind");
  EXPECT_EQ(target.mounts[0].host, "/p/idv/application.db");
  EXPECT_EQ(Steps(target),
            "sqlite+aiosqlite:///./application.db <- drover.yaml:3:10\n"
            "as sqlalchemy reads it <- guessed: the driver in sqlite+aiosqlite:\n"
            "working directory /app in service app <- compose.yml:3:18\n"
            "/app/application.db in service app <- relative SQLite URL (three slashes), from the "
            "working directory\n"
            "./application.db:/app/application.db <- compose.yml:5:9\n"
            "/p/idv/application.db <- real path\n");
}

TEST_F(ComposeTargetTest, RelativeToIsADirectoryInTheContainer) {
  files_.PutDirectory("/p/idv/data");
  files_.Put("/p/idv/compose.yml",
             "services:\n  app:\n    image: x\n    volumes: [\"./data:/srv/data\"]\n");
  const Target target = Resolve(
      "    url: sqlite:///a.db\n    relative_to: /srv/data\n"
      "    compose: {file: compose.yml, service: app}");
  EXPECT_EQ(target.path, "/p/idv/data/a.db");
  EXPECT_EQ(target.provenance[2].from,
            "relative SQLite URL (three slashes), from relative_to, drover.yaml:4:18");
}

TEST_F(ComposeTargetTest, FlaskInAContainerHasItsInstanceFolderLikelyInTheWorkingDirectory) {
  files_.PutDirectory("/p/idv/i");
  const Target target = InService("    working_dir: /app\n    volumes: [\"./i:/app/instance\"]",
                                  "sqlite:///a.db\n    url_dialect: flask");
  EXPECT_EQ(target.path, "/p/idv/i/a.db");
  EXPECT_EQ(target.confidence, Confidence::kLikely);
}

TEST_F(ComposeTargetTest, VariablesOfTheComposeFilesMatter) {
  files_.PutDirectory("/p/idv/data");
  const Target target = InService(
      "    volumes: [\"./${DATA:-data}:/srv\"]\n    environment: [\"P=${DB_PASSWORD:-x}\"]",
      "sqlite:////srv/${NAME:-a}.db");
  EXPECT_EQ(target.path, "/p/idv/data/a.db");
  EXPECT_TRUE(target.variables.contains("DATA"));
  EXPECT_FALSE(target.variables.contains("PWD"));
  EXPECT_FALSE(target.variables.contains("DB_PASSWORD"));
  EXPECT_FALSE(target.variables.contains("NAME")) << "a shell does not reach into the container";
}

TEST_F(ComposeTargetTest, MissingSourceOfASingleFileIsAFindingWithACommand) {
  const Target target = InService("    volumes: [\"./a.db:/app/a.db\"]", "sqlite:////app/a.db");
  EXPECT_EQ(target.kind, TargetKind::kFile);
  EXPECT_EQ(Codes(target), "bind-source-missing bind-single-file");
  EXPECT_EQ(target.findings[0].fix, "drover upgrade -e dev");
  EXPECT_EQ(target.findings[0].severity, "error");
}

TEST_F(ComposeTargetTest, MissingDirectoryIsAFindingWithACommand) {
  const Target target = InService("    volumes: [\"./data:/data\"]", "sqlite:////data/x/a.db");
  EXPECT_EQ(target.path, "/p/idv/data/x/a.db");
  EXPECT_EQ(Codes(target), "bind-source-missing");
  EXPECT_EQ(target.findings[0].fix, "mkdir -p /p/idv/data");
}

TEST_F(ComposeTargetTest, DirectoryThatDockerMadeIsNamed) {
  files_.PutDirectory("/p/idv/a.db");
  const Target target = InService("    volumes: [\"./a.db:/app/a.db\"]", "sqlite:////app/a.db");
  EXPECT_EQ(target.kind, TargetKind::kUnresolved);
  EXPECT_EQ(target.path, "/p/idv/a.db");
  EXPECT_EQ(Codes(target), "database-path-is-directory");
}

TEST_F(ComposeTargetTest, LongestMountByWholeComponentsCovers) {
  files_.PutDirectory("/p/idv/one");
  files_.PutDirectory("/p/idv/two");
  const std::string volumes = "    volumes: [\"./one:/app\", \"./two:/app/data\"]";
  EXPECT_EQ(InService(volumes, "sqlite:////app/data/a.db").path, "/p/idv/two/a.db");
  EXPECT_EQ(InService(volumes, "sqlite:////app/data.db").path, "/p/idv/one/data.db");
  EXPECT_EQ(InService("    volumes: [\"./one:/\"]", "sqlite:////x/a.db").path, "/p/idv/one/x/a.db");
}

TEST_F(ComposeTargetTest, NoMountMeansTheImageLayer) {
  const Target target = InService("    volumes: [\"./data:/data\"]", "sqlite:////app/a.db");
  EXPECT_EQ(target.kind, TargetKind::kUnresolved);
  EXPECT_EQ(target.error->kind, "compose.no_mount");
  EXPECT_EQ(Codes(target), "database-in-image-layer");
  EXPECT_EQ(target.mounts.size(), 1U);
}

TEST_F(ComposeTargetTest, RelativeUrlBesideAMountAsksForFourSlashes) {
  const Target target =
      InService("    working_dir: /app\n    volumes: [\"./data:/data\"]", "sqlite:///data/a.db");
  EXPECT_EQ(Codes(target), "url-slashes database-in-image-layer");
}

TEST_F(ComposeTargetTest, NamedVolumeNeedsTheEngine) {
  const Target target =
      InService("    volumes: [\"data:/data\"]", "sqlite:////data/a.db", "volumes: {data: {}}");
  EXPECT_EQ(target.kind, TargetKind::kUnresolved);
  EXPECT_EQ(target.confidence, Confidence::kUnknown);
  EXPECT_EQ(Codes(target), "named-volume-needs-engine");
  EXPECT_EQ(target.mounts[0].volume, "idv_data");
  EXPECT_EQ(target.mounts[0].type, "volume");
}

TEST_F(ComposeTargetTest, TmpfsAndAnonymousVolumesHoldNothing) {
  EXPECT_EQ(Codes(InService("    tmpfs: /data:size=1m", "sqlite:////data/a.db")),
            "database-on-tmpfs");
  EXPECT_EQ(Codes(InService("    volumes: [/data]", "sqlite:////data/a.db")),
            "database-in-anonymous-volume");
}

TEST_F(ComposeTargetTest, ReadOnlyMountIsAFinding) {
  files_.Put("/p/idv/data/a.db", "x");
  const Target target = InService("    volumes: [\"./data:/data:ro,z\"]", "sqlite:////data/a.db");
  EXPECT_EQ(Codes(target), "mount-read-only");
  EXPECT_TRUE(target.mounts[0].read_only);
  EXPECT_EQ(target.path, "/p/idv/data/a.db");
}

TEST_F(ComposeTargetTest, UnknownWorkingDirectoryIsUnresolvedWithAHint) {
  const Target target = InService("    volumes: [\"./a.db:/app/a.db\"]", "sqlite:///a.db");
  EXPECT_EQ(target.error->kind, "compose.working_dir");
  EXPECT_EQ(target.error->hint,
            "add \"working_dir: /app\" to the service, or make the URL absolute: "
            "sqlite:////app/a.db");
  EXPECT_EQ(target.relative_tail, "a.db");
}

TEST_F(ComposeTargetTest, DockerfileGivesALikelyWorkingDirectory) {
  files_.Put("/p/idv/backend/Dockerfile", "FROM python\nWORKDIR /app\n");
  files_.PutDirectory("/p/idv/data");
  const Target target =
      InService("    build: backend\n    volumes: [\"./data:/app/data\"]", "sqlite:///data/a.db");
  EXPECT_EQ(target.path, "/p/idv/data/a.db");
  EXPECT_EQ(target.confidence, Confidence::kLikely);
  EXPECT_EQ(target.provenance[2].from, "backend/Dockerfile:2:1");
}

TEST_F(ComposeTargetTest, UnsetVariableInTheMountIsNotGuessed) {
  const Target target = InService("    volumes: [\"${DATA}/x:/data\"]", "sqlite:////data/a.db");
  EXPECT_EQ(target.kind, TargetKind::kUnresolved);
  EXPECT_EQ(target.error->kind, "compose.unset_variable");
  EXPECT_EQ(target.path, "/x/a.db");
  EXPECT_EQ(Codes(target), "unset-variable");
}

TEST_F(ComposeTargetTest, MissingComposeFileIsAnErrorOfTheTarget) {
  const Target target = Resolve("    url: a.db\n    compose: {file: none.yml, service: app}");
  EXPECT_EQ(target.error->code, "not_found");
  EXPECT_EQ(target.error->kind, "compose.not_found");
  EXPECT_EQ(target.error->where, "/p/idv/drover.yaml:4:14");
}

TEST_F(ComposeTargetTest, EmptyFileIsAFinding) {
  files_.Put("/p/idv/data/a.db", "");
  const Target target = InService("    volumes: [\"./data:/data\"]", "sqlite:////data/a.db");
  EXPECT_EQ(Codes(target), "empty-database");
  EXPECT_EQ(target.findings[0].fix, "drover upgrade -e dev");
}

TEST_F(ComposeTargetTest, ReadableVolumeIsAFileAndLikely) {
  files_.Put("/var/lib/docker/volumes/idv_data/_data/a.db", "x");
  const Target target =
      InService("    volumes: [\"data:/data\"]", "sqlite:////data/a.db", "volumes: {data: {}}");
  EXPECT_EQ(target.kind, TargetKind::kFile);
  EXPECT_EQ(target.path, "/var/lib/docker/volumes/idv_data/_data/a.db");
  EXPECT_EQ(target.confidence, Confidence::kLikely);
  EXPECT_EQ(Codes(target), "");
  EXPECT_EQ(target.mounts[0].volume, "idv_data");
  EXPECT_EQ(target.mounts[0].host, std::nullopt);
}

TEST_F(ComposeTargetTest, UnreadableVolumeIsUnresolvedButItsPathIsNamed) {
  files_.Forbid("/var/lib/docker/volumes");
  const Target target =
      InService("    volumes: [\"data:/data\"]", "sqlite:////data/a.db", "volumes: {data: {}}");
  EXPECT_EQ(target.kind, TargetKind::kUnresolved);
  EXPECT_EQ(target.path, "/var/lib/docker/volumes/idv_data/_data/a.db");
  EXPECT_EQ(target.key, "");
  EXPECT_EQ(target.provenance.back().from, "the volume \"idv_data\", not reachable");
}

TEST_F(ComposeTargetTest, InactiveServiceIsResolvedWithAFinding) {
  files_.PutDirectory("/p/idv/data");
  const Target target =
      InService("    profiles: [tools]\n    volumes: [\"./data:/data\"]", "sqlite:////data/a.db");
  EXPECT_EQ(target.path, "/p/idv/data/a.db");
  EXPECT_EQ(Codes(target), "service-inactive");
  EXPECT_EQ(target.findings[0].fix, "compose: {profiles: [tools], …}");
}

TEST_F(ComposeTargetTest, FindingsOfABrokenProjectStay) {
  files_.Put("/p/idv/compose.yml",
             "services: {app: {image: x, volumes: ['data/x:/data', '${NO}:/y']}}");
  const Target target =
      Resolve("    url: sqlite:////data/a.db\n    compose: {file: compose.yml, service: app}");
  EXPECT_EQ(target.error->kind, "compose.undefined_volume");
  EXPECT_EQ(Codes(target), "bind-path-needs-dot-slash");
}

class ServiceUrlTargetTest : public TargetTest {
 protected:
  /// An environment without a URL, in a service with these keys (4 blanks deep).
  Target FromService(std::string_view service, std::string_view url = "") {
    files_.PutDirectory("/p/idv/data");
    files_.Put("/p/idv/docker-compose.yml",
               Concat("services:\n  app:\n", service,
                      "\n    image: x\n    volumes: [\"./data:/app/data\"]\n"));
    return Resolve(Concat("    compose: {service: app}\n", url));
  }
};

TEST_F(ServiceUrlTargetTest, UrlAndFileAreFoundWhenNotWritten) {
  const Target target = FromService(
      "    working_dir: /app\n    environment: {DB__DB_URL: 'sqlite:///./data/a.db', X: y}");
  EXPECT_EQ(target.path, "/p/idv/data/a.db");
  EXPECT_EQ(target.confidence, Confidence::kLikely);
  EXPECT_EQ(Steps(target),
            "sqlite:///./data/a.db <- docker-compose.yml:4:31, DB__DB_URL of service app\n"
            "as sqlalchemy reads it <- guessed: no file of the project names another\n"
            "working directory /app in service app <- docker-compose.yml:3:18\n"
            "/app/data/a.db in service app <- relative SQLite URL (three slashes), from the "
            "working directory\n"
            "./data:/app/data <- docker-compose.yml:6:15\n"
            "/p/idv/data/a.db <- real path\n");
}

TEST_F(ServiceUrlTargetTest, EnvFileOfTheServiceIsReadByComposesGrammar) {
  files_.Put("/p/idv/app.env", "DIR: /app/data\nDB=\"sqlite:///$DIR/b.db\"\n");
  const Target target = FromService("    env_file: app.env");
  EXPECT_EQ(target.path, "/p/idv/data/b.db");
  EXPECT_EQ(target.provenance[0].from, "app.env:2, DB of service app");
}

TEST_F(ServiceUrlTargetTest, ImageMayHoldTheUrl) {
  files_.Put("/p/idv/Dockerfile", "FROM x\nENV DB=sqlite:////app/data/c.db\n");
  const Target target = FromService("    build: .");
  EXPECT_EQ(target.path, "/p/idv/data/c.db");
  EXPECT_EQ(target.provenance[0].from, "Dockerfile:2:1, DB of service app");
}

TEST_F(ServiceUrlTargetTest, VariableOfTheUrlIsTheServices) {
  files_.Put("/p/idv/.env", "DB=sqlite:////app/data/from-file.db\n");
  const std::string url = "    url: ${DB}\n    env_file: .env";
  EXPECT_EQ(FromService("    environment: ['DB=sqlite:////app/data/d.db']", url).path,
            "/p/idv/data/d.db");
  EXPECT_EQ(FromService("    environment: ['DB=sqlite:////app/data/d.db']", url).confidence,
            Confidence::kCertain);
  EXPECT_EQ(FromService("    command: x", url).path, "/p/idv/data/from-file.db");
}

TEST_F(ServiceUrlTargetTest, NoUrlAnywhereIsAnErrorWithAHint) {
  const Target none = FromService("    environment: {X: y}");
  EXPECT_EQ(none.error->kind, "compose.no_url");
  EXPECT_EQ(none.error->where, "/p/idv/drover.yaml:3:14");
  EXPECT_EQ(FromService("    env_file: no.env").error->kind, "compose.env_file");
  EXPECT_EQ(FromService("    env_file: no.env", "    url: ${DB}").error->kind, "compose.env_file");
}

TEST_F(ServiceUrlTargetTest, BadUrlOfTheServiceIsAnErrorWhereItStands) {
  const Target target = FromService("    environment: {DB: 'sqlite://host.db'}");
  EXPECT_EQ(target.error->kind, "url.host");
  EXPECT_EQ(target.error->where, "/p/idv/docker-compose.yml:3:23");
}

}  // namespace
}  // namespace drover::environments
