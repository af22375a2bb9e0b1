#include "migrations/schema_diff/hints.h"

#include <algorithm>
#include <iterator>
#include <optional>

#include "base/text.h"
#include "migrations/schema_text.h"
#include "migrations/sql_text.h"
#include "migrations/sqlite.h"

namespace drover::migrations {
namespace {

constexpr std::string_view kRenamedMark = "@renamed";
constexpr std::string_view kBackfillMark = "@backfill";

/// What follows `mark` as a word of its own; nothing when it does not occur.
std::optional<std::string_view> AfterMark(std::string_view comment, std::string_view mark) {
  const std::size_t at = comment.find(mark);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view rest = comment.substr(at + mark.size());
  if (!rest.empty() && rest.front() != ' ' && rest.front() != '\t') return std::nullopt;
  return Trim(rest);
}

std::string BackfillOf(std::string_view comment) {
  const std::optional<std::string_view> rest = AfterMark(comment, kBackfillMark);
  if (!rest) return {};
  return std::string(Trim(rest->substr(0, rest->find(kRenamedMark))));
}

/// Where the columns stand that comments speak of.
class HintPlaces {
 public:
  HintPlaces(std::string_view sql, const TableText& text) : sql_(sql), text_(text) {}

  [[nodiscard]] bool BeforeColumns(const Comment& comment) const {
    return text_.columns.empty() || comment.begin < text_.columns.front().begin;
  }

  /// The column that a comment speaks of; null when there is none.
  [[nodiscard]] const ColumnText* Column(const Comment& comment) const {
    const auto next = std::ranges::find_if(
        text_.columns, [&](const ColumnText& column) { return column.begin > comment.begin; });
    const ColumnText* before = next == text_.columns.begin() ? nullptr : &*std::prev(next);
    const bool inside = before != nullptr && comment.begin < before->end;
    const bool of_next =
        before == nullptr || (!inside && next != text_.columns.end() && StandsAlone(comment));
    if (!of_next) return before;
    return next == text_.columns.end() ? nullptr : &*next;
  }

 private:
  [[nodiscard]] bool StandsAlone(const Comment& comment) const {
    const std::size_t line = sql_.rfind('\n', comment.begin);
    const std::size_t begin = line == std::string_view::npos ? 0 : line + 1;
    return Trim(sql_.substr(begin, comment.begin - begin)).empty();
  }

  std::string_view sql_;
  const TableText& text_;
};

}  // namespace

std::string RenamedFrom(std::string_view comment) {
  const std::optional<std::string_view> rest = AfterMark(comment, kRenamedMark);
  if (!rest || !rest->starts_with("from")) return {};
  std::string_view name = Trim(rest->substr(4));
  if (!name.starts_with('=')) return {};
  name = Trim(name.substr(1));
  const std::optional<Token> token = Lexer(name).Next();
  if (!token || token->offset != 0 || token->kind == TokenKind::kSymbol) return {};
  return NameOf(*token);
}

std::string RenameComment(std::string_view from) {
  return Concat("-- @renamed from=", SqlName(from));
}

SchemaHints ReadHints(std::string_view create_table, const std::string& table) {
  SchemaHints hints;
  if (create_table.find(kRenamedMark) == std::string_view::npos &&
      create_table.find(kBackfillMark) == std::string_view::npos) {
    return hints;
  }
  const bool is_virtual = CanonicalSql(create_table).starts_with("create virtual");
  const TableText text = is_virtual ? TableText() : ReadTableText(create_table);
  const HintPlaces places(create_table, text);
  for (const Comment& comment : FindComments(create_table)) {
    const ColumnText* column = places.Column(comment);
    const std::string from = RenamedFrom(comment.text);
    if (!from.empty() && places.BeforeColumns(comment)) {
      hints.renames.push_back({table, "", from});
    }
    if (column == nullptr) continue;
    if (!from.empty()) hints.renames.push_back({table, column->name, from});
    std::string expression = BackfillOf(comment.text);
    if (!expression.empty()) {
      hints.backfills.push_back({table, column->name, std::move(expression)});
    }
  }
  return hints;
}

}  // namespace drover::migrations
