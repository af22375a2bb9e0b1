// Which columns an INSERT … SELECT carries over, and under which names. Pure.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace drover::migrations {

/// The columns that `statement`, "INSERT INTO t (a, …) SELECT …", fills with a column as it is, or
/// with CAST of one: by their name in t, the column read. All in lower case. Empty for a statement
/// of another form.
[[nodiscard]] std::map<std::string, std::string> FindCopiedColumns(std::string_view statement);

}  // namespace drover::migrations
