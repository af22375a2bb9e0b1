#include "migrations/rollback_journal.h"

#include <array>
#include <fstream>

#include "base/error.h"
#include "base/posix.h"

namespace drover::migrations {

bool HasLiveJournal(const std::string& path) {
  const std::string journal = path + "-journal";
  try {
    const auto status = StatFile(journal);
    if (!status || status->type != FileType::kRegular) return false;
  } catch (const Error&) {
    return false;  // SQLite's own message stands
  }
  std::array<char, kJournalMagic.size()> head{};
  std::ifstream(journal, std::ios::binary).read(head.data(), head.size());
  return std::string_view(head.data(), head.size()) == kJournalMagic;
}

}  // namespace drover::migrations
