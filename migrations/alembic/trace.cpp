#include "migrations/alembic/trace.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>

#include "base/documents.h"
#include "base/posix.h"
#include "base/text.h"
#include "migrations/alembic/traced_statement.h"
#include "migrations/sql_text.h"

namespace drover::migrations {
namespace {

using Reason = UntranslatedLine::Kind;

constexpr std::size_t kSqlShown = 100;
/// Of env.py's settings those with which statements do something else.
constexpr std::array<std::string_view, 3> kTellingSettings{
    "case_sensitive_like", "recursive_triggers", "ignore_check_constraints"};
constexpr std::array<std::string_view, 4> kCascadingWords{"delete", "update", "replace", "drop"};

std::vector<std::string> FirstWords(std::string_view sql, std::size_t count) {
  std::vector<std::string> words;
  Lexer lexer(sql);
  while (words.size() < count) {
    const std::optional<Token> token = lexer.Next();
    if (!token) break;
    words.push_back(ToLower(token->text));
  }
  words.resize(count);
  return words;
}

/// The script in the making.
class TraceReader {
 public:
  explicit TraceReader(const TraceSetting& setting) : setting_(setting) {}

  TracedScript Read(std::span<const AlembicTraceLine> trace) {
    for (const AlembicTraceLine& each : trace) {
      if (each.kind == "rollback") Undo(each, begins_[each.connection]);
      if (each.kind == "commit") begins_[each.connection] = kept_.size();
      if (each.kind == "failed" && !each.file.empty()) {
        Note(each, Concat("failed, and the revision went on without it: ", Shown(each)));
      }
      if (each.kind == "elsewhere") Elsewhere(each);
      if (each.kind == "asked") Distrust(each, Reason::kReads);
      if (each.kind != "statement") continue;
      script_.lines.emplace(each.file, each.line);
      Take(each);
      if (!each.pending) begins_[each.connection] = kept_.size();
    }
    for (const Kept& each : kept_) {
      if (each.undone) continue;
      script_.sql += each.text;
      NoteCascades(each);
    }
    return std::move(script_);
  }

 private:
  struct Kept {
    std::string text;
    std::int64_t connection;
    std::string foreign_keys;  // who had switched them on for it; empty: they were off
    bool undone = false;
  };

  [[nodiscard]] std::string Where(const AlembicTraceLine& line) const {
    return line.file.empty() ? "env.py"
                             : Concat(RelativeTo(line.file, setting_.root), ":", line.line);
  }

  static std::string Shown(const AlembicTraceLine& line) {
    return Excerpt(OneLine(WithoutComments(line.sql)), kSqlShown);
  }

  /// Once, however many statements it is true of.
  void Note(const AlembicTraceLine& line, std::string_view what) {
    std::string note = Concat(Where(line), ": ", what);
    if (std::ranges::find(script_.notes, note) == script_.notes.end()) {
      script_.notes.push_back(std::move(note));
    }
  }

  /// Of what was done with foreign keys on, which drover does with foreign keys off.
  void NoteCascades(const Kept& kept) {
    if (kept.foreign_keys.empty()) return;
    if (!IsOneOf(kCascadingWords, FirstWords(kept.text, 1).front())) return;
    std::string note = Concat(kept.foreign_keys,
                              " switches foreign keys on: the script leaves rows alone that their "
                              "ON DELETE or ON UPDATE would change");
    if (std::ranges::find(script_.notes, note) == script_.notes.end()) {
      script_.notes.push_back(std::move(note));
    }
  }

  void LeaveOut(const AlembicTraceLine& line, Reason kind) {
    for (UntranslatedLine& each : script_.untranslated) {
      if (each.kind != kind || each.file != line.file || each.line != line.line) continue;
      ++each.times;
      return;
    }
    script_.untranslated.push_back(
        {.kind = kind, .file = line.file, .line = line.line, .sql = Shown(line)});
  }

  /// From here on Python knows something of the rows.
  void Distrust(const AlembicTraceLine& line, Reason kind) {
    if (line.file.empty()) {
      env_has_read_ = true;
    } else {
      has_read_ = true;
      LeaveOut(line, kind);
    }
  }

  /// On another database, which the script cannot reach.
  void Elsewhere(const AlembicTraceLine& line) {
    if (line.file.empty()) return;
    script_.lines.emplace(line.file, line.line);
    switch (ClassifyStatement(line.sql, setting_.version_table)) {
      case StatementKind::kRead:
        return Distrust(line, Reason::kReads);
      case StatementKind::kRows:
      case StatementKind::kSchema:
      case StatementKind::kElsewhere:
        return Note(line, Concat("left out, since it is about another database: ", Shown(line)));
      case StatementKind::kAlembics:
      case StatementKind::kNothing:
      case StatementKind::kPragma:
        return;
    }
  }

  void Take(const AlembicTraceLine& line) {
    const StatementKind kind = ClassifyStatement(line.sql, setting_.version_table);
    switch (kind) {
      case StatementKind::kAlembics:
      case StatementKind::kNothing:
        return Control(line);
      case StatementKind::kPragma:
        return Pragma(line);
      case StatementKind::kElsewhere:
        return Note(line, Concat("left out, since a migration is one transaction: ", Shown(line)));
      case StatementKind::kRead:
        return Distrust(line, Reason::kReads);
      case StatementKind::kRows:
        return Rows(line);
      case StatementKind::kSchema:
        // Of a batch nobody decides half.
        if (has_read_ && !line.file.empty() && !line.sql.contains("_alembic_tmp_")) {
          Note(line, Concat("kept, though rows that were read before may have decided it: ",
                            Shown(line)));
        }
        Keep(line, kind);
    }
    script_.has_batch |= BeginsBatch(line.sql);
  }

  void Rows(const AlembicTraceLine& line) {
    const bool trusted = !has_read_ && !line.derived && !(line.file.empty() && env_has_read_);
    if (!trusted) {
      LeaveOut(line, Reason::kWrites);
    } else {
      Keep(line, StatementKind::kRows);
    }
    if (ReturnsRows(line.sql)) Distrust(line, Reason::kReads);
  }

  void NoteValues(const AlembicTraceLine& line) {
    if (!line.exact) Note(line, "a value may have lost digits, or is not written as it was");
    const bool timed = std::ranges::any_of(
        setting_.days, [&](const std::string& day) { return line.sql.contains(day); });
    if (timed) Note(line, "the time of this import is in its values, and stays in the file");
  }

  void Keep(const AlembicTraceLine& line, StatementKind kind) {
    NoteValues(line);
    kept_.push_back({.text = WriteStatement(line.sql, kind),
                     .connection = line.connection,
                     .foreign_keys = foreign_keys_[line.connection]});
  }

  /// What ends a transaction, or a part of one, as SQL.
  void Control(const AlembicTraceLine& line) {
    const std::vector<std::string> words = FirstWords(line.sql, 5);
    if (words[0] == "savepoint") savepoints_[{line.connection, words[1]}] = kept_.size();
    if (words[0] != "rollback") return;
    const auto to = std::ranges::find(words, "to");
    if (to == words.end()) return Undo(line, begins_[line.connection]);
    auto name = std::next(to);
    if (name != words.end() && *name == "savepoint") ++name;
    if (name == words.end()) return;
    const auto savepoint = savepoints_.find({line.connection, *name});
    if (savepoint != savepoints_.end()) Undo(line, savepoint->second);
  }

  /// What the connection has done since then did not last.
  void Undo(const AlembicTraceLine& line, std::size_t since) {
    bool any = false;
    for (std::size_t at = since; at < kept_.size(); ++at) {
      if (kept_[at].connection != line.connection || kept_[at].undone) continue;
      kept_[at].undone = true;
      any = true;
    }
    if (any) Distrust(line, Reason::kUndoes);
  }

  void Pragma(const AlembicTraceLine& line) {
    const std::vector<std::string> words = FirstWords(line.sql, 6);
    const auto name = std::ranges::find(words, "foreign_keys");
    if (name != words.end()) {
      // In a transaction it has no effect (sqlite.org/pragma.html#pragma_foreign_keys).
      if (line.pending) return;
      constexpr std::array<std::string_view, 4> kOn{"1", "on", "yes", "true"};
      const bool on = std::any_of(name, words.end(),
                                  [&](const std::string& word) { return IsOneOf(kOn, word); });
      foreign_keys_[line.connection] = on ? Where(line) : std::string();
    } else if (line.file.empty() ? IsOneOf(kTellingSettings, words[1])
                                 : words[1] != "read_uncommitted") {  // that is SQLAlchemy's
      Note(line, Concat("left out: ", Shown(line)));
    }
  }

  const TraceSetting& setting_;
  TracedScript script_;
  std::vector<Kept> kept_;
  std::map<std::int64_t, std::size_t> begins_;  // of each connection's transaction, in kept_
  std::map<std::pair<std::int64_t, std::string>, std::size_t> savepoints_;
  bool has_read_ = false;
  bool env_has_read_ = false;
  std::map<std::int64_t, std::string> foreign_keys_;  // of each connection, as in Kept
};

}  // namespace

std::vector<AlembicTraceLine> ParseTrace(std::string_view text) {
  std::vector<AlembicTraceLine> lines;
  for (const std::string_view line : SplitLines(text)) {
    lines.push_back(DecodeDocument<AlembicTraceLine>(line));
  }
  return lines;
}

bool IsComplete(std::span<const AlembicTraceLine> trace) {
  const auto has = [&](std::string_view kind) {
    return std::ranges::any_of(trace, [&](const auto& each) { return each.kind == kind; });
  };
  return has("begin") && has("statement") && !has("untraced");
}

TracedScript TranslateTrace(std::span<const AlembicTraceLine> trace, const TraceSetting& setting) {
  return TraceReader(setting).Read(trace);
}

}  // namespace drover::migrations
