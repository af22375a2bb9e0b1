// SQLite's rollback journal, told from its file: is a transaction unfinished? The journal is not
// the database: to open it raw drops no lock.
#pragma once

#include <string>
#include <string_view>

namespace drover::migrations {

/// How a journal begins that has been synced and not finished (sqlite.org/fileformat2.html,
/// "The Rollback Journal"); it is zero before, and in a persistent journal afterwards.
inline constexpr std::string_view kJournalMagic{"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7", 8};

/// Does such a journal lie beside the database at `path`? It is hot unless a writer is at work;
/// also with a head and nothing behind it, as when the database was empty before: SQLite then makes
/// it empty again. Never throws; false when it cannot be read.
[[nodiscard]] bool HasLiveJournal(const std::string& path);

}  // namespace drover::migrations
