// The edges of a graph in three flat arrays: building and copying them costs no allocation per
// node, and walking them stays within a few cache lines.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace drover::migrations {

/// For each node its neighbours: first those by down_revision, then those by depends_on alone.
class Adjacency final {
 public:
  /// The neighbours of the next node; nodes are appended in order.
  void Append(std::span<const std::uint32_t> by_down_revision,
              std::span<const std::uint32_t> by_depends_on);

  /// The same edges seen from the other end; neighbours are in the order of their indexes.
  [[nodiscard]] Adjacency Inverse() const;

  /// Neighbours by down_revision alone.
  [[nodiscard]] std::span<const std::uint32_t> Direct(std::size_t node) const {
    return std::span(to_).subspan(first_[node], split_[node] - first_[node]);
  }
  [[nodiscard]] std::span<const std::uint32_t> All(std::size_t node) const {
    return std::span(to_).subspan(first_[node], first_[node + 1] - first_[node]);
  }
  [[nodiscard]] std::size_t nodes() const { return split_.size(); }

 private:
  std::vector<std::uint32_t> first_{0};  // where a node's neighbours begin in to_, and the end
  std::vector<std::uint32_t> split_;     // where those by depends_on begin
  std::vector<std::uint32_t> to_;
};

}  // namespace drover::migrations
