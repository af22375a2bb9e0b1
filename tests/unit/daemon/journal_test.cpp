#include "daemon/journal.h"

#include <chrono>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "tests/unit/daemon/scratch.h"

namespace drover::daemon {
namespace {

using drover::testing::Scratch;
using drover::testing::Slurp;
using drover::testing::Spill;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

/// A process id that belonged to somebody and now to nobody.
std::int64_t DeadPid() {
  const pid_t child = fork();
  if (child == 0) _exit(0);
  waitpid(child, nullptr, 0);
  return child;
}

JournalEntry Entry(const std::string& job, const std::string& what, std::int64_t pid = 0) {
  JournalEntry entry;
  entry.job = job;
  entry.what = what;
  entry.at = "2026-02-12T23:20:18Z";
  entry.project = "/srv/idv";
  entry.environment = "dev";
  entry.target = "/srv/idv/application.db";
  entry.command = "upgrade";
  entry.from = {"981cbaae32a1"};
  entry.to = {"b2", "c3"};
  entry.by = "policy";
  entry.pid = pid;
  entry.duration_ms = 12;
  entry.message = "line\nbreak \"quoted\"";
  return entry;
}

std::vector<std::string> Jobs(const std::vector<JournalEntry>& entries) {
  std::vector<std::string> jobs;
  for (const JournalEntry& entry : entries) jobs.push_back(entry.job + ":" + entry.what);
  return jobs;
}

TEST(JournalTest, EntriesComeBackAsTheyWere) {
  const Scratch scratch;
  Journal journal(scratch / "state");
  journal.Append(Entry("j1", "intent", 7));
  journal.Append(Entry("j1", "done"));
  EXPECT_THAT(journal.Latest(10), ElementsAre(Entry("j1", "intent", 7), Entry("j1", "done")));
}

TEST(JournalTest, TheFileIsPrivateAndHasOneLinePerEntry) {
  const Scratch scratch;
  Journal journal(scratch.path());
  journal.Append(Entry("j1", "done"));
  EXPECT_EQ(StatFile(scratch / "journal.jsonl")->mode, 0600U);
  EXPECT_EQ(Slurp(scratch / "journal.jsonl"),
            "{\"job\":\"j1\",\"what\":\"done\",\"at\":\"2026-02-12T23:20:18Z\","
            "\"project\":\"/srv/idv\",\"environment\":\"dev\","
            "\"target\":\"/srv/idv/application.db\",\"command\":\"upgrade\","
            "\"from\":[\"981cbaae32a1\"],\"to\":[\"b2\",\"c3\"],\"by\":\"policy\",\"pid\":0,"
            "\"duration_ms\":12,\"message\":\"line\\nbreak "
            "\\\"quoted\\\"\",\"backup\":\"\",\"tool\":\"\"}\n");
}

TEST(JournalTest, LatestTakesTheNewestAndListsThemOldestFirst) {
  const Scratch scratch;
  Journal journal(scratch.path());
  for (const char* job : {"a", "b", "c"}) journal.Append(Entry(job, "done"));
  EXPECT_THAT(Jobs(journal.Latest(2)), ElementsAre("b:done", "c:done"));
  EXPECT_THAT(journal.Latest(0), IsEmpty());
}

TEST(JournalTest, AnIntentOfADeadProcessWithoutOutcomeIsOpen) {
  const Scratch scratch;
  const std::int64_t dead = DeadPid();
  Journal journal(scratch.path());
  journal.Append(Entry("finished", "intent", dead));
  journal.Append(Entry("failed", "intent", dead));
  journal.Append(Entry("open", "intent", dead));
  journal.Append(Entry("finished", "done", dead));
  journal.Append(Entry("failed", "failed", dead));
  journal.Append(Entry("open too", "intent", dead));
  EXPECT_THAT(Jobs(journal.OpenIntents()), ElementsAre("open:intent", "open too:intent"));
  journal.Append(Entry("open", "recovered"));
  EXPECT_THAT(Jobs(journal.OpenIntents()), ElementsAre("open too:intent"));
}

TEST(JournalTest, AReusedProcessIdOfSomethingElseDoesNotCountAsAlive) {
  const Scratch scratch;
  Journal journal(scratch.path());
  journal.Append(Entry("j", "intent", 1));  // init is alive, and no drover
  EXPECT_THAT(journal.OpenIntents(), SizeIs(1));
}

TEST(JournalTest, AnIntentOfALiveDroverIsNotOpen) {
  const Scratch scratch;
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const pid_t child = fork();
  if (child == 0) {
    Spill("/proc/self/comm", "droverd");
    (void)!write(ends[1], "x", 1);
    pause();
  }
  char ready = 0;
  ASSERT_EQ(read(ends[0], &ready, 1), 1);
  Journal journal(scratch.path());
  journal.Append(Entry("j", "intent", child));
  EXPECT_THAT(journal.OpenIntents(), IsEmpty());
  kill(child, SIGKILL);
  siginfo_t ended;
  ASSERT_EQ(waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOWAIT), 0);
  EXPECT_THAT(journal.OpenIntents(), SizeIs(1)) << "a zombie is dead, though nobody has reaped it";
  waitpid(child, nullptr, 0);
  EXPECT_THAT(journal.OpenIntents(), SizeIs(1));
}

TEST(JournalTest, APredecessorWithOurOwnProcessIdIsDead) {
  const Scratch scratch;
  {
    Journal before(scratch.path());
    before.Append(Entry("old", "intent", getpid()));
  }
  Journal journal(scratch.path());
  journal.Append(Entry("ours", "intent", getpid()));
  EXPECT_THAT(Jobs(journal.OpenIntents()), ElementsAre("old:intent"));
}

TEST(JournalTest, ATornLastLineIsEndedAndSkipped) {
  const Scratch scratch;
  const std::int64_t dead = DeadPid();
  { Journal(scratch.path()).Append(Entry("a", "intent", dead)); }
  const std::string whole = Slurp(scratch / "journal.jsonl");
  for (std::size_t cut = 1; cut < whole.size() - 1; ++cut) {
    Spill(scratch / "journal.jsonl", whole + whole.substr(0, cut));
    Journal journal(scratch.path());
    journal.Append(Entry("b", "intent", dead));
    ASSERT_THAT(Jobs(journal.OpenIntents()), ElementsAre("a:intent", "b:intent")) << cut;
    ASSERT_THAT(Jobs(journal.Latest(5)), ElementsAre("a:intent", "b:intent")) << cut;
  }
}

TEST(JournalTest, RubbishInTheMiddleIsSkipped) {
  const Scratch scratch;
  Journal journal(scratch.path());
  journal.Append(Entry("a", "done"));
  const std::string line = Slurp(scratch / "journal.jsonl");
  Spill(scratch / "journal.jsonl",
        line +
            std::string("\0\xFF{]\n[1,2]\n{\"job\":7}\n{\"job\":\"x\",\"what\":\"intent\",}\n\n") +
            std::string(200, '[') + "\n" + line);
  EXPECT_THAT(Jobs(journal.Latest(5)), ElementsAre("a:done", "a:done"));
  EXPECT_THAT(journal.OpenIntents(), IsEmpty());
}

TEST(JournalTest, LinesWrittenByHandAreUnderstood) {
  const Scratch scratch;
  Spill(scratch / "journal.jsonl",
        "{ \"what\": \"intent\", \"job\": \"a\", \"pid\": 0 }\r\n"
        "{\"job\":\"b\\u0041\",\"what\":\"intent\"}\n");
  const Journal journal(scratch.path());
  EXPECT_THAT(Jobs(journal.OpenIntents()), ElementsAre("a:intent", "bA:intent"));
}

TEST(JournalTest, AMissingJournalIsEmptyAgain) {
  const Scratch scratch;
  Journal journal(scratch.path());
  journal.Append(Entry("a", "done"));
  unlink((scratch / "journal.jsonl").c_str());
  EXPECT_THAT(journal.Latest(5), IsEmpty());
  journal.Append(Entry("b", "done"));
  EXPECT_THAT(Jobs(journal.Latest(5)), ElementsAre("b:done"));
}

TEST(JournalTest, ADirectoryOrFifoInItsPlaceIsAnError) {
  const Scratch scratch;
  MakeDirectories(scratch / "journal.jsonl", 0700);
  EXPECT_THROW(Journal(scratch.path()), Error);
  rmdir((scratch / "journal.jsonl").c_str());
  ASSERT_EQ(mkfifo((scratch / "journal.jsonl").c_str(), 0600), 0);
  EXPECT_THROW(Journal(scratch.path()), Error);
}

TEST(JournalTest, TwoWritersLoseAndMixNothing) {
  const Scratch scratch;
  Journal first(scratch.path());
  Journal second(scratch.path());
  const auto write = [](Journal& journal, const std::string& name) {
    for (int i = 0; i < 50; ++i) journal.Append(Entry(Concat(name, i), "done"));
  };
  std::thread one(write, std::ref(first), "one");
  std::thread two(write, std::ref(second), "two");
  std::thread three(write, std::ref(second), "three");
  one.join();
  two.join();
  three.join();
  EXPECT_THAT(first.Latest(1000), SizeIs(150));
}

void Fill(const std::string& directory, std::size_t bytes) {
  Journal(directory).Append(Entry("old", "done"));
  const std::string line = Slurp(directory + "/journal.jsonl");
  std::string all;
  while (all.size() <= bytes) all += line;
  Spill(directory + "/journal.jsonl", all);
}

TEST(JournalTest, ALargeJournalIsMovedAsideWhenItIsOpened) {
  const Scratch scratch;
  Fill(scratch.path(), std::size_t{4} << 20);
  Journal journal(scratch.path());
  EXPECT_EQ(StatFile(scratch / "journal.jsonl")->size, 0U);
  EXPECT_GT(StatFile(scratch / "journal.1.jsonl")->size, std::size_t{4} << 20);
  journal.Append(Entry("new", "done"));
  EXPECT_THAT(Jobs(journal.Latest(2)), ElementsAre("old:done", "new:done"));
}

TEST(JournalTest, AWriterFollowsAJournalThatAnotherMovedAside) {
  const Scratch scratch;
  Journal writer(scratch.path());
  Fill(scratch.path(), std::size_t{4} << 20);
  const Journal other(scratch.path());
  writer.Append(Entry("new", "done"));
  EXPECT_THAT(Jobs(writer.Latest(1)), ElementsAre("new:done"));
  EXPECT_GT(StatFile(scratch / "journal.jsonl")->size, 0U);
}

TEST(JournalTest, ALargeJournalWithAnOpenIntentStays) {
  const Scratch scratch;
  Fill(scratch.path(), std::size_t{4} << 20);
  const std::string path = scratch / "journal.jsonl";
  Spill(path, Slurp(path) + "{\"job\":\"open\",\"what\":\"intent\",\"pid\":0}\n");
  const Journal journal(scratch.path());
  EXPECT_FALSE(StatFile(scratch / "journal.1.jsonl"));
  EXPECT_THAT(Jobs(journal.OpenIntents()), ElementsAre("open:intent"));
}

}  // namespace
}  // namespace drover::daemon
