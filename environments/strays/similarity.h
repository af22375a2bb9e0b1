// How alike two databases are, judged by their columns. Pure.
#pragma once

#include <optional>
#include <span>
#include <string>

namespace drover::environments {

/// The weighted Jaccard similarity of two outlines ("table.column type", sorted): a column in both
/// counts 1, one of the same name but another type counts one half, against all column names of
/// both. 1.0 exactly for equal outlines, rounded to two decimals; nothing when one of them is
/// empty.
[[nodiscard]] std::optional<double> Similarity(std::span<const std::string> left,
                                               std::span<const std::string> right);

}  // namespace drover::environments
