// The sentence that tells about a stray, and the command to type next. Facts first, each with its
// ground; never "X did it" unless /proc said so. Pure.
#pragma once

#include <cstddef>
#include <string>

#include "base/stray_documents.h"

namespace drover::environments {

struct KnownDatabase;

/// What the judgement found out beyond what the entry itself says.
struct StrayFacts {
  std::string root;                          // of the project: paths below it are shown relative
  const KnownDatabase* reference = nullptr;  // the environment that the file was compared with
  std::size_t behind = 0;                    // revisions that the environment has and the file not
  std::size_t ahead = 0;                     // the other way round
  std::string unknown_revision;              // one that no migration here defines
  bool schema_differs = false;               // at the same revision
  std::string tool{};                        // whose database it is, when that is known
};

/// One factual sentence, lower case, without the path itself and without a full stop.
[[nodiscard]] std::string DescribeStray(const StrayEntry& entry, const ScannedFile& file,
                                        const StrayFacts& facts);

/// The next command. A file that somebody has open is to be traced, one that may hold data found
/// nowhere else to be compared; only one that certainly holds nothing new is put away.
[[nodiscard]] std::string FixFor(const StrayEntry& entry, const ScannedFile& file);

}  // namespace drover::environments
