#include "migrations/schema_diff/losses.h"

#include "base/text.h"
#include "migrations/schema_diff/synthetic.h"

namespace drover::migrations {
namespace {

/// In a STRICT table ANY converts nothing, elsewhere it is NUMERIC (sqlite.org/stricttables.html).
std::string AffinityType(const TableFacts& table, const ColumnFacts& column) {
  return table.Is("strict") && column.type == "any" ? std::string() : column.type;
}

}  // namespace

bool LosesValues(Scratch& scratch, RowKnowledge rows, const TypeChange& change) {
  Trial trial(scratch.connection());
  scratch.Run(Concat("CREATE TEMP TABLE drover_probe (o, n ",
                     AffinityType(change.to_table, change.to), ", b ",
                     AffinityType(change.from_table, change.from), ")"));
  if (rows == RowKnowledge::kKnown) {
    scratch.Run(Concat("INSERT INTO temp.drover_probe (o) SELECT ",
                       QuoteIdentifier(change.from.name), " FROM main.",
                       QuoteIdentifier(change.table)));
  } else {
    for (const std::string& literal : AwkwardLiterals()) {
      scratch.Run(Concat("INSERT INTO temp.drover_probe (b) VALUES (", literal, ")"));
    }
    scratch.Run("UPDATE temp.drover_probe SET o = b");
    // Fractions are not what a column of integers is expected to hold.
    scratch.Run(
        "DELETE FROM temp.drover_probe WHERE typeof(o) = 'real' AND "
        "(SELECT typeof(b) = 'integer' FROM temp.drover_probe LIMIT 1)");
  }
  scratch.Run("UPDATE temp.drover_probe SET n = o");
  scratch.Run("UPDATE temp.drover_probe SET b = n");
  return scratch.connection().QueryInteger(
             "SELECT count(*) FROM temp.drover_probe "
             "WHERE b IS NOT o OR typeof(b) <> typeof(o)") > 0;
}

}  // namespace drover::migrations
