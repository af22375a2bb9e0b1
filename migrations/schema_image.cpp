#include "migrations/schema_image.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <map>

#include "base/text.h"
#include "migrations/checksum.h"
#include "migrations/history.h"
#include "migrations/schema_text.h"

namespace drover::migrations {
namespace {

/// A list of key columns: "a, b collate nocase desc".
std::string KeyColumns(Connection& connection, const std::string& index) {
  Statement rows = connection.Prepare(
      "SELECT name, \"desc\", lower(coll) FROM pragma_index_xinfo(?1) WHERE key ORDER BY seqno");
  const std::vector<SqlValue> values{index};
  rows.Bind(values);
  std::vector<std::string> columns;
  while (rows.Step()) {
    std::string column = CanonicalSql(QuoteIdentifier(rows.Text(0)));
    if (rows.Text(2) != "binary") column += Concat(" collate ", rows.Text(2));
    if (rows.Integer(1) != 0) column += " desc";
    columns.push_back(std::move(column));
  }
  return Join(columns, ", ");
}

void ReadColumns(Connection& connection, const std::string& table, const TableText& text,
                 TableFacts& facts) {
  constexpr std::int64_t kGeneratedStored = 3;
  Statement rows = connection.Prepare(
      "SELECT name, type, \"notnull\", dflt_value, pk, hidden FROM pragma_table_xinfo(?1) "
      "ORDER BY cid");
  const std::vector<SqlValue> values{table};
  rows.Bind(values);
  const auto find = [](const std::map<std::string, std::string>& by_column,
                       const std::string& column) {
    const auto found = by_column.find(column);
    return found == by_column.end() ? std::string() : found->second;
  };
  std::vector<std::pair<std::int64_t, std::string>> key;
  std::string key_column;
  while (rows.Step()) {
    ColumnFacts column;
    column.name = rows.Text(0);
    const std::string lower = ToLower(column.name);
    column.type = CanonicalSql(rows.Text(1));
    column.not_null = rows.Integer(2) != 0;
    if (!rows.IsNull(3)) column.default_value = CanonicalDefault(rows.Text(3));
    column.collation = find(text.collations, lower);
    column.generated = find(text.generated, lower);
    column.says_not_null = std::ranges::any_of(text.columns, [&](const ColumnText& one) {
      return one.not_null && ToLower(one.name) == lower;
    });
    if (!column.generated.empty()) {
      column.generated += rows.Integer(5) == kGeneratedStored ? " stored" : " virtual";
    }
    if (rows.Integer(4) > 0) {
      key.emplace_back(rows.Integer(4), CanonicalSql(QuoteIdentifier(column.name)));
      key_column = lower;
    }
    facts.columns.push_back(std::move(column));
  }
  if (key.empty()) return;
  std::ranges::sort(key);
  std::vector<std::string> names;
  std::ranges::transform(key, std::back_inserter(names), [](auto& one) { return one.second; });
  facts.keys.push_back(Concat("primary key (", Join(names, ", "), ")"));
  if (names.size() == 1) facts.rowid_column = key_column;
}

void ReadKeys(Connection& connection, const std::string& table, TableFacts& facts) {
  Statement rows = connection.Prepare(
      "SELECT name, origin FROM pragma_index_list(?1) WHERE origin IN ('u', 'pk')");
  const std::vector<SqlValue> values{table};
  rows.Bind(values);
  bool has_key_index = false;
  std::string key;
  while (rows.Step()) {
    const std::string columns = KeyColumns(connection, rows.Text(0));
    if (rows.Text(1) == "u") {
      facts.keys.push_back(Concat("unique (", columns, ")"));
    } else {
      has_key_index = true;
      key = Concat("primary key (", columns, ")");
    }
  }
  const auto plain = std::ranges::find_if(
      facts.keys, [](const std::string& clause) { return clause.starts_with("primary key"); });
  if (plain != facts.keys.end()) {
    // Without an index of its own the key is the rowid; "INTEGER PRIMARY KEY DESC" is not.
    if (has_key_index) facts.rowid_column.clear();
    *plain = has_key_index ? std::move(key) : Concat(*plain, " as rowid");
  }
  std::ranges::sort(facts.keys);
}

void ReadForeignKeys(Connection& connection, const std::string& table, const TableText& text,
                     TableFacts& facts) {
  Statement rows = connection.Prepare(
      "SELECT id, \"table\", \"from\", \"to\", on_update, on_delete "
      "FROM pragma_foreign_key_list(?1) ORDER BY id, seq");
  const std::vector<SqlValue> values{table};
  rows.Bind(values);
  struct Key {
    std::string table;
    std::vector<std::string> from;
    std::vector<std::string> to;
    std::string on_update;
    std::string on_delete;
  };
  std::map<std::int64_t, Key> keys;
  const auto name = [&](int column) { return CanonicalSql(QuoteIdentifier(rows.Text(column))); };
  while (rows.Step()) {
    Key& key = keys[rows.Integer(0)];
    key.table = name(1);
    key.from.push_back(name(2));
    if (!rows.IsNull(3)) key.to.push_back(name(3));
    key.on_update = ToLower(rows.Text(4));
    key.on_delete = ToLower(rows.Text(5));
  }
  for (const auto& [id, key] : keys) {
    const std::string from = Join(key.from, ", ");
    std::string clause = Concat("foreign key (", from, ") references ", key.table);
    if (!key.to.empty()) clause += Concat("(", Join(key.to, ", "), ")");
    if (key.on_update != "no action") clause += Concat(" on update ", key.on_update);
    if (key.on_delete != "no action") clause += Concat(" on delete ", key.on_delete);
    if (text.deferred.contains(from)) clause += " initially deferred";
    facts.foreign_keys.push_back(std::move(clause));
  }
  std::ranges::sort(facts.foreign_keys);
}

/// "unique index on t (a desc, b + 1) where c is not null": its name is not part of it.
std::string WriteIndex(Connection& connection, const SchemaObject& index, const std::string& sql) {
  constexpr std::int64_t kExpression = -2;
  const IndexText text = ReadIndexText(sql);
  Statement rows = connection.Prepare(
      "SELECT x.cid, x.name, x.\"desc\", lower(x.coll), l.\"unique\" "
      "FROM pragma_index_xinfo(?1) x, pragma_index_list(?2) l "
      "WHERE x.key AND l.name = ?1 ORDER BY x.seqno");
  const std::vector<SqlValue> values{index.name, index.table};
  rows.Bind(values);
  std::vector<std::string> keys;
  bool unique = false;
  while (rows.Step()) {
    unique = rows.Integer(4) != 0;
    std::string key;
    if (rows.Integer(0) == kExpression) {
      if (keys.size() < text.keys.size()) key = text.keys[keys.size()];
    } else {
      key = rows.IsNull(1) ? "rowid" : CanonicalSql(QuoteIdentifier(rows.Text(1)));
    }
    if (rows.Text(3) != "binary") key += Concat(" collate ", rows.Text(3));
    if (rows.Integer(2) != 0) key += " desc";
    keys.push_back(std::move(key));
  }
  if (keys.size() != text.keys.size()) return CanonicalObject(sql);
  std::string canonical =
      Concat(unique ? "unique " : "", "index on ", CanonicalSql(QuoteIdentifier(index.table)), " (",
             Join(keys, ", "), ")");
  if (!text.where.empty()) canonical += Concat(" where ", text.where);
  return canonical;
}

/// What pragma_table_list says about a table.
struct TableKind {
  std::string kind;  // table | virtual | shadow | view
  bool without_rowid = false;
  bool strict = false;
};

TableFacts ReadFacts(Connection& connection, const std::string& table, const std::string& sql,
                     const TableKind& kind) {
  const TableText text = ReadTableText(sql);
  TableFacts facts;
  ReadColumns(connection, table, text, facts);
  ReadKeys(connection, table, facts);
  ReadForeignKeys(connection, table, text, facts);
  for (const std::string& check : text.checks) {
    facts.checks.push_back(Concat("check (", check, ")"));
  }
  facts.others = text.conflicts;
  if (text.autoincrement) facts.others.emplace_back("autoincrement");
  if (kind.strict) facts.others.emplace_back("strict");
  if (kind.without_rowid) facts.others.emplace_back("without rowid");
  return facts;
}

std::string Write(const TableFacts& facts) {
  std::string text;
  for (const ColumnFacts& column : facts.columns) {
    text += Concat(CanonicalSql(QuoteIdentifier(column.name)), "\t", column.type, "\t",
                   column.not_null ? "not null" : "", "\t", column.default_value, "\t",
                   column.collation, "\t", column.generated, "\n");
  }
  for (const auto* clauses : {&facts.keys, &facts.foreign_keys, &facts.checks, &facts.others}) {
    for (const std::string& clause : *clauses) text += Concat(clause, "\n");
  }
  return text;
}

std::unordered_map<std::string, TableKind> ReadKinds(Connection& connection) {
  std::unordered_map<std::string, TableKind> kinds;
  Statement rows = connection.Prepare(
      "SELECT name, type, wr, strict FROM pragma_table_list WHERE schema = 'main'");
  while (rows.Step()) {
    kinds.insert_or_assign(rows.Text(0), TableKind{.kind = rows.Text(1),
                                                   .without_rowid = rows.Integer(2) != 0,
                                                   .strict = rows.Integer(3) != 0});
  }
  return kinds;
}

}  // namespace

bool TableFacts::Is(std::string_view option) const {
  return std::ranges::find(others, option) != others.end();
}

const ColumnFacts* TableFacts::Find(std::string_view column) const {
  const std::string wanted = ToLower(column);
  const auto found = std::ranges::find_if(
      columns, [&](const ColumnFacts& one) { return ToLower(one.name) == wanted; });
  return found == columns.end() ? nullptr : &*found;
}

bool AreEqual(const SchemaObject& one, const SchemaObject& two) {
  return &one == &two || (one.place == two.place && one.canonical == two.canonical &&
                          ToLower(one.table) == ToLower(two.table));
}

bool SchemaImage::operator==(const SchemaImage& other) const {
  return std::ranges::equal(objects, other.objects,
                            [](const auto& one, const auto& two) { return AreEqual(*one, *two); });
}

const SchemaObject* SchemaImage::Find(std::string_view type, std::string_view name) const {
  const std::string wanted = Concat(type == "table" ? "" : type, "\t", ToLower(name));
  const auto found = std::ranges::lower_bound(
      objects, wanted, {}, [](const auto& object) -> const std::string& { return object->place; });
  return found == objects.end() || (*found)->place != wanted ? nullptr : found->get();
}

std::string SchemaImage::Digest() const {
  std::string all;
  for (const auto& object : objects) {
    all += Concat(object->place, "\t", ToLower(object->table), "\t", object->canonical, "\n");
  }
  return Sha256(all);
}

SchemaImage SchemaReader::Read(Connection& connection) {
  SchemaImage image;
  const std::unordered_map<std::string, TableKind> kinds = ReadKinds(connection);
  Statement rows = connection.Prepare(
      "SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' "
      "ESCAPE '\\'");
  std::vector<std::shared_ptr<SchemaObject>> objects;
  std::unordered_map<std::string, std::string> tables;  // by name: the text
  while (rows.Step()) {
    auto object = std::make_shared<SchemaObject>();
    object->type = rows.Text(0);
    object->name = rows.Text(1);
    object->table = rows.Text(2);
    object->sql = rows.Text(3);
    if (object->type == "table") tables[object->name] = object->sql;
    objects.push_back(std::move(object));
  }
  for (std::shared_ptr<SchemaObject>& object : objects) {
    if (object->table == version_table_ || IsToolTable(object->table)) continue;
    const auto kind = kinds.find(object->name);
    const bool is_table = object->type == "table";
    if (is_table && kind != kinds.end() && kind->second.kind == "shadow") continue;
    const std::string& sql = object->sql;
    // What an index is depends on the collations of its table's columns.
    const std::string host = object->type == "index" ? tables[object->table] : std::string();
    std::shared_ptr<const SchemaObject>& known =
        known_[Concat(object->type, "\n", object->name, "\n", sql, "\n", host)];
    if (known == nullptr) {
      object->place = Concat(is_table ? "" : object->type, "\t", ToLower(object->name));
      if (is_table && kind != kinds.end() && kind->second.kind == "table") {
        object->facts = ReadFacts(connection, object->name, sql, kind->second);
        object->canonical = Write(*object->facts);
      } else {
        object->canonical =
            object->type == "index" ? WriteIndex(connection, *object, sql) : CanonicalObject(sql);
      }
      known = std::move(object);
    }
    image.objects.push_back(known);
  }
  std::ranges::sort(image.objects, {},
                    [](const auto& object) -> const std::string& { return object->place; });
  return image;
}

bool IsToolTable(std::string_view name) {
  // As the tools' own sources have them.
  constexpr std::array<std::string_view, 18> kTables{
      "alembic_version",      "drover_version",       "schema_migrations",
      "ar_internal_metadata", "goose_db_version",     "flyway_schema_history",
      "_prisma_migrations",   "_sqlx_migrations",     "__diesel_schema_migrations",
      "__drizzle_migrations", "django_migrations",    "atlas_schema_revisions",
      "knex_migrations",      "knex_migrations_lock", "d1_migrations",
      "_litestream_seq",      "_litestream_lock",     "_cf_KV"};
  return name == kHistoryTable || name.starts_with("libsql_") ||
         std::ranges::find(kTables, name) != kTables.end();
}

}  // namespace drover::migrations
