#include "migrations/alembic/native_file.h"

#include <algorithm>
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

std::string LeftOutComment(const ImportedScript& script) {
  if (script.left_out.empty()) return {};
  return CommentLines("NOT TRANSLATED: Python that reads or writes rows:", script.left_out);
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

std::string NativeStem(const Revision& revision) {
  std::string stem = revision.id;
  std::ranges::replace(stem, '/', '_');
  if (stem.starts_with('.')) stem.front() = '_';
  const std::string slug = Slug(revision.message);
  return Concat(stem, slug.empty() ? "" : "_", slug);
}

}  // namespace

std::string_view OriginName(ScriptOrigin origin) {
  constexpr std::array<std::string_view, 4> kNames{"nothing", "sql", "partial", "none"};
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
  up += LeftOutComment(imported.up);
  up += imported.up.sql;
  if (imported.up.sql.empty() && !is_merge) up += "SELECT 1;  -- there is nothing else to do\n";
  made.up.sql = std::move(up);
  if (imported.down.origin != ScriptOrigin::kNone) {
    made.down.emplace().sql = Concat(LeftOutComment(imported.down), imported.down.sql);
  }
  return made;
}

std::string NativeFileName(const Revision& revision) {
  return Concat(NativeStem(revision), ".sql");
}

std::string FreeNativeFileName(const Revision& revision, std::set<std::string>& taken) {
  const std::string stem = NativeStem(revision);
  std::string name = Concat(stem, ".sql");
  for (int number = 2; !taken.insert(ToLower(name)).second; ++number) {
    name = Concat(stem, "_", number, ".sql");
  }
  return name;
}

}  // namespace drover::migrations
