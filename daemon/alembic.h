// Projects whose revisions are Alembic's: what Alembic is started from, what drover does not do
// there, and what to type instead. This is the one place that refuses it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

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

/// What to do where the version table is called `table`, and drover.yaml says otherwise.
[[nodiscard]] std::string NameVersionTable(std::string_view table);

/// Throws kRefused ("alembic.unsupported") when the project of `seen` is Alembic's: drover does not
/// do `what` ("check the schema") there. The hint is AlembicCommand() of `arguments` for the
/// default environment, or nothing when those are empty.
void RefuseForAlembic(const Observation& seen, std::string_view what, std::string_view arguments);

}  // namespace drover::daemon
