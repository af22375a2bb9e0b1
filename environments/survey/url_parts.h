// Variables that hold only a part of a database's path: the name of a file, while its directory is
// in another variable, or known to the application alone. Asks whether files exist.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error_documents.h"
#include "environments/files.h"
#include "environments/survey/project_files.h"

namespace drover::environments {

/// A variable that has only the name of a database file, while another one, or the place of the
/// file, says that this is not all of its path.
struct UrlPart {
  std::string variable{};
  std::string value{};      // "parts.db"
  std::string where{};      // ".env:2"
  std::string directory{};  // the variable that names a directory; empty: there is none
  std::string likely{};  // the path of the whole, relative to the root or absolute; empty: no idea
};

/// Is the value only the name of a file, without a directory or a scheme?
[[nodiscard]] bool IsBareFileName(std::string_view value);

/// Could the variable be the directory of a database file that another variable names?
[[nodiscard]] bool NamesDirectory(std::string_view variable, std::string_view value);

/// What a bare name is looked at with; all must outlive the call.
struct PartSight {
  const std::string& root;
  const ProjectFiles& project;
  std::span<const std::string>
      usual;  // directories, relative to the root, where the name may be all
};

/// Is the bare name `part.value` only the last part of a path? Either one of `others` (variables
/// beside it and their values, in `directory`) names its directory, or the file lies somewhere in
/// the project, and not where the name alone leads. Then the rest of `part` is filled.
[[nodiscard]] bool CompletePart(UrlPart& part, const std::string& directory,
                                std::span<const std::pair<std::string, std::string>> others,
                                const PartSight& sight, Files& files);

/// The URL of the likely file: "sqlite:///./data/parts.db"; with "…" while there is none.
[[nodiscard]] std::string LikelyUrl(const UrlPart& part);

/// url-in-parts.
[[nodiscard]] std::vector<Finding> FindPartTraps(std::span<const UrlPart> parts,
                                                 const std::string& root);

}  // namespace drover::environments
