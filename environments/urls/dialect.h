// Which library reads a database URL: the same text names different files in different ones. Said
// by `url_dialect` in drover.yaml, or guessed from the scheme and the project's files.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "environments/files.h"

namespace drover::environments {

/// What each reads, and where a relative path begins (url.h has the details):
///
///   sqlalchemy  sqlite:///relative, sqlite:////absolute      the working directory
///   flask       the same, by Flask-SQLAlchemy                Flask's instance folder
///   django      NAME, or a URL by dj-database-url            the working directory
///   dbmate      sqlite:relative, sqlite:/absolute            the working directory
///   uri         file:relative, file:///absolute, a path      the working directory
///   path        a path, whatever it looks like               the working directory
enum class UrlDialect : std::uint8_t { kSqlalchemy, kFlask, kDjango, kDbmate, kUri, kPath };

/// In the order of the enumeration, as drover.yaml and JSON spell them.
[[nodiscard]] std::span<const std::string_view> DialectNames();
[[nodiscard]] std::string_view DialectName(UrlDialect dialect);

/// The scheme of "scheme:rest", as it is written; empty when there is none. One letter is a drive.
[[nodiscard]] std::string_view SchemeOf(std::string_view text);

struct DialectChoice {
  UrlDialect dialect = UrlDialect::kSqlalchemy;
  std::string reason;  // "guessed: the scheme file:"
};

/// Guesses from `url`, in which every ${…} is replaced: a driver in the scheme is SQLAlchemy's,
/// `file:` is a URI, a text without scheme is a path, `sqlite3:` and `sqlite:` without // are
/// dbmate's. What is left, `sqlite://…`, is decided by the files in `root`: requirements that name
/// Flask-SQLAlchemy, Django's manage.py, a db/schema.sql that dbmate wrote; else it is SQLAlchemy.
/// Throws kIo for such a file that cannot be read.
[[nodiscard]] DialectChoice GuessDialect(std::string_view url, const std::string& root,
                                         Files& files);

}  // namespace drover::environments
