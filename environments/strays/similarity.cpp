#include "environments/strays/similarity.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string_view>

namespace drover::environments {
namespace {

/// "accounts.email" of "accounts.email varchar(64)". A column without a type keeps a last space.
/// Names may hold spaces themselves; then the type's first word ends up in the name, which only
/// costs the half point for a changed type.
std::string_view NameOf(std::string_view column) { return column.substr(0, column.find(' ')); }

}  // namespace

std::optional<double> Similarity(std::span<const std::string> left,
                                 std::span<const std::string> right) {
  if (left.empty() || right.empty()) return std::nullopt;
  std::size_t l = 0;
  std::size_t r = 0;
  double shared = 0;
  double all = 0;
  while (l < left.size() || r < right.size()) {
    ++all;
    if (l == left.size()) {
      ++r;
    } else if (r == right.size()) {
      ++l;
    } else if (left[l] == right[r]) {
      ++shared;
      ++l;
      ++r;
    } else if (NameOf(left[l]) == NameOf(right[r])) {
      shared += 0.5;
      ++l;
      ++r;
    } else if (left[l] < right[r]) {
      ++l;
    } else {
      ++r;
    }
  }
  if (shared == all) return 1.0;
  return std::min(0.99, std::round(shared / all * 100) / 100);
}

}  // namespace drover::environments
