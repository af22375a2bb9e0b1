// What the daemon must remember across restarts and share with `drover --local`: registered
// projects, trust, held targets, failures not to be retried, ignored strays. One small JSON file,
// replaced durably under a lock.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/error_documents.h"
#include "base/posix.h"

namespace drover::daemon {

/// Why automatic apply waits for a target.
struct Held {
  std::string since;       // UTC
  std::string by;          // "downgrade", "stamp"
  std::string migrations;  // digest of the migration files then: a change resumes
  bool operator==(const Held&) const = default;
};

/// The failure of a job: not retried while the inputs are the same.
struct Failure {
  std::string at;
  std::string inputs;  // digest of what the job was made from
  ErrorBody error;
};

struct State {
  std::vector<std::string> projects;                    // roots
  std::map<std::string, std::string> trust;             // drover.yaml path -> sha256 of its content
  std::map<std::string, Held> held;                     // by target path
  std::map<std::string, Failure> failures;              // by target path
  std::map<std::string, std::string> ignored_strays{};  // path -> fingerprint
};

/// Thread-safe; several processes may use one file.
class StateStore final {
 public:
  /// Uses `directory`/state.json; the file need not exist. Throws kIo; a file that is not ours to
  /// parse is moved aside to state.json.broken and reported by problem(). What was known before
  /// stays.
  explicit StateStore(const std::string& directory);

  /// The state now: re-read when another process has replaced the file.
  [[nodiscard]] State Read();

  /// Changes the state under an exclusive lock and writes it durably. Does not write when `change`
  /// leaves everything as it was. `change` must not call the store. Throws kIo.
  void Update(const std::function<void(State&)>& change);

  [[nodiscard]] const std::string& problem() const { return problem_; }
  [[nodiscard]] const std::string& directory() const { return directory_; }

 private:
  /// Reads the file if it is another than the one read last; false when it cannot be parsed.
  [[nodiscard]] bool Load();
  void Repair();
  void MoveAside();

  std::string directory_;
  std::string path_;
  std::string lock_path_;
  std::string problem_;
  std::mutex mutex_;
  State state_;
  std::optional<FileStatus> loaded_;
};

}  // namespace drover::daemon
