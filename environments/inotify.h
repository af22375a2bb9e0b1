// The bytes that inotify delivers, decoded. Pure, so that what the kernel rarely does can be
// tested.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "environments/watch.h"

namespace drover::environments {

struct DecodedEvents {
  std::vector<WatchEvent> events;
  std::vector<int> gone;  // watches whose directory moved away, was deleted or unmounted
};

/// Decodes a buffer of inotify events. `directories` maps watch descriptors; events of unknown ones
/// are left out, as is everything after a watch's kGone. An event equal to the one before it
/// (`events` may begin with earlier ones) is not repeated. A cut-off last event is ignored.
[[nodiscard]] DecodedEvents DecodeInotify(std::string_view bytes,
                                          const std::map<int, std::string>& directories,
                                          std::vector<WatchEvent> events = {});

}  // namespace drover::environments
