// The documents about SQLite files that should not be there: what the scan process found, what the
// daemon makes of it, what the remedies did. Part of documents.h, whose rules hold here too.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "base/fields.h"

namespace drover {

/// A process that has a file open.
struct Holder {
  std::int64_t pid = 0;
  std::string command;
  std::string cwd;
  bool container = false;  // in another mount namespace: cwd is the container's path

  static constexpr auto Fields() {
    return std::tuple{Field{"pid", &Holder::pid}, Field{"command", &Holder::command},
                      Field{"cwd", &Holder::cwd}, Field{"container", &Holder::container}};
  }
  bool operator==(const Holder&) const = default;
};

/// How many rows a table has. Counting ends at a limit; `more` says that it did.
struct TableRows {
  std::string table;
  std::int64_t rows = 0;
  bool more = false;
  static constexpr auto Fields() {
    return std::tuple{Field{"table", &TableRows::table}, Field{"rows", &TableRows::rows},
                      Field{"more", &TableRows::more}};
  }
  bool operator==(const TableRows&) const = default;
};

/// A SQLite file that should not be there.
struct StrayEntry {
  std::string path;
  std::string kind;  // the JSON key is "class"; docs/strays.md lists them
  std::uint64_t size = 0;
  std::vector<std::string> revision;
  std::optional<std::string> made_from;
  std::vector<Holder> holders;
  std::optional<double> score;
  std::optional<std::string> environment;  // the environment it resembles
  std::vector<std::string> tables;
  std::string modified;  // UTC; the newer of the file and its -wal
  std::string message;
  std::optional<std::string> fix;
  std::vector<TableRows> rows;  // of the largest few tables
  std::string fingerprint;      // of class, schema and revisions: what `ignore` remembers
  bool hot = false;             // a journal waits to be rolled back: a write goes on or broke off
  bool ignored = false;         // by `drover strays ignore`; listed only when asked for

  static constexpr auto Fields() {
    return std::tuple{
        Field{"path", &StrayEntry::path},
        Field{"class", &StrayEntry::kind},
        Field{"size", &StrayEntry::size},
        Field{"revision", &StrayEntry::revision},
        Field{"made_from", &StrayEntry::made_from},
        Field{"holders", &StrayEntry::holders},
        Field{"score", &StrayEntry::score},
        Field{"environment", &StrayEntry::environment},
        Field{"tables", &StrayEntry::tables},
        Field{"modified", &StrayEntry::modified},
        Field{"message", &StrayEntry::message},
        Field{"fix", &StrayEntry::fix},
        Field{"rows", &StrayEntry::rows},
        Field{"fingerprint", &StrayEntry::fingerprint},
        Field{"hot", &StrayEntry::hot},
        Field{"ignored", &StrayEntry::ignored},
    };
  }
  bool operator==(const StrayEntry&) const = default;
};

/// Does the entry ask for anything? Not a database of another program, of a test suite or a backup,
/// and not one that the user has told drover to ignore: those are kept out of the way.
[[nodiscard]] bool IsTrouble(const StrayEntry& stray);

/// A database that has been put away, or the content that an environment had before an `adopt`.
struct ArchiveEntry {
  std::string id;
  std::string path;         // where it was
  std::string directory;    // where it lies now
  std::string at;           // UTC
  std::string reason;       // archive | adopt | replaced
  std::string kind;         // the JSON key is "class": of the stray; empty for "replaced"
  std::string environment;  // adopt, replaced: the environment
  std::uint64_t size = 0;
  static constexpr auto Fields() {
    return std::tuple{Field{"id", &ArchiveEntry::id},
                      Field{"path", &ArchiveEntry::path},
                      Field{"directory", &ArchiveEntry::directory},
                      Field{"at", &ArchiveEntry::at},
                      Field{"reason", &ArchiveEntry::reason},
                      Field{"class", &ArchiveEntry::kind},
                      Field{"environment", &ArchiveEntry::environment},
                      Field{"size", &ArchiveEntry::size}};
  }
  bool operator==(const ArchiveEntry&) const = default;
};

struct StraysDocument {
  int v = 1;
  std::string project;
  std::vector<StrayEntry> strays;
  bool truncated = false;  // the tree was larger than the scan's limits
  std::vector<ArchiveEntry> archives{};
  static constexpr auto Fields() {
    return std::tuple{Field{"v", &StraysDocument::v}, Field{"project", &StraysDocument::project},
                      Field{"strays", &StraysDocument::strays},
                      Field{"truncated", &StraysDocument::truncated},
                      Field{"archives", &StraysDocument::archives}};
  }
};

/// One thing that a database's schema has otherwise than another's.
struct SchemaDifference {
  std::string type;    // table | index | view | trigger
  std::string object;  // its name
  std::string kind;    // missing | extra | different
  std::string what;    // one line
  static constexpr auto Fields() {
    return std::tuple{
        Field{"type", &SchemaDifference::type}, Field{"object", &SchemaDifference::object},
        Field{"kind", &SchemaDifference::kind}, Field{"what", &SchemaDifference::what}};
  }
  bool operator==(const SchemaDifference&) const = default;
};

/// The rows of a table in a stray and in an environment; null where there is no such table.
struct RowsPair {
  std::string table;
  std::optional<std::int64_t> stray;
  std::optional<std::int64_t> environment;
  bool more = false;  // counting ended at its limit
  static constexpr auto Fields() {
    return std::tuple{Field{"table", &RowsPair::table}, Field{"stray", &RowsPair::stray},
                      Field{"environment", &RowsPair::environment}, Field{"more", &RowsPair::more}};
  }
  bool operator==(const RowsPair&) const = default;
};

/// What a stray has otherwise than an environment's database.
struct StrayDiffDocument {
  int v = 1;
  std::string path;
  std::string environment;
  std::string environment_path;
  std::vector<std::string> revision;              // of the stray
  std::vector<std::string> environment_revision;  // of the environment
  std::vector<SchemaDifference> differences;      // what the stray has otherwise
  std::vector<RowsPair> rows;                     // every table of either
  static constexpr auto Fields() {
    return std::tuple{Field{"v", &StrayDiffDocument::v},
                      Field{"path", &StrayDiffDocument::path},
                      Field{"environment", &StrayDiffDocument::environment},
                      Field{"environment_path", &StrayDiffDocument::environment_path},
                      Field{"revision", &StrayDiffDocument::revision},
                      Field{"environment_revision", &StrayDiffDocument::environment_revision},
                      Field{"differences", &StrayDiffDocument::differences},
                      Field{"rows", &StrayDiffDocument::rows}};
  }
};

/// What a remedy did, or with `done` false would do.
struct RemedyDocument {
  int v = 1;
  std::string action;                      // archive | restore | adopt | ignore | notice
  std::string path;                        // of the stray; restore: where it is put back
  std::optional<std::string> environment;  // adopt
  std::vector<std::string> steps;          // sentences
  bool done = false;
  std::vector<ArchiveEntry> archives;  // made, or restored from
  static constexpr auto Fields() {
    return std::tuple{Field{"v", &RemedyDocument::v},
                      Field{"action", &RemedyDocument::action},
                      Field{"path", &RemedyDocument::path},
                      Field{"environment", &RemedyDocument::environment},
                      Field{"steps", &RemedyDocument::steps},
                      Field{"done", &RemedyDocument::done},
                      Field{"archives", &RemedyDocument::archives}};
  }
};

/// What a file is, read by the scan process: facts only, no judgement.
struct ScannedFile {
  std::string path;
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t links = 1;
  std::uint64_t size = 0;
  std::int64_t modified_ns = 0;
  std::int64_t wal_modified_ns = 0;  // 0: no -wal
  /// database | empty (no bytes) | unreadable (not ours to read) | damaged (or encrypted) | other
  /// (another format) | directory | sidecar (of a database that is gone)
  std::string kind;
  bool wal = false;           // a -wal lies beside it
  bool hot = false;           // a journal that is to be rolled back lies beside it
  std::string version_table;  // empty when there is none
  std::vector<std::string> revision;
  std::vector<std::string> tables;
  std::vector<std::string> columns;  // "table.column type", for similarity
  std::vector<TableRows> rows;       // of the largest few tables
  std::string schema;                // digest of the whole schema; empty when it is not known
  std::int64_t application_id = 0;   // what PRAGMA application_id says
  std::vector<Holder> holders;
  std::string problem;  // why it could not be read
  static constexpr auto Fields() {
    return std::tuple{Field{"path", &ScannedFile::path},
                      Field{"device", &ScannedFile::device},
                      Field{"inode", &ScannedFile::inode},
                      Field{"links", &ScannedFile::links},
                      Field{"size", &ScannedFile::size},
                      Field{"modified_ns", &ScannedFile::modified_ns},
                      Field{"wal_modified_ns", &ScannedFile::wal_modified_ns},
                      Field{"kind", &ScannedFile::kind},
                      Field{"wal", &ScannedFile::wal},
                      Field{"hot", &ScannedFile::hot},
                      Field{"version_table", &ScannedFile::version_table},
                      Field{"revision", &ScannedFile::revision},
                      Field{"tables", &ScannedFile::tables},
                      Field{"columns", &ScannedFile::columns},
                      Field{"rows", &ScannedFile::rows},
                      Field{"schema", &ScannedFile::schema},
                      Field{"application_id", &ScannedFile::application_id},
                      Field{"holders", &ScannedFile::holders},
                      Field{"problem", &ScannedFile::problem}};
  }
  bool operator==(const ScannedFile&) const = default;
};

/// The request that `droverd --scan` reads from stdin.
struct ScanRequest {
  std::vector<std::string> roots;           // absolute directories to walk
  std::vector<std::string> paths;           // files to look at in addition; no walk for these
  std::vector<std::string> ignore;          // globs relative to `base`
  std::string base;                         // the project root; its .droverignore holds, too
  std::vector<std::string> known_names;     // base names of configured databases: also when empty
  std::vector<std::string> version_tables;  // names to look for, in order
  bool deep = false;                        // also what is left out by default, at any depth
  std::string remember;      // a file in which to keep what each directory held; empty: none
  std::string compare_with;  // not a scan: compare the database `paths` names with this one
  static constexpr auto Fields() {
    return std::tuple{Field{"roots", &ScanRequest::roots},
                      Field{"paths", &ScanRequest::paths},
                      Field{"ignore", &ScanRequest::ignore},
                      Field{"base", &ScanRequest::base},
                      Field{"known_names", &ScanRequest::known_names},
                      Field{"version_tables", &ScanRequest::version_tables},
                      Field{"deep", &ScanRequest::deep},
                      Field{"remember", &ScanRequest::remember},
                      Field{"compare_with", &ScanRequest::compare_with}};
  }
};

/// What `droverd --scan` prints.
struct ScanResult {
  int v = 1;
  std::vector<ScannedFile> files;
  bool truncated = false;
  std::optional<StrayDiffDocument> diff{};  // the answer to `compare_with`
  static constexpr auto Fields() {
    return std::tuple{Field{"v", &ScanResult::v}, Field{"files", &ScanResult::files},
                      Field{"truncated", &ScanResult::truncated}, Field{"diff", &ScanResult::diff}};
  }
};

/// The request that `droverd --remedy` reads from stdin.
struct RemedyRequest {
  std::string action;                 // archive | restore | adopt
  std::string project;                // root
  std::string path;                   // archive, adopt: the stray
  std::string id;                     // restore, adopt: of the archive
  std::vector<std::string> archives;  // directories that hold archives, the preferred one first
  std::string kind;                   // archive, adopt: the stray's class
  std::string fingerprint;
  std::string environment;  // adopt: its name
  std::string target;       // adopt: its database
  static constexpr auto Fields() {
    return std::tuple{Field{"action", &RemedyRequest::action},
                      Field{"project", &RemedyRequest::project},
                      Field{"path", &RemedyRequest::path},
                      Field{"id", &RemedyRequest::id},
                      Field{"archives", &RemedyRequest::archives},
                      Field{"kind", &RemedyRequest::kind},
                      Field{"fingerprint", &RemedyRequest::fingerprint},
                      Field{"environment", &RemedyRequest::environment},
                      Field{"target", &RemedyRequest::target}};
  }
};

/// What `droverd --remedy` prints: the archives made, or the one restored from.
struct RemedyResult {
  int v = 1;
  std::vector<ArchiveEntry> archives;
  static constexpr auto Fields() {
    return std::tuple{Field{"v", &RemedyResult::v}, Field{"archives", &RemedyResult::archives}};
  }
};

/// A file that was moved with its database.
struct ManifestSidecar {
  std::string suffix;  // "-wal"
  std::uint64_t inode = 0;
  std::uint64_t size = 0;
  static constexpr auto Fields() {
    return std::tuple{Field{"suffix", &ManifestSidecar::suffix},
                      Field{"inode", &ManifestSidecar::inode},
                      Field{"size", &ManifestSidecar::size}};
  }
  bool operator==(const ManifestSidecar&) const = default;
};

/// manifest.json of an archive: everything that must be known to put the database back.
struct ArchiveManifest {
  int v = 1;
  std::string id;
  std::string project;
  std::string path;
  std::string at;
  std::string reason;  // archive | adopt | replaced
  std::string kind;    // the JSON key is "class"
  std::string environment;
  std::string fingerprint;
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t size = 0;
  std::int64_t modified_ns = 0;
  std::uint32_t mode = 0;
  std::uint32_t owner = 0;
  std::uint32_t group = 0;
  std::vector<ManifestSidecar> sidecars;
  static constexpr auto Fields() {
    return std::tuple{Field{"v", &ArchiveManifest::v},
                      Field{"id", &ArchiveManifest::id},
                      Field{"project", &ArchiveManifest::project},
                      Field{"path", &ArchiveManifest::path},
                      Field{"at", &ArchiveManifest::at},
                      Field{"reason", &ArchiveManifest::reason},
                      Field{"class", &ArchiveManifest::kind},
                      Field{"environment", &ArchiveManifest::environment},
                      Field{"fingerprint", &ArchiveManifest::fingerprint},
                      Field{"device", &ArchiveManifest::device},
                      Field{"inode", &ArchiveManifest::inode},
                      Field{"size", &ArchiveManifest::size},
                      Field{"modified_ns", &ArchiveManifest::modified_ns},
                      Field{"mode", &ArchiveManifest::mode},
                      Field{"owner", &ArchiveManifest::owner},
                      Field{"group", &ArchiveManifest::group},
                      Field{"sidecars", &ArchiveManifest::sidecars}};
  }
};

}  // namespace drover
