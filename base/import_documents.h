// What is said about leaving Alembic: the document of `drover import`, and what Alembic's Python
// tells of the statements that it executes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error_documents.h"

namespace drover {

/// A line of Python for which no SQL can stand.
struct ImportedCode {
  std::string where;  // "backend/alembic/versions/x.py:12"
  std::string text;   // the line, or the SQL that it had executed and that is left out
  bool rows = false;  // it reads or writes rows: always true
  static constexpr void Fields(auto&& field) {
    field("where", &ImportedCode::where);
    field("text", &ImportedCode::text);
    field("rows", &ImportedCode::rows);
  }
  bool operator==(const ImportedCode&) const = default;
};

struct ImportedRevision {
  std::string revision;
  std::string message;
  std::string source;                    // Alembic's file
  std::string file;                      // the native one
  std::string up;                        // sql | partial | nothing
  std::string down;                      // sql | partial | nothing | none
  bool equal = false;                    // replaying the file does what Alembic does
  std::vector<std::string> differences;  // why not
  std::vector<ImportedCode> data_code;   // not translated
  std::vector<std::string> notes;        // what else a reader should know
  static constexpr void Fields(auto&& field) {
    field("revision", &ImportedRevision::revision);
    field("message", &ImportedRevision::message);
    field("source", &ImportedRevision::source);
    field("file", &ImportedRevision::file);
    field("up", &ImportedRevision::up);
    field("down", &ImportedRevision::down);
    field("equal", &ImportedRevision::equal);
    field("differences", &ImportedRevision::differences);
    field("data_code", &ImportedRevision::data_code);
    field("notes", &ImportedRevision::notes);
  }
};

/// A line that daemon/alembic_hook/sitecustomize.py writes.
struct AlembicTraceLine {
  std::string kind;      // begin | statement | elsewhere | asked | failed | commit | rollback | …
  std::string sql;       // with the values of its parameters in their places
  bool exact = true;     // these are the very values
  bool derived = false;  // one of them is the id of a row that was inserted before
  bool pending = false;  // a transaction was open when it was done
  std::int64_t connection = 0;
  std::string file;  // of the revision that has it executed; empty: Alembic, or env.py
  std::int64_t line = 0;
  static constexpr void Fields(auto&& field) {
    field("kind", &AlembicTraceLine::kind);
    field("sql", &AlembicTraceLine::sql);
    field("exact", &AlembicTraceLine::exact);
    field("derived", &AlembicTraceLine::derived);
    field("pending", &AlembicTraceLine::pending);
    field("connection", &AlembicTraceLine::connection);
    field("file", &AlembicTraceLine::file);
    field("line", &AlembicTraceLine::line);
  }
  bool operator==(const AlembicTraceLine&) const = default;
};

/// The `migrations:` of drover.yaml.
struct ImportedConfig {
  std::string file;     // drover.yaml
  std::string before;   // the lines as they are; empty: not found
  std::string after;    // the lines as they must be
  std::string problem;  // why drover does not change them itself; empty: it can
  bool changed = false;
  static constexpr void Fields(auto&& field) {
    field("file", &ImportedConfig::file);
    field("before", &ImportedConfig::before);
    field("after", &ImportedConfig::after);
    field("problem", &ImportedConfig::problem);
    field("changed", &ImportedConfig::changed);
  }
};

/// The answer of `import`.
struct ImportDocument {
  int v = 1;
  std::string directory;  // where the files are, or would be
  bool written = false;
  bool equal = false;  // all files together make what Alembic makes, schema and rows
  std::vector<ImportedRevision> revisions;  // parents first
  std::vector<std::string> differences;     // of the whole
  ImportedConfig config;
  std::string message;             // one sentence
  std::optional<ErrorBody> error;  // why nothing was written; null: it was, or only a preview
  std::int64_t duration_ms = 0;
  static constexpr void Fields(auto&& field) {
    field("v", &ImportDocument::v);
    field("directory", &ImportDocument::directory);
    field("written", &ImportDocument::written);
    field("equal", &ImportDocument::equal);
    field("revisions", &ImportDocument::revisions);
    field("differences", &ImportDocument::differences);
    field("config", &ImportDocument::config);
    field("message", &ImportDocument::message);
    field("error", &ImportDocument::error);
    field("duration_ms", &ImportDocument::duration_ms);
  }
};

}  // namespace drover
