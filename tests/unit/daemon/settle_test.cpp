#include "daemon/settle.h"

#include <gtest/gtest.h>

namespace drover::daemon {
namespace {

using std::chrono::milliseconds;
using Time = Settler::Time;

Time At(int ms) { return Time(std::chrono::hours(1)) + milliseconds(ms); }

/// Milliseconds after the beginning; -1 for never.
int DueAt(Settler& settler, int now, bool git_locked = false) {
  const auto due = settler.Due(At(now), git_locked);
  if (!due) return -1;
  return static_cast<int>(std::chrono::duration_cast<milliseconds>(*due - At(0)).count());
}

TEST(SettlerTest, NothingNotedIsNeverDue) {
  Settler settler;
  EXPECT_EQ(DueAt(settler, 0), -1);
  EXPECT_FALSE(settler.noted());
}

TEST(SettlerTest, ASingleSaveIsDueAtOnce) {
  Settler settler;
  settler.NoteSaved("/m/a.sql", At(10));
  EXPECT_EQ(DueAt(settler, 10), 10);
  EXPECT_TRUE(settler.noted());
}

TEST(SettlerTest, AfterALookNothingIsDue) {
  Settler settler;
  settler.NoteSaved("/m/a.sql", At(10));
  settler.Begin(At(11));
  EXPECT_EQ(DueAt(settler, 11), -1);
  EXPECT_FALSE(settler.noted());
}

TEST(SettlerTest, WhatFollowsCloselyWaitsForQuiet) {
  Settler settler;
  settler.NoteSaved("/m/a.sql", At(0));
  settler.Begin(At(1));
  settler.NoteSaved("/m/b.sql", At(50));
  EXPECT_EQ(DueAt(settler, 50), 150);
  settler.NoteSaved("/m/c.sql", At(120));
  EXPECT_EQ(DueAt(settler, 120), 220);
}

TEST(SettlerTest, ASaveAfterQuietIsALeadingEdgeAgain) {
  Settler settler;
  settler.NoteSaved("/m/a.sql", At(0));
  settler.Begin(At(1));
  settler.NoteSaved("/m/b.sql", At(100));
  EXPECT_EQ(DueAt(settler, 100), 100);
}

TEST(SettlerTest, ABurstWithoutEndIsLookedAtAfterTwoSeconds) {
  Settler settler;
  for (int ms = 0; ms <= 3000; ms += 50) settler.NoteSaved("/m/a.sql", At(ms));
  EXPECT_EQ(DueAt(settler, 3000), 2000);
}

TEST(SettlerTest, ARemovalWaitsForWhatMayReplaceIt) {
  Settler settler;
  settler.NoteRemoved("/m/a.sql", At(0));
  EXPECT_EQ(DueAt(settler, 0), 100);
}

TEST(SettlerTest, AFileBeingWrittenIsBelievedAfterTwoSecondsOfQuiet) {
  Settler settler;
  settler.NoteUnfinished("/m/a.sql", At(0));
  settler.NoteUnfinished("/m/a.sql", At(500));
  EXPECT_TRUE(settler.unfinished());
  EXPECT_EQ(DueAt(settler, 500), 2500);
  settler.Begin(At(2500));
  EXPECT_FALSE(settler.unfinished());
  EXPECT_EQ(DueAt(settler, 2500), -1);
}

TEST(SettlerTest, AnEarlierLookDoesNotFinishAFile) {
  Settler settler;
  settler.NoteUnfinished("/m/a.sql", At(0));
  settler.NoteSaved("/m/b.sql", At(10));
  settler.Begin(At(10));
  EXPECT_TRUE(settler.unfinished());
  EXPECT_TRUE(settler.noted());
  EXPECT_EQ(DueAt(settler, 10), 2000);
}

TEST(SettlerTest, ClosingOrRemovingTheFileFinishesIt) {
  Settler settler;
  settler.NoteUnfinished("/m/a.sql", At(0));
  settler.NoteUnfinished("/m/b.sql", At(0));
  settler.NoteSaved("/m/a.sql", At(20));
  EXPECT_TRUE(settler.unfinished());
  settler.NoteRemoved("/m/b.sql", At(30));
  EXPECT_FALSE(settler.unfinished());
}

TEST(SettlerTest, DatabasesAreLookedAtAtMostEveryQuarterOfASecond) {
  Settler settler;
  settler.NoteDatabase(At(1000));
  EXPECT_EQ(DueAt(settler, 1000), 1000);
  settler.Begin(At(1000));
  settler.NoteDatabase(At(1010));
  EXPECT_EQ(DueAt(settler, 1010), 1250);
  EXPECT_FALSE(settler.noted()) << "a database's footprint tells whether it changed";
}

TEST(SettlerTest, GitsLockIsRespected) {
  Settler settler;
  settler.NoteSaved("/m/a.sql", At(0));
  EXPECT_EQ(DueAt(settler, 0, true), 100);
  EXPECT_EQ(DueAt(settler, 5000, true), 5100);
  EXPECT_TRUE(settler.WaitsForGit(At(5000), true));
  EXPECT_EQ(DueAt(settler, 5050, false), 0);
}

TEST(SettlerTest, ALockLeftBehindIsNotRespectedForEver) {
  Settler settler;
  settler.NoteSaved("/m/a.sql", At(0));
  (void)settler.Due(At(0), true);
  EXPECT_EQ(DueAt(settler, 29'999, true), 30'099);
  EXPECT_EQ(DueAt(settler, 30'000, true), 0);
  EXPECT_FALSE(settler.WaitsForGit(At(30'000), true));
}

TEST(SettlerTest, ANewLockIsNewPatience) {
  Settler settler;
  settler.NoteSaved("/m/a.sql", At(0));
  (void)settler.Due(At(0), true);
  (void)settler.Due(At(40'000), false);
  EXPECT_EQ(DueAt(settler, 50'000, true), 50'100);
}

TEST(SettlerTest, ABurstIsWorthWaitingForButNotGit) {
  Settler settler;
  EXPECT_FALSE(settler.InBurst(At(0), false));
  settler.NoteRemoved("/m/a.sql", At(0));
  EXPECT_TRUE(settler.InBurst(At(10), false));
  EXPECT_FALSE(settler.InBurst(At(10), true));
  settler.Begin(At(100));
  EXPECT_FALSE(settler.InBurst(At(100), false));
}

}  // namespace
}  // namespace drover::daemon
