#include "environments/survey/migration_folders.h"

#include <algorithm>
#include <functional>
#include <map>
#include <string_view>

#include "base/error.h"
#include "base/posix.h"
#include "base/text.h"
#include "environments/survey/python_source.h"

namespace drover::environments {
namespace {

/// So many files of a folder are read before it counts as nobody's.
constexpr int kTries = 3;
constexpr std::uint64_t kLargestMigration = std::uint64_t{1} << 20U;
constexpr std::string_view kNumbers = "0123456789";

std::size_t LeadingDigits(std::string_view name) {
  return std::min(name.find_first_not_of(kNumbers), name.size());
}

bool HasLine(std::string_view text, std::string_view beginning) {
  return std::ranges::any_of(SplitLines(text), [&](std::string_view line) {
    return ToLower(Trim(line)).starts_with(beginning);
  });
}

/// "V1.2__create.sql", "R__views.sql".
bool IsFlywayName(std::string_view name) {
  const std::size_t separator = name.find("__");
  if (separator == std::string_view::npos) return false;
  if (name.starts_with("R__")) return true;
  return (name.starts_with('V') || name.starts_with('U')) && separator > 1 &&
         name.substr(1, separator - 1).find_first_not_of("0123456789._") == std::string_view::npos;
}

class MigrationFinder final {
 public:
  MigrationFinder(const std::string& root, const ProjectFiles& project, Files& files)
      : root_(root), project_(project), files_(files) {}

  std::vector<SurveyMigrations> Find() {
    for (const ProjectDirectory& directory : project_.directories) {
      Sql(directory);
      Python(directory);
      Rails(directory);
    }
    std::ranges::stable_sort(found_, [](const auto& a, const auto& b) {
      return std::pair(!a.usable, a.directory) < std::pair(!b.usable, b.directory);
    });
    return std::move(found_);
  }

 private:
  using Name = std::function<bool(std::string_view)>;

  void Add(std::string format, std::string directory, std::size_t count) {
    const auto same = [&](const SurveyMigrations& each) {
      return each.format == format && each.directory == directory;
    };
    if (const auto known = std::ranges::find_if(found_, same); known != found_.end()) {
      known->files += static_cast<std::int64_t>(count);
      return;
    }
    const bool usable = format == "native";
    found_.push_back({.format = std::move(format),
                      .directory = std::move(directory),
                      .files = static_cast<std::int64_t>(count),
                      .usable = usable});
  }

  static std::vector<std::string> Select(const ProjectDirectory& directory, const Name& wanted) {
    std::vector<std::string> names;
    std::ranges::copy_if(directory.files, std::back_inserter(names), wanted);
    return names;
  }

  /// The text of a small file; empty for any other.
  std::string Read(const ProjectDirectory& directory, const std::string& name) {
    const std::string path = AbsolutePath(Below(directory.path, name), root_);
    try {
      const auto status = files_.Stat(path);
      if (!status || status->type != FileType::kRegular || status->size > kLargestMigration) {
        return {};
      }
      return files_.Read(path).value_or("");
    } catch (const Error&) {
      return {};  // one that may not be read decides nothing
    }
  }

  bool AnyOf(const ProjectDirectory& directory, const std::vector<std::string>& names,
             const std::function<bool(const std::string& text)>& test) {
    for (std::size_t i = 0; i < names.size() && i < kTries; ++i) {
      if (test(Read(directory, names[i]))) return true;
    }
    return false;
  }

  void Sql(const ProjectDirectory& directory) {
    const auto scripts =
        Select(directory, [](std::string_view name) { return name.ends_with(".sql"); });
    if (scripts.empty()) return;
    if (scripts.size() == 1 && scripts.front() == "migration.sql") {
      Add("prisma", DirectoryName("/" + directory.path).substr(1), 1);
      return;
    }
    const auto flyway = Select(directory, [](std::string_view name) {
      return name.ends_with(".sql") && IsFlywayName(name);
    });
    if (!flyway.empty()) return Add("flyway", directory.path, flyway.size());
    const auto up = Select(directory, [](std::string_view name) {
      return name.ends_with(".up.sql") && LeadingDigits(name) > 0;
    });
    if (!up.empty()) return Add("golang-migrate", directory.path, up.size());
    const auto begins = [](std::string_view line) {
      return [line](const std::string& text) { return HasLine(text, line); };
    };
    if (AnyOf(directory, scripts, [](const std::string& text) {
          return HasLine(text, "-- revision:") && HasLine(text, "-- migrate:up");
        })) {
      Add("native", directory.path, scripts.size());
    } else if (AnyOf(directory, scripts, begins("-- +goose up"))) {
      Add("goose", directory.path, scripts.size());
    } else if (AnyOf(directory, scripts, begins("-- migrate:up"))) {
      Add("dbmate", directory.path, scripts.size());
    }
  }

  void Python(const ProjectDirectory& directory) {
    const auto sources = Select(directory, [](std::string_view name) {
      return name.ends_with(".py") && !name.starts_with("__") && name != "env.py";
    });
    if (sources.empty()) return;
    if (directory.path == "versions" || directory.path.ends_with("/versions")) {
      if (AnyOf(directory, sources, [](const std::string& text) {
            return ReadPythonSource(text).is_alembic_revision;
          })) {
        Add("alembic", directory.path, sources.size());
      }
    } else if (directory.path == "migrations" || directory.path.ends_with("/migrations")) {
      if (AnyOf(directory, sources, [](const std::string& text) {
            return ReadPythonSource(text).is_django_migration;
          })) {
        Add("django", directory.path, sources.size());
      }
    }
  }

  void Rails(const ProjectDirectory& directory) {
    if (directory.path != "db/migrate" && !directory.path.ends_with("/db/migrate")) return;
    const auto sources = Select(directory, [](std::string_view name) {
      return name.ends_with(".rb") && LeadingDigits(name) == 14;
    });
    if (!sources.empty()) Add("rails", directory.path, sources.size());
  }

  const std::string& root_;
  const ProjectFiles& project_;
  Files& files_;
  std::vector<SurveyMigrations> found_;
};

}  // namespace

std::vector<SurveyMigrations> FindMigrations(const std::string& root, const ProjectFiles& project,
                                             Files& files) {
  return MigrationFinder(root, project, files).Find();
}

}  // namespace drover::environments
