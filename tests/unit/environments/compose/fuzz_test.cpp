// Broken compose projects: whatever the files hold, loading them ends with an answer or an error of
// ours. The same mutations in each run.
#include <cstddef>
#include <cstdint>
#include <gtest/gtest.h>
#include <string>
#include <utility>
#include <vector>

#include "environments/target.h"
#include "tests/unit/environments/fake_files.h"

namespace drover::environments {
namespace {

constexpr std::string_view kRichProject = R"(
name: ${NAME:-shop}
x-app: &app
  image: "x:${TAG-latest}"
  volumes: ["./application.db:/app/application.db", 'data:/data:ro']
include:
  - {path: [other.yml], project_directory: sub, env_file: .env}
services:
  app:
    <<: [*app, {working_dir: /app}]
    extends: {file: base.yml, service: base}
    environment: {DB: "sqlite:///./application.db", EMPTY: }
    env_file: [{path: .env, required: false}, app.env]
    tmpfs: ["/run:size=1m"]
    configs: [{source: seed, target: /seed}]
    secrets: [key]
    profiles: [dev]
    volumes: !override
      - {type: bind, source: ./d, target: /app, bind: {create_host_path: false}}
      - {type: volume, source: data, target: /data, volume: {subpath: a/b}}
  other: {build: {context: ., dockerfile: Dockerfile, args: [A=1]}, volumes: !reset []}
volumes:
  data: {driver: local, driver_opts: {type: none, o: bind, device: ./data}}
  ext: {external: {name: old}}
configs: {seed: {file: ./seed}}
secrets: {key: {file: ./key}}
---
services: {app: {tmpfs: [/t2]}}
)";
constexpr std::string_view kBase =
    "services: {base: {image: y, extends: deep, volumes: ['~/x:/x']}, deep: {tmpfs: /t}}\n";
constexpr std::string_view kIncluded = "services: {third: {image: z}}\nvolumes: {v: }\n";
constexpr std::string_view kEnv = "export A=1\nB = \"x\\n$A\" # c\nC: '${A}'\nD\nE=${A:-${B}}\n";
constexpr std::string_view kDockerfile =
    "ARG B=x\nFROM $B AS one\nENV A=1 \\\n  C=\"2\"\nWORKDIR /a/${A}\nRUN <<EOF\nx\nEOF\n";

/// A generator of our own, so that every run and platform sees the same.
class Dice {
 public:
  std::size_t Below(std::size_t limit) {
    state_ = state_ * 6364136223846793005U + 1442695040888963407U;
    return static_cast<std::size_t>(state_ >> 33U) % limit;
  }

 private:
  std::uint64_t state_ = 42;
};

class ComposeFuzzTest : public testing::Test {
 protected:
  using Project = std::vector<std::pair<std::string, std::string>>;

  static Project Rich() {
    return {{"compose.yml", std::string(kRichProject)},
            {"base.yml", std::string(kBase)},
            {"other.yml", std::string(kIncluded)},
            {".env", std::string(kEnv)},
            {"app.env", std::string(kEnv)},
            {"Dockerfile", std::string(kDockerfile)}};
  }

  /// Resolves an environment through the project.
  static Target ResolveIn(const Project& project) {
    FakeFiles files;
    files.PutDirectory("/p/idv");
    for (const auto& [name, text] : project) files.Put("/p/idv/" + name, text);
    Config config;
    config.root = "/p/idv";
    EnvironmentConfig environment;
    environment.name = "docker";
    environment.compose = ComposeReference{.files = {},
                                           .service = "app",
                                           .project_directory = {},
                                           .profiles = {"dev"},
                                           .project_name = {},
                                           .where = "/p/idv/drover.yaml:1:1"};
    return ResolveTarget(config, environment, files);
  }

  static void ExpectAnAnswer(const Target& target) {
    if (target.kind == TargetKind::kUnresolved) {
      ASSERT_TRUE(target.error);
      EXPECT_NE(target.error->code, "internal") << target.error->message;
      EXPECT_FALSE(target.error->message.empty());
    } else {
      EXPECT_FALSE(target.error);
    }
  }
};

TEST_F(ComposeFuzzTest, WholeProjectResolves) {
  const Target target = ResolveIn(Rich());
  EXPECT_FALSE(target.error) << target.error->message << " at " << target.error->where.value_or("");
  EXPECT_EQ(target.path, "/p/idv/d/application.db");
}

TEST_F(ComposeFuzzTest, EveryTruncationIsAnswered) {
  for (std::size_t which = 0; which < Rich().size(); ++which) {
    const std::size_t length = Rich()[which].second.size();
    for (std::size_t end = 0; end < length; end += which == 0 ? 3 : 1) {
      Project project = Rich();
      project[which].second.resize(end);
      ExpectAnAnswer(ResolveIn(project));
    }
  }
}

TEST_F(ComposeFuzzTest, MutationsAreAnswered) {
  constexpr std::string_view kSpice = "{}[]:,-&*!|>'\"%@`$#?~\n\t \\/=<.0aZ\xc3\xa9";
  Dice dice;
  for (int round = 0; round < 1500; ++round) {
    Project project = Rich();
    std::string& text = project[dice.Below(3) == 0 ? dice.Below(project.size()) : 0].second;
    for (std::size_t changes = 1 + dice.Below(4); changes > 0; --changes) {
      const std::size_t at = dice.Below(text.size());
      switch (dice.Below(4)) {
        case 0:
          text[at] = kSpice[dice.Below(kSpice.size())];
          break;
        case 1:
          text.insert(at, 1, kSpice[dice.Below(kSpice.size())]);
          break;
        case 2:
          text.erase(at, 1 + dice.Below(8));
          break;
        default:
          text.insert(at, text.substr(dice.Below(text.size()), dice.Below(40)));
      }
      if (text.empty()) text = "\n";
    }
    ExpectAnAnswer(ResolveIn(project));
  }
}

TEST_F(ComposeFuzzTest, EveryValueMayBeOfAnotherKind) {
  const std::string text(kRichProject);
  for (const char* other : {"", "[]", "{}", "~", "7", "[[[x]]]", "{a: {b: c}}", "'${A:?x}'"}) {
    for (std::size_t at = text.find(": "); at != std::string::npos; at = text.find(": ", at + 1)) {
      const std::size_t end = text.find_first_of("\n,}", at + 2);
      Project project = Rich();
      project[0].second = text.substr(0, at + 2) + other + text.substr(end);
      ExpectAnAnswer(ResolveIn(project));
    }
  }
}

}  // namespace
}  // namespace drover::environments
