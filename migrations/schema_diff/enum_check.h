// Enumerations as SQLite schemas have them: CHECK (status IN ('open', 'closed')). Recognised so
// that a changed one can be told by its values. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace drover::migrations {

struct EnumCheck {
  std::string column;               // lower-case
  std::vector<std::string> values;  // as SQL literals, in order
};

/// Reads "check (status in('open', 'closed'))", also with "status is null or" before or after it.
/// Nothing when the clause is anything else.
[[nodiscard]] std::optional<EnumCheck> ReadEnumCheck(std::string_view clause);

/// "+ held, - closed": how the values changed; "other order" when only that did.
[[nodiscard]] std::string DescribeEnumChange(const EnumCheck& before, const EnumCheck& after);

}  // namespace drover::migrations
