#include "environments/urls/dialect.h"

#include <array>
#include <cstddef>
#include <optional>

#include "base/text.h"

namespace drover::environments {
namespace {

constexpr std::array<std::string_view, 6> kDialectNames{"sqlalchemy", "flask", "django",
                                                        "dbmate",     "uri",   "path"};

constexpr std::array<std::string_view, 5> kRequirements{"requirements.txt", "pyproject.toml",
                                                        "Pipfile", "setup.cfg", "setup.py"};

/// No file that says what a project uses is larger.
constexpr std::uint64_t kLargestEvidence = std::uint64_t{1} << 20U;

/// The text of a regular file of moderate size in the project; empty when there is none.
std::string Evidence(std::string_view name, const std::string& root, Files& files) {
  const std::string path = AbsolutePath(name, root);
  const std::optional<FileStatus> status = files.Stat(path);
  const bool usable = !status || (status->type == FileType::kRegular &&  //
                                  status->size <= kLargestEvidence);
  // Asked for even when it is missing, so that its appearance is noticed.
  return usable ? files.Read(path).value_or("") : std::string();
}

/// "requirements.txt:3" of the first line that names Flask-SQLAlchemy; empty when none does.
std::string NamesFlask(const std::string& root, Files& files) {
  for (const std::string_view name : kRequirements) {
    const std::string text = ToLower(Evidence(name, root, files));
    std::size_t number = 0;
    for (const std::string_view line : SplitLines(text)) {
      ++number;
      const std::string_view code = line.substr(0, line.find('#'));
      if (code.find("flask-sqlalchemy") != std::string_view::npos ||
          code.find("flask_sqlalchemy") != std::string_view::npos) {
        return Concat(name, ":", number);
      }
    }
  }
  return {};
}

}  // namespace

std::span<const std::string_view> DialectNames() { return kDialectNames; }

std::string_view DialectName(UrlDialect dialect) {
  return kDialectNames[static_cast<std::size_t>(dialect)];
}

std::string_view SchemeOf(std::string_view text) {
  const std::size_t end =
      text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+.-_");
  if (end == std::string_view::npos || end < 2 || text[end] != ':' || !IsLetter(text.front())) {
    return {};
  }
  return text.substr(0, end);
}

DialectChoice GuessDialect(std::string_view url, const std::string& root, Files& files) {
  const std::string_view text = Trim(url);
  const std::string scheme = ToLower(SchemeOf(text));
  if (scheme.empty()) {
    return {.dialect = UrlDialect::kPath, .reason = "guessed: it has no scheme"};
  }
  if (scheme == "file") {
    return {.dialect = UrlDialect::kUri, .reason = "guessed: the scheme file:"};
  }
  if (scheme == "sqlite3") {
    return {.dialect = UrlDialect::kDbmate, .reason = "guessed: the scheme sqlite3:"};
  }
  if (scheme == "sqlite" && !text.substr(scheme.size() + 1).starts_with("//")) {
    return {.dialect = UrlDialect::kDbmate, .reason = "guessed: there is no // after sqlite:"};
  }
  // Flask-SQLAlchemy treats these two schemes alike, and leaves other drivers to SQLAlchemy.
  if (scheme == "sqlite" || scheme == "sqlite+pysqlite") {
    if (const std::string line = NamesFlask(root, files); !line.empty()) {
      return {.dialect = UrlDialect::kFlask,
              .reason = Concat("guessed: ", line, " names Flask-SQLAlchemy")};
    }
  }
  if (const std::size_t plus = scheme.find('+'); plus != std::string::npos) {
    return {.dialect = UrlDialect::kSqlalchemy,
            .reason = Concat("guessed: the driver in ", Excerpt(scheme, 40), ":")};
  }
  if (scheme == "sqlite") {
    if (Evidence("manage.py", root, files).find("DJANGO_SETTINGS_MODULE") != std::string::npos) {
      return {.dialect = UrlDialect::kDjango, .reason = "guessed: manage.py is Django's"};
    }
    if (Evidence("db/schema.sql", root, files).find("-- Dbmate schema migrations") !=
        std::string::npos) {
      return {.dialect = UrlDialect::kDbmate,
              .reason = "guessed: db/schema.sql was written by dbmate"};
    }
  }
  return {.dialect = UrlDialect::kSqlalchemy,
          .reason = "guessed: no file of the project names another"};
}

}  // namespace drover::environments
