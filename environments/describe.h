// Looking into a database file that nobody asked drover to manage: through a private copy, never in
// place. For the scan process only (environments/scan.h says why).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/documents.h"

namespace drover::environments {

/// A directory of our own, mode 0700, removed with everything in it at the end.
class PrivateDirectory final {
 public:
  /// Made under $TMPDIR or /tmp; a $TMPDIR below one of `roots` is not used, since the copies would
  /// be seen as new databases of the project. Throws kIo.
  explicit PrivateDirectory(const std::vector<std::string>& roots);
  PrivateDirectory(const PrivateDirectory&) = delete;
  PrivateDirectory& operator=(const PrivateDirectory&) = delete;
  ~PrivateDirectory();

  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// Main file and -wal together: larger databases are reported without a look inside.
inline constexpr std::uint64_t kLargestDescribed = std::uint64_t{256} << 20U;

/// Fills in version table, revisions, tables and columns of `file`, a database by its header, from
/// a copy of it and its -wal in `directory`. Never throws for a bad database: `file.problem` says
/// what is wrong, and the kind becomes "unreadable" when SQLite cannot make sense of it.
void DescribeDatabase(ScannedFile& file, const std::vector<std::string>& version_tables,
                      const PrivateDirectory& directory);

}  // namespace drover::environments
