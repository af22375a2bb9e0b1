// Replaces $NAME, ${NAME}, ${NAME:-default}, ${NAME-default}, ${NAME:?message}, ${NAME?message},
// ${NAME:+other}, ${NAME+other} and $$ in a text, nested ones too. Pure: values come from the
// caller, never from the process's environment.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace drover::environments {

struct VariableValue {
  std::string value;
  std::string where;         // ".env:3"
  bool is_inferred = false;  // found by another spelling, as pydantic-settings does
};

using VariableLookup = std::function<std::optional<VariableValue>(std::string_view name)>;

/// What `$NAME` and `$$` mean: a shell's grammar replaces them, python-dotenv leaves them alone.
enum class Dollar : std::uint8_t { kShell, kBracesOnly };

struct Interpolated {
  std::string value;
  std::vector<std::string> sources;    // `where` of each variable that was used, once
  std::vector<std::string> defaulted;  // variables that are not set and whose default was used
  bool is_inferred = false;            // one of the values that were used is
  std::vector<std::string> unset;      // variables that are not set and have no default: empty
  bool begins_empty = false;           // the text begins with a variable that stands for nothing
};

/// Throws kInvalid at `where`: "variable.syntax", "variable.required" (the `?` forms),
/// "variable.too_long" (more than 64 KiB come out). An unset variable is no error here: the caller
/// judges `unset`.
[[nodiscard]] Interpolated Interpolate(std::string_view text, Dollar dollar,
                                       const VariableLookup& lookup, const std::string& where);

}  // namespace drover::environments
