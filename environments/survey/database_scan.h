// The database files of a project without drover.yaml, as the scan for strays finds them: scanned
// once somebody asks.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/stray_documents.h"

namespace drover::environments {

class DatabaseScan final {
 public:
  using Scanner = std::function<ScanResult(const ScanRequest&)>;

  /// Of the tree below `root`; `version_tables` are names of version tables that are not the usual
  /// ones.
  DatabaseScan(std::string root, std::vector<std::string> version_tables, Scanner scanner);

  /// Scans the tree and `paths`, whatever their names are. Throws what the scanner throws.
  void Run(const std::vector<std::string>& paths);

  /// What the last scan has found, after a first one if there was none. Throws as Run().
  const std::vector<ScannedFile>& Files();

  /// Of the last scan, the file with this real path; null: none.
  [[nodiscard]] const ScannedFile* FileAt(const std::string& path) const;

  /// Was the tree larger than a scan looks at?
  [[nodiscard]] bool truncated() const { return truncated_; }

 private:
  std::string root_;
  std::vector<std::string> version_tables_;
  Scanner scanner_;
  std::vector<ScannedFile> files_;
  bool scanned_ = false;
  bool truncated_ = false;
};

}  // namespace drover::environments
