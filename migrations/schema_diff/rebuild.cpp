// The part of the planner that changes a table which is there on both sides.
#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "migrations/schema_diff/alter.h"
#include "migrations/schema_diff/losses.h"
#include "migrations/schema_diff/planner.h"
#include "migrations/sql_text.h"

namespace drover::migrations {
namespace {

constexpr std::size_t kMostReasons = 6;
constexpr std::size_t kReasonLength = 80;

}  // namespace

std::string RebuildReason(const SchemaObject& from, const SchemaObject& to,
                          const std::string& refusal) {
  std::string reason = Concat(
      "table ", OneLine(to.name), " is rebuilt: ",
      refusal.empty() ? "ALTER TABLE cannot make this change" : "SQLite refuses to alter it");
  if (!refusal.empty()) reason += Concat(" (", OneLine(refusal), ")");
  const std::vector<SchemaChange> changes = ListTableChanges(from, to);
  for (std::size_t i = 0; i < std::min(changes.size(), kMostReasons); ++i) {
    reason += Concat("\n  ", Excerpt(OneLine(SummaryLine(changes[i])), kReasonLength));
  }
  if (changes.size() > kMostReasons) {
    reason += Concat("\n  and ", Count(changes.size() - kMostReasons, "change"), " more");
  }
  return reason;
}

void SchemaPlanner::ChangeTables() {
  for (const SchemaObject* to : DesiredInOrder("table")) {
    const SchemaObject* from = image_.Find("table", to->name);
    if (from == nullptr || !from->facts || !to->facts || AreEqual(*from, *to)) continue;
    const SchemaObject before = *from;
    ChangeTable(before, *to);
  }
}

void SchemaPlanner::ChangeTable(const SchemaObject& from, const SchemaObject& to) {
  ListLosses(from, to);
  CopyRequest copy{.from = from,
                   .to = to,
                   .temporary = TemporaryName(to.name),
                   .sources = {},
                   .backfills = BackfillsOf(from, to)};
  const auto folded = folded_.find(ToLower(to.name));
  if (folded != folded_.end()) copy.sources = folded->second;
  if (!copy.backfills.empty() || !copy.sources.empty()) {
    Rebuild(copy, "");
    return;
  }
  const AlterAttempt attempt = TryAlter(scratch_, from, to);
  if (!attempt.works) {
    Rebuild(copy, attempt.refusal);
    return;
  }
  std::vector<std::string> lines{Concat("table ", OneLine(to.name), " is altered")};
  for (const Destruction& loss : plan_.destructive) {
    if (loss.object.starts_with(Concat(to.name, "."))) {
      lines.push_back(Concat("drover: destructive: ", loss.kind, " ", OneLine(loss.object)));
    }
  }
  script_.Comment(Join(lines, "\n"));
  for (const std::string& statement : attempt.statements) script_.Add(statement);
  Read();
}

/// Which columns of the old table have no place in the new one, and which change in value.
void SchemaPlanner::ListLosses(const SchemaObject& from, const SchemaObject& to) {
  const auto folded = folded_.find(ToLower(to.name));
  const auto source_of = [&](const ColumnFacts& column) -> const ColumnFacts* {
    if (folded != folded_.end()) {
      const auto renamed = folded->second.find(ToLower(column.name));
      if (renamed != folded->second.end()) return from.facts->Find(renamed->second);
    }
    return from.facts->Find(column.name);
  };
  const auto add = [&](std::string_view kind, const std::string& column) {
    plan_.destructive.push_back(
        {.kind = std::string(kind), .object = Concat(to.name, ".", column)});
  };
  for (const ColumnFacts& old : from.facts->columns) {
    const auto taken = std::ranges::find_if(
        to.facts->columns, [&](const ColumnFacts& column) { return source_of(column) == &old; });
    if (taken == to.facts->columns.end()) {
      add("drop column", old.name);
    } else if (old.generated.empty() && !taken->generated.empty()) {
      add("overwrite column", taken->name);
    } else if (old.type != taken->type && taken->generated.empty() &&
               LosesValues(scratch_, request_.rows,
                           {.from_table = *from.facts,
                            .to_table = *to.facts,
                            .from = old,
                            .to = *taken,
                            .table = from.name})) {
      add("convert column", taken->name);
    }
  }
}

/// A definition that names its own table cannot be made under another name.
CopyRoute SchemaPlanner::RouteFor(const SchemaObject& to, const std::string& temporary) {
  const Trial trial(scratch_.connection());
  TableCopy probe;
  probe.temporary = temporary;
  try {
    scratch_.Run(RebuildStatements(probe, to.sql)[1]);
    return CopyRoute::kNewAside;
  } catch (const Error&) {
    return CopyRoute::kOldAside;
  }
}

void SchemaPlanner::Rebuild(const CopyRequest& copy_request, const std::string& refusal) {
  const SchemaObject& from = copy_request.from;
  const SchemaObject& to = copy_request.to;
  CopyRequest request = copy_request;
  request.route = RouteFor(to, request.temporary);
  const TableCopy copy = PlanCopy(request);
  plan_.rebuilt.push_back(to.name);
  const bool blocked = IsBlocked(from, copy);
  std::string comment = RebuildReason(from, to, refusal);
  for (const Destruction& loss : plan_.destructive) {
    if (!loss.object.starts_with(Concat(to.name, "."))) continue;
    comment += Concat("\ndrover: destructive: ", loss.kind, " ", OneLine(loss.object));
  }
  for (const CopiedColumn& column : copy.columns) {
    const ColumnFacts* wanted = to.facts->Find(column.to);
    if (column.how != CopiedColumn::How::kDefault || wanted->default_value.empty()) continue;
    const std::string note = Concat("old rows get the default of ", OneLine(column.to),
                                    " as it is when the script runs");
    if (wanted->default_value.find_first_of("(_") == std::string::npos) continue;
    comment += Concat("\n", note);
    plan_.notes.push_back(Concat("table ", to.name, ": ", note));
  }
  for (const std::string& column : copy.must_not_null) {
    if (KnowsRows() || blocked) continue;
    const std::string note =
        Concat("it fails, and changes nothing, where ", OneLine(column), " is NULL");
    comment += Concat("\n", note);
    plan_.notes.push_back(Concat("table ", to.name, ": ", note));
  }
  script_.Comment(comment);
  if (blocked) scratch_.Clear(from.name);
  Attempt(from.name, RebuildStatements(copy, to.sql));
  plan_.copies.push_back(copy);
}

bool SchemaPlanner::IsBlocked(const SchemaObject& from, const TableCopy& copy) {
  const bool may_have_rows = !KnowsRows() || !scratch_.IsEmpty(from.name);
  const std::size_t before = plan_.blockers.size();
  if (may_have_rows) {
    for (const std::string& column : copy.missing) {
      Block(copy.table, column, "is NOT NULL, has no default, and old rows have no value for it");
    }
    if (copy.loses_rows) {
      Block(copy.table, copy.columns.empty() ? "" : copy.columns.front().to,
            "shares nothing with the old table: there is no value to keep a row by");
    }
  }
  for (const std::string& column : copy.must_not_null) {
    const auto source = std::ranges::find(copy.columns, column, &CopiedColumn::to);
    const std::int64_t nulls = KnowsRows() ? scratch_.CountNulls(from.name, source->from) : 0;
    if (nulls > 0) {
      Block(copy.table, column,
            Concat("becomes NOT NULL, but is NULL in ",
                   Count(static_cast<std::size_t>(nulls), "row")));
    } else if (!KnowsRows() && request_.nulls == NullsRule::kBlock) {
      Block(copy.table, column, "becomes NOT NULL, and rows may have NULL there");
    }
  }
  return plan_.blockers.size() > before;
}

void SchemaPlanner::Block(const std::string& table, const std::string& column,
                          std::string message) {
  const std::string object = Concat(table, ".", column);
  plan_.blockers.push_back({.object = object,
                            .message = std::move(message),
                            .ways = {Concat("write \"-- @backfill EXPRESSION\" beside ", column,
                                            " in the schema file: an expression over the old row"),
                                     Concat("give it a backfill on the command line: --backfill ",
                                            object, "=EXPRESSION"),
                                     "allow NULL there, or write the migration by hand"}});
}

/// Those that count, by lower-case column, as expressions that can be evaluated.
std::map<std::string, std::string> SchemaPlanner::BackfillsOf(const SchemaObject& from,
                                                              const SchemaObject& to) {
  std::map<std::string, std::string> found;
  const auto folded = folded_.find(ToLower(to.name));
  const auto add = [&](const std::string& column, const std::string& expression) {
    const ColumnFacts* wanted = to.facts->Find(column);
    if (wanted == nullptr) return;
    const ColumnFacts* old = from.facts->Find(column);
    if (folded != folded_.end() && folded->second.contains(ToLower(column))) {
      old = from.facts->Find(folded->second.at(ToLower(column)));
    }
    if (!TakesBackfill(old, *wanted)) return;
    found[ToLower(column)] = CheckedBackfill(from, wanted->name, expression);
  };
  for (const BackfillHint& hint : request_.desired.hints.backfills) {
    if (ToLower(hint.table) == ToLower(to.name)) add(hint.column, hint.expression);
  }
  const std::string prefix = Concat(ToLower(to.name), ".");
  for (const auto& [name, expression] : request_.backfills) {
    if (ToLower(name).starts_with(prefix)) add(name.substr(prefix.size()), expression);
  }
  return found;
}

/// The expression, with the new names of renamed columns where it has the old ones.
std::string SchemaPlanner::CheckedBackfill(const SchemaObject& from, const std::string& column,
                                           const std::string& expression) {
  std::string renamed;
  std::size_t copied = 0;
  Lexer lexer(expression);
  while (const std::optional<Token> token = lexer.Next()) {
    if (token->kind != TokenKind::kWord && token->kind != TokenKind::kQuotedName) continue;
    for (const ColumnRename& one : plan_.renames.columns) {
      if (ToLower(one.table) != ToLower(from.name) ||
          ToLower(one.from) != ToLower(NameOf(*token)) || from.facts->Find(one.from) != nullptr) {
        continue;
      }
      renamed += Concat(expression.substr(copied, token->offset - copied), SqlName(one.to));
      copied = token->offset + token->text.size();
      break;
    }
  }
  renamed += expression.substr(copied);
  try {
    (void)scratch_.connection().Prepare(
        Concat("SELECT (", renamed, ") FROM main.", QuoteIdentifier(from.name)));
  } catch (const Error& error) {
    throw Error(Code::kInvalid, "schema.backfill",
                Concat("the backfill of ", from.name, ".", column, " cannot be evaluated: ",
                       error.message, ", in ", Excerpt(expression, kReasonLength)),
                "it is an expression over the columns of the old row");
  }
  return renamed;
}

void SchemaPlanner::CheckBackfillNames() const {
  for (const auto& [name, expression] : request_.backfills) {
    const std::size_t dot = name.rfind('.');
    const SchemaObject* table =
        dot == std::string::npos ? nullptr : desired_.Find("table", name.substr(0, dot));
    if (table != nullptr && table->facts && table->facts->Find(name.substr(dot + 1)) != nullptr) {
      continue;
    }
    throw Error(Code::kInvalid, "schema.backfill",
                Concat("there is no column ", name, " in the schema to fill"),
                "name it TABLE.COLUMN as in the schema file");
  }
}

std::string SchemaPlanner::TemporaryName(const std::string& table) const {
  const auto is_taken = [&](const std::string& name) {
    for (const SchemaImage* image : {&image_, &desired_}) {
      for (const std::string_view type : {"table", "index", "view"}) {
        if (image->Find(type, name) != nullptr) return true;
      }
    }
    return false;
  };
  const std::string first = Concat("__drover_new_", table);
  std::string name = first;
  for (int suffix = 2; is_taken(name); ++suffix) name = Concat(first, "_", suffix);
  return name;
}

}  // namespace drover::migrations
