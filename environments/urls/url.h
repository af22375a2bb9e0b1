// What a database URL says: which file it names, or memory. Pure: nothing is looked up and no path
// is made absolute. How a text is read depends on who reads it (dialect.h); from the sources of
// SQLAlchemy, Flask-SQLAlchemy 3, dj-database-url, dbmate 2 and SQLite:
//
//                     sqlalchemy, flask     django           dbmate           uri, path
//   sqlite:x.db       refused               refused          x.db             refused
//   sqlite:/x.db      refused               refused          /x.db            refused
//   sqlite://x.db     refused: a host       memory: refused  /x.db            refused
//   sqlite:///x.db    x.db                  x.db             /x.db            refused
//   sqlite:////x.db   /x.db                 /x.db            /x.db            refused
//   sqlite://         memory                memory           refused          refused
//   x.db, /x.db       refused               a path           refused          a path
//   file:x.db         after sqlite:/// and  a URI            after sqlite:    a URI; to path a
//                     with uri=true                                           file's name: refused
//   %20               stays                 decoded in URLs  decoded in       decoded after file:
//                                                            absolute ones
//   ?mode=ro          ignored without uri   refused          ignored          of a file: URI
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error_documents.h"
#include "environments/urls/dialect.h"

namespace drover::environments {

struct DatabaseUrl {
  enum class Kind : std::uint8_t { kFile, kMemory };
  /// Where a relative path begins.
  enum class Base : std::uint8_t { kWorkingDirectory, kInstanceFolder };

  Kind kind = Kind::kFile;
  Base base = Base::kWorkingDirectory;
  std::string path;  // decoded; relative unless it has a '/' in front
  std::string form;  // what decided that: "relative SQLite URL (three slashes)"
  /// memory-database, percent-not-decoded, query-ignored, uri-without-locks, windows-path-on-linux
  std::vector<Finding> findings;

  [[nodiscard]] bool is_absolute() const { return path.starts_with('/'); }
};

/// Parses a URL in which every ${…} is already replaced, as `dialect` reads it. Throws kInvalid at
/// `where`: "url.empty", "url.unsupported" (not SQLite, or a form this dialect does not read),
/// "url.host" (two slashes too few), "url.tilde", "url.here" (%(here)s of alembic.ini),
/// "url.directory", "url.query" (uri=true and file: without each other, or a parameter that the
/// application would refuse), "url.parameter" (of a file: URI), "url.character".
[[nodiscard]] DatabaseUrl ParseUrl(std::string_view text, UrlDialect dialect,
                                   const std::string& where);

}  // namespace drover::environments
