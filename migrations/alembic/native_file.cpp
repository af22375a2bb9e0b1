#include "migrations/alembic/native_file.h"

#include <array>

#include "base/error.h"
#include "base/text.h"
#include "migrations/native_format.h"

namespace drover::migrations {
namespace {

/// As lines of comment.
std::string CommentLines(std::string_view lead, const std::vector<std::string>& items) {
  std::string text = Concat("-- ", lead, "\n");
  for (const std::string& item : items) text += Concat("--   ", OneLine(item), "\n");
  return text;
}

std::string DataCodeComment(const ImportedFile& imported, bool in_downgrade) {
  std::vector<std::string> items;
  bool rows = false;
  for (const DataCodeLine& each : imported.data_code) {
    if (each.in_downgrade != in_downgrade) continue;
    items.push_back(Concat(imported.source, ":", each.line, "  ", each.text));
    rows |= each.kind == DataCodeLine::Kind::kRows;
  }
  if (items.empty()) return {};
  return CommentLines(rows ? "NOT TRANSLATED: Python that reads or writes rows:"
                           : "Python that asks the database; below is what it does to a new one:",
                      items);
}

void CheckSections(const ImportedFile& imported, std::string_view sql) {
  if (!HasSectionLine(sql)) return;
  throw Error(
      Code::kInvalid, "import.section_line",
      Concat("revision ", imported.revision.id,
             " has SQL with a line that begins with \"-- migrate:\", which begins a section "
             "of a migration file"),
      "change that line of the revision", Concat(imported.source, ":1:1"));
}

std::string RecordedComment(const ImportedScript& script) {
  if (script.origin != ScriptOrigin::kRecorded) return {};
  return "-- Alembic gives up on writing this as SQL: planned from the schemas before and after "
         "it.\n";
}

}  // namespace

std::string_view OriginName(ScriptOrigin origin) {
  constexpr std::array<std::string_view, 4> kNames{"nothing", "sql", "recorded", "none"};
  return kNames.at(static_cast<std::size_t>(origin));
}

Revision MakeNative(const ImportedFile& imported) {
  const Revision& old = imported.revision;
  CheckSections(imported, imported.up.sql);
  CheckSections(imported, imported.down.sql);
  Revision made;
  made.id = old.id;
  made.down_revision = old.down_revision;
  made.depends_on = old.depends_on;
  made.branch_labels = old.branch_labels;
  made.message = OneLine(old.message);
  made.created = old.created;
  made.draft = !imported.differences.empty();
  const bool is_merge = old.down_revision.size() > 1;
  std::string up = Concat("-- Imported from ", imported.source, ".\n");
  if (made.draft) {
    up += CommentLines("NOT PROVEN EQUAL to what Alembic does:", imported.differences);
  }
  up += DataCodeComment(imported, false);
  up += RecordedComment(imported.up);
  up += imported.up.sql;
  if (imported.up.sql.empty() && !is_merge) up += "SELECT 1;  -- there is nothing else to do\n";
  made.up.sql = std::move(up);
  if (imported.down.origin != ScriptOrigin::kNone) {
    made.down.emplace().sql =
        Concat(DataCodeComment(imported, true), RecordedComment(imported.down), imported.down.sql);
  }
  return made;
}

std::string NativeFileName(const Revision& revision) {
  const std::string slug = Slug(revision.message);
  return Concat(revision.id, slug.empty() ? "" : "_", slug, ".sql");
}

}  // namespace drover::migrations
