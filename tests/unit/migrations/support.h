// What the tests of migrations/ share: temporary directories, graphs written as text, revisions
// made in memory, and catching an Error to look at it.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "migrations/apply.h"
#include "migrations/checksum.h"
#include "migrations/graph.h"
#include "migrations/native_format.h"
#include "migrations/plan.h"
#include "migrations/sqlite.h"

namespace drover::migrations {

/// A directory of its own, removed with everything in it.
class TempDir final {
 public:
  TempDir() {
    std::string name = (std::filesystem::temp_directory_path() / "drover-test-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) std::abort();
    path_ = name;
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  ~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string operator/(std::string_view name) const {
    return Concat(path_, "/", name);
  }

 private:
  std::string path_;
};

inline void WriteText(const std::string& path, std::string_view text) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
}

inline std::string ReadText(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// The names in a directory, sorted.
inline std::vector<std::string> Names(const std::string& directory) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

/// The Error that `action` throws; the test fails when it throws none.
template <class Action>
Error Caught(Action&& action) {
  try {
    action();
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "nothing was thrown";
  return {Code::kInternal, "nothing", "nothing was thrown"};
}

/// "a, b" of any range of strings.
inline std::string Listed(const std::vector<std::string>& ids) { return Join(ids, ", "); }

/// A revision as if read from "/m/<id>.sql".
inline Revision MakeRevision(std::string id, std::vector<RevisionId> down, std::string up = {},
                             std::string down_sql = {}) {
  Revision revision;
  revision.file = Concat("/m/", id, ".sql");
  revision.id = std::move(id);
  revision.down_revision = std::move(down);
  revision.up = {.sql = std::move(up), .line = 10, .transaction = true};
  revision.down = Script{.sql = std::move(down_sql), .line = 20, .transaction = true};
  revision.up_sha256 = ScriptSha256(revision.up.sql);
  revision.down_sha256 = ScriptSha256(revision.down->sql);
  return revision;
}

/// Revisions from text, in the order in which they are first named. "a <- b" makes a the parent of
/// b, "a <~ b" makes b depend on a: "a <- b <- c; a <- d; b <- m; d <- m; x <~ m".
inline std::vector<Revision> Revisions(std::string_view text) {
  std::vector<Revision> revisions;
  const auto find = [&](const std::string& id) -> Revision& {
    for (Revision& revision : revisions) {
      if (revision.id == id) return revision;
    }
    return revisions.emplace_back(MakeRevision(id, {}));
  };
  for (const std::string& chain : SplitList(text, ';')) {
    std::string lower;
    bool parent = true;
    for (const std::string& word : SplitList(chain, ' ')) {
      if (word == "<-" || word == "<~") {
        parent = word == "<-";
        continue;
      }
      Revision& upper = find(word);
      if (!lower.empty()) (parent ? upper.down_revision : upper.depends_on).push_back(lower);
      lower = word;
    }
  }
  return revisions;
}

inline Graph Build(std::string_view text) { return Graph(Revisions(text)); }

/// "up a, up b": the steps of a plan.
inline std::string Steps(const Plan& plan) {
  std::vector<std::string> names;
  for (const Step& step : plan.steps) {
    names.push_back(Concat(step.direction == Direction::kUp ? "up " : "down ", step.revision.id));
  }
  return Listed(names);
}

/// The rows after each step: "a | b | b, c".
inline std::string RowsAfter(const Plan& plan) {
  std::vector<std::string> rows;
  for (const Step& step : plan.steps) rows.push_back(Listed(step.rows_after));
  return Join(rows, " | ");
}

/// An existing database with the given content.
inline void MakeDatabase(const std::string& path, std::string_view sql) {
  Connection connection(path, OpenMode::kCreate);
  connection.Execute(sql);
}

inline std::string Query(const std::string& path, std::string_view sql) {
  Connection connection(path, OpenMode::kRead);
  return Join(connection.QueryColumn(sql), "|");
}

/// Names and definitions of everything in the schema, one per line.
inline std::string SchemaText(const std::string& path) {
  Connection connection(path, OpenMode::kRead);
  return Join(connection.QueryColumn("SELECT type || ' ' || name || ' ' || coalesce(sql, '') "
                                     "FROM sqlite_schema ORDER BY type, name"),
              "\n");
}

}  // namespace drover::migrations
