// Documents as screens. Pure functions: document and style in, text out, ending with a line end.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/daemon_documents.h"
#include "base/error_documents.h"
#include "base/import_documents.h"
#include "base/init_documents.h"
#include "base/plan_documents.h"
#include "base/revision_documents.h"
#include "base/safety_documents.h"
#include "base/schema_documents.h"
#include "base/status_documents.h"
#include "base/stray_documents.h"
#include "base/where_documents.h"
#include "client/render/style.h"

namespace drover::client {

/// The one screen of `drover status`. `cwd` is where the user is: paths are shown relative to it.
[[nodiscard]] std::string RenderStatus(const StatusDocument& status, std::string_view cwd,
                                       const Style& style);

/// The mark and colour of a state: "✓", or its ASCII stand-in.
[[nodiscard]] std::string StateMark(std::string_view state, const Style& style);
[[nodiscard]] Tone StateTone(std::string_view state);

/// Which strays are listed: those that ask for something, or every database that was found.
enum class StraysShown : std::uint8_t { kTrouble, kAll };

/// The strays, or the sentence that there is none; then what is kept out of the way, and what has
/// been archived, in a line each.
[[nodiscard]] std::string RenderStrays(const StraysDocument& strays, StraysShown shown,
                                       std::string_view cwd, std::string_view root,
                                       const Style& style);

/// What a stray has otherwise than an environment.
[[nodiscard]] std::string RenderStrayDiff(const StrayDiffDocument& diff, std::string_view cwd,
                                          std::string_view root, const Style& style);

/// What a remedy did or would do, and how to take it back.
[[nodiscard]] std::string RenderRemedy(const RemedyDocument& remedy, std::string_view cwd,
                                       std::string_view root, const Style& style);

/// What has been archived, oldest first.
[[nodiscard]] std::string RenderArchives(const StraysDocument& strays, std::string_view cwd,
                                         std::string_view root, const Style& style);

/// A backup that was taken.
[[nodiscard]] std::string RenderBackup(const BackupDocument& taken, std::string_view cwd,
                                       std::string_view root, const Style& style);

/// The backups that are kept, a line each.
[[nodiscard]] std::string RenderBackups(const BackupsDocument& backups, const Style& style);

/// What a restore or a reset did or would do, and how to take it back.
[[nodiscard]] std::string RenderRestore(const RestoreDocument& restore, std::string_view cwd,
                                        std::string_view root, const Style& style);

/// Each revision and how it went, then the sum.
[[nodiscard]] std::string RenderVerify(const VerifyDocument& verified, const Style& style);

/// The jobs of the journal, newest first.
[[nodiscard]] std::string RenderLog(const LogDocument& log, const Style& style);

/// The lines of one stray, as status and strays show it.
[[nodiscard]] std::string RenderStray(const StrayEntry& stray, std::string_view cwd,
                                      std::string_view root, const Style& style);

/// A finding: mark and message, then the command that fixes it.
[[nodiscard]] std::string RenderFinding(const Finding& finding, std::string_view cwd,
                                        std::string_view root, const Style& style);

/// What Alembic printed while it worked, indented, the last lines when they are many: of a success
/// without what it says of itself, of a failure all.
enum class OutputOf : std::uint8_t { kSuccess, kFailure };
[[nodiscard]] std::string RenderOutput(std::string_view output, OutputOf what, const Style& style);

[[nodiscard]] std::string RenderCurrent(const CurrentDocument& current, const Style& style);

/// `parent -> revision (head) [environments], message`, newest first.
[[nodiscard]] std::string RenderHistory(const RevisionsDocument& revisions, const Style& style);

/// The revisions of `shown` as a graph, newest first: a mark that says whether a revision is
/// applied, its id, date, the environments that are there, labels, "(head)", "(draft)", message and
/// dependencies; below it what the marks mean, and the environments that are nowhere on it. `all`
/// is the whole history, from which follows what is applied; `current` says where the environments
/// are.
[[nodiscard]] std::string RenderHistoryGraph(const RevisionsDocument& shown,
                                             const RevisionsDocument& all,
                                             const CurrentDocument& current, const Style& style);

/// `revision (head) [environments], message`.
[[nodiscard]] std::string RenderHeads(const RevisionsDocument& revisions, const Style& style);

/// Everything about each revision, with its SQL.
[[nodiscard]] std::string RenderShow(const RevisionsDocument& revisions, const Style& style);

/// A plan, or what was done when `applied` is set.
[[nodiscard]] std::string RenderPlan(const PlanDocument& plan, std::string_view cwd,
                                     std::string_view root, const Style& style);

/// The edit of an applied revision, and whether it was accepted.
[[nodiscard]] std::string RenderRepair(const RepairDocument& repair, const Style& style);

/// A unified diff, indented: what went in red, what came in green.
[[nodiscard]] std::string RenderDiff(std::string_view diff, const Style& style);

/// What differs, one line each: severity and what changes.
[[nodiscard]] std::string RenderChanges(const std::vector<SchemaChangeEntry>& changes,
                                        const Style& style);

/// The way from one schema to another, or the sentence that they are equal.
[[nodiscard]] std::string RenderSchemaDiff(const DiffDocument& diff, std::string_view cwd,
                                           std::string_view root, const Style& style);

[[nodiscard]] std::string RenderCheck(const CheckDocument& check, const Style& style);

/// What was generated, and into which file. With `file` null the scripts themselves.
[[nodiscard]] std::string RenderAutogenerate(const AutogenerateDocument& generated,
                                             std::string_view cwd, std::string_view root,
                                             const Style& style);

/// Why nothing was generated, but for the error itself: what may be done, possible renames.
[[nodiscard]] std::string RenderBlocked(const AutogenerateDocument& generated, const Style& style);

/// A possible rename as a question's first half: "users.email may be the old users.mail".
[[nodiscard]] std::string DescribeRename(const PossibleRename& rename);

[[nodiscard]] std::string RenderDrift(const DriftDocument& drift, std::string_view cwd,
                                      std::string_view root, const Style& style);

/// What `drift --fix` or `--adopt` did, or would do.
[[nodiscard]] std::string RenderDriftRemedy(const DriftRemedyDocument& remedy, std::string_view cwd,
                                            std::string_view root, const Style& style);

[[nodiscard]] std::string RenderWhere(const WhereDocument& where, std::string_view cwd,
                                      std::string_view root, const Style& style);

[[nodiscard]] std::string RenderNewRevision(const NewRevisionDocument& revision,
                                            std::string_view cwd, std::string_view root,
                                            const Style& style);

[[nodiscard]] std::string RenderTrust(const TrustDocument& trust, const Style& style);

/// What `init` has found and proposes, or has written: everything but the file itself.
[[nodiscard]] std::string RenderInit(const InitDocument& init, std::string_view cwd,
                                     const Style& style);

/// Each revision and how it was imported, what is not translated, and how drover.yaml must be.
[[nodiscard]] std::string RenderImport(const ImportDocument& imported, std::string_view cwd,
                                       std::string_view root, const Style& style);

/// What `daemon status` prints.
[[nodiscard]] std::string RenderHello(const HelloDocument& hello, const Style& style);

/// One line of `watch`.
[[nodiscard]] std::string RenderEvent(const EventDocument& event, std::string_view cwd,
                                      std::string_view root, const Style& style);

/// An error as it goes to stderr: message, place, hint.
[[nodiscard]] std::string RenderError(const Error& error, const Style& style);

}  // namespace drover::client
