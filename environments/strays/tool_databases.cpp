#include "environments/strays/tool_databases.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/posix.h"
#include "base/text.h"

namespace drover::environments {
namespace {

struct ApplicationId {
  std::int64_t id;
  std::string_view tool;
};

/// From the list that SQLite's authors keep for file(1) (magic.txt in their source), and what the
/// programs themselves document.
constexpr std::array kApplicationIds{
    ApplicationId{0x0f055112, "Fossil"},     ApplicationId{0x0f055113, "Fossil"},
    ApplicationId{0x0f055111, "Fossil"},     ApplicationId{0x42654462, "Bentley"},
    ApplicationId{0x42654c6e, "Bentley"},    ApplicationId{0x47504b47, "GeoPackage"},
    ApplicationId{0x47503130, "GeoPackage"}, ApplicationId{0x47503131, "GeoPackage"},
    ApplicationId{0x45737269, "Esri"},       ApplicationId{0x4d504258, "MBTiles"},
    ApplicationId{0x6a035744, "TeXnicard"},  ApplicationId{0x5f4d544e, "Monotone"},
};

struct TableSet {
  std::string_view tables;  // all of them, separated by spaces
  std::string_view tool;
};

constexpr std::array kTableSets{
    TableSet{"moz_places moz_historyvisits", "Firefox"},
    TableSet{"moz_cookies", "Firefox"},
    TableSet{"coverage_schema file meta", "coverage.py"},
    TableSet{"environment file_fp test_execution", "testmon"},
    TableSet{"history sessions output_history", "IPython"},
    TableSet{"files2 deps", "mypy"},
    TableSet{"ItemTable", "VS Code"},
    TableSet{"visits urls keyword_search_terms", "Chrome"},
    TableSet{"cookies meta", "Chrome"},
    TableSet{"autofill logins", "Chrome"},
    TableSet{"experiments runs latest_metrics", "MLflow"},
    TableSet{"studies trials study_directions", "Optuna"},
    TableSet{"dag dag_run task_instance", "Airflow"},
    TableSet{"metadata tiles", "MBTiles"},
    TableSet{"tiles map images metadata", "MBTiles"},
    TableSet{"_cf_KV", "Cloudflare Workers"},
    TableSet{"_mf_objects", "Cloudflare Workers"},
    TableSet{"kv_store workspaces", "Zed"},
    TableSet{"ss_jobs", "huey"},
    TableSet{"WC_LOCK NODES REPOSITORY", "Subversion"},
    TableSet{"nssPublic", "NSS"},
    TableSet{"nssPrivate metaData", "NSS"},
    TableSet{"Cache settings", "diskcache"},
};

struct ToolName {
  std::string_view name;  // a whole base name
  std::string_view tool;
};

/// Names so particular that nothing else bears them.
constexpr std::array kToolNames{
    ToolName{".coverage", "coverage.py"},
    ToolName{".testmondata", "testmon"},
    ToolName{"places.sqlite", "Firefox"},
    ToolName{"cookies.sqlite", "Firefox"},
    ToolName{"favicons.sqlite", "Firefox"},
    ToolName{"key4.db", "NSS"},
    ToolName{"cert9.db", "NSS"},
    ToolName{"Web Data", "Chrome"},
    ToolName{"state.vscdb", "VS Code"},
    ToolName{"celerybeat-schedule.db", "Celery"},
    ToolName{"history.sqlite", "IPython"},
    ToolName{"mlflow.db", "MLflow"},
    ToolName{"airflow.db", "Airflow"},
    ToolName{".nbgrader.db", "nbgrader"},
    ToolName{"nbsignatures.db", "Jupyter"},
    ToolName{"Thumbs.db", "Windows"},
    ToolName{"optuna.db", "Optuna"},
    ToolName{"state.vscdb.backup", "VS Code"},
};

/// Eight digits that read as a date, as in "app-20260301.db" or "app_2026-03-01".
bool HasDate(std::string_view name) {
  std::string digits;
  for (std::size_t i = 0; i <= name.size(); ++i) {
    const char c = i < name.size() ? name[i] : ' ';
    if (std::isdigit(static_cast<unsigned char>(c)) != 0) {
      digits.push_back(c);
      continue;
    }
    if (c == '-' && (digits.size() == 4 || digits.size() == 6)) continue;
    if (digits.size() == 8 || digits.size() == 14) {
      const auto year = ParseInteger(std::string_view(digits).substr(0, 4));
      const auto month = ParseInteger(std::string_view(digits).substr(4, 2));
      if (year >= 1990 && year < 2100 && month >= 1 && month <= 12) return true;
    }
    digits.clear();
  }
  return false;
}

}  // namespace

std::string ToolOf(const ScannedFile& file) {
  for (const ApplicationId& each : kApplicationIds) {
    if (file.application_id != 0 && file.application_id == each.id) return std::string(each.tool);
  }
  for (const TableSet& set : kTableSets) {
    const std::vector<std::string> wanted = SplitList(set.tables, ' ');
    const bool all = std::ranges::all_of(wanted, [&file](const std::string& table) {
      return std::ranges::find(file.tables, table) != file.tables.end();
    });
    if (all) return std::string(set.tool);
  }
  const std::string name = BaseName(file.path);
  for (const ToolName& each : kToolNames) {
    if (name == each.name) return std::string(each.tool);
  }
  return name.starts_with(".coverage.") ? "coverage.py" : "";
}

bool HasBackupName(const std::string& path) {
  const std::string name = ToLower(BaseName(path));
  static constexpr std::array kSuffixes = {std::string_view(".bak"),    std::string_view(".orig"),
                                           std::string_view("~"),       std::string_view(".old"),
                                           std::string_view(".backup"), std::string_view(".save")};
  if (std::ranges::any_of(kSuffixes,
                          [&name](std::string_view each) { return name.ends_with(each); })) {
    return true;
  }
  static constexpr std::array kInfixes = {std::string_view(".bak."), std::string_view(".orig."),
                                          std::string_view(".backup."), std::string_view(".old.")};
  return HasDate(name) || std::ranges::any_of(kInfixes, [&name](std::string_view each) {
           return name.find(each) != std::string::npos;
         });
}

bool HasTestName(const std::string& path) {
  const std::vector<std::string> parts = SplitList(path, '/');
  if (parts.empty()) return false;
  const std::string name = ToLower(parts.back());
  const bool called = name.starts_with("test") || name.find("_test.") != std::string::npos ||
                      name.find("-test.") != std::string::npos;
  return called && std::ranges::any_of(parts.begin(), parts.end() - 1, [](const std::string& each) {
           return each == "test" || each == "tests";
         });
}

}  // namespace drover::environments
