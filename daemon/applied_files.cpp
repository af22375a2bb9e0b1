#include "daemon/applied_files.h"

#include <set>
#include <unordered_map>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "migrations/checksum.h"

namespace drover::daemon {
namespace {

using migrations::AppliedRecord;
using migrations::Revision;
using migrations::RevisionId;
using RecordMap = std::map<RevisionId, AppliedRecord>;

constexpr std::size_t kLargestBook = std::size_t{64} << 20U;
constexpr int kBookDepth = 8;

AppliedRecord RecordOf(const Revision& revision) {
  AppliedRecord record;
  record.direction = "up";
  record.state = "done";
  record.raw_sha256 = revision.raw_sha256;
  record.down_revision = revision.down_revision;
  record.depends_on = revision.depends_on;
  record.directives.message = revision.message;
  record.directives.branch_labels = revision.branch_labels;
  return record;
}

/// What is applied, as far as records and files tell: each by its record, where there is one.
std::set<RevisionId> FindApplied(
    std::span<const RevisionId> rows, const RecordMap& records,
    const std::unordered_map<std::string_view, const Revision*>& files) {
  std::set<RevisionId> applied;
  std::vector<RevisionId> open(rows.begin(), rows.end());
  while (!open.empty()) {
    const RevisionId id = std::move(open.back());
    open.pop_back();
    if (!applied.insert(id).second) continue;
    const auto follow = [&](const auto& from) {
      open.insert(open.end(), from.down_revision.begin(), from.down_revision.end());
      open.insert(open.end(), from.depends_on.begin(), from.depends_on.end());
    };
    if (const auto record = records.find(id); record != records.end()) {
      follow(record->second);
    } else if (const auto file = files.find(id); file != files.end()) {
      follow(*file->second);
    }
  }
  return applied;
}

std::string EncodeRecords(const std::string& path, const FileIdentity& database,
                          const RecordMap& records) {
  Json all = Json::object();
  for (const auto& [id, record] : records) {
    Json entry = Json::object();
    entry["sha256"] = record.raw_sha256;
    entry["down_revision"] = record.down_revision;
    entry["depends_on"] = record.depends_on;
    entry["branch_labels"] = record.directives.branch_labels;
    entry["message"] = record.directives.message;
    all[id] = std::move(entry);
  }
  Json document = Json::object();
  document["database"] = path;
  document["device"] = database.device;
  document["inode"] = database.inode;
  document["revisions"] = std::move(all);
  return DumpJson(document);
}

}  // namespace

std::string AppliedFiles::FileFor(const std::string& path) const {
  return Concat(directory_, "/", migrations::Sha256(path), ".json");
}

AppliedFiles::Book& AppliedFiles::Read(const std::string& path) {
  Book& book = books_[path];
  const std::string file = FileFor(path);
  const std::optional<FileStatus> status = StatFile(file);
  if (status && book.status == status) return book;
  book = Book{.status = status};
  if (!status) return book;
  try {
    const Json document = ParseJson(ReadFile(file, kLargestBook), kBookDepth);
    book.database = {.device = document.at("device").get<std::uint64_t>(),
                     .inode = document.at("inode").get<std::uint64_t>()};
    for (const auto& [id, entry] : document.at("revisions").items()) {
      Revision revision;
      revision.raw_sha256 = entry.at("sha256").get<std::string>();
      revision.down_revision = entry.at("down_revision").get<std::vector<std::string>>();
      revision.depends_on = entry.at("depends_on").get<std::vector<std::string>>();
      revision.branch_labels = entry.at("branch_labels").get<std::vector<std::string>>();
      revision.message = entry.at("message").get<std::string>();
      book.records.emplace(id, RecordOf(revision));
    }
  } catch (const Json::exception&) {
    book = Book();  // somebody else's, or damaged: what is applied now is noted anew
  } catch (const Error& error) {
    if (error.code != Code::kInvalid) throw;
    book = Book();
  }
  return book;
}

void AppliedFiles::Write(const std::string& path, Book& book) {
  MakeDirectories(directory_, 0700);
  const std::string file = FileFor(path);
  WriteFileDurably(file, EncodeRecords(path, book.database, book.records), 0600);
  book.status = StatFile(file);
}

const AppliedFiles::Records& AppliedFiles::Update(const std::string& path, const FileIdentity& file,
                                                  std::span<const RevisionId> rows,
                                                  const FilesById& known, bool complete,
                                                  std::span<const RevisionId> anew) {
  Book& book = Read(path);
  bool changed = false;
  for (const RevisionId& id : anew) changed |= book.records.erase(id) > 0;
  if (book.database != file) {  // another database lies there now
    changed = !book.records.empty();
    book.records.clear();
    book.database = file;
  }
  const std::set<RevisionId> applied = FindApplied(rows, book.records, known);
  for (const RevisionId& id : applied) {
    const auto revision = known.find(id);
    if (revision == known.end() || book.records.contains(id)) continue;
    book.records.emplace(id, RecordOf(*revision->second));
    changed = true;
  }
  if (complete) {
    changed |= std::erase_if(book.records, [&](const auto& record) {
                 return !applied.contains(record.first);
               }) > 0;
  }
  if (changed) Write(path, book);
  return book.records;
}

std::map<RevisionId, AppliedRecord> AppliedFiles::Note(const std::string& path,
                                                       const FileIdentity& file,
                                                       std::span<const RevisionId> rows,
                                                       const migrations::MigrationFiles& files) {
  FilesById known;
  for (const migrations::RevisionPtr& revision : files.revisions) {
    known.emplace(revision->id, revision.get());
  }
  return Update(path, file, rows, known, !files.unreadable, {});
}

void AppliedFiles::NoteJob(const std::string& path, std::span<const RevisionId> rows,
                           const migrations::Graph& graph, std::span<const RevisionId> anew) {
  FilesById known;
  for (const Revision& revision : graph.revisions()) known.emplace(revision.id, &revision);
  try {
    const std::optional<FileStatus> status = StatFile(path);
    if (status) (void)Update(path, status->identity, rows, known, true, anew);
  } catch (const Error&) {
    books_.erase(path);  // what was done counts all the same
  }
}

void AppliedFiles::Accept(const std::string& path, const RevisionId& revision) {
  Book& book = Read(path);
  if (book.records.erase(revision) > 0) Write(path, book);
}

}  // namespace drover::daemon
