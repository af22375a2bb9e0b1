// Doubts about the reading of a URL that names a file on this machine: slashes that were forgotten,
// or another dialect that would lead to a database which exists.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error_documents.h"
#include "environments/files.h"
#include "environments/urls/dialect.h"
#include "environments/urls/url.h"

namespace drover::environments {

struct UrlReading {
  std::string_view text;  // the URL with its variables replaced
  UrlDialect dialect;
  bool is_guessed;          // the dialect
  const DatabaseUrl& url;   // what came out
  const std::string& path;  // absolute: where it leads
  const std::string& root;  // of the project
  const std::string& where;
};

/// The findings url-slashes and url-dialect-unclear. Throws kIo when a path cannot be looked at.
[[nodiscard]] std::vector<Finding> DoubtReading(const UrlReading& reading, Files& files);

/// Where Flask keeps a relative database of an application in `root`.
[[nodiscard]] std::string InstanceFolder(const std::string& root);

}  // namespace drover::environments
