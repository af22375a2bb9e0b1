// The value of a Python expression where it is a literal: None, a text, or a tuple, list or set of
// such. Nothing is evaluated. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "migrations/alembic/python_lexer.h"

namespace drover::migrations {

struct PythonValue {
  enum class Kind : std::uint8_t { kNone, kText, kSequence, kOther };
  Kind kind = Kind::kOther;          // kOther: what only Python can tell
  std::string text{};                // kText
  std::vector<PythonValue> items{};  // kSequence; a set in the order in which it is written
};

/// The pieces of `tokens` between the commas that no bracket surrounds; a comma at the end begins
/// no piece. One piece where there is no comma.
[[nodiscard]] std::vector<std::span<const PythonToken>> SplitAtCommas(
    std::span<const PythonToken> tokens);

/// Is `tokens` one pair of brackets with all else inside?
[[nodiscard]] bool IsBracketed(std::span<const PythonToken> tokens);

/// The value of the expression `tokens`: adjacent texts are joined, brackets around a value do not
/// count, commas without brackets make a tuple.
[[nodiscard]] PythonValue ReadPythonLiteral(std::span<const PythonToken> tokens);

}  // namespace drover::migrations
