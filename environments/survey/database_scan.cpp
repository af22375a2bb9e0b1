#include "environments/survey/database_scan.h"

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace drover::environments {

DatabaseScan::DatabaseScan(std::string root, std::vector<std::string> version_tables,
                           Scanner scanner)
    : root_(std::move(root)),
      version_tables_(std::move(version_tables)),
      scanner_(std::move(scanner)) {}

void DatabaseScan::Run(const std::vector<std::string>& paths) {
  ScanRequest request;
  request.roots = {root_};
  request.base = root_;
  request.paths = paths;
  for (const std::string& path : paths) request.known_names.push_back(BaseName(path));
  request.version_tables = version_tables_;
  ScanResult found = scanner_(request);
  files_ = std::move(found.files);
  scanned_ = true;
  truncated_ |= found.truncated;
}

const std::vector<ScannedFile>& DatabaseScan::Files() {
  if (!scanned_) Run({});
  return files_;
}

const ScannedFile* DatabaseScan::FileAt(const std::string& path) const {
  const auto found = std::ranges::find(files_, path, &ScannedFile::path);
  return found == files_.end() ? nullptr : &*found;
}

}  // namespace drover::environments
