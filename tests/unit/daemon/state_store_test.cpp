#include "daemon/state_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

#include "base/error.h"
#include "base/text.h"
#include "tests/unit/daemon/scratch.h"

namespace drover::daemon {
namespace {

using drover::testing::Scratch;
using drover::testing::Slurp;
using drover::testing::Spill;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const Held kHeld{.since = "2026-02-12T23:20:18Z", .by = "downgrade", .migrations = "abc"};

TEST(StateStoreTest, WithoutAFileTheStateIsEmptyAndNothingIsWritten) {
  const Scratch scratch;
  StateStore store(scratch / "state");
  EXPECT_THAT(store.Read().projects, IsEmpty());
  EXPECT_THAT(store.problem(), IsEmpty());
  EXPECT_FALSE(StatFile(scratch / "state/state.json"));
}

TEST(StateStoreTest, EverythingSurvivesARestart) {
  const Scratch scratch;
  {
    StateStore store(scratch.path());
    store.Update([](State& state) {
      state.projects = {"/srv/idv"};
      state.trust["/srv/idv/drover.yaml"] = "d1gest";
      state.held["/srv/idv/application.db"] = kHeld;
      state.failures["/srv/b.db"] = {.at = "2026-02-12T23:20:19Z",
                                     .inputs = "xyz",
                                     .error = {.code = "invalid",
                                               .kind = "sql.error",
                                               .message = "no such column: x",
                                               .hint = "drover plan",
                                               .where = "m/1.sql:3:5"}};
    });
  }
  StateStore store(scratch.path());
  const State state = store.Read();
  EXPECT_THAT(state.projects, ElementsAre("/srv/idv"));
  EXPECT_EQ(state.trust.at("/srv/idv/drover.yaml"), "d1gest");
  EXPECT_EQ(state.held.at("/srv/idv/application.db"), kHeld);
  const Failure& failure = state.failures.at("/srv/b.db");
  EXPECT_EQ(failure.at, "2026-02-12T23:20:19Z");
  EXPECT_EQ(failure.inputs, "xyz");
  EXPECT_EQ(failure.error.kind, "sql.error");
  EXPECT_EQ(failure.error.where, "m/1.sql:3:5");
}

TEST(StateStoreTest, TheFileIsPrivateAndReadable) {
  const Scratch scratch;
  StateStore store(scratch.path());
  store.Update([](State& state) { state.projects = {"/srv/idv"}; });
  EXPECT_EQ(StatFile(scratch / "state.json")->mode, 0600U);
  EXPECT_EQ(Slurp(scratch / "state.json"),
            "{\n  \"v\": 1,\n  \"projects\": [\n    \"/srv/idv\"\n  ],\n  \"trust\": {},\n"
            "  \"held\": {},\n  \"failures\": {},\n  \"ignored_strays\": {}\n}\n");
}

TEST(StateStoreTest, AnUpdateThatChangesNothingWritesNothing) {
  const Scratch scratch;
  StateStore store(scratch.path());
  store.Update([](State& state) { state.projects = {"/srv/idv"}; });
  const auto before = StatFile(scratch / "state.json");
  store.Update([](State& state) { state.projects = {"/srv/idv"}; });
  EXPECT_EQ(StatFile(scratch / "state.json"), before);
}

TEST(StateStoreTest, AnUpdateThatThrowsChangesNothing) {
  const Scratch scratch;
  StateStore store(scratch.path());
  EXPECT_THROW(store.Update([](State& state) {
    state.projects = {"/srv/idv"};
    throw Error(Code::kInternal, "x", "y");
  }),
               Error);
  EXPECT_THAT(store.Read().projects, IsEmpty());
  EXPECT_FALSE(StatFile(scratch / "state.json"));
}

TEST(StateStoreTest, OneStoreSeesWhatAnotherWrote) {
  const Scratch scratch;
  StateStore first(scratch.path());
  StateStore second(scratch.path());
  for (int i = 0; i < 20; ++i) {
    first.Update([i](State& state) { state.projects = {Concat("/p", i)}; });
    ASSERT_THAT(second.Read().projects, ElementsAre(Concat("/p", i)));
  }
}

TEST(StateStoreTest, ConcurrentUpdatesLoseNothing) {
  const Scratch scratch;
  StateStore first(scratch.path());
  StateStore second(scratch.path());
  const auto add = [](StateStore& store, const std::string& name) {
    for (int i = 0; i < 30; ++i) {
      store.Update([&](State& state) { state.trust[Concat(name, i)] = "x"; });
      (void)store.Read();
    }
  };
  std::thread one(add, std::ref(first), "one");
  std::thread two(add, std::ref(second), "two");
  std::thread three(add, std::ref(second), "three");
  one.join();
  two.join();
  three.join();
  EXPECT_THAT(first.Read().trust, SizeIs(90));
}

TEST(StateStoreTest, ADeletedFileMeansAnEmptyState) {
  const Scratch scratch;
  StateStore store(scratch.path());
  store.Update([](State& state) { state.projects = {"/srv/idv"}; });
  unlink((scratch / "state.json").c_str());
  EXPECT_THAT(store.Read().projects, IsEmpty());
}

TEST(StateStoreTest, AFileThatIsNoStateIsMovedAsideAndReported) {
  for (const char* content : {"", "{", "[]7", "\xFF\xFE", "{\"projects\":7}", "{\"projects\":[1]}",
                              "{\"trust\":[]}", "{\"trust\":{\"a\":1}}", "{\"held\":{\"a\":{}}}",
                              "{\"failures\":{\"a\":null}}", "7", "null"}) {
    const Scratch scratch;
    Spill(scratch / "state.json", content);
    StateStore store(scratch.path());
    EXPECT_THAT(store.problem(), HasSubstr("was moved to " + scratch / "state.json.broken"))
        << content;
    EXPECT_EQ(Slurp(scratch / "state.json.broken"), content);
    EXPECT_FALSE(StatFile(scratch / "state.json"));
    EXPECT_THAT(store.Read().projects, IsEmpty());
    store.Update([](State& state) { state.projects = {"/new"}; });
    EXPECT_THAT(StateStore(scratch.path()).Read().projects, ElementsAre("/new"));
  }
}

TEST(StateStoreTest, ADirectoryOrFifoInItsPlaceIsMovedAside) {
  const Scratch scratch;
  MakeDirectories(scratch / "a/state.json", 0700);
  EXPECT_THAT(StateStore(scratch / "a").problem(), HasSubstr("not a regular file"));
  MakeDirectories(scratch / "b", 0700);
  ASSERT_EQ(mkfifo((scratch / "b/state.json").c_str(), 0600), 0);
  EXPECT_THAT(StateStore(scratch / "b").problem(), HasSubstr("not a regular file"));
}

TEST(StateStoreTest, WhatWasKnownSurvivesAFileThatBreaksLater) {
  const Scratch scratch;
  StateStore store(scratch.path());
  store.Update([](State& state) { state.projects = {"/srv/idv"}; });
  Spill(scratch / "state.json", "{");
  EXPECT_THAT(store.Read().projects, ElementsAre("/srv/idv"));
  EXPECT_THAT(store.problem(), HasSubstr("moved"));
  store.Update([](State& state) { state.trust["a"] = "b"; });
  EXPECT_THAT(StateStore(scratch.path()).Read().projects, ElementsAre("/srv/idv"));
}

TEST(StateStoreTest, UnknownKeysOfALaterVersionAreNoProblem) {
  const Scratch scratch;
  Spill(scratch / "state.json", "{\"v\":2,\"projects\":[\"/a\"],\"news\":{}}");
  StateStore store(scratch.path());
  EXPECT_THAT(store.problem(), IsEmpty());
  EXPECT_THAT(store.Read().projects, ElementsAre("/a"));
}

TEST(StateStoreTest, PathsThatAreNotUtf8DoNotBreakTheFile) {
  const Scratch scratch;
  StateStore store(scratch.path());
  store.Update([](State& state) { state.projects = {"/srv/\xFF"}; });
  StateStore again(scratch.path());
  EXPECT_THAT(again.problem(), IsEmpty());
  EXPECT_THAT(again.Read().projects, SizeIs(1));
}

}  // namespace
}  // namespace drover::daemon
