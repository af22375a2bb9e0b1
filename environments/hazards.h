// The codes of findings: one table from which severity and explanation are taken, by whoever finds
// something and by whoever explains it. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/error_documents.h"

namespace drover::environments {

struct Hazard {
  std::string_view code;         // stable: part of the JSON contract
  std::string_view severity;     // fatal | error | warning | info: the worst it can be
  std::string_view explanation;  // one line, without naming an object
  std::string_view loss;         // what is lost by it
  std::string_view sight;        // how drover knows: seen or inferred, and in what
  std::string_view cure;         // what to do about it
};

/// All of them, sorted by code (hazard_table.cpp).
[[nodiscard]] std::span<const Hazard> Hazards();

/// The entry for `code`; null when the table does not have it.
[[nodiscard]] const Hazard* FindHazard(std::string_view code);

enum class Ground : std::uint8_t { kSeen, kInferred };

/// A finding with the severity of the table. `where` is "path:line:column"; `fix` is a command or a
/// line to write. Throws kInternal for a code that is not in the table.
[[nodiscard]] Finding MakeFinding(std::string_view code, std::string message, std::string where,
                                  std::optional<std::string> fix = {},
                                  Ground ground = Ground::kSeen);

}  // namespace drover::environments
