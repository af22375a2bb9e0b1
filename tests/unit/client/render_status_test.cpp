#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "client/render/render.h"
#include "tests/unit/client/support.h"

namespace drover::client {
namespace {

using testing::HasSubstr;
using testing::Not;

EnvironmentStatus Environment(std::string name, std::string state) {
  EnvironmentStatus environment;
  environment.name = std::move(name);
  environment.state = std::move(state);
  environment.current = {"3f2a91bc77aa"};
  environment.heads = {"3f2a91bc77aa"};
  environment.path = "/home/u/idv/application.db";
  environment.policy = "apply";
  return environment;
}

StatusDocument Project() {
  StatusDocument status;
  status.project = "idv";
  status.root = kRoot;
  return status;
}

EnvironmentStatus Pending(std::string name) {
  EnvironmentStatus one = Environment(std::move(name), "pending");
  one.current = {"981cbaae32a1"};
  one.pending = 2;
  one.policy = "report";
  one.why = "2 migrations wait: on_pending is report";
  one.pending_names = {{"5d0c6b1e2a44", false, "Add servers.region"},
                       {"3f2a91bc77aa", true, "Index accounts by email"}};
  return one;
}

TEST(StatusScreenTest, AllCurrent) {
  StatusDocument status = Project();
  status.environments = {Environment("dev", "current"), Environment("docker", "current")};
  status.environments[0].same_as = {"docker"};
  status.environments[1].same_as = {"dev"};
  EXPECT_EQ(RenderStatus(status, kRoot, kPipe),
            "idv  /home/u/idv\n"
            "\n"
            "✓ dev     current  3f2a91bc77aa  application.db (same file as docker)\n"
            "✓ docker  current  3f2a91bc77aa  application.db (same file as dev)\n");
}

TEST(StatusScreenTest, AsciiWhereTheLocaleKnowsNoMore) {
  StatusDocument status = Project();
  status.environments = {Environment("dev", "current"), Pending("docker")};
  EXPECT_EQ(RenderStatus(status, kRoot, kAsciiPipe),
            "idv  /home/u/idv\n"
            "\n"
            "= dev     current  3f2a91bc77aa                      application.db\n"
            "^ docker  pending  981cbaae32a1 -> 3f2a91bc77aa  +2  application.db\n"
            "    2 migrations wait: on_pending is report\n"
            "    ^ 5d0c6b1e2a44  Add servers.region\n"
            "    ^ 3f2a91bc77aa  Index accounts by email\n");
}

TEST(StatusScreenTest, PendingWithItsNextCommand) {
  StatusDocument status = Project();
  status.environments = {Pending("dev")};
  status.environments[0].pending = 12;
  status.next = "drover upgrade -e dev";
  EXPECT_EQ(RenderStatus(status, kRoot, kPipe),
            "idv  /home/u/idv\n"
            "\n"
            "↑ dev  pending  981cbaae32a1 → 3f2a91bc77aa  +12  application.db\n"
            "    2 migrations wait: on_pending is report\n"
            "    ↑ 5d0c6b1e2a44  Add servers.region\n"
            "    ↑ 3f2a91bc77aa  Index accounts by email\n"
            "      and 10 more\n"
            "\n"
            "Next: drover upgrade -e dev\n");
}

TEST(StatusScreenTest, ReasonsOfOneFileAreToldOnce) {
  StatusDocument status = Project();
  status.environments = {Pending("dev"), Pending("docker")};
  status.environments[1].same_as = {"dev"};
  EXPECT_EQ(
      RenderStatus(status, kRoot, kPipe),
      "idv  /home/u/idv\n"
      "\n"
      "↑ dev     pending  981cbaae32a1 → 3f2a91bc77aa  +2  application.db\n"
      "    2 migrations wait: on_pending is report\n"
      "    ↑ 5d0c6b1e2a44  Add servers.region\n"
      "    ↑ 3f2a91bc77aa  Index accounts by email\n"
      "↑ docker  pending  981cbaae32a1 → 3f2a91bc77aa  +2  application.db (same file as dev)\n");
}

TEST(StatusScreenTest, CurrentBehindADraftSaysWhy) {
  StatusDocument status = Project();
  status.environments = {Environment("dev", "current")};
  status.environments[0].heads = {"0ece8c3b56a8"};
  status.environments[0].why = "0ece8c3b56a8 is a draft";
  EXPECT_EQ(RenderStatus(status, kRoot, kPipe),
            "idv  /home/u/idv\n"
            "\n"
            "✓ dev  current  3f2a91bc77aa → 0ece8c3b56a8  application.db\n"
            "    0ece8c3b56a8 is a draft\n");
}

TEST(StatusScreenTest, FailedSaysWhere) {
  StatusDocument status = Project();
  EnvironmentStatus one = Environment("dev", "failed");
  one.current = {"981cbaae32a1"};
  one.pending = 1;
  one.why = "not tried again until a migration changes";
  one.error = ErrorBody{.code = "invalid",
                        .kind = "sql.error",
                        .message = "no such table: acounts",
                        .hint = "drover plan",
                        .where = "/home/u/idv/migrations/3f2a91bc77aa_index.sql:9:1"};
  status.environments = {one};
  status.next = "drover show 3f2a91bc77aa";
  EXPECT_EQ(RenderStatus(status, kRoot, kPipe),
            "idv  /home/u/idv\n"
            "\n"
            "✗ dev  failed  981cbaae32a1 → 3f2a91bc77aa  +1  application.db\n"
            "    not tried again until a migration changes\n"
            "    no such table: acounts\n"
            "    at migrations/3f2a91bc77aa_index.sql:9:1\n"
            "\n"
            "Next: drover show 3f2a91bc77aa\n");
}

TEST(StatusScreenTest, AHintThatIsNoCommandOfOursStandsWithTheError) {
  StatusDocument status = Project();
  EnvironmentStatus one = Environment("dev", "failed");
  one.error.emplace().message = "no such table: acounts";
  one.error->hint = "correct the statement and save the file";
  status.environments = {one};
  EXPECT_THAT(RenderStatus(status, kRoot, kPipe),
              HasSubstr("    try: correct the statement and save the file\n"));
}

TEST(StatusScreenTest, AReasonThatRepeatsTheErrorIsPrintedOnce) {
  StatusDocument status = Project();
  EnvironmentStatus one = Environment("dev", "failed");
  one.why = "3f2a91bc77aa failed: no such table: acounts";
  one.error.emplace().message = "no such table: acounts";
  status.environments = {one};
  EXPECT_THAT(RenderStatus(status, kRoot, kPipe), Not(HasSubstr("    no such table")));
  status.environments[0].why = "no such table: acounts";
  EXPECT_EQ(RenderStatus(status, kRoot, kPipe),
            "idv  /home/u/idv\n"
            "\n"
            "✗ dev  failed  3f2a91bc77aa  application.db\n"
            "    no such table: acounts\n");
}

TEST(StatusScreenTest, ConflictNamesTheHeads) {
  StatusDocument status = Project();
  EnvironmentStatus one = Environment("dev", "conflict");
  one.heads = {"5d0c6b1e2a44", "77aa0123bcde"};
  one.pending = 2;
  one.why = "two revisions follow 3f2a91bc77aa";
  status.environments = {one};
  status.next = "drover merge";
  EXPECT_EQ(RenderStatus(status, kRoot, kPipe),
            "idv  /home/u/idv\n"
            "\n"
            "✗ dev  conflict  3f2a91bc77aa → 5d0c6b1e2a44, 77aa0123bcde  +2  application.db\n"
            "    two revisions follow 3f2a91bc77aa\n"
            "\n"
            "Next: drover merge\n");
}

TEST(StatusScreenTest, HeldAtBase) {
  StatusDocument status = Project();
  EnvironmentStatus one = Environment("dev", "held");
  one.current = {};
  one.pending = 1;
  one.why = "you downgraded it; drover upgrade lets it follow again";
  status.environments = {one};
  EXPECT_EQ(RenderStatus(status, kRoot, kPipe),
            "idv  /home/u/idv\n"
            "\n"
            "‖ dev  held  (base) → 3f2a91bc77aa  +1  application.db\n"
            "    you downgraded it; drover upgrade lets it follow again\n");
}

TEST(StatusScreenTest, AStrayWithItsHolder) {
  StatusDocument status = Project();
  status.environments = {Environment("dev", "current")};
  StrayEntry stray;
  stray.path = "/home/u/idv/backend/application.db";
  stray.kind = "duplicate";
  stray.size = 12288;
  stray.made_from = "/home/u/idv/backend";
  stray.holders = {{.pid = 4242,
                    .command = "/usr/bin/python3 -c import sqlite3",
                    .cwd = "/home/u/idv/backend",
                    .container = false}};
  stray.environment = "dev";
  stray.fix = "drover strays";
  status.strays = {stray};
  status.next = "drover strays";
  EXPECT_EQ(RenderStatus(status, kRoot, kPipe),
            "idv  /home/u/idv\n"
            "\n"
            "✓ dev  current  3f2a91bc77aa  application.db\n"
            "\n"
            "Strays\n"
            "! backend/application.db  duplicate, 12.0 KiB, resembles dev\n"
            "    made from backend (inferred from its path)\n"
            "    held open by python3 -c import sqlite3 (pid 4242, working in backend) [seen]\n"
            "    drover strays\n"
            "\n"
            "Next: drover strays\n");
}

TEST(StatusScreenTest, PathsFollowTheUserIntoADirectory) {
  StatusDocument status = Project();
  status.environments = {Environment("dev", "current")};
  status.findings = {{.code = "wrong-cwd",
                      .severity = "warning",
                      .environment = "dev",
                      .message = "from backend the URL of dev would open backend/application.db",
                      .ground = "seen",
                      .fix = std::nullopt,
                      .where = std::nullopt}};
  EXPECT_EQ(RenderStatus(status, "/home/u/idv/backend", kPipe),
            "idv  /home/u/idv\n"
            "! from backend the URL of dev would open backend/application.db\n"
            "\n"
            "✓ dev  current  3f2a91bc77aa  ../application.db\n");
}

TEST(StatusScreenTest, Unresolved) {
  StatusDocument status = Project();
  EnvironmentStatus one;
  one.name = "staging";
  one.state = "unresolved";
  one.heads = {"3f2a91bc77aa"};
  one.is_protected = true;
  one.why = "DB_URL is not set in .env";
  status.environments = {Environment("dev", "current"), one};
  EXPECT_EQ(RenderStatus(status, kRoot, kPipe),
            "idv  /home/u/idv\n"
            "\n"
            "✓ dev      current     3f2a91bc77aa  application.db\n"
            "✗ staging  unresolved  -             (no path) (protected)\n"
            "    DB_URL is not set in .env\n");
}

TEST(StatusScreenTest, FindingsStandInTheOrderOfTheirSeverity) {
  StatusDocument status = Project();
  status.environments = {Environment("dev", "current")};
  status.findings = {{.code = "watch-limit",
                      .severity = "info",
                      .environment = std::nullopt,
                      .message = "polling",
                      .ground = "seen",
                      .fix = std::nullopt,
                      .where = std::nullopt},
                     {.code = "bind-single-file",
                      .severity = "fatal",
                      .environment = "docker",
                      .message = "one file is mounted without its WAL",
                      .ground = "inferred",
                      .fix = "drover where -e docker",
                      .where = "/home/u/idv/docker-compose.yml:7:9"},
                     {.code = "odd",
                      .severity = "warning",
                      .environment = std::nullopt,
                      .message = "odd",
                      .ground = "seen",
                      .fix = std::nullopt,
                      .where = std::nullopt}};
  EXPECT_EQ(RenderStatus(status, kRoot, kPipe),
            "idv  /home/u/idv\n"
            "\n"
            "✓ dev  current  3f2a91bc77aa  application.db\n"
            "\n"
            "Findings\n"
            "✗ docker: one file is mounted without its WAL (inferred)  [bind-single-file]\n"
            "    at docker-compose.yml:7:9\n"
            "    drover where -e docker\n"
            "! odd  [odd]\n"
            "- polling  [watch-limit]\n");
}

TEST(StatusScreenTest, AHundredEnvironmentsFoldOnATerminalOnly) {
  StatusDocument status = Project();
  for (int i = 0; i < 99; ++i) {
    status.environments.push_back(Environment(Concat("tenant-", i), "current"));
  }
  status.environments.push_back(Pending("last"));
  const Style terminal{.color = false, .unicode = true, .width = 80};
  EXPECT_EQ(RenderStatus(status, kRoot, terminal),
            "idv  /home/u/idv\n"
            "\n"
            "↑ last       pending  981cbaae32a1 → 3f2a91bc77aa  +2  application.db\n"
            "    2 migrations wait: on_pending is report\n"
            "    ↑ 5d0c6b1e2a44  Add servers.region\n"
            "    ↑ 3f2a91bc77aa  Index accounts by email\n"
            "✓ 99 more are current\n");
  EXPECT_THAT(RenderStatus(status, kRoot, kPipe), HasSubstr("\n✓ tenant-98  current  "));
  status.environments.pop_back();
  EXPECT_EQ(RenderStatus(status, kRoot, terminal),
            "idv  /home/u/idv\n\n✓ all 99 environments are current\n");
}

TEST(StatusScreenTest, ANarrowTerminalShortensPathsAndMessagesAPipeDoesNot) {
  StatusDocument status = Project();
  status.environments = {Pending("dev")};
  status.environments[0].path = "/srv/" + std::string(90, 'd') + "/application.db";
  status.environments[0].pending_names[0].message = std::string(200, 'm');
  const std::string screen =
      RenderStatus(status, kRoot, Style{.color = false, .unicode = true, .width = 80});
  for (const std::string_view line : SplitLines(screen)) EXPECT_LE(DisplayWidth(line), 80U) << line;
  EXPECT_THAT(screen, HasSubstr("application.db\n"));
  EXPECT_THAT(RenderStatus(status, kRoot, kPipe), HasSubstr(std::string(200, 'm')));
}

TEST(StatusScreenTest, ColourIsOnlyDecoration) {
  StatusDocument status = Project();
  status.environments = {Environment("dev", "current")};
  EXPECT_EQ(
      RenderStatus(status, kRoot, Style{.color = true, .unicode = true, .width = 0}),
      "\x1b[1midv\x1b[0m  /home/u/idv\n"
      "\n"
      "\x1b[32m✓\x1b[0m \x1b[1mdev\x1b[0m  \x1b[32mcurrent\x1b[0m  3f2a91bc77aa  application.db\n");
}

TEST(StatusScreenTest, EscapeSequencesOfAMigrationDoNotReachTheTerminal) {
  StatusDocument status = Project();
  status.environments = {Pending("dev")};
  status.environments[0].pending_names[0].message = "\x1b]0;owned\x07 and \xff\n more";
  const std::string screen = RenderStatus(status, kRoot, kPipe);
  EXPECT_EQ(screen.find('\x1b'), std::string::npos);
  EXPECT_THAT(screen, HasSubstr(" ]0;owned  and ?  more\n"));
}

TEST(StatusScreenTest, NoEnvironments) {
  EXPECT_EQ(RenderStatus(Project(), kRoot, kPipe),
            "idv  /home/u/idv\n\nNo environments are configured.\n");
}

TEST(StatusExitCodeTest, TheWorstCounts) {
  const auto code = [](std::vector<std::string> states) {
    StatusDocument status;
    for (const std::string& state : states) status.environments.push_back(Environment("e", state));
    return StatusExitCode(status);
  };
  EXPECT_EQ(code({}), 0);
  EXPECT_EQ(code({"current"}), 0);
  for (const char* state : {"pending", "held", "missing", "unversioned", "applying"}) {
    EXPECT_EQ(code({"current", state}), 3) << state;
  }
  EXPECT_EQ(code({"pending", "modified"}), 4);
  EXPECT_EQ(code({"orphan", "held"}), 4);
  EXPECT_EQ(code({"modified", "conflict", "pending"}), 5);
  EXPECT_EQ(code({"conflict", "failed"}), 1);
  EXPECT_EQ(code({"unresolved", "current"}), 1);
}

}  // namespace
}  // namespace drover::client
