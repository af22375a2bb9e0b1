#include "environments/survey/proposal.h"

#include <gtest/gtest.h>
#include <random>
#include <string>

#include "base/text.h"
#include "environments/config.h"
#include "environments/yaml.h"

namespace drover::environments {
namespace {

TEST(ProposalTest, PlainTextStaysPlain) {
  for (const char* text : {"${DB__DB_URL:-sqlite+aiosqlite:///./application.db}", "${DB}",
                           "sqlite:////srv/app.db", "./db.sqlite3", ".env", "migrations"}) {
    EXPECT_EQ(YamlText(text), text);
  }
  EXPECT_EQ(YamlText("a b"), "\"a b\"");
  EXPECT_EQ(YamlText("yes"), "\"yes\"");
  EXPECT_EQ(YamlText("1.5"), "\"1.5\"");
  EXPECT_EQ(YamlText("~"), "\"~\"");
  EXPECT_EQ(YamlText(""), "\"\"");
}

TEST(ProposalTest, WhateverATextHoldsYamlReadsItBack) {
  constexpr std::string_view kLetters = "ab:# ${}[],&*!|>'\"%@`\\/-?~.=+0\n\tü";
  std::mt19937 random(7);
  for (int i = 0; i < 3000; ++i) {
    std::string text;
    const std::size_t length = 1 + random() % 12;
    while (text.size() < length) {
      const std::size_t at = random() % (kLetters.size() - 1);
      text += at == kLetters.size() - 2 ? "ü" : std::string(1, kLetters[at]);
    }
    const YamlNode node = ParseYaml(Concat("k: ", YamlText(text), "\n"), "f", "test");
    ASSERT_EQ(node.Find("k")->scalar, text) << YamlText(text);
    const YamlNode list = ParseYaml(Concat("k: [x, ", YamlText(text), "]\n"), "f", "test");
    if (!text.starts_with("${")) {
      ASSERT_EQ(list.Find("k")->items[1].scalar, text) << YamlText(text);
    }
  }
}

TEST(ProposalTest, WritesACommentedFileThatLoads) {
  Proposal proposal;
  proposal.schema = "/usr/share/drover/drover.schema.json";
  proposal.project = "my project";
  proposal.head = {"Head\nwith a line end."};
  proposal.migrations = {"Five migrations."};
  proposal.directories = {"migrations"};
  proposal.version_table = "alembic_version";
  proposal.environments = {{.name = "dev",
                            .url = "${DB_URL:-sqlite:///./app.db}",
                            .env_files = {".env"},
                            .dialect = "sqlalchemy",
                            .relative_to = "back end",
                            .compose_files = {},
                            .service = {},
                            .found = {},
                            .comments = {"DB_URL in .env:1"}},
                           {.name = "docker",
                            .url = "${DB_URL}",
                            .env_files = {},
                            .dialect = {},
                            .relative_to = {},
                            .compose_files = {"compose.yaml", "compose.override.yaml"},
                            .service = "app",
                            .found = {},
                            .comments = {}}};
  const std::string text = WriteProposal(proposal);
  EXPECT_EQ(
      text,
      "# yaml-language-server: $schema=/usr/share/drover/drover.schema.json\n"
      "# Head with a line end.\n"
      "\n"
      "project: \"my project\"\n"
      "\n"
      "migrations:\n"
      "  # Five migrations.\n"
      "  directory: migrations\n"
      "  version_table: alembic_version\n"
      "\n"
      "environments:\n"
      "  # on_pending: report says what is pending; apply lets the daemon upgrade by itself.\n"
      "  # DB_URL in .env:1\n"
      "  dev:\n"
      "    url: ${DB_URL:-sqlite:///./app.db}\n"
      "    url_dialect: sqlalchemy\n"
      "    relative_to: \"back end\"\n"
      "    env_file: .env\n"
      "    on_pending: report\n"
      "\n"
      "  docker:\n"
      "    compose:\n"
      "      file: [compose.yaml, compose.override.yaml]\n"
      "      service: app\n"
      "    url: ${DB_URL}\n"
      "    on_pending: report\n");
  const Config config = ParseConfig(text, "/p/drover.yaml");
  EXPECT_EQ(config.environments[0].relative_to, "/p/back end");
  EXPECT_EQ(config.environments[1].compose->files.size(), 2U);
}

}  // namespace
}  // namespace drover::environments
