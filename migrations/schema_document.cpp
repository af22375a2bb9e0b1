#include "migrations/schema_document.h"

#include <algorithm>
#include <array>
#include <iterator>

#include "base/text.h"
#include "migrations/sql_text.h"

namespace drover::migrations {
namespace {

ImageFacts FactsDocument(const TableFacts& facts) {
  ImageFacts document{.columns = {},
                      .keys = facts.keys,
                      .foreign_keys = facts.foreign_keys,
                      .checks = facts.checks,
                      .others = facts.others,
                      .rowid_column = facts.rowid_column};
  for (const ColumnFacts& column : facts.columns) {
    document.columns.push_back({.name = column.name,
                                .type = column.type,
                                .not_null = column.not_null,
                                .default_value = column.default_value,
                                .collation = column.collation,
                                .generated = column.generated,
                                .says_not_null = column.says_not_null});
  }
  return document;
}

TableFacts FactsOf(const ImageFacts& document) {
  TableFacts facts{.columns = {},
                   .keys = document.keys,
                   .foreign_keys = document.foreign_keys,
                   .checks = document.checks,
                   .others = document.others,
                   .rowid_column = document.rowid_column};
  for (const ImageColumn& column : document.columns) {
    facts.columns.push_back({.name = column.name,
                             .type = column.type,
                             .not_null = column.not_null,
                             .default_value = column.default_value,
                             .collation = column.collation,
                             .generated = column.generated,
                             .says_not_null = column.says_not_null});
  }
  return facts;
}

/// The end of a text as a line: a "--" comment there must not swallow what follows.
std::string Terminated(std::string_view statement) {
  const std::string text(Trim(statement));
  const std::vector<Comment> comments = FindComments(text);
  const bool open = !comments.empty() && comments.back().end >= text.size() &&
                    text.compare(comments.back().begin, 2, "--") == 0;
  return Concat(text, open ? "\n;\n" : ";\n");
}

/// One column or constraint per line; the text itself where its layout may mean something.
std::string LaidOut(const std::string& create_table) {
  if (!FindComments(create_table).empty()) return std::string(Trim(create_table));
  Lexer lexer(create_table);
  std::vector<std::size_t> cuts;  // behind each comma between definitions
  std::size_t open = std::string::npos;
  std::size_t close = std::string::npos;
  int depth = 0;
  while (const std::optional<Token> token = lexer.Next()) {
    if (token->kind != TokenKind::kSymbol) continue;
    if (token->text == "(") {
      if (++depth == 1 && open == std::string::npos) open = token->offset;
    } else if (token->text == ")") {
      if (--depth == 0 && close == std::string::npos) close = token->offset;
    } else if (token->text == "," && depth == 1 && close == std::string::npos) {
      cuts.push_back(token->offset);
    }
  }
  if (open == std::string::npos || close == std::string::npos) {
    return std::string(Trim(create_table));
  }
  const std::string_view text = create_table;
  std::string out = Concat(Trim(text.substr(0, open)), " (\n");
  std::size_t begin = open + 1;
  cuts.push_back(close);
  for (const std::size_t cut : cuts) {
    out += Concat("  ", Trim(text.substr(begin, cut - begin)), cut == close ? "\n" : ",\n");
    begin = cut + 1;
  }
  const std::string_view rest = Trim(text.substr(close + 1));
  return Concat(out, ")", rest.empty() ? "" : " ", rest);
}

/// SQLite writes CREATE TABLE "new" for a table that ALTER TABLE has renamed; the rest is the
/// author's.
std::string StatementOf(const SchemaObject& object) {
  return Terminated(object.facts ? LaidOut(object.sql) : object.sql);
}

}  // namespace

ImageDocument DocumentOf(const SchemaImage& image) {
  ImageDocument document;
  for (const auto& object : image.objects) {
    ImageObject& one = document.objects.emplace_back();
    one.type = object->type;
    one.name = object->name;
    one.table = object->table;
    one.place = object->place;
    one.canonical = object->canonical;
    one.sql = object->sql;
    if (object->facts) one.facts = FactsDocument(*object->facts);
  }
  return document;
}

SchemaImage ImageOf(const ImageDocument& document) {
  SchemaImage image;
  for (const ImageObject& one : document.objects) {
    auto object = std::make_shared<SchemaObject>();
    object->type = one.type;
    object->name = one.name;
    object->table = one.table;
    object->place = one.place;
    object->canonical = one.canonical;
    object->sql = one.sql;
    if (one.facts) object->facts = FactsOf(*one.facts);
    image.objects.push_back(std::move(object));
  }
  std::ranges::sort(image.objects, {},
                    [](const auto& object) -> const std::string& { return object->place; });
  return image;
}

std::vector<SchemaChangeEntry> EntriesOf(std::span<const SchemaChange> changes) {
  std::vector<SchemaChangeEntry> entries;
  std::ranges::transform(changes, std::back_inserter(entries), [](const SchemaChange& change) {
    return SchemaChangeEntry{.type = change.type,
                             .object = change.object,
                             .part = change.part,
                             .facet = change.facet,
                             .before = change.before,
                             .after = change.after,
                             .severity = std::string(SeverityName(change.severity)),
                             .line = SummaryLine(change)};
  });
  return entries;
}

std::string WriteSchemaSql(const SchemaImage& image) {
  std::string sql;
  const auto add = [&](const SchemaObject& object) {
    if (!sql.empty()) sql += "\n";
    sql += StatementOf(object);
  };
  for (const auto& object : image.objects) {
    if (object->type == "table" && object->facts) add(*object);
  }
  for (const auto& object : image.objects) {
    if (object->type == "table" && !object->facts) add(*object);
  }
  for (const std::string_view type : {"index", "view", "trigger"}) {
    for (const auto& object : image.objects) {
      if (object->type == type) add(*object);
    }
  }
  return sql;
}

}  // namespace drover::migrations
