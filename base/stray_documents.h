// The documents about SQLite files that should not be there: what the scan process found, what the
// daemon makes of it, what the remedies did. Part of documents.h, whose rules hold here too.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace drover {

/// A process that has a file open.
struct Holder {
  std::int64_t pid = 0;
  std::string command;
  std::string cwd;
  bool container = false;  // in another mount namespace: cwd is the container's path

  static constexpr void Fields(auto&& field) {
    field("pid", &Holder::pid);
    field("command", &Holder::command);
    field("cwd", &Holder::cwd);
    field("container", &Holder::container);
  }
  bool operator==(const Holder&) const = default;
};

/// A process that may have made a file, noticed in the moment when the file appeared.
struct Suspect {
  Holder process;
  /// "open": it had the file open (seen). "directory": it worked in the directory from which an
  /// environment's URL leads to the file. "near": it had just begun, and worked between the
  /// project's root and the file (both inferred).
  std::string evidence;
  std::string at;  // UTC

  static constexpr void Fields(auto&& field) {
    field("process", &Suspect::process);
    field("evidence", &Suspect::evidence);
    field("at", &Suspect::at);
  }
  bool operator==(const Suspect&) const = default;
};

/// A process that goes on with a file which is no longer the one at its path.
struct DetachedUse {
  std::string path;        // the configured database
  std::string mounted_at;  // the container's path; empty: the process has it open by itself
  std::string reach;       // where its content can still be read, by whom may look into the process
  Holder holder;

  static constexpr void Fields(auto&& field) {
    field("path", &DetachedUse::path);
    field("mounted_at", &DetachedUse::mounted_at);
    field("reach", &DetachedUse::reach);
    field("holder", &DetachedUse::holder);
  }
  bool operator==(const DetachedUse&) const = default;
};

/// How many rows a table has. Counting ends at a limit; `more` says that it did.
struct TableRows {
  std::string table;
  std::int64_t rows = 0;
  bool more = false;
  static constexpr void Fields(auto&& field) {
    field("table", &TableRows::table);
    field("rows", &TableRows::rows);
    field("more", &TableRows::more);
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
  std::vector<TableRows> rows;    // of the largest few tables
  std::string fingerprint;        // of class, schema and revisions: what `ignore` remembers
  bool hot = false;               // a journal waits to be rolled back: a write goes on or broke off
  bool ignored = false;           // by `drover strays ignore`; listed only when asked for
  std::vector<Suspect> suspects;  // the strongest evidence first
  bool without_wal = false;       // in WAL mode, and no -wal beside it

  static constexpr void Fields(auto&& field) {
    field("path", &StrayEntry::path);
    field("class", &StrayEntry::kind);
    field("size", &StrayEntry::size);
    field("revision", &StrayEntry::revision);
    field("made_from", &StrayEntry::made_from);
    field("holders", &StrayEntry::holders);
    field("score", &StrayEntry::score);
    field("environment", &StrayEntry::environment);
    field("tables", &StrayEntry::tables);
    field("modified", &StrayEntry::modified);
    field("message", &StrayEntry::message);
    field("fix", &StrayEntry::fix);
    field("rows", &StrayEntry::rows);
    field("fingerprint", &StrayEntry::fingerprint);
    field("hot", &StrayEntry::hot);
    field("ignored", &StrayEntry::ignored);
    field("suspects", &StrayEntry::suspects);
    field("without_wal", &StrayEntry::without_wal);
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
  static constexpr void Fields(auto&& field) {
    field("id", &ArchiveEntry::id);
    field("path", &ArchiveEntry::path);
    field("directory", &ArchiveEntry::directory);
    field("at", &ArchiveEntry::at);
    field("reason", &ArchiveEntry::reason);
    field("class", &ArchiveEntry::kind);
    field("environment", &ArchiveEntry::environment);
    field("size", &ArchiveEntry::size);
  }
  bool operator==(const ArchiveEntry&) const = default;
};

struct StraysDocument {
  int v = 1;
  std::string project;
  std::vector<StrayEntry> strays;
  bool truncated = false;  // the tree was larger than the scan's limits
  std::vector<ArchiveEntry> archives{};
  static constexpr void Fields(auto&& field) {
    field("v", &StraysDocument::v);
    field("project", &StraysDocument::project);
    field("strays", &StraysDocument::strays);
    field("truncated", &StraysDocument::truncated);
    field("archives", &StraysDocument::archives);
  }
};

/// One thing that a database's schema has otherwise than another's.
struct SchemaDifference {
  std::string type;    // table | index | view | trigger
  std::string object;  // its name
  std::string kind;    // missing | extra | different
  std::string what;    // one line
  static constexpr void Fields(auto&& field) {
    field("type", &SchemaDifference::type);
    field("object", &SchemaDifference::object);
    field("kind", &SchemaDifference::kind);
    field("what", &SchemaDifference::what);
  }
  bool operator==(const SchemaDifference&) const = default;
};

/// The rows of a table in a stray and in an environment; null where there is no such table.
struct RowsPair {
  std::string table;
  std::optional<std::int64_t> stray;
  std::optional<std::int64_t> environment;
  bool more = false;  // counting ended at its limit
  static constexpr void Fields(auto&& field) {
    field("table", &RowsPair::table);
    field("stray", &RowsPair::stray);
    field("environment", &RowsPair::environment);
    field("more", &RowsPair::more);
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
  static constexpr void Fields(auto&& field) {
    field("v", &StrayDiffDocument::v);
    field("path", &StrayDiffDocument::path);
    field("environment", &StrayDiffDocument::environment);
    field("environment_path", &StrayDiffDocument::environment_path);
    field("revision", &StrayDiffDocument::revision);
    field("environment_revision", &StrayDiffDocument::environment_revision);
    field("differences", &StrayDiffDocument::differences);
    field("rows", &StrayDiffDocument::rows);
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
  static constexpr void Fields(auto&& field) {
    field("v", &RemedyDocument::v);
    field("action", &RemedyDocument::action);
    field("path", &RemedyDocument::path);
    field("environment", &RemedyDocument::environment);
    field("steps", &RemedyDocument::steps);
    field("done", &RemedyDocument::done);
    field("archives", &RemedyDocument::archives);
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
  bool wal_mode = false;      // its header says so
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
  static constexpr void Fields(auto&& field) {
    field("path", &ScannedFile::path);
    field("device", &ScannedFile::device);
    field("inode", &ScannedFile::inode);
    field("links", &ScannedFile::links);
    field("size", &ScannedFile::size);
    field("modified_ns", &ScannedFile::modified_ns);
    field("wal_modified_ns", &ScannedFile::wal_modified_ns);
    field("kind", &ScannedFile::kind);
    field("wal", &ScannedFile::wal);
    field("wal_mode", &ScannedFile::wal_mode);
    field("hot", &ScannedFile::hot);
    field("version_table", &ScannedFile::version_table);
    field("revision", &ScannedFile::revision);
    field("tables", &ScannedFile::tables);
    field("columns", &ScannedFile::columns);
    field("rows", &ScannedFile::rows);
    field("schema", &ScannedFile::schema);
    field("application_id", &ScannedFile::application_id);
    field("holders", &ScannedFile::holders);
    field("problem", &ScannedFile::problem);
  }
  bool operator==(const ScannedFile&) const = default;
};

/// One column of a table, as SchemaImage has it (migrations/schema_image.h).
struct ImageColumn {
  std::string name;
  std::string type;
  bool not_null = false;
  std::string default_value;
  std::string collation;
  std::string generated;
  bool says_not_null = false;
  static constexpr void Fields(auto&& field) {
    field("name", &ImageColumn::name);
    field("type", &ImageColumn::type);
    field("not_null", &ImageColumn::not_null);
    field("default", &ImageColumn::default_value);
    field("collation", &ImageColumn::collation);
    field("generated", &ImageColumn::generated);
    field("says_not_null", &ImageColumn::says_not_null);
  }
};

/// What is known of a table that is not virtual.
struct ImageFacts {
  std::vector<ImageColumn> columns;
  std::vector<std::string> keys;
  std::vector<std::string> foreign_keys;
  std::vector<std::string> checks;
  std::vector<std::string> others;
  std::string rowid_column;
  static constexpr void Fields(auto&& field) {
    field("columns", &ImageFacts::columns);
    field("keys", &ImageFacts::keys);
    field("foreign_keys", &ImageFacts::foreign_keys);
    field("checks", &ImageFacts::checks);
    field("others", &ImageFacts::others);
    field("rowid_column", &ImageFacts::rowid_column);
  }
};

struct ImageObject {
  std::string type;
  std::string name;
  std::string table;
  std::string place;
  std::string canonical;
  std::string sql;
  std::optional<ImageFacts> facts;
  static constexpr void Fields(auto&& field) {
    field("type", &ImageObject::type);
    field("name", &ImageObject::name);
    field("table", &ImageObject::table);
    field("place", &ImageObject::place);
    field("canonical", &ImageObject::canonical);
    field("sql", &ImageObject::sql);
    field("facts", &ImageObject::facts);
  }
};

/// The schema of a database that only the scan process may read.
struct ImageDocument {
  std::vector<ImageObject> objects;
  static constexpr void Fields(auto&& field) { field("objects", &ImageDocument::objects); }
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
  std::vector<std::string> databases;  // configured ones: who goes on with a deleted one of them?
  std::string remember;      // a file in which to keep what each directory held; empty: none
  std::string compare_with;  // not a scan: compare the database `paths` names with this one
  std::string schema_of;     // not a scan: read the schema of this database
  static constexpr void Fields(auto&& field) {
    field("roots", &ScanRequest::roots);
    field("paths", &ScanRequest::paths);
    field("ignore", &ScanRequest::ignore);
    field("base", &ScanRequest::base);
    field("known_names", &ScanRequest::known_names);
    field("version_tables", &ScanRequest::version_tables);
    field("deep", &ScanRequest::deep);
    field("databases", &ScanRequest::databases);
    field("remember", &ScanRequest::remember);
    field("compare_with", &ScanRequest::compare_with);
    field("schema_of", &ScanRequest::schema_of);
  }
};

/// What `droverd --scan` prints.
struct ScanResult {
  int v = 1;
  std::vector<ScannedFile> files;
  bool truncated = false;
  std::vector<DetachedUse> detached{};      // of `databases`
  std::optional<StrayDiffDocument> diff{};  // the answer to `compare_with`
  std::optional<ImageDocument> schema{};    // the answer to `schema_of`
  static constexpr void Fields(auto&& field) {
    field("v", &ScanResult::v);
    field("files", &ScanResult::files);
    field("truncated", &ScanResult::truncated);
    field("detached", &ScanResult::detached);
    field("diff", &ScanResult::diff);
    field("schema", &ScanResult::schema);
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
  static constexpr void Fields(auto&& field) {
    field("action", &RemedyRequest::action);
    field("project", &RemedyRequest::project);
    field("path", &RemedyRequest::path);
    field("id", &RemedyRequest::id);
    field("archives", &RemedyRequest::archives);
    field("kind", &RemedyRequest::kind);
    field("fingerprint", &RemedyRequest::fingerprint);
    field("environment", &RemedyRequest::environment);
    field("target", &RemedyRequest::target);
  }
};

/// What `droverd --remedy` prints: the archives made, or the one restored from.
struct RemedyResult {
  int v = 1;
  std::vector<ArchiveEntry> archives;
  static constexpr void Fields(auto&& field) {
    field("v", &RemedyResult::v);
    field("archives", &RemedyResult::archives);
  }
};

/// A file that was moved with its database.
struct ManifestSidecar {
  std::string suffix;  // "-wal"
  std::uint64_t inode = 0;
  std::uint64_t size = 0;
  static constexpr void Fields(auto&& field) {
    field("suffix", &ManifestSidecar::suffix);
    field("inode", &ManifestSidecar::inode);
    field("size", &ManifestSidecar::size);
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
  static constexpr void Fields(auto&& field) {
    field("v", &ArchiveManifest::v);
    field("id", &ArchiveManifest::id);
    field("project", &ArchiveManifest::project);
    field("path", &ArchiveManifest::path);
    field("at", &ArchiveManifest::at);
    field("reason", &ArchiveManifest::reason);
    field("class", &ArchiveManifest::kind);
    field("environment", &ArchiveManifest::environment);
    field("fingerprint", &ArchiveManifest::fingerprint);
    field("device", &ArchiveManifest::device);
    field("inode", &ArchiveManifest::inode);
    field("size", &ArchiveManifest::size);
    field("modified_ns", &ArchiveManifest::modified_ns);
    field("mode", &ArchiveManifest::mode);
    field("owner", &ArchiveManifest::owner);
    field("group", &ArchiveManifest::group);
    field("sidecars", &ArchiveManifest::sidecars);
  }
};

}  // namespace drover
