// The method table: one row per method of the protocol, from which dispatch, the check of
// parameters, `describe` and docs/protocol.md are made.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "daemon/service.h"

namespace drover::daemon {

struct Method {
  std::string_view name;
  std::string_view doc;
  std::string_view params;  // names, separated by blanks
  void (*handle)(Service& service, const CallPtr& call);
};

/// All methods, in the order of the documentation.
[[nodiscard]] std::span<const Method> AllMethods();

/// Finds the method and checks that every given parameter is one of its own. Throws kInvalid
/// ("protocol.method", "protocol.params") with "did you mean".
[[nodiscard]] const Method& FindMethod(const Request& request);

/// The answer of `describe`.
[[nodiscard]] std::string DescribeMethods();

}  // namespace drover::daemon
