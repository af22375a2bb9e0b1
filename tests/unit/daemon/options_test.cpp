#include "daemon/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <vector>

namespace drover::daemon {
namespace {

using ::testing::HasSubstr;

ParsedOptions Parse(std::vector<std::string> words) {
  words.insert(words.begin(), "droverd");
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  return ParseOptions(static_cast<int>(words.size()), argv.data());
}

TEST(OptionsTest, WithoutArgumentsTheDaemonServes) {
  const ParsedOptions parsed = Parse({});
  EXPECT_FALSE(parsed.exit_code);
  EXPECT_EQ(parsed.options.run_as, RunAs::kDaemon);
  EXPECT_EQ(parsed.options.startup_fd, -1);
  EXPECT_FALSE(parsed.options.background);
}

TEST(OptionsTest, EveryModeHasItsFlag) {
  EXPECT_EQ(Parse({"--stdio"}).options.run_as, RunAs::kStdio);
  EXPECT_EQ(Parse({"--scan"}).options.run_as, RunAs::kScan);
  const ParsedOptions once = Parse({"--once", "--project", "/p", "--json"});
  EXPECT_EQ(once.options.run_as, RunAs::kOnce);
  EXPECT_EQ(once.options.project, "/p");
  EXPECT_TRUE(once.options.json);
}

TEST(OptionsTest, TheLogCanBeChosen) {
  const ParsedOptions parsed =
      Parse({"--log-format", "json", "--log-level", "debug", "--background", "--startup-fd", "7"});
  EXPECT_FALSE(parsed.exit_code);
  EXPECT_EQ(parsed.options.log_format, LogFormat::kJson);
  EXPECT_EQ(parsed.options.log_level, LogLevel::kDebug);
  EXPECT_TRUE(parsed.options.background);
  EXPECT_EQ(parsed.options.startup_fd, 7);
}

TEST(OptionsTest, AMistakeIsAUsageError) {
  for (const std::vector<std::string>& words : {std::vector<std::string>{"--nonsense"},
                                                {"extra"},
                                                {"--stdio", "--once"},
                                                {"--startup-fd", "x"},
                                                {"--log-level", "loud"}}) {
    ::testing::internal::CaptureStderr();
    EXPECT_EQ(Parse(words).exit_code, 2) << words.front();
    EXPECT_NE(::testing::internal::GetCapturedStderr(), "");
  }
}

TEST(OptionsTest, HelpAndVersionEndWell) {
  ::testing::internal::CaptureStdout();
  EXPECT_EQ(Parse({"--help"}).exit_code, 0);
  EXPECT_EQ(Parse({"--version"}).exit_code, 0);
  EXPECT_THAT(::testing::internal::GetCapturedStdout(), HasSubstr("droverd --once && exec app"));
}

}  // namespace
}  // namespace drover::daemon
