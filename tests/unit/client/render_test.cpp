#include "client/render/render.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "client/progress.h"
#include "tests/unit/client/support.h"

namespace drover::client {
namespace {

RevisionsDocument Diamond() {
  RevisionsDocument document;
  document.revisions = {Entry("d4", {"b2", "c3"}, "Join"), Entry("c3", {"a1"}, "Right"),
                        Entry("b2", {"a1"}, "Left"), Entry("a1", {}, "Initial")};
  document.revisions[0].head = true;
  document.revisions[0].mergepoint = true;
  document.revisions[0].draft = true;
  document.revisions[3].branchpoint = true;
  document.revisions[3].environments = {"dev", "docker"};
  return document;
}

PlanDocument Plan() {
  PlanDocument plan;
  plan.environment = "dev";
  plan.path = "/home/u/idv/application.db";
  plan.same_as = {"docker"};
  plan.from = {"a1"};
  plan.to = {"c3"};
  plan.steps.resize(2);
  plan.steps[0].revision = "b2";
  plan.steps[0].direction = "up";
  plan.steps[0].message = "Add servers.region";
  plan.steps[1].revision = "c3";
  plan.steps[1].direction = "up";
  plan.steps[1].file = "migrations/c3.sql";
  plan.steps[1].transaction = false;
  plan.steps[1].destructive = {{"drop column", "users.age"}};
  return plan;
}

TEST(HistoryScreenTest, NewestFirstLikeAlembic) {
  EXPECT_EQ(RenderHistory(Diamond(), kPipe),
            "b2, c3 -> d4 (head) (mergepoint) (draft), Join\n"
            "a1 -> c3, Right\n"
            "a1 -> b2, Left\n"
            "<base> -> a1 (branchpoint) [dev, docker], Initial\n");
}

TEST(HistoryScreenTest, TurnsAnAnswerThatIsOldestFirst) {
  RevisionsDocument document;
  document.revisions = {Entry("a1", {}, "One"), Entry("b2", {"a1"}, "")};
  EXPECT_EQ(RenderHistory(document, kPipe), "a1 -> b2\n<base> -> a1, One\n");
}

TEST(HistoryScreenTest, NothingIsNothing) {
  EXPECT_EQ(RenderHistory({}, kPipe), "");
  EXPECT_EQ(RenderHeads({}, kPipe), "");
  EXPECT_EQ(RenderShow({}, kPipe), "");
}

TEST(HeadsScreenTest, OneLineEach) {
  RevisionsDocument document = Diamond();
  document.revisions.resize(1);
  document.revisions[0].branch_labels = {"main"};
  EXPECT_EQ(RenderHeads(document, kPipe), "d4 (main) (head) (mergepoint) (draft), Join\n");
}

TEST(ShowScreenTest, PrintsTheSqlWithItsLines) {
  RevisionsDocument document;
  document.revisions = {Entry("b2", {"a1"}, "Left")};
  document.revisions[0].created = "2026-02-12T23:20:18Z";
  document.revisions[0].depends_on = {"x9"};
  document.revisions[0].up_sql = "CREATE TABLE t (\n  id INTEGER\n);\n\nSELECT '\x1b[2J';\n";
  document.revisions[0].down_sql = "DROP TABLE t;\n";
  EXPECT_EQ(RenderShow(document, kPipe),
            "Revision: b2\n"
            "Parent:   a1\n"
            "Depends:  x9\n"
            "File:     migrations/b2.sql\n"
            "Created:  2026-02-12T23:20:18Z\n"
            "\n"
            "    Left\n"
            "\n"
            "up\n"
            "    CREATE TABLE t (\n"
            "      id INTEGER\n"
            "    );\n"
            "\n"
            "    SELECT ' [2J';\n"
            "\n"
            "down\n"
            "    DROP TABLE t;\n");
}

CurrentRevision Row(std::string revision, std::string message) {
  CurrentRevision row;
  row.revision = std::move(revision);
  row.message = std::move(message);
  return row;
}

Application Applied() {
  return {.environment = "dev",
          .direction = "up",
          .at = "2026-02-12T23:20:18Z",
          .by = "ann",
          .host = "box",
          .git_branch = "feature/x",
          .git_commit = {}};
}

TEST(CurrentScreenTest, OneLinePerAppliedHead) {
  CurrentDocument current;
  current.environments = {
      {"dev", {Row("d4", "Join")}}, {"docker", {Row("b2", ""), Row("c3", "Right")}}, {"new", {}}};
  current.environments[0].current[0].head = true;
  current.environments[0].current[0].applied = Applied();
  EXPECT_EQ(RenderCurrent(current, kPipe),
            "dev     d4 (head), Join\n"
            "docker  b2\n"
            "docker  c3, Right\n"
            "new     (base)\n");
}

TEST(CurrentScreenTest, AnOrphanSaysWhereItCameFrom) {
  CurrentDocument current;
  current.environments = {{"dev", {Row("e5", "Gone")}}};
  current.environments[0].current[0].orphan = true;
  EXPECT_EQ(RenderCurrent(current, kPipe), "dev  e5 (orphan), Gone\n");
  current.environments[0].current[0].applied = Applied();
  EXPECT_EQ(RenderCurrent(current, kPipe),
            "dev  e5 (orphan), Gone\n"
            "    no file; applied by ann at 2026-02-12T23:20:18Z on branch feature/x\n");
}

TEST(HistoryScreenTest, AnOrphanSaysWhereItCameFrom) {
  RevisionsDocument document;
  document.revisions = {Entry("e5", {"d4"}, "Gone")};
  document.revisions[0].orphan = true;
  document.revisions[0].applied = {Applied()};
  document.revisions[0].applied[0].direction = "stamp";
  document.revisions[0].applied[0].git_branch.clear();
  EXPECT_EQ(RenderHistory(document, kPipe),
            "d4 -> e5 (orphan), Gone\n"
            "    no file; stamped to dev by ann at 2026-02-12T23:20:18Z\n");
}

TEST(ShowScreenTest, TellsWhoAppliedItAndWhatHasChangedSince) {
  RevisionsDocument document;
  document.revisions = {Entry("b2", {"a1"}, "Left")};
  document.revisions[0].applied = {Applied()};
  document.revisions[0].differences.resize(1);
  RevisionDifference& difference = document.revisions[0].differences[0];
  difference.environment = "dev";
  difference.kind = "modified";
  difference.changes = {"its up section is another"};
  difference.diff = "--- as applied\n+++ migrations/b2.sql\n@@ -1 +1 @@\n-a\n+b\n";
  EXPECT_EQ(RenderShow(document, kPipe),
            "Revision: b2\n"
            "Parent:   a1\n"
            "File:     migrations/b2.sql\n"
            "Created:  2026-02-12T23:20:18Z\n"
            "Applied:  to dev by ann at 2026-02-12T23:20:18Z on branch feature/x\n"
            "\n"
            "    Left\n"
            "\n"
            "edited since it was applied to dev\n"
            "    its up section is another\n"
            "    --- as applied\n"
            "    +++ migrations/b2.sql\n"
            "    @@ -1 +1 @@\n"
            "    -a\n"
            "    +b\n");
}

TEST(DiffScreenTest, IsColouredByWhatCameAndWent) {
  const Style color{.color = true, .unicode = true, .width = 0};
  const std::string shown =
      RenderDiff("--- as applied\n+++ f\n@@ -1 +1 @@\n--- a comment\n+\x1b[2J\n same\n", color);
  const std::vector<std::string_view> lines = SplitLines(shown);
  ASSERT_EQ(lines.size(), 6U);
  EXPECT_EQ(lines[0], Concat("    ", Paint(color, Tone::kBold, "--- as applied")));
  EXPECT_EQ(lines[2], Concat("    ", Paint(color, Tone::kCyan, "@@ -1 +1 @@")));
  EXPECT_EQ(lines[3], Concat("    ", Paint(color, Tone::kRed, "--- a comment")));
  EXPECT_EQ(lines[4], Concat("    ", Paint(color, Tone::kGreen, "+ [2J")));
  EXPECT_EQ(lines[5], "     same");
}

TEST(RepairScreenTest, ShowsTheEditAndWhetherItWasAccepted) {
  RepairDocument repair;
  repair.environment = "dev";
  repair.same_as = {"docker"};
  repair.revision = "b2";
  repair.message = "Left";
  repair.changes = {"its up section is another"};
  repair.diff = "--- as applied\n";
  EXPECT_EQ(RenderRepair(repair, kPipe),
            "dev: would accept the edit of revision b2, Left\n"
            "  its up section is another\n"
            "    --- as applied\n"
            "  (same file as docker)\n");
  repair.repaired = true;
  repair.diff.clear();
  repair.same_as.clear();
  EXPECT_EQ(RenderRepair(repair, kPipe),
            "dev: accepted the edit of revision b2, Left\n"
            "  its up section is another\n");
}

TEST(PlanScreenTest, ARedoCountsEachMigrationOnce) {
  PlanDocument plan = Plan();
  plan.from = plan.to = {"b2"};
  plan.steps = {plan.steps[0], plan.steps[0]};
  plan.steps[0].direction = "down";
  plan.steps[0].archived = true;
  plan.same_as.clear();
  EXPECT_EQ(RenderPlan(plan, kRoot, kRoot, kPipe),
            "dev: would redo 1 migration, b2 → b2\n"
            "  ↓ b2  Add servers.region  (as it was applied)\n"
            "  ↑ b2  Add servers.region\n"
            "  in application.db\n");
  plan.applied = 2;
  plan.duration_ms = 4;
  EXPECT_THAT(RenderPlan(plan, kRoot, kRoot, kPipe),
              ::testing::StartsWith("dev: redid 1 migration in 4 ms, b2 → b2\n"));
}

TEST(PlanScreenTest, SaysWhatWouldBeDoneAndDestroyed) {
  PlanDocument plan = Plan();
  plan.warnings = {"c3 runs without a transaction"};
  EXPECT_EQ(RenderPlan(plan, kRoot, kRoot, kPipe),
            "dev: would apply 2 migrations, a1 → c3\n"
            "  ↑ b2  Add servers.region\n"
            "  ↑ c3  migrations/c3.sql  (no transaction)\n"
            "      destroys: drop column users.age\n"
            "! c3 runs without a transaction\n"
            "  in application.db (same file as docker)\n");
}

TEST(PlanScreenTest, SaysWhatWasDone) {
  PlanDocument plan = Plan();
  plan.steps.resize(1);
  plan.steps[0].direction = "down";
  plan.same_as.clear();
  plan.from = {"b2"};
  plan.to = {};
  plan.applied = 1;
  plan.duration_ms = 2345;
  EXPECT_EQ(RenderPlan(plan, "/home/u/idv/backend", kRoot,
                       Style{.color = false, .unicode = false, .width = 0}),
            "dev: reverted 1 migration in 2.3 s, b2 -> base\n"
            "  v b2  Add servers.region\n"
            "  in ../application.db\n");
}

TEST(PlanScreenTest, NothingToDoAndStamps) {
  PlanDocument plan;
  plan.environment = "dev";
  plan.from = plan.to = {"a1"};
  EXPECT_EQ(RenderPlan(plan, kRoot, kRoot, kPipe), "dev: nothing to do, it is at a1\n");
  plan.to = {"b2"};
  EXPECT_EQ(RenderPlan(plan, kRoot, kRoot, kPipe), "dev: would stamp a1 → b2\n");
  plan.applied = 0;
  plan.duration_ms = 3;
  EXPECT_EQ(RenderPlan(plan, kRoot, kRoot, kPipe), "dev: stamped a1 → b2 in 3 ms\n");
}

TEST(PlanScreenTest, AStampSaysWhetherTheSchemaIsThatOfTheRevision) {
  PlanDocument plan;
  plan.environment = "dev";
  plan.from = {"a1"};
  plan.to = {"b2"};
  plan.applied = 0;
  plan.duration_ms = 3;
  plan.schema = SchemaCheck{.verified = true, .differences = {}, .reason = {}};
  EXPECT_EQ(RenderPlan(plan, kRoot, kRoot, kPipe),
            "dev: stamped, schema verified, a1 → b2 in 3 ms\n");
  plan.schema = SchemaCheck{.verified = false,
                            .differences = {{.type = "table",
                                             .object = "t",
                                             .kind = "different",
                                             .what = "column a: int here, text in the migrations"},
                                            {.type = "index",
                                             .object = "i",
                                             .kind = "extra",
                                             .what = "index i is extra"}},
                            .reason = {}};
  EXPECT_EQ(RenderPlan(plan, kRoot, kRoot, kPipe),
            "dev: stamped, schema differs in 2 points, a1 → b2 in 3 ms\n"
            "! table t: column a: int here, text in the migrations\n"
            "! index i is extra\n");
  plan.schema = SchemaCheck{.verified = {}, .differences = {}, .reason = "no such table: x"};
  EXPECT_EQ(RenderPlan(plan, kRoot, kRoot, kPipe),
            "dev: stamped, not verified, a1 → b2 in 3 ms\n"
            "! not verified: no such table: x\n");
  plan.applied.reset();
  EXPECT_EQ(RenderPlan(plan, kRoot, kRoot, kPipe),
            "dev: would stamp a1 → b2, not verified\n! not verified: no such table: x\n");
}

TEST(WhereScreenTest, EveryStepNamesItsLine) {
  EnvironmentWhere dev;
  dev.name = "dev";
  dev.path = "/home/u/idv/application.db";
  dev.exists = true;
  dev.device = 2049;
  dev.inode = 77;
  dev.confidence = "certain";
  dev.same_as = {"docker"};
  dev.provenance = {{"${DB__DB_URL}", "/home/u/idv/drover.yaml:9:10"},
                    {"sqlite:///./application.db", "/home/u/idv/.env:1:14"}};
  dev.mounts = {{"/app/application.db", "bind", "/home/u/idv/application.db", std::nullopt, true},
                {"/data", "volume", std::nullopt, "idv_data", false},
                {"/tmp", "tmpfs", std::nullopt, std::nullopt, false}};
  dev.findings.resize(1);
  dev.findings[0].code = "bind-single-file";
  dev.findings[0].message = "a single file is mounted";
  EnvironmentWhere docker;
  docker.name = "docker";
  docker.confidence = "unknown";
  EXPECT_EQ(RenderWhere({1, {dev, docker}}, kRoot, kRoot, kPipe),
            "dev  /home/u/idv/application.db (same file as docker)\n"
            "    exists, device 2049, inode 77, certain\n"
            "    ${DB__DB_URL}               drover.yaml:9:10\n"
            "    sqlite:///./application.db  .env:1:14\n"
            "    mount  /app/application.db is /home/u/idv/application.db (bind, read-only)\n"
            "    mount  /data is volume idv_data (volume)\n"
            "    mount  /tmp is nowhere on this machine (tmpfs)\n"
            "    ! a single file is mounted  [bind-single-file]\n"
            "docker  (not found)\n"
            "    no file yet, unknown\n");
}

TEST(WhereScreenTest, TheShellHasALineOfItsOwn) {
  EnvironmentWhere dev;
  dev.name = "dev";
  dev.path = "/home/u/idv/a.db";
  dev.confidence = "certain";
  dev.shell = ShellWhere{.variables = {"DB", "DB_URL"}, .path = "/home/u/idv/b.db", .same = false};
  const auto last = [&] {
    const std::string text = RenderWhere({1, {dev}}, kRoot, kRoot, kPipe);
    return text.substr(text.find("this shell"));
  };
  EXPECT_EQ(last(), "this shell sets DB, DB_URL, which leads to b.db\n");
  dev.shell->path.reset();
  EXPECT_EQ(last(), "this shell sets DB, DB_URL, which leads to another database\n");
  dev.shell->same = true;
  EXPECT_EQ(last(), "this shell sets DB, DB_URL, which leads to the same file\n");
}

TEST(StraysScreenTest, FactsHoldersAndTheCommand) {
  StrayEntry stray;
  stray.path = "/home/u/idv/backend/application.db";
  stray.kind = "behind";
  stray.size = 1;
  stray.revision = {"a1"};
  stray.message = "the same tables as dev, one revision older";
  stray.made_from = "/home/u/idv/backend";
  stray.holders.resize(7);
  stray.holders[0] = {10, "uvicorn", "/app", true};
  stray.fix = "drover where";
  const std::string text = RenderStrays({1, "idv", {stray}, false}, StraysShown::kTrouble,
                                        "/home/u/idv/backend", kRoot, kPipe);
  EXPECT_THAT(text,
              testing::StartsWith(
                  "! application.db  behind, 1 byte, at a1\n"
                  "    made from /home/u/idv/backend (inferred from its path)\n"
                  "    held open by uvicorn (pid 10, working in /app of its container) [seen]\n"));
  EXPECT_THAT(text, testing::EndsWith("    and by 2 more processes\n    drover where\n"));
}

TEST(StraysScreenTest, WhoMadeItIsToldAsFarAsItWasSeen) {
  StrayEntry stray;
  stray.path = "/home/u/idv/backend/application.db";
  stray.kind = "empty";
  const auto suspect = [](std::int64_t pid, std::string evidence) {
    return Suspect{.process = {pid, "sqlite3 a.db", "/home/u/idv/backend", false},
                   .evidence = std::move(evidence),
                   .at = "2026-11-25T04:30:12Z"};
  };
  stray.suspects = {suspect(1, "open"), suspect(2, "directory")};
  EXPECT_EQ(
      RenderStray(stray, kRoot, kRoot, kPipe),
      "! backend/application.db  empty, 0 bytes\n"
      "    made by sqlite3 a.db (pid 1, working in backend), which had it open when it appeared "
      "[seen]\n");
  stray.suspects = {suspect(2, "directory"), suspect(3, "near")};
  EXPECT_EQ(
      RenderStray(stray, kRoot, kRoot, kPipe),
      "! backend/application.db  empty, 0 bytes\n"
      "    perhaps made by sqlite3 a.db (pid 2, working in backend), which was there when it "
      "appeared [inferred]\n"
      "    perhaps made by sqlite3 a.db (pid 3, working in backend), which had just begun when "
      "it appeared [inferred]\n");
  // Whoever still has it open has a line of their own.
  stray.holders = {stray.suspects[0].process};
  stray.suspects = {suspect(2, "open")};
  EXPECT_THAT(RenderStray(stray, kRoot, kRoot, kPipe), testing::Not(testing::HasSubstr("made by")));
  stray.holders[0].cwd.clear();
  EXPECT_THAT(RenderStray(stray, kRoot, kRoot, kPipe),
              testing::HasSubstr("held open by sqlite3 a.db (pid 2, of another user) [seen]"));
}

TEST(StraysScreenTest, WithoutOtherFactsTheMessageIsPrinted) {
  StrayEntry stray;
  stray.path = "/home/u/idv/old.db";
  stray.kind = "empty";
  stray.message = "nothing was ever written to it";
  EXPECT_EQ(RenderStray(stray, kRoot, kRoot, kPipe),
            "! old.db  empty, 0 bytes\n    nothing was ever written to it\n");
}

TEST(StraysScreenTest, NoneIsSaid) {
  EXPECT_EQ(RenderStrays({}, StraysShown::kTrouble, kRoot, kRoot, kPipe),
            "No strays: every SQLite file of the project is accounted for.\n");
  EXPECT_EQ(RenderStrays({1, "idv", {}, true}, StraysShown::kTrouble, kRoot, kRoot, kPipe),
            "No strays in the part of the project that was scanned.\n"
            "The project is larger than the scan's limits: set `strays: roots` in drover.yaml.\n");
}

TEST(NewRevisionScreenTest, SaysThatItIsADraft) {
  const NewRevisionDocument revision{1,      "b2", "migrations/b2_x.sql",
                                     {"a1"}, true, {"drover.yaml cannot be read"}};
  EXPECT_EQ(RenderNewRevision(revision, kRoot, kRoot, kPipe),
            "wrote migrations/b2_x.sql\n"
            "revision b2 follows a1\n"
            "It is a draft: remove its `-- draft` line when it is ready to be applied.\n"
            "! drover.yaml cannot be read\n");
  const NewRevisionDocument first{1, "a1", "/home/u/idv/migrations/a1.sql", {}, false, {}};
  EXPECT_EQ(RenderNewRevision(first, "/home/u/idv/backend", kRoot, kPipe),
            "wrote ../migrations/a1.sql\nrevision a1 follows <base>\n");
}

TEST(TrustScreenTest, NamesTheFile) {
  EXPECT_EQ(RenderTrust({1, "idv", "/home/u/idv/drover.yaml", "00", true}, kPipe),
            "trusted /home/u/idv/drover.yaml\nThis holds until the file changes.\n");
}

TEST(HelloScreenTest, FourFactsAndTheProjects) {
  HelloDocument hello;
  hello.server = "droverd 0.1.0";
  hello.pid = 7;
  hello.socket = "/run/user/1000/drover/droverd.sock";
  hello.started_at = "2026-02-12T23:20:18Z";
  hello.projects = {"/home/u/idv"};
  hello.clients = 2;
  EXPECT_EQ(RenderHello(hello, kPipe),
            "droverd 0.1.0  pid 7\n"
            "socket   /run/user/1000/drover/droverd.sock\n"
            "since    2026-02-12T23:20:18Z\n"
            "clients  2\n"
            "project  /home/u/idv\n");
}

TEST(ErrorScreenTest, MessagePlaceAndHint) {
  EXPECT_EQ(RenderError(Error(Code::kConflict, "revision.ambiguous", "98 is several revisions",
                              "drover history", "drover.yaml:3:1"),
                        kPipe),
            "error: 98 is several revisions\n"
            "  at drover.yaml:3:1\n"
            "  try: drover history\n");
  EXPECT_EQ(
      RenderError(Error(Code::kInvalid, "x", "drover.yaml:3:1: bad\nreally", "", "drover.yaml:3:1"),
                  kPipe),
      "error: drover.yaml:3:1: bad\n  really\n");
  EXPECT_EQ(RenderError(Error(Code::kInternal, "kind.only", ""), kPipe), "error: kind.only\n");
}

TEST(ProgressTest, TellsStatementsAndTimeWhenThereIsSomethingToTell) {
  ProgressDocument progress{.id = 1,
                            .step = 3,
                            .steps = 12,
                            .revision = "b2",
                            .message = "Add a very long name",
                            .waiting_for = std::nullopt};
  progress.statement = 4;
  progress.statements = 9;
  progress.elapsed_ms = 12'700;
  EXPECT_EQ(RenderProgress(progress, kPipe),
            "[3/12] b2  Add a very long name  statement 4 of 9  12.0 s");
  EXPECT_EQ(RenderProgress(progress, Style{.color = false, .unicode = true, .width = 50}),
            "[3/12] b2  Add a very …  statement 4 of 9  12.0 s");
}

TEST(ProgressTest, NamesWhomItWaitsFor) {
  ProgressDocument progress;
  progress.waiting_for = "pid 7 (python3 app.py)";
  progress.elapsed_ms = 600;
  EXPECT_EQ(RenderProgress(progress, kPipe), "waiting for pid 7 (python3 app.py)");
}

TEST(ProgressTest, FitsTheTerminal) {
  const ProgressDocument progress{.id = 1,
                                  .step = 3,
                                  .steps = 12,
                                  .revision = "b2",
                                  .message = "Add servers.region",
                                  .waiting_for = std::nullopt};
  EXPECT_EQ(RenderProgress(progress, kPipe), "[3/12] b2  Add servers.region");
  EXPECT_EQ(RenderProgress(progress, Style{.color = false, .unicode = true, .width = 20}),
            "[3/12] b2  Add ser…");
}

TEST(StyleTest, MeasuresWhatATerminalShows) {
  EXPECT_EQ(DisplayWidth("abc"), 3U);
  EXPECT_EQ(DisplayWidth("é→✓"), 3U);
  EXPECT_EQ(DisplayWidth("日本"), 4U);
  EXPECT_EQ(DisplayWidth("e\u0301"), 1U);
  EXPECT_EQ(DisplayWidth("\xff\xfe"), 2U);
}

TEST(StyleTest, CleansWhatATerminalWouldObey) {
  EXPECT_EQ(Clean("a\tb\r\n\x1b[31m\x7f"), "a b   [31m ");
  EXPECT_EQ(Clean("\xc2\x9b"
                  "31m"),
            " 31m");
  EXPECT_EQ(Clean("\u202Egnp"), " gnp");
  EXPECT_EQ(Clean("\xc0\xaf\xed\xa0\x80\xf5"), "??????");
  EXPECT_EQ(Clean("\xe2\x82"), "??");
}

TEST(StyleTest, ShortensOnTerminalsOnly) {
  const Style terminal{.color = false, .unicode = true, .width = 80};
  EXPECT_EQ(Shorten(terminal, "abcdef", 4), "abc…");
  EXPECT_EQ(Shorten(terminal, "日本語", 5), "日本…");
  EXPECT_EQ(Shorten(kPipe, "abcdef", 4), "abcdef");
  EXPECT_EQ(ShortenMiddle(terminal, "/srv/very/long/application.db", 18), "/srv/…plication.db");
  EXPECT_EQ(Shorten(Style{.color = false, .unicode = false, .width = 80}, "abcdef", 5), "ab...");
}

TEST(StyleTest, FormatsSizes) {
  EXPECT_EQ(FormatSize(0), "0 bytes");
  EXPECT_EQ(FormatSize(1023), "1023 bytes");
  EXPECT_EQ(FormatSize(1024), "1.0 KiB");
  EXPECT_EQ(FormatSize(1536), "1.5 KiB");
  EXPECT_EQ(FormatSize(1048575), "1023.9 KiB");
  EXPECT_EQ(FormatSize(std::uint64_t{3} << 30), "3.0 GiB");
  EXPECT_EQ(FormatSize(~std::uint64_t{0}), "16383.9 PiB");
}

TEST(StyleTest, FormatsDurations) {
  EXPECT_EQ(FormatDuration(-1), "0 ms");
  EXPECT_EQ(FormatDuration(999), "999 ms");
  EXPECT_EQ(FormatDuration(1000), "1.0 s");
  EXPECT_EQ(FormatDuration(59999), "59.9 s");
  EXPECT_EQ(FormatDuration(65000), "1 min 05 s");
}

TEST(StyleTest, FormatsPathsForTheDirectoryTheUserIsIn) {
  EXPECT_EQ(FormatPath("/p/a.db", "/p", "/p"), "a.db");
  EXPECT_EQ(FormatPath("/p/a.db", "/p/backend", "/p"), "../a.db");
  EXPECT_EQ(FormatPath("/p/x/a.db", "/p/y/z", "/p"), "../../x/a.db");
  EXPECT_EQ(FormatPath("/p/a.db", "/p/1/2/3/4", "/p"), "/p/a.db");
  EXPECT_EQ(FormatPath("/q/a.db", "/p/backend", "/p"), "/q/a.db");
  EXPECT_EQ(FormatPath("/pp/a.db", "/p", "/p"), "/pp/a.db");
  EXPECT_EQ(FormatPath("drover.yaml:3:1", "/p", "/p"), "drover.yaml:3:1");
  EXPECT_EQ(FormatPath("", "/p", "/p"), "");
}

}  // namespace
}  // namespace drover::client
