#include "migrations/adjacency.h"

namespace drover::migrations {

void Adjacency::Append(std::span<const std::uint32_t> by_down_revision,
                       std::span<const std::uint32_t> by_depends_on) {
  to_.insert(to_.end(), by_down_revision.begin(), by_down_revision.end());
  split_.push_back(static_cast<std::uint32_t>(to_.size()));
  to_.insert(to_.end(), by_depends_on.begin(), by_depends_on.end());
  first_.push_back(static_cast<std::uint32_t>(to_.size()));
}

Adjacency Adjacency::Inverse() const {
  // A counting sort: how many of each kind end at a node, then where they begin, then who they are.
  Adjacency inverse;
  std::vector<std::uint32_t> direct(nodes());
  std::vector<std::uint32_t> others(nodes());
  for (std::size_t i = 0; i < nodes(); ++i) {
    for (const std::uint32_t to : Direct(i)) ++direct[to];
    for (const std::uint32_t to : All(i).subspan(Direct(i).size())) ++others[to];
  }
  inverse.split_.resize(nodes());
  inverse.first_.resize(nodes() + 1);
  for (std::size_t i = 0; i < nodes(); ++i) {
    inverse.split_[i] = inverse.first_[i] + direct[i];
    inverse.first_[i + 1] = inverse.split_[i] + others[i];
    direct[i] = inverse.first_[i];
    others[i] = inverse.split_[i];
  }
  inverse.to_.resize(to_.size());
  for (std::size_t i = 0; i < nodes(); ++i) {
    const auto from = static_cast<std::uint32_t>(i);
    for (const std::uint32_t to : Direct(i)) inverse.to_[direct[to]++] = from;
    for (const std::uint32_t to : All(i).subspan(Direct(i).size())) {
      inverse.to_[others[to]++] = from;
    }
  }
  return inverse;
}

}  // namespace drover::migrations
