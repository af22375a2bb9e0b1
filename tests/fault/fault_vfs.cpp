#include "tests/fault/fault_vfs.h"

#include <array>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <new>
#include <set>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/posix.h"
#include "base/text.h"

namespace drover::fault {
namespace {

using Call = FaultVfs::Call;
using Verdict = FaultVfs::Verdict;

sqlite3_vfs* real_vfs = nullptr;
bool within_sqlite = false;  // what it removes there has been counted already

/// SQLite allocates it; the real VFS's file follows directly behind.
struct ShimFile {
  sqlite3_file base;
  std::string* path;    // null for a temporary file
  bool syncs_its_name;  // a new journal: its first sync makes its name durable, too
};

ShimFile* Shim(sqlite3_file* file) { return reinterpret_cast<ShimFile*>(file); }
sqlite3_file* Real(sqlite3_file* file) { return reinterpret_cast<sqlite3_file*>(Shim(file) + 1); }

bool IsWatched(sqlite3_file* file) {
  const ShimFile* shim = Shim(file);
  return shim->path != nullptr && FaultVfs::Instance().Watches(*shim->path);
}

int Close(sqlite3_file* file) {
  const int result = Real(file)->pMethods->xClose(Real(file));
  delete Shim(file)->path;
  return result;
}

int Read(sqlite3_file* file, void* buffer, int amount, sqlite3_int64 offset) {
  return Real(file)->pMethods->xRead(Real(file), buffer, amount, offset);
}

int Write(sqlite3_file* file, const void* buffer, int amount, sqlite3_int64 offset) {
  if (!IsWatched(file)) return Real(file)->pMethods->xWrite(Real(file), buffer, amount, offset);
  FaultVfs& vfs = FaultVfs::Instance();
  const std::string_view bytes(static_cast<const char*>(buffer), static_cast<std::size_t>(amount));
  if (!vfs.dead()) {
    vfs.disk().Write(*Shim(file)->path, static_cast<std::uint64_t>(offset), bytes);
  }
  if (vfs.Judge(Call::kWrite) == Verdict::kFail) {
    if (vfs.plan().fault != Fault::kFull) return SQLITE_IOERR_WRITE;
    sqlite3_int64 size = 0;
    (void)Real(file)->pMethods->xFileSize(Real(file), &size);
    // A full disk does not keep anybody from changing what is there.
    if (offset + amount > size) {
      (void)Real(file)->pMethods->xWrite(Real(file), buffer, amount / 2, offset);
      return SQLITE_FULL;
    }
  }
  return Real(file)->pMethods->xWrite(Real(file), buffer, amount, offset);
}

int Truncate(sqlite3_file* file, sqlite3_int64 size) {
  if (IsWatched(file)) {
    FaultVfs& vfs = FaultVfs::Instance();
    if (!vfs.dead()) vfs.disk().Truncate(*Shim(file)->path, static_cast<std::uint64_t>(size));
    if (vfs.Judge(Call::kTruncate) == Verdict::kFail) return SQLITE_IOERR_TRUNCATE;
  }
  return Real(file)->pMethods->xTruncate(Real(file), size);
}

int Sync(sqlite3_file* file, int flags) {
  (void)flags;
  if (!IsWatched(file)) return SQLITE_OK;
  FaultVfs& vfs = FaultVfs::Instance();
  if (vfs.Judge(Call::kSync) == Verdict::kFail) return SQLITE_IOERR_FSYNC;
  ShimFile* shim = Shim(file);
  vfs.SyncFile(*shim->path);
  if (shim->syncs_its_name) {
    shim->syncs_its_name = false;
    vfs.SyncDirectory(DirectoryName(*shim->path));
  }
  return SQLITE_OK;
}

int FileSize(sqlite3_file* file, sqlite3_int64* size) {
  return Real(file)->pMethods->xFileSize(Real(file), size);
}
int Lock(sqlite3_file* file, int level) { return Real(file)->pMethods->xLock(Real(file), level); }
int Unlock(sqlite3_file* file, int level) {
  return Real(file)->pMethods->xUnlock(Real(file), level);
}
int CheckReservedLock(sqlite3_file* file, int* result) {
  return Real(file)->pMethods->xCheckReservedLock(Real(file), result);
}
int FileControl(sqlite3_file* file, int operation, void* argument) {
  return Real(file)->pMethods->xFileControl(Real(file), operation, argument);
}
int SectorSize(sqlite3_file* file) { return Real(file)->pMethods->xSectorSize(Real(file)); }
int DeviceCharacteristics(sqlite3_file* file) {
  return Real(file)->pMethods->xDeviceCharacteristics(Real(file));
}
int ShmMap(sqlite3_file* file, int page, int size, int extend, void volatile** memory) {
  return Real(file)->pMethods->xShmMap(Real(file), page, size, extend, memory);
}
int ShmLock(sqlite3_file* file, int offset, int count, int flags) {
  return Real(file)->pMethods->xShmLock(Real(file), offset, count, flags);
}
void ShmBarrier(sqlite3_file* file) { Real(file)->pMethods->xShmBarrier(Real(file)); }
int ShmUnmap(sqlite3_file* file, int remove) {
  return Real(file)->pMethods->xShmUnmap(Real(file), remove);
}

/// Version 2: without memory mapping, whose writes nobody could count.
const sqlite3_io_methods kMethods = {2,
                                     Close,
                                     Read,
                                     Write,
                                     Truncate,
                                     Sync,
                                     FileSize,
                                     Lock,
                                     Unlock,
                                     CheckReservedLock,
                                     FileControl,
                                     SectorSize,
                                     DeviceCharacteristics,
                                     ShmMap,
                                     ShmLock,
                                     ShmBarrier,
                                     ShmUnmap,
                                     nullptr,
                                     nullptr};

int Open(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  ShimFile* shim = Shim(file);
  shim->base.pMethods = nullptr;
  shim->path = nullptr;
  shim->syncs_its_name = false;
  FaultVfs& vfs = FaultVfs::Instance();
  const bool watched = name != nullptr && vfs.Watches(name);
  const bool creates = watched && (flags & SQLITE_OPEN_CREATE) != 0 && !StatFile(name);
  if (creates && vfs.dead()) return SQLITE_CANTOPEN;
  const int result = real_vfs->xOpen(real_vfs, name, Real(file), flags, out_flags);
  // SQLite closes what has methods, even when opening has failed.
  if (Real(file)->pMethods != nullptr) {
    shim->base.pMethods = &kMethods;
    if (name != nullptr) shim->path = new std::string(name);
  }
  if (result != SQLITE_OK || !watched) return result;
  vfs.disk().Create(name);
  constexpr int kJournals = SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL | SQLITE_OPEN_WAL;
  shim->syncs_its_name = creates && (flags & kJournals) != 0;
  return result;
}

int Delete(sqlite3_vfs*, const char* name, int sync_directory) {
  FaultVfs& vfs = FaultVfs::Instance();
  if (!vfs.Watches(name)) return real_vfs->xDelete(real_vfs, name, 0);
  if (!StatFile(name)) return SQLITE_IOERR_DELETE_NOENT;
  // Of a power failure in that moment nobody knows whether it came before or after.
  if (vfs.plan().fault == Fault::kPower && !vfs.dead()) vfs.disk().Remove(name);
  if (vfs.Judge(Call::kRemove) == Verdict::kFail) return SQLITE_IOERR_DELETE;
  within_sqlite = true;
  const int result = real_vfs->xDelete(real_vfs, name, 0);
  within_sqlite = false;
  if (result != SQLITE_OK) return result;
  vfs.disk().Remove(name);
  if (sync_directory == 0) return SQLITE_OK;
  if (vfs.Judge(Call::kSync) == Verdict::kFail) return SQLITE_IOERR_DIR_FSYNC;
  vfs.SyncDirectory(DirectoryName(name));
  return SQLITE_OK;
}

/// The path that a descriptor stands for; empty when it has none.
std::string PathOf(int descriptor) {
  std::array<char, PATH_MAX> buffer{};
  const std::string link = Concat("/proc/self/fd/", descriptor);
  const ssize_t size = readlink(link.c_str(), buffer.data(), buffer.size());
  return size <= 0 ? std::string() : std::string(buffer.data(), static_cast<std::size_t>(size));
}

template <class Function>
Function* Next(const char* name) {
  void* found = dlsym(RTLD_NEXT, name);
  if (found == nullptr) std::abort();
  Function* function = nullptr;
  std::memcpy(&function, &found, sizeof(function));
  return function;
}

/// Files that have no name yet (O_TMPFILE) and were synced, by inode.
std::set<std::uint64_t>& SyncedUnnamed() {
  static std::set<std::uint64_t> inodes;
  return inodes;
}

std::uint64_t InodeOf(const char* path) {
  struct stat status {};
  return stat(path, &status) == 0 ? status.st_ino : 0;
}

/// A sync by the product itself.
int RawSync(int descriptor) {
  FaultVfs& vfs = FaultVfs::Instance();
  const std::string path = vfs.running() ? PathOf(descriptor) : std::string();
  if (path.empty() || !vfs.Watches(path)) return 0;
  if (vfs.Judge(Call::kSync) == Verdict::kFail) {
    errno = EIO;
    return -1;
  }
  const auto status = StatFile(path);
  if (!status) {
    if (vfs.plan().syncs != Syncs::kIgnored) {
      SyncedUnnamed().insert(InodeOf(Concat("/proc/self/fd/", descriptor).c_str()));
    }
    return 0;
  }
  if (status->type == FileType::kDirectory) {
    vfs.SyncDirectory(path);
  } else {
    vfs.SyncFile(path);
  }
  return 0;
}

/// A renaming by the product itself, by absolute names. False, errno set, when it fails.
bool MayRename(const char* from, const char* to) {
  FaultVfs& vfs = FaultVfs::Instance();
  if (!vfs.Watches(from)) return true;
  if (!vfs.dead()) vfs.disk().Rename(from, to);
  if (vfs.Judge(Call::kRename) == Verdict::kGoOn) return true;
  errno = EIO;
  return false;
}

}  // namespace

FaultVfs& FaultVfs::Instance() {
  static FaultVfs instance;
  return instance;
}

FaultVfs::FaultVfs() {
  real_vfs = sqlite3_vfs_find(nullptr);
  static sqlite3_vfs shim = *real_vfs;
  shim.zName = "fault";
  shim.szOsFile = static_cast<int>(sizeof(ShimFile)) + real_vfs->szOsFile;
  shim.pNext = nullptr;
  shim.xOpen = Open;
  shim.xDelete = Delete;
  if (sqlite3_vfs_register(&shim, 1) != SQLITE_OK) std::abort();
}

void FaultVfs::Begin(const std::string& directory, const FaultPlan& plan) {
  directory_ = directory;
  plan_ = plan;
  disk_.Begin(directory);
  survivors_.clear();
  synced_directories_.clear();
  running_ = true;
  struck_ = false;
  dead_ = false;
  calls_ = 0;
}

void FaultVfs::PowerOff() {
  if (dead_) return;
  Disk::Random random(plan_.seed * 1000003 + static_cast<std::uint64_t>(calls_));
  survivors_ = disk_.AfterPowerFailure(random);
  dead_ = true;
  struck_ = true;
}

void FaultVfs::End() {
  running_ = false;
  if (dead_) WriteTree(directory_, survivors_);
  dead_ = false;
}

FaultVfs::Verdict FaultVfs::Judge(Call call) {
  if (dead_) return Verdict::kFail;
  ++calls_;
  if (plan_.fault == Fault::kNone || calls_ < plan_.at) return Verdict::kGoOn;
  if (plan_.fault == Fault::kIoErrorOnce && calls_ > plan_.at) return Verdict::kGoOn;
  // What is full can still be synced, cut short and removed.
  if (plan_.fault == Fault::kFull && call != Call::kWrite) return Verdict::kGoOn;
  if (plan_.fault == Fault::kPower) PowerOff();
  struck_ = true;
  return Verdict::kFail;
}

void FaultVfs::SyncFile(const std::string& path) {
  if (plan_.syncs != Syncs::kIgnored) disk_.Sync(path);
}

void FaultVfs::SyncDirectory(const std::string& directory) {
  synced_directories_.insert(directory);
  if (plan_.syncs == Syncs::kHonest) disk_.SyncDirectory(directory);
}

}  // namespace drover::fault

// These stand before the C library's for the whole program, SQLite included.

extern "C" int fsync(int descriptor) { return drover::fault::RawSync(descriptor); }

extern "C" int fdatasync(int descriptor) { return drover::fault::RawSync(descriptor); }

extern "C" int unlink(const char* name) noexcept {
  using drover::fault::FaultVfs;
  const auto real = drover::fault::Next<int(const char*)>("unlink");
  FaultVfs& vfs = FaultVfs::Instance();
  if (drover::fault::within_sqlite || !vfs.Watches(name) || !drover::StatFile(name)) {
    return real(name);
  }
  if (vfs.plan().fault == drover::fault::Fault::kPower && !vfs.dead()) vfs.disk().Remove(name);
  if (vfs.Judge(FaultVfs::Call::kRemove) == FaultVfs::Verdict::kFail) {
    errno = EIO;
    return -1;
  }
  vfs.disk().Remove(name);
  return real(name);
}

extern "C" int linkat(int from_directory, const char* from, int to_directory, const char* to,
                      int flags) noexcept {
  using drover::fault::FaultVfs;
  const auto real = drover::fault::Next<int(int, const char*, int, const char*, int)>("linkat");
  FaultVfs& vfs = FaultVfs::Instance();
  if (!vfs.Watches(to)) return real(from_directory, from, to_directory, to, flags);
  if (vfs.Judge(FaultVfs::Call::kRename) == FaultVfs::Verdict::kFail) {
    errno = EIO;
    return -1;
  }
  const int result = real(from_directory, from, to_directory, to, flags);
  if (result != 0) return result;
  vfs.disk().Create(to);
  if (drover::fault::SyncedUnnamed().erase(drover::fault::InodeOf(to)) > 0) vfs.disk().Sync(to);
  return result;
}

extern "C" int rename(const char* from, const char* to) noexcept {
  if (!drover::fault::MayRename(from, to)) return -1;
  return drover::fault::Next<int(const char*, const char*)>("rename")(from, to);
}

extern "C" int renameat2(int from_directory, const char* from, int to_directory, const char* to,
                         unsigned flags) noexcept {
  if (!drover::fault::MayRename(from, to)) return -1;
  return drover::fault::Next<int(int, const char*, int, const char*, unsigned)>("renameat2")(
      from_directory, from, to_directory, to, flags);
}
