#include "environments/interpolate.h"

#include <gtest/gtest.h>
#include <map>
#include <string>

#include "tests/unit/environments/fake_files.h"

namespace drover::environments {
namespace {

std::optional<VariableValue> Look(std::string_view name) {
  const std::map<std::string, std::string, std::less<>> values{
      {"A", "one"}, {"EMPTY", ""}, {"D", "${A}"}};
  const auto found = values.find(name);
  if (found == values.end()) return std::nullopt;
  return VariableValue{.value = found->second, .where = ".env:1"};
}

Interpolated Replace(std::string_view text, Dollar dollar = Dollar::kShell) {
  return Interpolate(text, dollar, Look, "/p/drover.yaml:3:9");
}
std::string Replaced(std::string_view text) { return Replace(text).value; }
Error ReplaceFailure(std::string_view text) {
  return ErrorOf([&] { return Replace(text); });
}

TEST(InterpolateTest, NamesAreReplaced) {
  EXPECT_EQ(Replaced("x${A}y$A-$A"),
            "xoney"
            "one-one");
  EXPECT_EQ(Replace("${A}").sources, std::vector<std::string>{".env:1"});
}

TEST(InterpolateTest, DefaultsDistinguishUnsetFromEmpty) {
  EXPECT_EQ(Replaced("${NO:-d}"), "d");
  EXPECT_EQ(Replaced("${NO-d}"), "d");
  EXPECT_EQ(Replaced("${EMPTY:-d}"), "d");
  EXPECT_EQ(Replaced("${EMPTY-d}"), "");
  EXPECT_EQ(Replaced("${A:-d}"), "one");
  EXPECT_EQ(Replace("${NO:-d}").defaulted, std::vector<std::string>{"NO"});
}

TEST(InterpolateTest, AlternativesAndRequirements) {
  EXPECT_EQ(Replaced("${A:+x}${NO:+y}${EMPTY:+z}${EMPTY+w}"), "xw");
  EXPECT_EQ(Replaced("${A:?must}"), "one");
  EXPECT_EQ(Replaced("${EMPTY?must}"), "");
  const Error error = ReplaceFailure("${EMPTY:?must be ${A}}");
  EXPECT_EQ(error.kind, "variable.required");
  EXPECT_EQ(error.message, "required variable EMPTY is missing a value: must be one");
  EXPECT_EQ(error.where, "/p/drover.yaml:3:9");
}

TEST(InterpolateTest, DefaultsNest) {
  EXPECT_EQ(Replaced("${NO:-${ALSO_NO:-${A}}/x}"), "one/x");
  EXPECT_EQ(Replaced("${DB:-sqlite+aiosqlite:///./application.db}"),
            "sqlite+aiosqlite:///./application.db");
}

TEST(InterpolateTest, ValuesAreNotReplacedAgain) { EXPECT_EQ(Replaced("${D}"), "${A}"); }

TEST(InterpolateTest, TwoDollarsAreOne) {
  EXPECT_EQ(Replaced("$$A $${A} $1 $ $"), "$A ${A} $1 $ $");
}

TEST(InterpolateTest, UnsetIsReportedNotInvented) {
  const Interpolated result = Replace("a${NO}b$NO");
  EXPECT_EQ(result.value, "ab");
  EXPECT_EQ(result.unset, std::vector<std::string>{"NO"});
}

TEST(InterpolateTest, BracesOnlyLeavesBareDollarsAlone) {
  EXPECT_EQ(Replace("$A $$ ${A}", Dollar::kBracesOnly).value, "$A $$ one");
}

TEST(InterpolateTest, BadExpressionsAreErrors) {
  for (const char* text :
       {"${", "${A", "${}", "${1A}", "${A:}", "${A!x}", "${A B}", "${NO:-${A}"}) {
    EXPECT_EQ(ReplaceFailure(text).kind, "variable.syntax") << text;
  }
}

TEST(InterpolateTest, EmptyBeginningIsReported) {
  EXPECT_TRUE(Replace("${EMPTY}/x").begins_empty);
  EXPECT_TRUE(Replace("$NO/x").begins_empty);
  EXPECT_TRUE(Replace("${EMPTY-./d}/x").begins_empty);
  EXPECT_FALSE(Replace("${EMPTY:-./d}/x").begins_empty);
  EXPECT_FALSE(Replace("./${EMPTY}").begins_empty);
  EXPECT_FALSE(Replace("/x").begins_empty);
}

TEST(InterpolateTest, MessagesNameTheFormat) {
  EXPECT_EQ(ReplaceFailure("./${A/b}").message,
            "invalid interpolation format: \"${A/b}\" is not a variable");
  EXPECT_EQ(ReplaceFailure("${NO?}").message, "required variable NO is missing a value");
}

TEST(InterpolateTest, NestingAndLengthAreBounded) {
  std::string deep;
  for (int i = 0; i < 1000; ++i) deep += "${NO:-";
  deep += std::string(1000, '}');
  EXPECT_EQ(ReplaceFailure(deep).kind, "variable.syntax");
  EXPECT_EQ(ReplaceFailure(std::string(100000, 'x')).kind, "variable.too_long");
}

}  // namespace
}  // namespace drover::environments
