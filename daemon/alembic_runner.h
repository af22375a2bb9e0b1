// Starts the project's own Alembic for one environment: which program, in which directory, and with
// which URL in which variables. Blocks; for workers.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "base/error.h"
#include "daemon/child.h"
#include "environments/config.h"
#include "environments/target.h"
#include "migrations/alembic/version_folders.h"

namespace drover::daemon {

/// What a job has seen of Alembic so far. Its runners, those for copies too, share one; used by the
/// thread that does the job.
struct AlembicRecord {
  bool url_was_used = false;
  std::string output;  // printed and not taken yet: its last 16 KiB, in whole lines
};

/// What one environment's Alembic is started from. Plain data.
struct AlembicSetting {
  std::shared_ptr<const environments::Config> config;
  std::string environment;
  environments::Target target;
  migrations::VersionFolders folders;
  std::string state_directory;  // of drover, for InstallAlembicHook()
  bool passes_all = false;      // of this process's variables, not only PATH and the like
  bool spares_others = false;   // other databases that it opens are copies, for a rehearsal
  std::shared_ptr<AlembicRecord> record = std::make_shared<AlembicRecord>();
};

/// How long one command of Alembic may take.
inline constexpr std::chrono::minutes kAlembicLimit{60};

class AlembicRunner final {
 public:
  /// Finds the program: the configured command, or else FindAlembicProgram() for the project's
  /// root, the directory of Alembic's configuration and that where Alembic is started.
  explicit AlembicRunner(AlembicSetting setting);

  /// Runs `alembic ARGUMENTS` with the URL of the database at `path`, which need not be that of the
  /// environment, in the variables that the project reads, and in its root, or where a relative
  /// script_location wants to be started. It gets the variables of the environment's env_file, too;
  /// of this process those of the shell, if it was started from one, else PATH, HOME and the like.
  /// What it prints goes to the log, and is kept for TakeOutput(). Throws
  /// kInvalid ("alembic.failed", with the place in the revision's file when it is told), kNotFound
  /// ("alembic.program"), what MakeExec and RunChild throw.
  /// `inherited` is a descriptor that Alembic keeps open, also when drover dies; -1: none.
  void Run(const std::vector<std::string>& arguments, const std::string& path,
           const std::stop_token& stop, int inherited = -1) const;

  /// The same, and has every statement that Alembic executes written to the file at `trace`: lines
  /// of JSON, as alembic_hook/drover_trace.py says. The file is not there afterwards when the hook
  /// did not come to it.
  void RunTraced(const std::vector<std::string>& arguments, const std::string& path,
                 const std::string& trace, const std::stop_token& stop) const;

  /// What the last Run() has printed, as far as it is kept; nothing the second time. What nobody
  /// takes belongs to a failure.
  [[nodiscard]] std::string TakeOutput() const;

  /// Runs `alembic ARGUMENTS --sql` and returns what it printed, stderr apart, and its exit code,
  /// whatever that is: Alembic gives up in the middle of a script. `path` is where an env.py that
  /// opens a database nonetheless finds one. Throws kNotFound ("alembic.program"), what MakeExec
  /// and RunChild throw.
  [[nodiscard]] ChildResult WriteSql(std::vector<std::string> arguments, const std::string& path,
                                     const std::stop_token& stop) const;

  /// Throws what Run() throws of a command that failed, when this is the result of one.
  void CheckScript(std::vector<std::string> arguments, const ChildResult& result) const;

  /// What `alembic history --verbose` prints: runs the files of the revisions; a database that is
  /// opened is a copy. Takes 30 s at most. Throws as Run().
  [[nodiscard]] std::string History() const;

  /// Does Alembic work on the database that it is given? Asks `alembic current` with the URL of
  /// `probe`, a file that does not exist and whose directory does: Alembic makes it if it looks
  /// there, or at the environment's own database, for which the hook puts what it is given. No
  /// other file is changed meanwhile. An application that wants its tables is given a copy of the
  /// database. Throws kRefused ("alembic.url_ignored";
  /// "alembic.version_table": env.py names another one). Once it was seen to be right that is
  /// remembered for the job: what env.py imports may be another the next time. Throws what Run()
  /// throws.
  void CheckUrl(const std::string& probe, const std::stop_token& stop) const;

  /// The variables that carry the URL: "DB__DB_URL".
  [[nodiscard]] std::vector<std::string> UrlVariables() const;

 private:
  /// How one start differs from another.
  struct Manner {
    ChildCommand::Errors errors = ChildCommand::Errors::kWithOutput;
    int inherited = -1;
    std::chrono::milliseconds limit = kAlembicLimit;
    std::string trace{};  // where the hook writes to
    std::string aside{};  // where copies of other databases go, instead of which they are opened
  };

  [[nodiscard]] std::vector<std::string> VariablesFor(const std::string& path,
                                                      const Manner& manner) const;
  [[nodiscard]] ChildResult Start(const std::vector<std::string>& arguments,
                                  const std::string& path, const Manner& manner,
                                  const std::stop_token& stop) const;
  void Finish(const std::vector<std::string>& arguments, const ChildResult& result) const;
  void Keep(std::string_view output) const;
  [[nodiscard]] Error Failure(const std::vector<std::string>& arguments, int exit_code,
                              std::string_view output) const;
  [[nodiscard]] std::string NameUrlPlaces() const;
  void TryOut(const std::string& probe, const std::stop_token& stop) const;
  [[nodiscard]] std::string HintFor(const std::string& message) const;
  [[nodiscard]] Error UrlIgnored(const std::vector<std::string>& opened) const;

  AlembicSetting setting_;
  std::vector<std::string> program_;  // with -c and -n
  std::string directory_;
};

}  // namespace drover::daemon
