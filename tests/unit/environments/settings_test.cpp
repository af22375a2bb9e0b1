#include "environments/settings.h"

#include <gtest/gtest.h>
#include <string>

namespace drover::environments {
namespace {

std::string KeysOf(std::string_view name) {
  std::string text;
  for (const NestedKey& key : NestedKeys(name)) {
    text += key.variable;
    for (const std::string& part : key.path) text += "." + part;
    text += " ";
  }
  return text;
}

std::string InJson(std::string_view json, std::vector<std::string> path) {
  return TextInJson(json, path).value_or("(nothing)");
}

TEST(SettingsTest, NestedKeysBeginWithTheLongestVariable) {
  EXPECT_EQ(KeysOf("DB__DB_URL"), "DB.DB_URL ");
  EXPECT_EQ(KeysOf("A__B__C"), "A__B.C A.B.C ");
  EXPECT_EQ(KeysOf("DATABASE_URL"), "");
  EXPECT_EQ(KeysOf("__X"), "");
}

TEST(SettingsTest, CaseDoesNotCount) {
  EXPECT_TRUE(SameSetting("DB__DB_URL", "db__db_url"));
  EXPECT_FALSE(SameSetting("DB_URL", "DB_URLS"));
  EXPECT_EQ(InJson(R"({"Db_Url":"x.db"})", {"DB_URL"}), "x.db");
}

TEST(SettingsTest, OnlyATextAtThePathIsAnAnswer) {
  EXPECT_EQ(InJson(R"({"a":{"b":"x"}})", {"A", "B"}), "x");
  EXPECT_EQ(InJson(R"({"a":{"b":1}})", {"A", "B"}), "(nothing)");
  EXPECT_EQ(InJson(R"({"a":"x"})", {"A", "B"}), "(nothing)");
  EXPECT_EQ(InJson(R"({"a":"x")", {"A"}), "(nothing)");
  EXPECT_EQ(InJson("x.db", {"A"}), "(nothing)");
  EXPECT_EQ(InJson(std::string(70, '{'), {"A"}), "(nothing)");
}

TEST(SettingsTest, SecretsAreKnownByTheirNames) {
  for (const char* name : {"POSTGRES_PASSWORD", "MY_PASSWD", "Jwt_Secret", "GH_TOKEN", "API_KEY"}) {
    EXPECT_TRUE(NamesSecret(name)) << name;
  }
  EXPECT_FALSE(NamesSecret("DB__DB_URL"));
  EXPECT_FALSE(NamesSecret("KEYCLOAK_DIR"));
}

}  // namespace
}  // namespace drover::environments
