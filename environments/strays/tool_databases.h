// Databases of other tools: browsers, editors, test and build caches, tile sets. They lie about in
// many projects and are nobody's trouble. Pure.
#pragma once

#include <string>

#include "base/stray_documents.h"

namespace drover::environments {

/// Whose database it is ("Firefox", "coverage.py"), by its application id, its tables or its name;
/// empty when it is none that we know. A name alone decides only where nothing else could.
[[nodiscard]] std::string ToolOf(const ScannedFile& file);

/// Is it called like a copy that somebody keeps: *.bak, *.orig, *~, "app-20260301.db"?
[[nodiscard]] bool HasBackupName(const std::string& path);

/// Does it belong to a test suite: "test*.db" or "*_test.sqlite3" and the like below a directory
/// called "test" or "tests"? `path` is relative to the project.
[[nodiscard]] bool HasTestName(const std::string& path);

}  // namespace drover::environments
