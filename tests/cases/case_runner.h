// Runs files of machine-readable cases against drover's own functions and prints one JSON line per
// case. A suite reads its own file format and judges its own results.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"

namespace drover::cases {

struct CaseResult {
  std::string id;
  bool pass = false;
  Json got;  // what drover answered, in the file's own terms
};

/// Graphs, targets and plans as Alembic computes them. Throws Error for a file that cannot be read;
/// what drover throws in a case is that case's result.
[[nodiscard]] std::vector<CaseResult> RunAlembicCases(const std::string& file);

/// Compose projects as Docker Compose's own loader reads them, and where drover finds the databases
/// in them. Throws Error for a file that cannot be read.
[[nodiscard]] std::vector<CaseResult> RunComposeCases(const std::string& file);

/// Schema changes planned and carried out on real databases, with their rows, and undone again.
/// Throws Error for a file that cannot be read.
[[nodiscard]] std::vector<CaseResult> RunDiffCases(const std::string& file);

}  // namespace drover::cases
