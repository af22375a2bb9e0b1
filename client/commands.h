// What every verb does. Each function returns the exit code and throws Error for the rest.
#pragma once

#include <string>
#include <string_view>

#include "client/arguments.h"
#include "client/render/style.h"

namespace drover::client {

/// One command being carried out.
struct Invocation {
  const Verb* verb = nullptr;
  Arguments arguments;
  Style out;            // of stdout
  Style err;            // of stderr
  std::string project;  // absolute real path of the project root; may be empty
  std::string cwd;      // where the user is, or -C; absolute real path
};

// commands_read.cpp
int RunStatus(Invocation& invocation);
int RunCurrent(Invocation& invocation);
int RunHistory(Invocation& invocation);  // history, heads, branches, show
int RunPlan(Invocation& invocation);
int RunWhere(Invocation& invocation);

// commands_doctor.cpp
int RunDoctor(Invocation& invocation);

// commands_write.cpp
int RunChange(Invocation& invocation);  // upgrade, downgrade, stamp, redo
int RunRepair(Invocation& invocation);
int RunRevision(Invocation& invocation);
int RunEdit(Invocation& invocation);
int RunMerge(Invocation& invocation);
int RunTrust(Invocation& invocation);

// commands_safety.cpp
int RunBackup(Invocation& invocation);
int RunBackups(Invocation& invocation);
int RunRestore(Invocation& invocation);
int RunReset(Invocation& invocation);
int RunVerify(Invocation& invocation);
int RunLog(Invocation& invocation);
// commands_schema.cpp
int RunSchema(Invocation& invocation);
int RunDiff(Invocation& invocation);
int RunCheck(Invocation& invocation);
int RunDrift(Invocation& invocation);

// commands_autogenerate.cpp
int RunAutogenerate(Invocation& invocation);  // revision --autogenerate

// commands_strays.cpp
int RunStrays(Invocation& invocation);
int RunStraysDiff(Invocation& invocation);
int RunStraysRemedy(Invocation& invocation);  // archive, restore, adopt, ignore

// commands_init.cpp
int RunInit(Invocation& invocation);

// commands_import.cpp
int RunImport(Invocation& invocation);

// commands_exec.cpp
int RunExec(Invocation& invocation);

// commands_watch.cpp
int RunWatch(Invocation& invocation);
int RunWait(Invocation& invocation);

// commands_daemon.cpp
int RunPing(Invocation& invocation);
int RunDaemonStart(Invocation& invocation);
int RunDaemonStop(Invocation& invocation);
int RunDaemonRestart(Invocation& invocation);
int RunDaemonReload(Invocation& invocation);
int RunDaemonStatus(Invocation& invocation);
int RunVersion(Invocation& invocation);
int RunHelp(Invocation& invocation);

}  // namespace drover::client
