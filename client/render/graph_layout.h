// Where the lines of a graph run when it is drawn in rows of characters, as `drover history
// --graph` does: nodes in lanes, and between them rows of edges. Pure; knows nothing of revisions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "client/render/style.h"

namespace drover::client {

/// For every node the indexes of its parents, in their order. A node is its place in this list.
using GraphParents = std::vector<std::vector<std::size_t>>;

/// The directions in which a cell is connected: a set of bits.
enum Way : std::uint8_t { kUp = 1, kDown = 2, kLeft = 4, kRight = 8 };

/// One line of the picture. Lane n runs in cell 2n; the odd cells lie between the lanes. A line
/// that passes behind a lane shows in the odd cells only, so a crossing does not look like a joint.
struct GraphRow {
  std::optional<std::size_t> node;  // nothing in rows of edges
  std::size_t lane = 0;             // of the node
  std::vector<std::uint8_t> cells;  // sets of Way; 0 where there is nothing, and at the node itself
};

/// An order in which every node stands before its parents and lines of descent stay together, so
/// that few lanes are needed: as `git log --topo-order`, the branch that was merged in comes first.
/// Otherwise the given order is kept. `later` names further nodes that must come after each node,
/// though no line leads there; it may be empty. Nodes of a cycle come last. Linear.
[[nodiscard]] std::vector<std::size_t> DrawingOrder(const GraphParents& parents,
                                                    const GraphParents& later);

/// The rows for nodes that are listed in drawing order. Each node has one row; a row of edges
/// follows where lines fork, join or end, and an empty one where a node would otherwise seem to be
/// the parent of the one above. Linear in the size of the picture. Throws kInvalid ("graph.order")
/// for a parent that does not stand below its child.
[[nodiscard]] std::vector<GraphRow> LayOutGraph(const GraphParents& parents);

/// The character of a cell: "├", or its ASCII stand-in "+".
[[nodiscard]] std::string_view GraphCharacter(std::uint8_t ways, const Style& style);

}  // namespace drover::client
