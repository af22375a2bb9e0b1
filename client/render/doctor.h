// What `drover doctor` prints. Pure, like render.h.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/doctor_documents.h"
#include "client/render/style.h"

namespace drover::client {

enum class FixesShown : std::uint8_t {
  kHint,  // a line says that there are some
  kNone,  // they have been told
};

/// The findings under a heading for each severity, the worst first, and what was checked.
[[nodiscard]] std::string RenderDoctor(const DoctorDocument& doctor, FixesShown fixes,
                                       std::string_view cwd, const Style& style);

/// What `doctor --fix` did, or would do.
[[nodiscard]] std::string RenderFixes(const DoctorDocument& doctor, const Style& style);

/// What a code means.
[[nodiscard]] std::string RenderExplanation(const ExplainDocument& explanation, const Style& style);

}  // namespace drover::client
