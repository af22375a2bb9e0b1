// Projects whose revisions are Alembic's: what drover does not do there, and what to type instead.
// This is the one place that refuses it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/error.h"
#include "daemon/alembic_runner.h"
#include "daemon/observe.h"

namespace drover::daemon {

/// What Alembic is started from for one of the environments, by its number.
[[nodiscard]] AlembicSetting AlembicSettingFor(const Observation& seen, std::size_t environment);

/// What to type so that Alembic does `arguments` to the database of `environment`, started in the
/// project's root with that database's URL: "drover exec -e docker -- alembic -c
/// backend/alembic.ini upgrade head".
[[nodiscard]] std::string AlembicCommand(const Observation& seen, std::string_view arguments,
                                         std::string_view environment);

/// kRefused "alembic.unsupported": drover does not do `what` ("upgrade") to such a project yet. The
/// hint is AlembicCommand() of `arguments`, or nothing when those are empty.
[[nodiscard]] Error AlembicUnsupported(const Observation& seen, std::string_view what,
                                       std::string_view arguments, std::string_view environment);

/// Throws AlembicUnsupported() when the project of `seen` is Alembic's; for the default environment
/// unless another is named.
void RefuseForAlembic(const Observation& seen, std::string_view what, std::string_view arguments,
                      std::string_view environment = {});

}  // namespace drover::daemon
