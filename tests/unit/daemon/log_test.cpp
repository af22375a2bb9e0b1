#include "daemon/log.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include "base/error.h"
#include "base/posix.h"
#include "base/text.h"
#include "tests/unit/daemon/scratch.h"

namespace drover::daemon {
namespace {

using drover::testing::ScopedVariable;
using drover::testing::Scratch;
using drover::testing::Slurp;
using drover::testing::Spill;
using ::testing::EndsWith;
using ::testing::MatchesRegex;

constexpr char kTime[] = "20..-..-..T..:..:..\\....Z ";

class LogTest : public ::testing::Test {
 protected:
  std::string Logged(LogFormat format, LogLevel level, std::string_view message,
                     std::initializer_list<LogField> fields = {}) {
    unlink(file_.c_str());
    StartLog({.format = format, .level = LogLevel::kDebug, .file = file_});
    Log(level, message, fields);
    return Slurp(file_);
  }

  Scratch scratch_;
  std::string file_ = scratch_ / "state/droverd.log";
};

TEST_F(LogTest, ATextLineHasTimeLevelMessageAndFields) {
  EXPECT_THAT(Logged(LogFormat::kText, LogLevel::kInfo, "applied a revision",
                     {{"env", "dev"}, {"dur_ms", "12"}}),
              MatchesRegex(Concat(kTime, "info applied a revision env=dev dur_ms=12\n")));
}

TEST_F(LogTest, TheFourLevelsAreNamed) {
  EXPECT_THAT(Logged(LogFormat::kText, LogLevel::kDebug, "x"), EndsWith(" debug x\n"));
  EXPECT_THAT(Logged(LogFormat::kText, LogLevel::kInfo, "x"), EndsWith(" info x\n"));
  EXPECT_THAT(Logged(LogFormat::kText, LogLevel::kWarning, "x"), EndsWith(" warning x\n"));
  EXPECT_THAT(Logged(LogFormat::kText, LogLevel::kError, "x"), EndsWith(" error x\n"));
}

TEST_F(LogTest, ValuesAreQuotedWhereTheyWouldBeAmbiguous) {
  EXPECT_THAT(Logged(LogFormat::kText, LogLevel::kInfo, "m",
                     {{"a", ""},
                      {"b", "two words"},
                      {"c", "x=y"},
                      {"d", "say \"hi\" \\ bye"},
                      {"e", "line\nbreak\ttab\x1B[31m"},
                      {"f", "/path/ünï.db"}}),
              EndsWith(R"(info m a="" b="two words" c="x=y" d="say \"hi\" \\ bye" )"
                       R"(e="line\nbreak\ttab\x1b[31m" f=/path/ünï.db)"
                       "\n"));
}

TEST_F(LogTest, AMessageCannotForgeALine) {
  EXPECT_THAT(Logged(LogFormat::kText, LogLevel::kInfo, "a\n2026 error forged"),
              EndsWith(" info a\\n2026 error forged\n"));
}

TEST_F(LogTest, AJsonLineIsOneObject) {
  EXPECT_THAT(
      Logged(LogFormat::kJson, LogLevel::kWarning, "not \"good\"\n", {{"err", "a\xFF b"}}),
      MatchesRegex("\\{\"ts\":\"20..-..-..T..:..:..\\....Z\",\"level\":\"warning\","
                   "\"msg\":\"not \\\\\"good\\\\\"\\\\n\",\"err\":\"a\xEF\xBF\xBD b\"\\}\n"));
}

TEST_F(LogTest, BracesAndPercentSignsAreOrdinary) {
  EXPECT_THAT(Logged(LogFormat::kText, LogLevel::kInfo, "{} %s %v {0}"),
              EndsWith(" info {} %s %v {0}\n"));
}

TEST_F(LogTest, LinesBelowTheLevelAreLeftOut) {
  StartLog({.format = LogFormat::kText, .level = LogLevel::kWarning, .file = file_});
  Log(LogLevel::kInfo, "unseen");
  Log(LogLevel::kWarning, "seen");
  EXPECT_THAT(Slurp(file_), MatchesRegex(Concat(kTime, "warning seen\n")));
}

TEST_F(LogTest, TheFileIsAppendedToAndPrivate) {
  MakeDirectories(scratch_ / "state", 0700);
  Spill(file_, "before\n");
  const mode_t old_mask = umask(0);
  StartLog({.format = LogFormat::kText, .level = LogLevel::kInfo, .file = file_});
  umask(old_mask);
  Log(LogLevel::kInfo, "after");
  EXPECT_THAT(Slurp(file_), MatchesRegex(Concat("before\n", kTime, "info after\n")));
  EXPECT_EQ(StatFile(file_)->mode, 0600U);
}

TEST_F(LogTest, TheFileIsRotatedAndFiveOldOnesAreKept) {
  StartLog({.format = LogFormat::kText, .level = LogLevel::kInfo, .file = file_});
  const std::string message(1'000'000, 'x');
  for (int i = 0; i < 40; ++i) Log(LogLevel::kInfo, message);
  std::vector<std::string> names = ListDirectory(scratch_ / "state");
  EXPECT_THAT(names, ::testing::ElementsAre("droverd.1.log", "droverd.2.log", "droverd.3.log",
                                            "droverd.4.log", "droverd.5.log", "droverd.log"));
  for (const std::string& name : names) {
    const auto status = StatFile(scratch_ / "state/" + name);
    EXPECT_LE(status->size, std::size_t{5} << 20);
    EXPECT_EQ(status->mode, 0600U) << name;
  }
}

TEST_F(LogTest, AFileThatCannotBeOpenedIsAnError) {
  MakeDirectories(file_, 0700);
  EXPECT_THROW(StartLog({.format = LogFormat::kText, .level = LogLevel::kInfo, .file = file_}),
               Error);
}

TEST_F(LogTest, ThreadsDoNotMixTheirLines) {
  StartLog({.format = LogFormat::kText, .level = LogLevel::kInfo, .file = file_});
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([] {
      for (int i = 0; i < 100; ++i) Log(LogLevel::kInfo, "abcdefghij", {{"k", "v"}});
    });
  }
  for (std::thread& thread : threads) thread.join();
  const std::string content = Slurp(file_);
  const std::vector<std::string_view> lines = SplitLines(content);
  EXPECT_EQ(lines.size(), 400U);
  for (const std::string_view line : lines) ASSERT_THAT(line, EndsWith(" info abcdefghij k=v"));
}

/// What is written to stderr while `work` runs, with stderr being the file `path`.
template <class Work>
std::string Stderr(const std::string& path, Work work) {
  const UniqueFd saved(dup(STDERR_FILENO));
  const UniqueFd file(open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC, 0600));
  dup2(file.get(), STDERR_FILENO);
  work();
  dup2(saved.get(), STDERR_FILENO);
  return Slurp(path);
}

TEST_F(LogTest, WithoutAFileLinesGoToStderr) {
  unsetenv("JOURNAL_STREAM");
  const std::string seen = Stderr(scratch_ / "err", [] {
    StartLog({});
    Log(LogLevel::kInfo, "hello");
  });
  EXPECT_THAT(seen, MatchesRegex(Concat(kTime, "info hello\n")));
}

TEST_F(LogTest, UnderTheJournalLinesHavePrioritiesAndNoTime) {
  const std::string seen = Stderr(scratch_ / "err", [] {
    struct stat status {};
    fstat(STDERR_FILENO, &status);
    const ScopedVariable stream("JOURNAL_STREAM", Concat(status.st_dev, ":", status.st_ino));
    StartLog({});
    Log(LogLevel::kInfo, "hello", {{"env", "dev"}});
    Log(LogLevel::kError, "bad");
    StartLog({.format = LogFormat::kJson, .level = LogLevel::kInfo, .file = ""});
    Log(LogLevel::kWarning, "odd");
  });
  EXPECT_EQ(seen, "<6>hello env=dev\n<3>bad\n<4>{\"level\":\"warning\",\"msg\":\"odd\"}\n");
}

TEST_F(LogTest, AJournalStreamThatIsNotOursChangesNothing) {
  const std::string seen = Stderr(scratch_ / "err", [] {
    const ScopedVariable stream("JOURNAL_STREAM", "1:2");
    StartLog({});
    Log(LogLevel::kInfo, "hello");
  });
  EXPECT_THAT(seen, MatchesRegex(Concat(kTime, "info hello\n")));
}

TEST_F(LogTest, AFullDiskIsNotTheCallersProblem) {
  const UniqueFd saved(dup(STDERR_FILENO));
  const UniqueFd full(open("/dev/full", O_WRONLY));
  dup2(full.get(), STDERR_FILENO);
  StartLog({});
  EXPECT_NO_THROW(Log(LogLevel::kInfo, std::string(100'000, 'x')));
  dup2(saved.get(), STDERR_FILENO);
}

}  // namespace
}  // namespace drover::daemon
