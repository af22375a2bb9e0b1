#include "client/render/graph_layout.h"

#include <algorithm>
#include <array>

#include "base/error.h"

namespace drover::client {
namespace {

constexpr std::size_t kNoNode = static_cast<std::size_t>(-1);

class Layout final {
 public:
  explicit Layout(const GraphParents& parents)
      : parents_(parents), lane_of_(parents.size(), kNoNode) {}

  std::vector<GraphRow> Run() {
    for (std::size_t node = 0; node < parents_.size(); ++node) {
      const std::size_t lane = LaneFor(node);
      AddNode(node, lane);
      AddEdges(node, lane);
    }
    return std::move(rows_);
  }

 private:
  /// The lane in which the node's children wait for it; a new one for a node without children.
  std::size_t LaneFor(std::size_t node) {
    if (lane_of_[node] != kNoNode) return lane_of_[node];
    const std::size_t lane = FreeLane(0);
    // What ended there would look like this node's child.
    const bool under_an_end =
        !rows_.empty() && rows_.back().node.has_value() && rows_.back().lane == lane;
    if (under_an_end) rows_.push_back(Verticals());
    lanes_[lane] = node;
    return lane;
  }

  /// The first free lane from `first` on; makes one when there is none.
  std::size_t FreeLane(std::size_t first) {
    while (first < lanes_.size() && lanes_[first] != kNoNode) ++first;
    if (first >= lanes_.size()) lanes_.resize(first + 1, kNoNode);
    return first;
  }

  [[nodiscard]] GraphRow Verticals() const {
    GraphRow row;
    row.cells.resize(lanes_.size() * 2);
    for (std::size_t lane = 0; lane < lanes_.size(); ++lane) {
      if (lanes_[lane] != kNoNode) row.cells[lane * 2] = kUp | kDown;
    }
    return row;
  }

  void AddNode(std::size_t node, std::size_t lane) {
    GraphRow row = Verticals();
    row.node = node;
    row.lane = lane;
    row.cells[lane * 2] = 0;
    rows_.push_back(std::move(row));
  }

  /// Leads the node's line on to its parents. A parent that is waited for already is joined at
  /// once, so there is never more than one lane per node; of two lanes the left one goes on.
  void AddEdges(std::size_t node, std::size_t lane) {
    lanes_[lane] = kNoNode;
    std::vector<std::size_t> joined;
    std::vector<std::size_t> begun;
    for (const std::size_t parent : parents_[node]) {
      if (parent <= node || parent >= parents_.size()) {
        throw Error(Code::kInvalid, "graph.order", "a parent does not stand below its child");
      }
      if (lane_of_[parent] != kNoNode) {
        if (lane_of_[parent] != lane) joined.push_back(lane_of_[parent]);
        continue;
      }
      const std::size_t to = FreeLane(lane);
      lanes_[to] = parent;
      lane_of_[parent] = to;
      if (to != lane) begun.push_back(to);
    }
    const std::size_t ended = lanes_[lane] == kNoNode ? TakeOver(lane, joined) : kNoNode;
    if (!joined.empty() || !begun.empty()) AddEdgeRow(lane, joined, begun, ended);
    while (!lanes_.empty() && lanes_.back() == kNoNode) lanes_.pop_back();
  }

  /// Moves the nearest of the lanes in `joined` that lies right of the free `lane` into it. Returns
  /// which one ended so, or kNoNode.
  std::size_t TakeOver(std::size_t lane, std::span<const std::size_t> joined) {
    std::size_t nearest = kNoNode;
    for (const std::size_t other : joined) {
      if (other > lane) nearest = std::min(nearest, other);
    }
    if (nearest == kNoNode) return kNoNode;
    std::swap(lanes_[lane], lanes_[nearest]);
    lane_of_[lanes_[lane]] = lane;
    return nearest;
  }

  void AddEdgeRow(std::size_t from, std::span<const std::size_t> joined,
                  std::span<const std::size_t> begun, std::size_t ended) {
    GraphRow row = Verticals();
    std::size_t first = from;
    std::size_t last = from;
    for (const auto targets : {joined, begun}) {
      for (const std::size_t lane : targets) {
        first = std::min(first, lane);
        last = std::max(last, lane);
      }
    }
    row.cells.resize(std::max(row.cells.size(), last * 2 + 1));
    for (std::size_t cell = first * 2; cell < last * 2; ++cell) {
      if (row.cells[cell] == 0) row.cells[cell] = kLeft | kRight;
    }
    const auto sideways = [&](std::size_t lane) {
      return (lane > first ? kLeft : 0) | (lane < last ? kRight : 0);
    };
    const auto connect = [&](std::size_t lane, int vertical) {
      row.cells[lane * 2] = static_cast<std::uint8_t>(vertical | sideways(lane));
    };
    for (const std::size_t lane : joined) connect(lane, lane == ended ? kUp : kUp | kDown);
    for (const std::size_t lane : begun) connect(lane, kDown);
    connect(from, lanes_[from] == kNoNode ? kUp : kUp | kDown);
    rows_.push_back(std::move(row));
  }

  const GraphParents& parents_;
  std::vector<std::size_t> lane_of_;  // of a node that has been reached by a child
  std::vector<std::size_t> lanes_;    // which node each lane leads to
  std::vector<GraphRow> rows_;
};

}  // namespace

std::vector<std::size_t> DrawingOrder(const GraphParents& parents, const GraphParents& later) {
  const auto edges_of = [&](std::size_t node, auto&& visit) {
    // The last one that becomes ready comes next: rather a parent.
    if (node < later.size()) std::ranges::for_each(later[node], visit);
    std::ranges::for_each(parents[node], visit);
  };
  std::vector<std::size_t> waiting_for(parents.size(), 0);
  for (std::size_t node = 0; node < parents.size(); ++node) {
    edges_of(node, [&](std::size_t parent) { ++waiting_for[parent]; });
  }
  std::vector<std::size_t> ready;  // the last one is next
  for (std::size_t node = parents.size(); node-- > 0;) {
    if (waiting_for[node] == 0) ready.push_back(node);
  }
  std::vector<std::size_t> order;
  order.reserve(parents.size());
  std::vector<bool> placed(parents.size(), false);
  while (!ready.empty()) {
    const std::size_t node = ready.back();
    ready.pop_back();
    order.push_back(node);
    placed[node] = true;
    edges_of(node, [&](std::size_t parent) {
      if (--waiting_for[parent] == 0) ready.push_back(parent);
    });
  }
  for (std::size_t node = 0; node < parents.size(); ++node) {
    if (!placed[node]) order.push_back(node);
  }
  return order;
}

std::vector<GraphRow> LayOutGraph(const GraphParents& parents) { return Layout(parents).Run(); }

std::string_view GraphCharacter(std::uint8_t ways, const Style& style) {
  // Indexed by the set of ways: up 1, down 2, left 4, right 8.
  constexpr std::array<std::string_view, 16> kUnicode{" ", "╵", "╷", "│", "╴", "╯", "╮", "┤",
                                                      "╶", "╰", "╭", "├", "─", "┴", "┬", "┼"};
  constexpr std::array<std::string_view, 16> kAscii{" ", "|", "|", "|", "-", "'", ".", "+",
                                                    "-", "`", ".", "+", "-", "+", "+", "+"};
  return (style.unicode ? kUnicode : kAscii)[ways & 15U];
}

}  // namespace drover::client
