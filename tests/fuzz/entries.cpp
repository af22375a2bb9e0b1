#include "tests/fuzz/entries.h"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <sqlite3.h>

#include "base/error.h"
#include "base/protocol.h"
#include "base/text.h"
#include "environments/compose/compose.h"
#include "environments/compose/locate.h"
#include "environments/config.h"
#include "environments/dotenv.h"
#include "environments/interpolate.h"
#include "environments/survey/env_py.h"
#include "environments/survey/python_source.h"
#include "environments/urls/url.h"
#include "migrations/alembic/alembic_config.h"
#include "migrations/alembic/data_code.h"
#include "migrations/alembic/offline_script.h"
#include "migrations/alembic/python_lexer.h"
#include "migrations/alembic/version_file.h"
#include "migrations/checksum.h"
#include "migrations/native_format.h"
#include "migrations/script.h"
#include "migrations/sql_text.h"
#include "tests/unit/environments/fake_files.h"

namespace drover::fuzz {
namespace {

using namespace environments;  // NOLINT: two thirds of what is read here
using namespace migrations;    // NOLINT: the rest

void Demand(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

template <class Read>
void Try(Read&& read) {
  try {
    read();
  } catch (const Error& error) {
    Demand(!error.kind.empty(), "an error has a kind");
    Demand(!error.message.empty(), "an error has a message");
  }
}

void ReadConfig(std::string_view bytes) {
  Try([&] {
    const Config config = ParseConfig(bytes, "/p/drover.yaml");
    Demand(!config.environments.empty(), "a configuration has an environment");
    Demand(config.Find(config.default_environment) != nullptr, "the default environment is there");
  });
}

void ReadCompose(std::string_view bytes) {
  for (const auto knowledge :
       {ComposeSurroundings::Knowledge::kNothing, ComposeSurroundings::Knowledge::kEverything}) {
    FakeFiles files;
    files.Put("/p/compose.yaml", std::string(bytes));
    files.Put("/p/.env", "TAG=1\nDATA=./data\n");
    files.Put("/p/app.db", "");
    const ComposeSurroundings surroundings{
        .shell = knowledge, .variables = {{"HOME", "/h"}}, .directory = {}, .home = "/h"};
    ComposeReference reference;
    reference.files = {"/p/compose.yaml"};
    const ComposeProject project = LoadComposeProject(reference, "/p", surroundings, files);
    Demand(!project.error || project.services.empty(), "an error leaves no services");
    for (const ComposeService& service : project.services) {
      reference.service = service.name;
      Try([&] { (void)FindComposeService(project, reference); });
      if (service.error) continue;
      for (const char* path : {"/app/app.db", "/"}) {
        Try([&] {
          (void)LocateInService(project, service, path, surroundings, "/p", "drover upgrade",
                                files);
        });
      }
    }
  }
}

void ReadDotenv(std::string_view bytes) {
  for (const DotenvGrammar grammar : {DotenvGrammar::kSettings, DotenvGrammar::kCompose}) {
    const Dotenv dotenv = ParseDotenv(bytes, grammar);
    for (const DotenvEntry& entry : dotenv.entries) {
      Demand(dotenv.Find(entry.name) != nullptr, "an entry is found by its name");
      Demand(entry.line >= 1 && entry.column >= 1, "positions count from 1");
    }
  }
  Try([&] {
    (void)ReadEnvFile(bytes, "/p/.env", "/p", [](std::string_view name) {
      return name == "SET" ? std::optional<VariableValue>({.value = "x", .where = "here"})
                           : std::nullopt;
    });
  });
}

void ReadUrl(std::string_view bytes) {
  for (const UrlDialect dialect : {UrlDialect::kSqlalchemy, UrlDialect::kFlask, UrlDialect::kDjango,
                                   UrlDialect::kDbmate, UrlDialect::kUri, UrlDialect::kPath}) {
    Try([&] {
      const DatabaseUrl url = ParseUrl(bytes, dialect, "here:1:1");
      Demand(url.kind == DatabaseUrl::Kind::kMemory || !url.path.empty(), "a file has a path");
      Demand(url.path.find('\0') == std::string::npos, "no path has a NUL byte");
    });
  }
  FakeFiles files;
  Try([&] { (void)GuessDialect(bytes, "/p", files); });
  for (const Dollar dollar : {Dollar::kShell, Dollar::kBracesOnly}) {
    Try([&] {
      (void)Interpolate(
          bytes, dollar,
          [](std::string_view name) {
            return name.size() % 2 == 0
                       ? std::optional<VariableValue>({.value = "$x", .where = "here"})
                       : std::nullopt;
          },
          "here:1:1");
    });
  }
}

void ReadMigration(std::string_view bytes) {
  Try([&] {
    const Revision revision = ParseMigration(bytes, "/m/a.sql");
    Demand(!revision.id.empty(), "a revision has an id");
    (void)HasEmptyUp(revision);
    const Revision again = ParseMigration(FormatMigration(revision), "/m/a.sql");
    Demand(again.id == revision.id, "the id is written as it was read");
    Demand(again.down_revision == revision.down_revision, "so are the parents");
    Demand(again.depends_on == revision.depends_on, "and the dependencies");
    Demand(again.branch_labels == revision.branch_labels, "and the labels");
    Demand(again.draft == revision.draft, "and the draft");
  });
  (void)Slug(bytes);
}

void ReadTokens(std::string_view sql) {
  Lexer lexer(sql);
  std::size_t end = 0;
  while (const auto token = lexer.Next()) {
    Demand(!token->text.empty(), "a token is not empty");
    Demand(token->offset >= end, "tokens follow each other");
    end = token->offset + token->text.size();
    Demand(end <= sql.size(), "a token lies in the text");
    (void)NameOf(*token);
  }
  for (const Comment& comment : FindComments(sql)) {
    Demand(comment.begin < comment.end && comment.end <= sql.size(), "a comment lies in the text");
  }
  Demand(BlankPrefix(sql) <= sql.size(), "so does its blank beginning");
  const std::string flat = WithoutComments(sql);
  Demand(WithoutComments(flat) == flat, "without comments there is none left");
  if (const auto open = FindUnterminated(sql)) {
    Demand(open->offset < sql.size(), "what is not closed lies in the text");
    (void)PositionAt(sql, open->offset, 1);
  }
  if (const auto pair = FindOuterTransaction(sql)) {
    Demand(pair->without.size() == sql.size(), "blanking moves nothing");
  }
  (void)FindForeignCommand(sql);
  (void)FindOutOfPlace(sql, true);
  (void)FindOutOfPlace(sql, false);
  (void)CopiesOnlySome(sql);
  (void)CountStatements(sql);
  (void)FindDestruction(sql);
  (void)ScriptSha256(sql);
}

/// What `alembic --sql` prints comes from the project's own code, too.
void ReadOfflineScript(std::string_view bytes) {
  for (const Direction direction : {Direction::kUp, Direction::kDown}) {
    for (const OfflineSection& each : SplitOfflineScript(bytes, direction, "alembic_version")) {
      Demand(!each.revision.empty(), "a section has a revision");
    }
  }
  Demand(CountStatements(WithoutBookkeeping(bytes, "v")) <= CountStatements(bytes),
         "statements are only left out");
}

void ReadStatements(std::string_view bytes) {
  ReadTokens(bytes);
  ReadOfflineScript(bytes);
  const Script script{.sql = std::string(bytes), .line = 1, .transaction = true};
  Try([&] { CheckScriptText(script, "/m/a.sql"); });
  // What never ends is SQLite's right; it is not what is looked for.
  if (ToLower(bytes).find("recursive") != std::string::npos || bytes.size() > 2000) return;
  Try([&] {
    Connection connection("", OpenMode::kMemory);
    sqlite3_limit(connection.raw(), SQLITE_LIMIT_LENGTH, 100000);
    sqlite3_limit(connection.raw(), SQLITE_LIMIT_VDBE_OP, 20000);
    connection.Execute("CREATE TABLE kept (id INTEGER PRIMARY KEY); INSERT INTO kept VALUES (1);");
    connection.Execute("BEGIN IMMEDIATE");
    try {
      (void)RunScript(connection, script, "/m/a.sql", std::stop_token());
      Demand(!connection.autocommit(), "no script ends the transaction that it runs in");
    } catch (const Error&) {
      // Whatever went wrong, nothing of it stays.
    }
    if (!connection.autocommit()) connection.Execute("ROLLBACK");
    Demand(connection.QueryInteger("SELECT count(*) FROM main.kept") == 1, "nothing is committed");
  });
}

void ReadVersionFile(std::string_view bytes) {
  Try([&] {
    const Revision revision = ParseVersionFile(bytes, "/v/1975ea83b712_a.py").revision;
    Demand(!revision.id.empty(), "a revision has an id");
    Demand(revision.file == "/v/1975ea83b712_a.py", "and its file");
  });
  (void)ReadPythonSource(bytes, "/p/app/db.py");
  (void)ReadEnvPy(bytes);
  for (const DataCodeLine& each : FindDataCode(bytes)) {
    Demand(each.line >= 1 && each.line <= bytes.size() + 1, "a line lies in the text");
  }
  PythonLexer lexer(bytes);
  std::size_t end = 0;
  for (PythonToken token = lexer.Next(); token.kind != PythonToken::Kind::kEnd;
       token = lexer.Next()) {
    Demand(token.begin >= end, "tokens follow each other");
    end = token.begin + token.text.size();
    Demand(end <= bytes.size(), "and lie in the text");
    (void)PythonTextValue(token.text);
  }
}

void ReadAlembicConfig(std::string_view bytes) {
  for (const auto& config : {ReadAlembicIni(bytes), ReadAlembicIni(bytes, "alembic", "/p"),
                             ReadAlembicToml(bytes), ReadAlembicToml(bytes, "/p")}) {
    if (!config || !config->script_location) continue;
    (void)DependsOnDirectory(config->script_location->text);
    (void)ScriptDirectory(config->script_location->text, "backend");
  }
}

void ReadProtocol(std::string_view bytes) {
  Try([&] {
    std::string id_json = "null";
    const Request request = DecodeRequest(bytes, id_json);
    std::string line = EncodeRequest(7, "ping", request.params);
    line.pop_back();
    const Request again = DecodeRequest(line, id_json);
    Demand(EncodeRequest(7, "ping", again.params) == line + "\n", "parameters are written as read");
  });
  Try([&] { (void)DecodeReply(bytes); });
}

constexpr std::array<Entry, 9> kEntries{{{"config", ReadConfig},
                                         {"compose", ReadCompose},
                                         {"dotenv", ReadDotenv},
                                         {"url", ReadUrl},
                                         {"migration", ReadMigration},
                                         {"version", ReadVersionFile},
                                         {"alembic", ReadAlembicConfig},
                                         {"statements", ReadStatements},
                                         {"protocol", ReadProtocol}}};

}  // namespace

std::span<const Entry> Entries() { return kEntries; }

}  // namespace drover::fuzz
