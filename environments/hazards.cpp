#include "environments/hazards.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/text.h"

namespace drover::environments {
const Hazard* FindHazard(std::string_view code) {
  const std::span<const Hazard> hazards = Hazards();
  const auto found = std::ranges::lower_bound(hazards, code, {}, &Hazard::code);
  return found != hazards.end() && found->code == code ? &*found : nullptr;
}

Finding MakeFinding(std::string_view code, std::string message, std::string where,
                    std::optional<std::string> fix, Ground ground) {
  const Hazard* hazard = FindHazard(code);
  if (hazard == nullptr) {
    throw Error(Code::kInternal, "hazard.unknown", Concat("no hazard is called ", code));
  }
  return {.code = std::string(code),
          .severity = std::string(hazard->severity),
          .environment = {},
          .message = std::move(message),
          .ground = ground == Ground::kSeen ? "seen" : "inferred",
          .fix = std::move(fix),
          .where = std::move(where)};
}

}  // namespace drover::environments
