#include "environments/suspects.h"

#include <algorithm>
#include <cstdint>
#include <fcntl.h>
#include <optional>
#include <set>
#include <string_view>
#include <unistd.h>
#include <utility>

#include "base/clock.h"
#include "base/posix.h"
#include "base/text.h"
#include "environments/getdents.h"
#include "environments/proc.h"

namespace drover::environments {
namespace {

constexpr std::size_t kMostNamed = 5;
/// A process that works elsewhere in the project is a suspect only when it has just begun.
constexpr double kJustBegun = 10;

enum class Evidence : std::uint8_t { kOpen, kDirectory, kNear };

std::string_view Word(Evidence evidence) {
  constexpr std::string_view kWords[] = {"open", "directory", "near"};
  return kWords[static_cast<std::size_t>(evidence)];
}

/// Fields of /proc/PID/stat, counted as proc(5) does.
struct ProcessStat {
  std::int64_t parent = 0;  // (4)
  std::int64_t start = 0;   // (22), in ticks since boot
};

std::optional<ProcessStat> ReadStat(int process_fd) {
  const std::string text = ReadProcFile(process_fd, "stat", 4096);
  // The name in parentheses may hold anything, also parentheses and blanks.
  const std::size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) return std::nullopt;
  const std::vector<std::string> fields =
      SplitList(std::string_view(text).substr(name_end + 1), ' ');
  if (fields.size() < 20) return std::nullopt;
  const auto parent = ParseInteger(fields[1]);
  const auto start = ParseInteger(fields[19]);
  if (!parent || !start) return std::nullopt;
  return ProcessStat{.parent = *parent, .start = *start};
}

/// Seconds since the system was started.
double Uptime(const std::string& proc) {
  const std::string text = ReadProcFile(AT_FDCWD, Concat(proc, "/uptime").c_str(), 64);
  const auto whole = ParseInteger(std::string_view(text).substr(0, text.find('.')));
  return whole ? static_cast<double>(*whole) : 0;
}

class SuspectSearch final {
 public:
  SuspectSearch(const std::vector<Appearance>& files, const std::string& root,
                const std::string& proc)
      : proc_(proc), own_namespace_(OwnMountNamespace(proc)), uptime_(Uptime(proc)) {
    for (const Appearance& file : files) Prepare(file, root);
  }

  std::map<std::string, std::vector<Suspect>> Run() {
    std::vector<std::int64_t> others;
    for (const std::int64_t pid : ListProcesses(proc_)) {
      const UniqueFd process = OpenProcess(proc_, pid);
      if (process && !LookAtDirectory(pid, process.get())) others.push_back(pid);
    }
    for (const std::int64_t pid : others) {
      if (std::ranges::all_of(files_, &File::seen_open)) break;
      const UniqueFd process = OpenProcess(proc_, pid);
      if (process) LookAtDescriptors(pid, process.get());
    }
    return Answer();
  }

 private:
  struct Candidate {
    Evidence evidence = Evidence::kNear;
    std::int64_t start = 0;
    std::int64_t parent = 0;
    Holder process;
  };
  struct File {
    std::string path;
    std::optional<FileIdentity> identity;
    std::optional<FileIdentity> made_from;
    std::set<FileIdentity> directories;  // from its own up to the project's root
    bool seen_open = false;
    std::vector<Candidate> candidates;
  };

  static std::optional<FileIdentity> IdentityAt(const std::string& path) {
    const auto found = FollowLink(AT_FDCWD, path.c_str());
    return found ? std::optional(found->identity) : std::nullopt;
  }

  void Prepare(const Appearance& appearance, const std::string& root) {
    File file;
    file.path = appearance.path;
    file.identity = IdentityAt(appearance.path);
    if (!appearance.made_from.empty()) file.made_from = IdentityAt(appearance.made_from);
    for (std::string at = DirectoryName(appearance.path); IsBelow(at, root);
         at = DirectoryName(at)) {
      if (const auto identity = IdentityAt(at)) file.directories.insert(*identity);
      if (at == root || at == "/") break;
    }
    files_.push_back(std::move(file));
  }

  /// False when it does not work in the project, so that it matters less.
  bool LookAtDirectory(std::int64_t pid, int process_fd) {
    const auto cwd = FollowLink(process_fd, "cwd");
    if (!cwd) return false;
    const bool inside = std::ranges::any_of(files_, [&](const File& file) {
      return file.directories.contains(cwd->identity) || file.made_from == cwd->identity;
    });
    if (!inside || IsOurs(process_fd)) return inside;
    // At once: it may end at any moment.
    const Holder process = DescribeProcess(pid, process_fd, own_namespace_);
    const std::optional<ProcessStat> stat = ReadStat(process_fd);
    const std::set<FileIdentity> open = OpenOf(process_fd);
    if (!stat) return true;
    const double age =
        uptime_ - static_cast<double>(stat->start) / static_cast<double>(sysconf(_SC_CLK_TCK));
    for (File& file : files_) {
      std::optional<Evidence> evidence;
      if (file.identity && open.contains(*file.identity)) {
        evidence = Evidence::kOpen;
      } else if (file.made_from == cwd->identity) {
        evidence = Evidence::kDirectory;
      } else if (file.directories.contains(cwd->identity) && age <= kJustBegun) {
        evidence = Evidence::kNear;
      }
      if (evidence) Accuse(file, *evidence, *stat, process);
    }
    return true;
  }

  void LookAtDescriptors(std::int64_t pid, int process_fd) {
    const std::set<FileIdentity> open = OpenOf(process_fd);
    if (open.empty() || IsOurs(process_fd)) return;
    const std::optional<ProcessStat> stat = ReadStat(process_fd);
    if (!stat) return;
    for (File& file : files_) {
      if (!file.identity || !open.contains(*file.identity)) continue;
      Accuse(file, Evidence::kOpen, *stat, DescribeProcess(pid, process_fd, own_namespace_));
    }
  }

  static void Accuse(File& file, Evidence evidence, const ProcessStat& stat,
                     const Holder& process) {
    file.seen_open |= evidence == Evidence::kOpen;
    file.candidates.push_back(
        {.evidence = evidence, .start = stat.start, .parent = stat.parent, .process = process});
  }

  /// Which of the files it has open.
  std::set<FileIdentity> OpenOf(int process_fd) {
    std::set<FileIdentity> open;
    const UniqueFd descriptors(openat(process_fd, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!descriptors) return open;
    ForEachEntry(descriptors.get(), buffer_, [&](const char* name, unsigned char) {
      if (name[0] == '.') return;
      const auto found = FollowLink(descriptors.get(), name);
      if (!found) return;
      for (const File& file : files_) {
        if (file.identity == found->identity) open.insert(found->identity);
      }
    });
    return open;
  }

  std::map<std::string, std::vector<Suspect>> Answer() {
    std::map<std::string, std::vector<Suspect>> answer;
    const std::string now = FormatUtc(WallNow());
    for (File& file : files_) {
      std::set<std::int64_t> parents;
      for (const Candidate& each : file.candidates) parents.insert(each.parent);
      std::erase_if(file.candidates, [&](const Candidate& each) {
        return each.evidence != Evidence::kOpen && parents.contains(each.process.pid);
      });
      std::ranges::sort(file.candidates, [](const Candidate& left, const Candidate& right) {
        if (left.evidence != right.evidence) return left.evidence < right.evidence;
        return std::pair(left.start, left.process.pid) > std::pair(right.start, right.process.pid);
      });
      if (file.candidates.size() > kMostNamed) file.candidates.resize(kMostNamed);
      std::vector<Suspect>& suspects = answer[file.path];
      for (Candidate& each : file.candidates) {
        suspects.push_back({.process = std::move(each.process),
                            .evidence = std::string(Word(each.evidence)),
                            .at = now});
      }
    }
    return answer;
  }

  const std::string& proc_;
  std::string own_namespace_;
  double uptime_;
  std::vector<File> files_;
  std::string buffer_ = std::string(std::size_t{1} << 15U, '\0');
};

}  // namespace

std::map<std::string, std::vector<Suspect>> FindSuspects(const std::vector<Appearance>& files,
                                                         const std::string& root,
                                                         const std::string& proc) {
  if (files.empty()) return {};
  return SuspectSearch(files, root, proc).Run();
}

}  // namespace drover::environments
