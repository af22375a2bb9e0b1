#include "migrations/edits.h"

#include <algorithm>

#include "base/text.h"
#include "migrations/text_diff.h"

namespace drover::migrations {
namespace {

using Ids = std::vector<RevisionId>;

bool SameSet(Ids a, Ids b) {
  std::ranges::sort(a);
  std::ranges::sort(b);
  return a == b;
}

std::string Listed(const Ids& ids) { return ids.empty() ? "none" : Join(ids, ", "); }

struct Noun {
  std::string_view one;
  std::string_view many;
};

/// "its parent was a when it was applied, the file now says b"
void CompareLists(const Noun& what, const Ids& then, const Ids& now, Edit& edit) {
  if (SameSet(then, now)) return;
  edit.changes.push_back(Concat("its ", then.size() > 1 ? what.many : what.one,
                                then.size() > 1 ? " were " : " was ", Listed(then),
                                " when it was applied, the file now says ", Listed(now)));
}

void CompareSections(const Revision& file, const AppliedRecord& record, Edit& edit) {
  if (!record.up_sha256.empty() && record.up_sha256 != file.up_sha256) {
    edit.changes.emplace_back("its up section is another");
  }
  if (record.up_sha256.empty() || record.down_sha256 == file.down_sha256) return;
  if (record.down_sha256.empty()) {
    edit.changes.emplace_back("it had no down section when it was applied");
  } else if (file.down_sha256.empty()) {
    edit.changes.emplace_back("its down section is gone");
  } else {
    edit.changes.emplace_back("its down section is another");
  }
}

void CompareTransaction(std::string_view section, bool then, bool now, Edit& edit) {
  if (then == now) return;
  edit.changes.push_back(Concat("its ", section, " section ran ", then ? "in" : "without",
                                " a transaction when it was applied, the file now says ",
                                now ? "otherwise" : "transaction:false"));
}

std::string SectionText(std::string_view name, const Script& script) {
  std::string text =
      Concat("-- migrate:", name, script.transaction ? "" : " transaction:false", "\n", script.sql);
  if (!text.ends_with('\n')) text.push_back('\n');
  return text;
}

/// Only what is compared, in one order, so that nothing else shows up in a diff.
std::string ComparedText(const Revision& revision) {
  std::string text = Concat("-- down_revision: ", Listed(revision.down_revision), "\n");
  if (!revision.depends_on.empty()) {
    text += Concat("-- depends_on: ", Listed(revision.depends_on), "\n");
  }
  if (!revision.branch_labels.empty()) {
    text += Concat("-- branch_labels: ", Listed(revision.branch_labels), "\n");
  }
  text += Concat("-- message: ", revision.message, "\n", SectionText("up", revision.up));
  if (revision.down) text += SectionText("down", *revision.down);
  return text;
}

}  // namespace

std::string_view EditKindName(EditKind kind) {
  return kind == EditKind::kModified ? "modified" : "reformatted";
}

std::optional<Edit> FindEdit(const Revision& file, const AppliedRecord& record) {
  if (!record.applied()) return std::nullopt;
  Edit edit{.revision = file.id, .kind = EditKind::kModified, .moved = false, .changes = {}};
  CompareLists({"parent", "parents"}, record.down_revision, file.down_revision, edit);
  CompareLists({"dependency", "dependencies"}, record.depends_on, file.depends_on, edit);
  edit.moved = !edit.changes.empty();
  if (record.complete) {
    CompareLists({"branch label", "branch labels"}, record.directives.branch_labels,
                 file.branch_labels, edit);
  }
  CompareSections(file, record, edit);
  CompareTransaction("up", record.directives.up_transaction, file.up.transaction, edit);
  if (file.down && !record.down_sha256.empty()) {
    CompareTransaction("down", record.directives.down_transaction, file.down->transaction, edit);
  }
  if (file.format == Format::kAlembic && record.raw_sha256 != file.raw_sha256) {
    edit.changes.emplace_back("its file is another than when it was first seen applied");
  }
  if (!edit.changes.empty()) return edit;
  if (record.raw_sha256.empty() || record.raw_sha256 == file.raw_sha256) return std::nullopt;
  edit.kind = EditKind::kReformatted;
  edit.changes.emplace_back(record.complete && record.directives.message != file.message
                                ? "its message is another; what it does is the same"
                                : "only comments, white space, line ends or the case of words "
                                  "differ");
  return edit;
}

std::string DiffEdit(const Revision& archived, const Revision& file, std::string_view file_name) {
  const std::string then = ComparedText(archived);
  const std::string now = ComparedText(file);
  return UnifiedDiff({.name = "as applied", .text = then}, {.name = file_name, .text = now});
}

}  // namespace drover::migrations
