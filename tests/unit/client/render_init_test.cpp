#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/arguments.h"
#include "client/help.h"
#include "client/render/render.h"
#include "client/verbs.h"

namespace drover::client {
namespace {

using testing::HasSubstr;
using testing::Not;

InitDocument Example() {
  InitDocument init;
  init.root = "/home/u/idv";
  init.reason = "docker-compose.yml is here";
  init.config = "/home/u/idv/drover.yaml";
  init.create = {"/home/u/idv/migrations"};
  init.facts = {{.kind = "env", .where = ".env:1", .what = "DB = sqlite:///x.db"}};
  init.migrations = {
      {.format = "dbmate", .directory = "db/migrations", .files = 2, .usable = false}};
  ProposedEnvironment dev;
  dev.name = "dev";
  dev.path = "/home/u/idv/x.db";
  dev.exists = true;
  dev.revision = {"981cbaae32a1"};
  dev.same_as = {"docker"};
  ProposedEnvironment docker;
  docker.name = "docker";
  docker.error = ErrorBody{
      .code = "invalid", .kind = "k", .message = "no such\x1b[1m", .hint = "", .where = {}};
  init.environments = {dev, docker};
  Landing right{.environment = "dev", .directory = ".", .path = "/home/u/idv/x.db"};
  right.exists = right.right = true;
  init.landings = {
      right, {.environment = "dev", .directory = "backend", .path = "/home/u/idv/backend/x.db"}};
  init.notes = {"a note"};
  return init;
}

TEST(InitScreenTest, TellsWhatWasFoundAndWhatIsProposed) {
  EXPECT_EQ(RenderInit(Example(), "/home/u/idv", Style{}),
            "would write /home/u/idv/drover.yaml\n"
            "    the root is here: docker-compose.yml is here\n"
            "would make /home/u/idv/migrations/\n"
            "\n"
            "Found\n"
            "  .env:1  DB = sqlite:///x.db\n"
            "\n"
            "Migrations\n"
            "  db/migrations/  2 files of dbmate: cannot be used yet\n"
            "\n"
            "Environments\n"
            "  dev     x.db  exists, at 981cbaae32a1 (same file as docker)\n"
            "  docker  unresolved: no such [1m\n"
            "\n"
            "Where the URL of dev leads, started in\n"
            "✓ the root  x.db  exists\n"
            "! backend/  backend/x.db  would be made\n"
            "\n"
            "Notes\n"
            "  a note\n");
}

TEST(InitScreenTest, AfterwardsItNamesTheNextCommands) {
  InitDocument init = Example();
  init.written = true;
  const std::string text = RenderInit(init, "/home/u/idv", Style{});
  EXPECT_THAT(text, HasSubstr("wrote /home/u/idv/drover.yaml\n"));
  EXPECT_THAT(text, HasSubstr("\nNext: drover status\n      drover where\n"));
  EXPECT_THAT(RenderInit(Example(), "/", Style{}), Not(HasSubstr("Next:")));
}

TEST(ExecArgumentsTest, WhatFollowsTheDashesIsTheCommands) {
  const std::vector<std::string> words{"exec", "-e",  "dev", "--var", "X",
                                       "--",   "cmd", "",    "-e",    "--"};
  const CommandLine line = ParseArguments(words);
  EXPECT_EQ(line.arguments.environments, std::vector<std::string>{"dev"});
  EXPECT_EQ(line.arguments.vars, std::vector<std::string>{"X"});
  EXPECT_EQ(line.arguments.positionals, (std::vector<std::string>{"cmd", "", "-e", "--"}));
  EXPECT_THAT(RenderVerbHelp(*FindVerb("exec"), Style{}),
              HasSubstr("Usage: drover exec [OPTIONS] [-- CMD [ARG...]]\n"));
}

}  // namespace
}  // namespace drover::client
