// What the tests of rendering share.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "client/render/render.h"

namespace drover::client {

inline constexpr std::string_view kRoot = "/home/u/idv";
inline const Style kPipe{};
inline const Style kAsciiPipe{.color = false, .unicode = false, .width = 0};

inline RevisionEntry Entry(std::string revision, std::vector<std::string> parents,
                           std::string message) {
  RevisionEntry entry;
  entry.revision = std::move(revision);
  entry.down_revision = std::move(parents);
  entry.message = std::move(message);
  entry.created = "2026-02-12T23:20:18Z";
  entry.file = "migrations/" + entry.revision + ".sql";
  return entry;
}

}  // namespace drover::client
