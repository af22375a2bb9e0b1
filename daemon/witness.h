// Remembers who may have made a new file that looks like a database: looked up in the moment it
// appears, and wanted when the scan has found out what the file is.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/posix.h"
#include "base/stray_documents.h"
#include "daemon/net/loop.h"
#include "daemon/observe.h"
#include "daemon/workers.h"

namespace drover::daemon {

/// An event of a file that may be a database.
struct FileSign {
  std::string path;
  bool created = false;  // rather than written to
};

/// Lives on the loop's thread; looks through /proc run on the workers.
class Witness final : public std::enable_shared_from_this<Witness> {
 public:
  /// Both outlive the witness.
  Witness(Loop& loop, Workers& workers) : loop_(loop), workers_(workers) {}

  /// Looks who is about when a file has just appeared, and again, a few times, while it is being
  /// written to and nobody was seen who has it open.
  void Note(const Observation& seen, const std::vector<FileSign>& signs);

  /// Who was seen when the file that is at `path` now appeared there.
  [[nodiscard]] std::vector<Suspect> Of(const std::string& path) const;

 private:
  using Clock = std::chrono::steady_clock;
  struct Record {
    FileIdentity identity;
    Clock::time_point appeared;
    unsigned looks = 0;
    std::vector<Suspect> suspects;
  };

  [[nodiscard]] bool WantsLook(const FileSign& sign);
  void Learn(const std::string& path, std::vector<Suspect> suspects);
  void ForgetOldest();

  Loop& loop_;
  Workers& workers_;
  std::map<std::string, Record> records_;  // by path
};

}  // namespace drover::daemon
