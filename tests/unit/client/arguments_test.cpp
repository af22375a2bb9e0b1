#include "client/arguments.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "client/help.h"
#include "client/verbs.h"

namespace drover::client {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

CommandLine Parse(const std::vector<std::string>& words) { return ParseArguments(words); }

Error FailureOf(const std::vector<std::string>& words) {
  try {
    (void)Parse(words);
  } catch (const Error& error) {
    return error;
  }
  return {Code::kInternal, "none", "nothing was thrown"};
}

TEST(ArgumentsTest, FindsTheVerb) {
  EXPECT_EQ(Parse({"status"}).verb->name, "status");
  EXPECT_EQ(Parse({"daemon", "start"}).verb->name, "daemon start");
  EXPECT_EQ(Parse({}).verb, nullptr);
  EXPECT_EQ(Parse({"--help"}).verb, nullptr);
  EXPECT_TRUE(Parse({"--help"}).arguments.help);
}

TEST(ArgumentsTest, NegativeNumbersAreTargets) {
  EXPECT_THAT(Parse({"downgrade", "-1"}).arguments.positionals, ElementsAre("-1"));
  EXPECT_THAT(Parse({"downgrade", "-12", "-e", "dev"}).arguments.positionals, ElementsAre("-12"));
  EXPECT_THAT(Parse({"upgrade", "+2"}).arguments.positionals, ElementsAre("+2"));
}

TEST(ArgumentsTest, AnEnvironmentTakesOneWord) {
  const Arguments arguments = Parse({"downgrade", "-e", "dev", "base"}).arguments;
  EXPECT_THAT(arguments.environments, ElementsAre("dev"));
  EXPECT_THAT(arguments.positionals, ElementsAre("base"));
}

TEST(ArgumentsTest, EnvironmentsMayBeRepeated) {
  EXPECT_THAT(Parse({"status", "-e", "dev", "--env", "docker", "-estaging", "--env=x"})
                  .arguments.environments,
              ElementsAre("dev", "docker", "staging", "x"));
}

TEST(ArgumentsTest, OptionsMayStandBeforeTheVerb) {
  const CommandLine line =
      Parse({"-C", "status", "--color", "always", "-e", "upgrade", "--json", "current"});
  EXPECT_EQ(line.verb->name, "current");
  EXPECT_EQ(line.arguments.directory, "status");
  EXPECT_EQ(line.arguments.color_mode, ColorMode::kAlways);
  EXPECT_THAT(line.arguments.environments, ElementsAre("upgrade"));
  EXPECT_TRUE(line.arguments.json);
  EXPECT_EQ(Parse({"--json", "daemon", "--timeout", "3", "status"}).verb->name, "daemon status");
  EXPECT_EQ(Parse({"--timeout=3", "ping"}).arguments.timeout_seconds, 3.0);
}

TEST(ArgumentsTest, ARangeMayStartWithADash) {
  EXPECT_EQ(Parse({"history", "-r", "-3:"}).arguments.range, "-3:");
  EXPECT_EQ(Parse({"history", "-r", "a:b"}).arguments.range, "a:b");
}

TEST(ArgumentsTest, MessagesKeepTheirSpacesAndCommas) {
  EXPECT_EQ(Parse({"revision", "-m", "Add a, b; and [c]"}).arguments.message, "Add a, b; and [c]");
  EXPECT_EQ(Parse({"revision", "-m", "-- draft"}).arguments.message, "-- draft");
  EXPECT_EQ(
      Parse({"revision", "-m", "[x]", "--depends-on", "a", "--depends-on", "b"}).arguments.message,
      "[x]");
}

TEST(ArgumentsTest, ShortOptionsMayShareADash) {
  const Arguments arguments = Parse({"upgrade", "-yedev", "head"}).arguments;
  EXPECT_TRUE(arguments.yes);
  EXPECT_THAT(arguments.environments, ElementsAre("dev"));
  EXPECT_THAT(arguments.positionals, ElementsAre("head"));
}

TEST(ArgumentsTest, AfterTwoDashesEverythingIsAnArgument) {
  EXPECT_THAT(Parse({"merge", "--", "--json", "-e"}).arguments.positionals,
              ElementsAre("--json", "-e"));
}

TEST(ArgumentsTest, AFlagTakesNoValueAndAnOptionNeedsOne) {
  EXPECT_EQ(FailureOf({"status", "--json=yes"}).message, "--json takes no value");
  EXPECT_EQ(FailureOf({"status", "--env"}).message, "--env needs ENV");
  EXPECT_EQ(FailureOf({"status", "-e"}).message, "-e needs ENV");
}

TEST(ArgumentsTest, TheLastOfARepeatedOptionCounts) {
  EXPECT_EQ(Parse({"status", "--color", "always", "--color", "never"}).arguments.color_mode,
            ColorMode::kNever);
}

TEST(ArgumentsTest, AnUnknownVerbIsAUsageErrorWithAGuess) {
  const Error error = FailureOf({"upgrad"});
  EXPECT_EQ(error.kind, "usage");
  EXPECT_EQ(error.message, "unknown verb \"upgrad\", did you mean \"upgrade\"?");
  EXPECT_EQ(error.hint, "drover help");
  EXPECT_EQ(FailureOf({"daemon", "stat"}).message,
            "unknown verb \"daemon stat\", did you mean \"start\"?");
  EXPECT_EQ(FailureOf({"daemon"}).message,
            "drover daemon needs one of start, stop, restart, reload, status");
  EXPECT_EQ(FailureOf({""}).message, "unknown verb \"\"");
}

TEST(ArgumentsTest, AnUnknownOptionIsAUsageErrorWithAGuess) {
  EXPECT_EQ(FailureOf({"status", "--exit-cod"}).message,
            "unknown option \"--exit-cod\" of drover status, did you mean \"--exit-code\"?");
  EXPECT_EQ(FailureOf({"status", "--yes"}).message, "unknown option \"--yes\" of drover status");
  EXPECT_EQ(FailureOf({"status", "-x"}).kind, "usage");
  EXPECT_EQ(FailureOf({"--bogus"}).message, "unknown option \"--bogus\"");
}

TEST(ArgumentsTest, WrongNumbersOfArgumentsAreUsageErrors) {
  EXPECT_EQ(FailureOf({"downgrade"}).message, "drover downgrade needs TARGET");
  EXPECT_EQ(FailureOf({"status", "dev"}).message, "unexpected argument \"dev\" of drover status");
  EXPECT_EQ(FailureOf({"upgrade", "a", "b"}).message,
            "unexpected argument \"b\" of drover upgrade");
  EXPECT_EQ(FailureOf({"status", "-e"}).kind, "usage");
  EXPECT_EQ(FailureOf({"-C"}).kind, "usage");
}

TEST(ArgumentsTest, AnUnsetVariableDoesNotMeanTheDefault) {
  EXPECT_EQ(FailureOf({"downgrade", "-e", "", "base"}).message,
            "an environment of drover downgrade is empty");
  EXPECT_EQ(FailureOf({"upgrade", ""}).message, "an argument of drover upgrade is empty");
}

TEST(ArgumentsTest, MergeTakesAnyNumberOfRevisions) {
  EXPECT_THAT(Parse({"merge"}).arguments.positionals, IsEmpty());
  EXPECT_THAT(Parse({"merge", "a", "b", "-m", "x", "c"}).arguments.positionals,
              ElementsAre("a", "b", "c"));
}

TEST(ArgumentsTest, TimeoutsAreSecondsAboveZero) {
  EXPECT_EQ(Parse({"wait", "--timeout", "0.5"}).arguments.timeout_seconds, 0.5);
  for (const char* wrong : {"0", "-1", "x", "5s", "nan", "inf", "1e99"}) {
    EXPECT_EQ(FailureOf({"wait", "--timeout", wrong}).kind, "usage") << wrong;
  }
}

TEST(ArgumentsTest, ColorIsOneOfThree) {
  EXPECT_EQ(FailureOf({"status", "--color", "blue"}).message,
            "--color takes auto, always or never, not \"blue\"");
}

TEST(ArgumentsTest, HelpNeedsNoOtherArguments) {
  EXPECT_TRUE(Parse({"downgrade", "--help"}).arguments.help);
  EXPECT_TRUE(Parse({"-h", "downgrade"}).arguments.help);
  EXPECT_EQ(Parse({"daemon", "-h"}).verb->name, "daemon status");
}

TEST(VerbsTest, EveryExampleParsesAsItsVerb) {
  for (const Verb& verb : Verbs()) {
    EXPECT_FALSE(verb.summary.empty()) << verb.name;
    EXPECT_NE(verb.run, nullptr) << verb.name;
    EXPECT_FALSE(verb.examples.front().command.empty()) << verb.name;
    for (const Example& example : verb.examples) {
      if (example.command.empty()) continue;
      // Quoted words of the examples hold no options, so splitting at spaces is close enough.
      std::string command(example.command.substr(std::string_view("drover ").size()));
      std::vector<std::string> words;
      bool quoted = false;
      std::string word;
      for (const char c : command + " ") {
        if (c == '"') {
          quoted = !quoted;
        } else if (c == ' ' && !quoted) {
          words.push_back(word);
          word.clear();
        } else {
          word.push_back(c);
        }
      }
      EXPECT_EQ(Parse(words).verb, &verb) << example.command;
    }
  }
}

TEST(HelpTest, TheOverviewNamesEveryVerb) {
  const std::string text = RenderOverview(Style{});
  for (const Verb& verb : Verbs()) EXPECT_THAT(text, HasSubstr(std::string(verb.name)));
  EXPECT_THAT(text, HasSubstr("\nLook\n  status          which database each environment is"));
}

TEST(HelpTest, AVerbIsExplainedWithItsOptionsAndExamples) {
  EXPECT_EQ(RenderVerbHelp(*FindVerb("stamp"), Style{}),
            "drover stamp: record a revision without running it\n"
            "\n"
            "Usage: drover stamp TARGET... [OPTIONS]\n"
            "\n"
            "Options\n"
            "  -e, --env ENV             the environment; may be repeated\n"
            "  --sql                     print the SQL script instead of acting\n"
            "  -n, --dry-run             print the plan, change nothing\n"
            "  -y, --yes                 do what would be asked about without asking\n"
            "  --confirm ENV             the name of the protected environment to act on\n"
            "  --purge                   forget the recorded revisions first\n"
            "\n"
            "Options of every verb\n"
            "  -C, --directory DIR       act as if started in DIR\n"
            "  --json                    print JSON\n"
            "  --color WHEN              auto, always or never\n"
            "  --local                   work without a daemon\n"
            "  --timeout SECONDS         give up after this long\n"
            "  -h, --help                print this help\n"
            "\n"
            "Examples\n"
            "  drover stamp head\n"
            "      the database was made by other means\n"
            "  drover stamp 5d0c 77aa\n"
            "      one revision of each of two branches\n"
            "  drover stamp base --purge\n"
            "      forget what is recorded\n"
            "  drover stamp base:head --sql\n"
            "      the script; needs no database\n");
}

TEST(HelpTest, HistoryExplainsTheGraph) {
  const std::string help = RenderVerbHelp(*FindVerb("history"), Style{});
  for (const char* text : {"--graph", "--ascii", "drover history --graph\n"}) {
    EXPECT_THAT(help, HasSubstr(text));
  }
  EXPECT_TRUE(Parse({"history", "--graph", "--ascii"}).arguments.graph);
  EXPECT_EQ(FailureOf({"heads", "--graph"}).kind, "usage");
}

}  // namespace
}  // namespace drover::client
