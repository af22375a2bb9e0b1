// Has somebody committed something to a database? Told by what SQLite leaves in the file, without
// opening the database.
#pragma once

#include <string>
#include <string_view>

namespace drover::migrations {

/// Something that is another after each commit to the database at `path`; empty when there is no
/// database. In rollback mode it is the file change counter (sqlite.org/fileformat2.html,
/// section 1.3.9) and the same after a transaction that was rolled back. In WAL mode, which need
/// not keep that counter, it is sizes and times, and a big transaction may change it without an
/// end.
[[nodiscard]] std::string CommitMark(const std::string& path);

}  // namespace drover::migrations
