// What can be done about a stray: put it away, put it back, make it an environment's database. Runs
// in a process of its own, `droverd --remedy`: it opens strays raw, under SQLite's lock but without
// SQLite, and the environment's database through SQLite only; no file is opened in both ways.
#pragma once

#include "base/stray_documents.h"

namespace drover::environments {

/// Carries out one remedy, after ending what a killed one has left half done.
///
/// archive  PutAway() of `path`.
/// restore  PutBack() of the archive `id`.
/// adopt    puts the stray away (or takes the archive `id`), keeps what is in `target` as an
///          archive of its own, then replaces it through SQLite, under its lock. When that fails,
///          the stray is put back.
///
/// Throws what those functions throw; kCorrupt ("database.damaged") for a stray that must not be
/// adopted; kInvalid ("remedy.request").
[[nodiscard]] RemedyResult CarryOutRemedy(const RemedyRequest& request);

}  // namespace drover::environments
