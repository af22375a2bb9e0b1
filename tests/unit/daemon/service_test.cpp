#include "daemon/service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "daemon/methods.h"
#include "tests/unit/daemon/support.h"

namespace drover::daemon {
namespace {

using drover::testing::AskSql;
using drover::testing::DiskProject;
using drover::testing::Machine;
using drover::testing::RunSql;
using drover::testing::Spill;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class FakeSession final : public Session {
 public:
  void Send(std::string line) override { Keep(std::move(line)); }
  void SendEvent(std::string line) override { Keep(std::move(line)); }
  void BeginRequest() override { ++open_; }
  void EndRequest() override { --open_; }
  [[nodiscard]] bool closed() const override { return closed_; }
  void Close() { closed_ = true; }
  [[nodiscard]] int open() const { return open_; }

  /// The first line that has all of `pieces`; the test fails when none comes.
  std::string Await(const std::vector<std::string>& pieces) {
    std::unique_lock lock(mutex_);
    std::string found;
    const bool came = changed_.wait_for(lock, drover::testing::kPatience, [&] {
      for (const std::string& line : lines_) {
        const bool fits = std::ranges::all_of(
            pieces, [&](const auto& piece) { return line.find(piece) != std::string::npos; });
        if (found.empty() && fits) found = line;
      }
      return !found.empty();
    });
    if (!came)
      ADD_FAILURE() << "no line with " << Join(pieces, " and ") << "; there were:\n"
                    << Join(lines_, "");
    return found;
  }

  [[nodiscard]] std::size_t lines() {
    const std::lock_guard lock(mutex_);
    return lines_.size();
  }

 private:
  void Keep(std::string line) {
    const std::lock_guard lock(mutex_);
    lines_.push_back(std::move(line));
    changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> lines_;
  int open_ = 0;
  bool closed_ = false;
};

class ServiceTest : public ::testing::Test {
 protected:
  ServiceTest() { Begin(Mode::kWatch); }
  ~ServiceTest() override { machine.Stop(); }

  void Begin(Mode mode) {
    machine.OnLoop([&] {
      service = std::make_unique<Service>(
          machine.loop, *machine.workers, machine.store, machine.journal,
          Service::Options{.mode = mode, .socket = "/s"}, [this] { ++stopped; });
      handler = service->Handler();
    });
  }

  void Say(const std::string& line) {
    machine.OnLoop([&] { handler.on_line(session, line); });
  }

  /// Sends a request and returns the reply.
  std::string Ask(const std::string& method, const std::string& params = "{}") {
    const std::string id = Concat(++last_id);
    Say(Concat(R"({"jsonrpc":"2.0","id":)", id, R"(,"method":")", method, R"(","params":)", params,
               "}"));
    return session->Await({Concat("{\"jsonrpc\":\"2.0\",\"id\":", id, ",")});
  }

  [[nodiscard]] std::string With(const DiskProject& disk, const std::string& more = "") const {
    return Concat(R"({"project":")", disk.root(), "\"", more.empty() ? "" : ",", more, "}");
  }

  Machine machine;
  std::shared_ptr<FakeSession> session = std::make_shared<FakeSession>();
  std::unique_ptr<Service> service;
  SessionHandler handler;
  int stopped = 0;
  int last_id = 0;
};

TEST_F(ServiceTest, EveryMethodAnswersSomethingToEmptyParameters) {
  for (const Method& method : AllMethods()) {
    if (method.name == "stop") continue;
    const std::string reply = Ask(std::string(method.name));
    EXPECT_TRUE(reply.find("\"result\"") != std::string::npos ||
                reply.find("\"error\"") != std::string::npos)
        << reply;
    EXPECT_THAT(reply, ::testing::Not(HasSubstr("daemon.defect"))) << method.name;
  }
  machine.OnLoop([&] { EXPECT_EQ(session->open(), 0); });
}

TEST_F(ServiceTest, EveryMethodAnswersForAProjectThatIsWrongInEveryWay) {
  const DiskProject disk;
  disk.Replace("drover.yaml", "{{{");
  for (const Method& method : AllMethods()) {
    if (std::string_view(method.params).find("project") == std::string_view::npos) continue;
    EXPECT_THAT(Ask(std::string(method.name), With(disk)),
                ::testing::Not(HasSubstr("daemon.defect")))
        << method.name;
  }
}

TEST_F(ServiceTest, GarbageIsAnsweredWithAnError) {
  for (const std::string line :
       {"", "x", "[]", "{}", "null", "\xff\xfe", R"({"jsonrpc":"2.0","id":1})",
        R"({"jsonrpc":"2.0","id":{},"method":"ping"})", R"({"jsonrpc":"2.0","id":1,"method":7})",
        R"({"jsonrpc":"2.0","id":1,"method":"ping","params":[1]})",
        R"({"jsonrpc":"2.0","id":1,"method":"status","params":{"project":7}})"}) {
    const std::size_t before = session->lines();
    Say(line);
    EXPECT_EQ(session->lines(), before + 1) << line;
  }
  last_id = 100;
  EXPECT_THAT(Ask("ping"), HasSubstr("\"result\""));
}

TEST_F(ServiceTest, AnUnknownMethodOrParameterIsAnsweredWithTheNearest) {
  EXPECT_THAT(Ask("statsu"), HasSubstr("did you mean \\\"status\\\"?"));
  EXPECT_THAT(Ask("status", R"({"projet":"/x"})"), HasSubstr("did you mean \\\"project\\\"?"));
  EXPECT_THAT(Ask("ping", R"({"project":"/x"})"), HasSubstr("has no parameter"));
}

TEST_F(ServiceTest, ANotificationGetsNoAnswerNotEvenAnError) {
  Say(R"({"jsonrpc":"2.0","method":"ping"})");
  Say(R"({"jsonrpc":"2.0","method":"nonsense"})");
  EXPECT_EQ(session->lines(), 0U);
}

TEST_F(ServiceTest, DescribeListsEveryMethodWithItsParameters) {
  const Json described = Json::parse(DescribeMethods());
  ASSERT_EQ(described["methods"].size(), AllMethods().size());
  EXPECT_EQ(described["methods"][3]["name"], "status");
  EXPECT_EQ(described["methods"][3]["params"][0]["name"], "project");
  EXPECT_EQ(described["methods"][3]["params"][0]["type"], "string");
}

TEST_F(ServiceTest, AProtocolNobodySpeaksIsRefused) {
  EXPECT_THAT(Ask("hello", R"({"protocol":[1,1]})"), HasSubstr("\"capabilities\""));
  EXPECT_THAT(Ask("hello", R"({"protocol":[2,9]})"), HasSubstr("protocol.version"));
  EXPECT_THAT(Ask("hello", R"({"protocol":[2]})"), HasSubstr("\"capabilities\""));
}

TEST_F(ServiceTest, ADirectoryWithoutAConfigurationIsNoProject) {
  EXPECT_THAT(Ask("status", R"({"project":"/proc"})"), HasSubstr("project.not_found"));
  EXPECT_THAT(Ask("status", R"({"project":"relative"})"), HasSubstr("must be an absolute path"));
}

TEST_F(ServiceTest, AnUpgradeIsCarriedOutAndAnswered) {
  const DiskProject disk("  dev:\n    url: sqlite:///./app.db\n");
  disk.Migrate("a1", "none", "CREATE TABLE t (x);");
  EXPECT_THAT(Ask("plan", With(disk)), HasSubstr("\"steps\":[{\"revision\":\"a1\""));
  EXPECT_THAT(Ask("upgrade", With(disk, R"("dry_run":true)")), HasSubstr("\"applied\":null"));
  EXPECT_FALSE(std::filesystem::exists(disk / "app.db"));
  const std::string reply = Ask("upgrade", With(disk));
  EXPECT_THAT(reply, HasSubstr("\"applied\":1"));
  EXPECT_THAT(reply, HasSubstr("\"to\":[\"a1\"]"));
  EXPECT_THAT(Ask("current", With(disk)), HasSubstr("{\"revision\":\"a1\",\"head\":true"));
  EXPECT_THAT(Ask("history", With(disk, R"("select":"show","target":"a1")")),
              HasSubstr("CREATE TABLE t"));
  EXPECT_THAT(Ask("history", With(disk, R"("select":"show")")), HasSubstr("\"error\""));
  EXPECT_THAT(Ask("history", With(disk, R"("target":"x:y")")), HasSubstr("\"error\""));
}

TEST_F(ServiceTest, ProtectionCoversEveryNameOfTheFile) {
  const DiskProject disk(
      "  dev:\n    url: sqlite:///./app.db\n"
      "  prod:\n    url: sqlite:///./app.db\n    protected: true\n");
  disk.Migrate("a1", "none", "CREATE TABLE t (x);", "DROP TABLE t;");
  EXPECT_THAT(Ask("upgrade", With(disk)), HasSubstr("\"applied\":1"));
  const std::string down = R"("environments":["dev"],"target":"base")";
  const std::string refused = Ask("downgrade", With(disk, down));
  EXPECT_THAT(refused, HasSubstr("environment.protected"));
  EXPECT_THAT(refused, HasSubstr("drover downgrade -e dev base --confirm prod"));
  EXPECT_THAT(Ask("downgrade", With(disk, down + R"(,"dry_run":true)")), HasSubstr("\"down\""));
  EXPECT_THAT(Ask("downgrade", With(disk, down + R"(,"confirm_environment":"prod")")),
              HasSubstr("\"applied\":1"));
}

TEST_F(ServiceTest, DestructionWantsAYes) {
  const DiskProject disk("  dev:\n    url: sqlite:///./app.db\n");
  disk.Migrate("a1", "none", "CREATE TABLE t (x);");
  EXPECT_THAT(Ask("upgrade", With(disk)), HasSubstr("\"applied\":1"));
  disk.Migrate("b2", "a1", "DROP TABLE t;");
  const std::string refused = Ask("upgrade", With(disk));
  EXPECT_THAT(refused, HasSubstr("plan.destructive"));
  EXPECT_THAT(refused, HasSubstr("drover upgrade -e dev --yes"));
  EXPECT_THAT(Ask("upgrade", With(disk, R"("confirm":true)")), HasSubstr("\"applied\":1"));
}

TEST_F(ServiceTest, WhatCannotBeChangedSaysWhy) {
  const DiskProject disk(
      "  dev:\n    url: sqlite:///./app.db\n  mem:\n    url: \"sqlite:///:memory:\"\n"
      "  old:\n    url: sqlite:///./old.db\n");
  disk.Migrate("a1", "none", "CREATE TABLE t (x);");
  RunSql(disk / "old.db", "CREATE TABLE mine (x)");
  EXPECT_THAT(Ask("downgrade", With(disk, R"("target":"base")")), HasSubstr("database.missing"));
  EXPECT_THAT(Ask("stamp", With(disk, R"("target":"head")")), HasSubstr("database.missing"));
  EXPECT_THAT(Ask("downgrade", With(disk)), HasSubstr("needs a target revision"));
  EXPECT_THAT(Ask("upgrade", With(disk, R"("environments":["mem"])")),
              HasSubstr("database.memory"));
  EXPECT_THAT(Ask("upgrade", With(disk, R"("environments":["old"])")),
              HasSubstr("database.unversioned"));
  EXPECT_THAT(Ask("stamp", With(disk, R"("environments":["old"],"target":"head")")),
              HasSubstr("\"to\":[\"a1\"]"));
  EXPECT_THAT(Ask("upgrade", With(disk, R"("environments":["dve"])")), HasSubstr("did you mean"));
  EXPECT_THAT(Ask("upgrade", With(disk, R"("environments":["dev","old"])")),
              HasSubstr("one environment at a time"));
}

TEST_F(ServiceTest, AStampSaysWhetherTheSchemaIsThatOfTheRevision) {
  const DiskProject disk;
  disk.Migrate("a1", "none", "CREATE TABLE t (x INT);");
  disk.Migrate("b2", "a1", "ALTER TABLE t ADD COLUMN y;");
  disk.Migrate("c3", "b2", "DROP TABLE nothing_like_it;");
  RunSql(disk / "app.db", "CREATE TABLE t (x INT)");
  const auto stamp = [&](const std::string& params) { return Ask("stamp", With(disk, params)); };
  const std::string dry = stamp(R"("target":"b2","dry_run":true)");
  EXPECT_THAT(dry, HasSubstr("\"applied\":null"));
  EXPECT_THAT(dry, HasSubstr("column y is missing"));
  EXPECT_THAT(stamp(R"("target":"a1")"),
              HasSubstr(R"("schema":{"verified":true,"differences":[],"reason":null})"));
  EXPECT_THAT(stamp(R"("target":"b2")"),
              HasSubstr(R"("schema":{"verified":false,"differences":[{"type":"table","object":"t",)"
                        R"("kind":"different","what":"column y is missing"}],"reason":null})"));
  EXPECT_THAT(stamp(R"("target":"c3")"),
              HasSubstr("c3.sql:6:1: revision c3: no such table: nothing_like_it"));
  EXPECT_THAT(stamp(R"("target":"base")"), HasSubstr("table t is not in the migrations"));
}

TEST_F(ServiceTest, ARangeAsSqlNeedsNoDatabase) {
  const DiskProject disk("  dev:\n    url: ${UNSET}\n");
  disk.Migrate("a1", "none", "CREATE TABLE t (x);", "DROP TABLE t;");
  disk.Migrate("b2", "a1", "CREATE TABLE u (x);", "DROP TABLE u;");
  const std::string up = Ask("upgrade", With(disk, R"("sql":true,"target":"a1:b2")"));
  EXPECT_THAT(up, HasSubstr("CREATE TABLE u"));
  EXPECT_THAT(up, ::testing::Not(HasSubstr("CREATE TABLE t ")));
  EXPECT_THAT(Ask("upgrade", With(disk, R"("sql":true,"target":"base:heads")")),
              HasSubstr("CREATE TABLE t"));
  EXPECT_THAT(Ask("upgrade", With(disk, R"("sql":true,"target":"a1:")")),
              HasSubstr("empty_identifier"));
  EXPECT_THAT(Ask("downgrade", With(disk, R"("sql":true,"target":"b2:a1")")),
              HasSubstr("DROP TABLE u"));
  EXPECT_THAT(Ask("upgrade", With(disk, R"("sql":true)")), HasSubstr("variable.unset"));
}

TEST_F(ServiceTest, SubscribersAreToldOfTheirProject) {
  const DiskProject disk;
  EXPECT_THAT(Ask("subscribe", With(disk)), HasSubstr("subscribed"));
  (void)Ask("status", With(disk));
  disk.Migrate("a1", "none", "CREATE TABLE t (x);");
  (void)session->Await({"\"method\":\"event\"", "\"event\":\"applied\"", "\"revision\":\"a1\""});
}

TEST_F(ServiceTest, AnUnregisteredProjectIsForgottenAndNotActedOn) {
  const DiskProject disk;
  EXPECT_THAT(Ask("register", With(disk)), HasSubstr("watching"));
  EXPECT_THAT(machine.store.Read().projects, ::testing::ElementsAre(disk.root()));
  EXPECT_THAT(Ask("unregister", With(disk)), HasSubstr("no longer watching"));
  EXPECT_THAT(machine.store.Read().projects, IsEmpty());
  EXPECT_THAT(Ask("unregister", With(disk)), HasSubstr("project.not_registered"));
  disk.Migrate("a1", "none", "CREATE TABLE t (x);");
  EXPECT_THAT(Ask("ping"), HasSubstr("\"projects\":[]"));
  EXPECT_FALSE(std::filesystem::exists(disk / "app.db"));
}

TEST_F(ServiceTest, WhatWasRegisteredIsOpenedAndWhatIsGoneForgotten) {
  const DiskProject disk;
  machine.store.Update([&](State& state) {
    state.projects = {"/nonexistent/project", disk.root()};
  });
  machine.OnLoop([&] { service->OpenRegistered(); });
  EXPECT_THAT(machine.store.Read().projects, ::testing::ElementsAre(disk.root()));
  EXPECT_THAT(Ask("ping"), HasSubstr(disk.root()));
}

TEST_F(ServiceTest, WithoutAStateDirectoryNothingIsHalfOpened) {
  const DiskProject disk;
  std::filesystem::remove_all(machine.state.path());
  Spill(machine.state.path(), "in the way");
  EXPECT_THAT(Ask("status", With(disk)), HasSubstr("\"error\""));
  EXPECT_THAT(Ask("ping"), HasSubstr("\"projects\":[]"));
  std::filesystem::remove(machine.state.path());
  std::filesystem::create_directory(machine.state.path());
  EXPECT_THAT(Ask("status", With(disk)), HasSubstr("\"environments\""));
}

TEST_F(ServiceTest, CancellingStopsAJobBetweenTwoRevisions) {
  const DiskProject disk;
  const std::string slow =
      "CREATE TABLE t# AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT "
      "300000) SELECT i FROM n;";
  disk.Configure("  dev:\n    url: sqlite:///./app.db\n");
  std::string parent = "none";
  for (int i = 10; i < 30; ++i) {
    std::string up = slow;
    up.replace(up.find('#'), 1, Concat(i));
    disk.Migrate(Concat("r", i), parent, up);
    parent = Concat("r", i);
  }
  (void)Ask("status", With(disk));
  Say(Concat(R"({"jsonrpc":"2.0","id":77,"method":"upgrade","params":)", With(disk), "}"));
  (void)session->Await({"\"method\":\"progress\"", "\"id\":77"});
  EXPECT_THAT(Ask("cancel", R"({"id":77})"), HasSubstr("cancelling"));
  EXPECT_THAT(session->Await({"\"id\":77,", "\"error\""}), HasSubstr("cancelled"));
  EXPECT_THAT(Ask("cancel", R"({"id":77})"), HasSubstr("cancel.unknown"));
}

TEST_F(ServiceTest, StoppingRefusesNewWorkAndTellsWhenItIsDone) {
  const DiskProject disk;
  (void)Ask("status", With(disk));
  EXPECT_THAT(Ask("stop"), HasSubstr("stopping"));
  EXPECT_THAT(Ask("status", With(disk)), HasSubstr("daemon.stopping"));
  machine.OnLoop([&] { EXPECT_EQ(stopped, 1); });
}

TEST_F(ServiceTest, ASessionThatLeavesIsForgotten) {
  const DiskProject disk;
  (void)Ask("subscribe", With(disk));
  Say(Concat(R"({"jsonrpc":"2.0","id":9,"method":"upgrade","params":)", With(disk), "}"));
  machine.OnLoop([&] {
    session->Close();
    handler.on_closed(session);
  });
  (void)session->Await({"\"id\":9,"});
  std::weak_ptr<FakeSession> gone = session;
  session = std::make_shared<FakeSession>();
  (void)Ask("status", With(disk));
  machine.OnLoop([] {});
  EXPECT_TRUE(gone.expired());
}

TEST_F(ServiceTest, OnlyADaemonHasEvents) {
  Begin(Mode::kAsk);
  EXPECT_THAT(Ask("subscribe"), HasSubstr("subscribe.unavailable"));
}

TEST_F(ServiceTest, TrustIsRemembered) {
  const DiskProject disk;
  EXPECT_THAT(Ask("status", With(disk)), HasSubstr("\"trusted\":false"));
  EXPECT_THAT(Ask("trust", With(disk)), HasSubstr("\"trusted\":true"));
  EXPECT_THAT(Ask("status", With(disk)), HasSubstr("\"trusted\":true"));
}

}  // namespace
}  // namespace drover::daemon
