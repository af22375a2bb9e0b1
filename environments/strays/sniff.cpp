#include "environments/strays/sniff.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <fcntl.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include <utility>

#include "base/posix.h"
#include "base/text.h"
#include "environments/strays/sqlite_header.h"

namespace drover::environments {
namespace {

constexpr std::string_view kSetAside = ".stray";
/// Enough bytes to tell random ones from others.
constexpr std::size_t kSample = 4096;

bool IsKnown(std::string_view name, const std::vector<std::string>& known_names) {
  return std::find(known_names.begin(), known_names.end(), name) != known_names.end();
}

std::int64_t Nanoseconds(const statx_timestamp& time) {
  return time.tv_sec * 1'000'000'000 + time.tv_nsec;
}

ScannedFile FromStatus(std::string_view path, const struct statx& status, std::string_view kind) {
  ScannedFile file;
  file.path = path;
  file.device = makedev(status.stx_dev_major, status.stx_dev_minor);
  file.inode = status.stx_ino;
  file.links = status.stx_nlink;
  file.size = status.stx_size;
  file.modified_ns = Nanoseconds(status.stx_mtime);
  file.kind = kind;
  return file;
}

ScannedFile With(ScannedFile file, std::string_view kind, std::string problem) {
  file.kind = kind;
  file.problem = std::move(problem);
  return file;
}

/// Do the bytes look as if they were drawn at random, as an encrypted page does? Compressed data
/// does, too; what is called a database is hardly that.
bool LooksRandom(std::string_view bytes) {
  if (bytes.size() < 512) return false;
  std::array<double, 256> count{};
  for (const char c : bytes) ++count[static_cast<unsigned char>(c)];
  double entropy = 0;
  for (const double each : count) {
    const double share = each / static_cast<double>(bytes.size());
    if (share > 0) entropy -= share * std::log2(share);
  }
  // 512 random bytes measure about 7.6 bits, 4096 about 7.95; text and code stay below 6.
  return entropy > 7.2;
}

bool LooksLikeText(std::string_view bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x80 || std::isprint(byte) != 0 || std::isspace(byte) != 0;
  });
}

bool Exists(int directory, const std::string& name) {
  struct stat status {};
  return fstatat(directory, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT;
}

UniqueFd OpenQuietly(int directory, const char* name) {
  return UniqueFd(openat(directory, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
}

/// A -wal or -journal without its database, recognised by its magic.
std::optional<ScannedFile> SniffSidecar(int directory, const char* name, std::string_view main,
                                        std::string_view path, const struct statx& status) {
  if (status.stx_size == 0 || Exists(directory, std::string(main))) return std::nullopt;
  const UniqueFd fd = OpenQuietly(directory, name);
  std::array<char, 8> head{};
  if (!fd || pread(fd.get(), head.data(), head.size(), 0) < 8) return std::nullopt;
  const std::string_view bytes(head.data(), head.size());
  ScannedFile file = FromStatus(path, status, "sidecar");
  if (IsWalHeader(bytes)) {
    file.problem = "a write-ahead log whose database is gone: it may hold what was written last";
  } else if (IsHotJournalHeader(bytes)) {
    file.problem = "a rollback journal whose database is gone: it holds pages from before a write";
    file.hot = true;
  } else {
    return std::nullopt;
  }
  return file;
}

/// What does not begin like a database, but is called like one.
std::optional<ScannedFile> JudgeOther(int fd, ScannedFile file, std::string_view head, bool known) {
  if (HasSqliteMagic(head)) {
    const bool cut = head.size() < kSqliteHeaderSize;
    return With(std::move(file), "damaged",
                cut ? Concat("cut off after ", Count(file.size, "byte"))
                    : std::string("its header is damaged"));
  }
  std::array<char, kSample> buffer;
  const ssize_t got = pread(fd, buffer.data(), buffer.size(), 0);
  const std::string_view sample(buffer.data(), got < 0 ? 0 : static_cast<std::size_t>(got));
  if (IsOtherDatabaseFormat(sample) || LooksLikeText(sample)) {
    if (!known) return std::nullopt;
    return With(std::move(file), "other",
                LooksLikeText(sample) ? "it is a text file" : "it is a database of another format");
  }
  if (file.size % 512 != 0) {
    if (!known) return std::nullopt;
    return With(std::move(file), "other", "it is no SQLite database");
  }
  return With(std::move(file), "damaged",
              LooksRandom(sample)
                  ? "it does not begin like a SQLite database, and its bytes look random: encrypted"
                  : "it does not begin like a SQLite database: damaged, or encrypted");
}

std::optional<ScannedFile> SniffContent(int fd, ScannedFile file, bool named, bool known) {
  std::array<char, kSqliteHeaderSize> buffer;
  const ssize_t got = pread(fd, buffer.data(), buffer.size(), 0);
  if (got < 0) {
    if (!named) return std::nullopt;
    return With(std::move(file), "unreadable", std::strerror(errno));
  }
  const std::string_view head(buffer.data(), static_cast<std::size_t>(got));
  const std::optional<SqliteHeader> header = ParseSqliteHeader(head);
  if (header && file.size >= header->page_size) {
    // A database cut off in the middle may still be read in part: the header says how long it was.
    const std::uint64_t whole = std::uint64_t{header->pages} * header->page_size;
    if (whole > file.size) {
      file.problem = Concat("cut off: ", file.size, " of ", Count(whole, "byte"));
    }
    file.application_id = header->application_id;
    file.wal_mode = header->wal;
    return file;
  }
  if (!named) return std::nullopt;
  if (header) {
    const std::string problem = Concat("cut off after ", Count(file.size, "byte"));
    return With(std::move(file), "damaged", problem);
  }
  return JudgeOther(fd, std::move(file), head, known);
}

}  // namespace

bool HasDatabaseSuffix(std::string_view name) {
  static constexpr std::array kSuffixes = {
      std::string_view(".db"),  std::string_view(".sqlite"), std::string_view(".sqlite3"),
      std::string_view(".db3"), std::string_view(".sdb"),    std::string_view(".s3db")};
  const std::size_t dot = name.rfind('.');
  if (dot == std::string_view::npos) return false;
  const std::string_view suffix = name.substr(dot);
  return std::any_of(kSuffixes.begin(), kSuffixes.end(), [suffix](std::string_view each) {
    return suffix.size() == each.size() &&
           strncasecmp(suffix.data(), each.data(), each.size()) == 0;
  });
}

std::string_view WithoutSidecarSuffix(std::string_view name) {
  constexpr std::size_t kSuperJournal = 12;  // "-mj" and nine hex digits
  for (const std::string_view suffix : {"-wal", "-shm", "-journal"}) {
    if (name.size() > suffix.size() && name.ends_with(suffix)) {
      return name.substr(0, name.size() - suffix.size());
    }
  }
  if (name.size() > kSuperJournal) {
    const std::string_view tail = name.substr(name.size() - kSuperJournal);
    const bool digits = std::all_of(tail.begin() + 3, tail.end(), [](char c) {
      return std::isxdigit(static_cast<unsigned char>(c)) != 0;
    });
    if (tail.starts_with("-mj") && digits) return name.substr(0, name.size() - kSuperJournal);
  }
  return name;
}

bool MayBeDatabase(std::string_view name, std::uint64_t size,
                   const std::vector<std::string>& known_names) {
  if (WithoutSidecarSuffix(name) != name || name.ends_with(kSetAside)) return false;
  return size == 0 ? IsKnown(name, known_names) : size % 512 == 0;
}

std::optional<ScannedFile> Sniff(int directory, const char* name, std::string_view path,
                                 const std::vector<std::string>& known_names) {
  struct statx status {};
  constexpr unsigned kWanted = STATX_TYPE | STATX_INO | STATX_SIZE | STATX_MTIME | STATX_NLINK;
  if (statx(directory, name, AT_SYMLINK_NOFOLLOW | AT_STATX_DONT_SYNC, kWanted, &status) != 0 ||
      !S_ISREG(status.stx_mode)) {
    return std::nullopt;
  }
  // Most files end here: their size fits no database, and neither does their name.
  const std::string_view view = name;
  const bool fits = status.stx_size > 0 && status.stx_size % 512 == 0;
  const bool known = IsKnown(view, known_names);
  const bool named = known || HasDatabaseSuffix(view);
  if (const std::string_view main = WithoutSidecarSuffix(view); main != view) {
    return SniffSidecar(directory, name, main, path, status);
  }
  if ((!fits && !named) || view.ends_with(kSetAside)) return std::nullopt;
  if (status.stx_size == 0) {
    if (!known) return std::nullopt;
    return FromStatus(path, status, "empty");
  }
  const UniqueFd fd = OpenQuietly(directory, name);
  if (!fd) {
    if (errno == ENOENT || !named || !fits) return std::nullopt;
    return With(FromStatus(path, status, ""), "unreadable", std::strerror(errno));
  }
  return SniffContent(fd.get(), FromStatus(path, status, "database"), named, known);
}

std::optional<ScannedFile> DescribeDirectory(int directory, const std::string& path) {
  struct statx status {};
  constexpr unsigned kWanted = STATX_TYPE | STATX_INO | STATX_MTIME | STATX_NLINK;
  if (statx(directory, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, kWanted, &status) != 0) {
    return std::nullopt;
  }
  ScannedFile file = FromStatus(path, status, "directory");
  file.size = 0;
  file.links = 1;  // a directory's count is of its subdirectories
  return file;
}

}  // namespace drover::environments
