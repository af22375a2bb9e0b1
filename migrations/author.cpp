#include "migrations/author.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <sys/random.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/hints.h"
#include "base/posix.h"
#include "base/text.h"
#include "migrations/identifiers.h"
#include "migrations/native_format.h"

namespace drover::migrations {
namespace {

/// A label or id that another revision's label takes would break the graph once it is written.
void CheckLabelIsFree(const Graph& graph, const std::string& name) {
  for (const Revision& revision : graph.revisions()) {
    if (std::ranges::find(revision.branch_labels, name) == revision.branch_labels.end()) continue;
    throw Error(Code::kInvalid, "duplicate_branch_label",
                Concat("\"", name, "\" is already a branch label of revision ", revision.id),
                "choose another name");
  }
}

std::vector<std::string> NewLabels(const Graph& graph, const RevisionId& id,
                                   const std::string& label) {
  if (label.empty()) return {};
  CheckRevisionId(label, "", "a branch label");
  CheckLabelIsFree(graph, label);
  if (label == id || graph.Find(label) != nullptr) {
    throw Error(Code::kInvalid, "duplicate_branch_label",
                Concat("\"", label, "\" is already a revision"), "choose another label");
  }
  return {label};
}

void CheckHead(const Graph& graph, const RevisionId& id) {
  if (graph.Children(id).empty()) return;
  const std::vector<RevisionId> children = graph.Children(id);
  throw Error(
      Code::kInvalid, "not_a_head",
      Concat("revision ", id, " is not a head: ", NameRevisions(graph, children), " follows it"),
      "name a head (drover heads); revision --splice starts a branch there");
}

Revision Write(Revision revision, const std::string& directory, const FileTemplate& name) {
  const WallTime now = WallNow();
  revision.file = Concat(directory, "/", FileName(name, revision, now));
  revision.created = FormatUtc(now);
  MakeDirectories(directory, 0755);
  const std::string text = FormatMigration(revision);
  if (revision.up.sql.empty()) {
    CreateFile(revision.file, text, 0644);
  } else {
    CreateFileDurably(revision.file, text, 0644);
  }
  return revision;
}

std::vector<RevisionId> ResolveParent(const Graph& graph, const std::string& name) {
  try {
    return ResolveSymbol(graph, name).revisions;
  } catch (Error& error) {
    const bool apart = error.kind == "multiple_heads" && error.hint != kMergeHint;
    if (apart) error.hint = "drover revision --head REV -m \"…\", with one of them";
    throw;
  }
}

}  // namespace

RevisionId NewRevisionId() {
  std::array<unsigned char, 6> bytes;
  if (getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    throw SystemError("read", "random numbers", errno);
  }
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string id;
  for (const unsigned char byte : bytes) {
    id.push_back(kHex[byte >> 4U]);
    id.push_back(kHex[byte & 15U]);
  }
  return id;
}

std::vector<RevisionId> ResolveParents(const Graph& graph, std::string_view names, bool splice) {
  std::vector<RevisionId> parents;
  for (const std::string& name : SplitList(names, ' ')) {
    for (RevisionId& id : ResolveParent(graph, name)) {
      if (std::ranges::find(parents, id) != parents.end()) {
        throw Error(Code::kInvalid, "duplicate_heads", Concat("revision ", id, " is named twice"),
                    "name each revision once");
      }
      if (!splice) CheckHead(graph, id);
      parents.push_back(std::move(id));
    }
  }
  return parents;
}

RevisionId ChooseRevisionId(const Graph& graph, const std::string& wanted) {
  if (wanted.empty()) return NewRevisionId();
  CheckRevisionId(wanted, "");
  CheckLabelIsFree(graph, wanted);
  if (graph.Find(wanted) != nullptr) {
    throw Error(Code::kConflict, "duplicate_revision",
                Concat("there is a revision ", wanted, " already: ", graph.Find(wanted)->file),
                "choose another --rev-id");
  }
  return wanted;
}

Revision WriteRevision(const Graph& graph, const NewRevision& wanted, const std::string& directory,
                       const FileTemplate& name) {
  Revision revision;
  revision.id = ChooseRevisionId(graph, wanted.rev_id);
  revision.message = OneLine(wanted.message);
  revision.draft = wanted.draft;
  revision.down_revision =
      ResolveParents(graph, wanted.head.empty() ? "head" : wanted.head, wanted.splice);
  for (const std::string& dependency : wanted.depends_on) {
    revision.depends_on.push_back(ResolveRevision(graph, dependency));
  }
  revision.branch_labels = NewLabels(graph, revision.id, wanted.branch_label);
  revision.up.sql = wanted.up;
  if (wanted.down) revision.down.emplace().sql = *wanted.down;
  return Write(std::move(revision), directory, name);
}

std::vector<RevisionId> ResolveMergeParents(const Graph& graph,
                                            const std::vector<std::string>& revisions) {
  std::vector<RevisionId> parents =
      revisions.empty() ? graph.HeadsToMerge() : ResolveParents(graph, Join(revisions, " "), false);
  if (revisions.empty() && parents.empty()) parents = graph.Heads();
  if (parents.size() < 2) {
    throw Error(Code::kInvalid, "nothing_to_merge",
                parents.empty() ? std::string("there are no revisions to merge")
                : !revisions.empty()
                    ? Concat("only one revision is named: ", NameRevisions(graph, parents))
                    : Concat("there is one head only: ", NameRevisions(graph, parents)),
                "drover heads");
  }
  return parents;
}

Revision WriteMerge(const Graph& graph, const std::vector<std::string>& revisions,
                    std::string message, const std::string& rev_id, const std::string& branch_label,
                    const std::string& directory, const FileTemplate& name) {
  Revision merge;
  merge.id = ChooseRevisionId(graph, rev_id);
  merge.down_revision = ResolveMergeParents(graph, revisions);
  merge.message =
      message.empty() ? Concat("Merge ", Join(merge.down_revision, ", ")) : OneLine(message);
  merge.branch_labels = NewLabels(graph, merge.id, branch_label);
  return Write(std::move(merge), directory, name);
}

}  // namespace drover::migrations
