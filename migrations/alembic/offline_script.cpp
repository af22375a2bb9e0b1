#include "migrations/alembic/offline_script.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/text.h"
#include "migrations/sql_text.h"

namespace drover::migrations {
namespace {

/// The words that stand between a statement's verb and the name of its table.
constexpr std::array<std::string_view, 9> kBeforeTable{"or",  "into",   "from",    "table", "if",
                                                       "not", "exists", "replace", "ignore"};
constexpr std::array<std::string_view, 6> kBookkeepingVerbs{"create", "insert", "update",
                                                            "delete", "drop",   "alter"};
constexpr std::array<std::string_view, 5> kTransactionWords{"begin", "commit", "end", "rollback",
                                                            "start"};

/// A batch operation on the version table itself makes it anew under another name.
bool IsBookkeepingName(const std::string& name, std::string_view version_table) {
  std::string_view rest = name;
  if (rest.starts_with(kBatchPrefix)) rest.remove_prefix(kBatchPrefix.size());
  return ToLower(rest) == ToLower(version_table);
}

/// The revision that a line "-- Running upgrade A, B -> C" is about, or nothing.
std::optional<RevisionId> RunningRevision(std::string_view line, Direction direction) {
  const std::string_view marker =
      direction == Direction::kUp ? "-- Running upgrade " : "-- Running downgrade ";
  constexpr std::string_view kArrow = "->";
  if (!line.starts_with(marker)) return std::nullopt;
  const std::string_view rest = line.substr(marker.size());
  const std::size_t arrow = rest.find(kArrow);
  if (arrow == std::string_view::npos) return std::nullopt;
  const std::string_view side =
      direction == Direction::kUp ? rest.substr(arrow + kArrow.size()) : rest.substr(0, arrow);
  const std::string_view id = Trim(side);
  if (id.empty() || id.find_first_of(" ,") != std::string_view::npos) return std::nullopt;
  return RevisionId(id);
}

}  // namespace

bool IsBookkeeping(std::string_view statement, std::string_view version_table) {
  Lexer lexer(statement);
  const std::optional<Token> first = lexer.Next();
  if (!first) return false;
  const std::string verb = ToLower(first->text);
  if (IsOneOf(kTransactionWords, verb)) return true;
  if (!IsOneOf(kBookkeepingVerbs, verb)) return false;
  std::optional<Token> token = lexer.Next();
  while (token && token->kind == TokenKind::kWord && IsOneOf(kBeforeTable, ToLower(token->text))) {
    token = lexer.Next();
  }
  if (!token) return false;
  std::string name = NameOf(*token);
  if (const auto dot = lexer.Next(); dot && dot->text == ".") {
    if (const auto table = lexer.Next()) name = NameOf(*table);
  }
  return IsBookkeepingName(name, version_table);
}

std::string WithoutBookkeeping(std::string_view sql, std::string_view version_table) {
  std::string kept;
  std::size_t from = 0;
  const auto keep = [&](std::string_view piece) {
    const std::string_view text = Trim(piece);
    if (text.empty() || text == ";") return;
    if (!kept.empty()) kept += "\n";
    kept += Concat(text, "\n");
  };
  for (const StatementSpan& each : FindStatements(sql)) {
    std::size_t end = each.end;
    if (end < sql.size() && sql[end] == ';') ++end;
    const std::string_view statement = sql.substr(each.begin, each.end - each.begin);
    if (!IsBookkeeping(statement, version_table)) {
      keep(sql.substr(from, end - from));
    } else {
      keep(sql.substr(from, each.begin - from));  // a comment of the revision's own
    }
    from = end;
  }
  keep(sql.substr(from));
  return kept;
}

std::vector<OfflineSection> SplitOfflineScript(std::string_view output, Direction direction,
                                               std::string_view version_table) {
  std::vector<OfflineSection> sections;
  std::string raw;
  const auto close = [&] {
    if (!sections.empty()) sections.back().sql = WithoutBookkeeping(raw, version_table);
    raw.clear();
  };
  for (const std::string_view line : SplitLines(output)) {
    if (auto revision = RunningRevision(line, direction)) {
      close();
      sections.push_back({.revision = std::move(*revision), .sql = {}});
    } else {
      raw += Concat(line, "\n");
    }
  }
  close();
  return sections;
}

bool HasParameters(std::string_view sql) {
  Lexer lexer(sql);
  std::optional<Token> last;
  while (const std::optional<Token> token = lexer.Next()) {
    if (token->text.starts_with('?') || (token->text.size() > 1 && token->text.front() == ':')) {
      return true;
    }
    const bool follows = last && last->text == ":" && last->offset + 1 == token->offset;
    if (follows && token->kind == TokenKind::kWord) return true;
    last = token;
  }
  return false;
}

}  // namespace drover::migrations
