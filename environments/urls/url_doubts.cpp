#include "environments/urls/url_doubts.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "environments/hazards.h"

namespace drover::environments {
namespace {

// First components that make "three slashes" suspicious: nobody has a project folder called home.
constexpr std::array<std::string_view, 10> kRootNames{"Users", "etc", "home", "mnt", "opt",
                                                      "root",  "srv", "tmp",  "usr", "var"};

void DoubtSlashes(const UrlReading& reading, Files& files, std::vector<Finding>& findings) {
  const std::string& text = reading.url.path;
  if (reading.dialect == UrlDialect::kUri || reading.dialect == UrlDialect::kPath) {
    return;  // no slashes to count
  }
  if (reading.dialect == UrlDialect::kDbmate) {
    if (reading.text.find("://") == std::string_view::npos) return;
    const std::string relative = text.substr(1);
    if (files.Stat(reading.path) || !files.Stat(AbsolutePath(relative, reading.root))) return;
    findings.push_back(MakeFinding(
        "url-slashes",
        Concat("to dbmate \"", Excerpt(reading.text, 60), "\" is the absolute ", reading.path,
               ", which is missing; ", relative, " in the project is there"),
        reading.where, Concat("sqlite:", relative)));
    return;
  }
  if (reading.url.is_absolute() || text.starts_with(".")) return;
  const std::string first = text.substr(0, text.find('/'));
  const std::string absolute = AbsolutePath(text, "/");
  const bool root_name = first.size() < text.size() &&
                         std::find(kRootNames.begin(), kRootNames.end(), first) != kRootNames.end();
  const bool other_exists = !files.Stat(reading.path) && files.Stat(absolute).has_value();
  if (!root_name && !other_exists) return;
  if (files.Stat(AbsolutePath(first, reading.root)) && !other_exists) return;
  findings.push_back(MakeFinding("url-slashes",
                                 Concat("\"", text,
                                        "\" is relative to the project root; an absolute path "
                                        "needs four slashes: sqlite:///",
                                        absolute),
                                 reading.where, Concat("sqlite:///", absolute)));
}

/// Flask-SQLAlchemy and whatever reads the same URL without it (Alembic, a script) part at this
/// point.
void DoubtDialect(const UrlReading& reading, Files& files, std::vector<Finding>& findings) {
  const bool flask = reading.dialect == UrlDialect::kFlask;
  if (!reading.is_guessed || reading.url.is_absolute() ||
      (!flask && reading.dialect != UrlDialect::kSqlalchemy)) {
    return;
  }
  const UrlDialect other = flask ? UrlDialect::kSqlalchemy : UrlDialect::kFlask;
  const std::string there =
      AbsolutePath(reading.url.path, flask ? reading.root : InstanceFolder(reading.root));
  if (files.Stat(reading.path) || !files.Stat(there)) return;
  findings.push_back(
      MakeFinding("url-dialect-unclear",
                  Concat(RelativeTo(reading.path, reading.root), " is missing, but read as ",
                         DialectName(other), " does the URL names ",
                         RelativeTo(there, reading.root), ", which is there"),
                  reading.where, Concat("url_dialect: ", DialectName(other)), Ground::kInferred));
}

}  // namespace

std::vector<Finding> DoubtReading(const UrlReading& reading, Files& files) {
  std::vector<Finding> findings;
  DoubtSlashes(reading, files, findings);
  DoubtDialect(reading, files, findings);
  return findings;
}

std::string InstanceFolder(const std::string& root) { return AbsolutePath("instance", root); }

}  // namespace drover::environments
