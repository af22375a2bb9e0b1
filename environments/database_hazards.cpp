#include "environments/database_hazards.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>
#include <utility>

#include "base/posix.h"
#include "base/text.h"
#include "environments/hazards.h"

namespace drover::environments {
namespace {

constexpr std::array<std::string_view, 3> kSideFiles{"-wal", "-shm", "-journal"};

/// The last parts of names that say "database": a pattern with one of them meets nothing else.
constexpr std::array<std::string_view, 6> kExtensions{".db",  ".sqlite", ".sqlite3",
                                                      ".db3", ".sdb",    ".s3db"};

void Tell(const DatabaseSight& sight, Finding finding, std::vector<Finding>& findings) {
  finding.environment = sight.target->environment;
  findings.push_back(std::move(finding));
}

/// Where the mount was read, it was said how to write it instead.
std::string Advice(const Target& target) {
  const auto told = std::ranges::find(target.findings, "bind-single-file", &Finding::code);
  const bool known = told != target.findings.end() && told->fix;
  return Concat("stop the container, then ",
                known ? *told->fix : std::string("mount a directory instead of the file"));
}

// As whom ----------------------------------------------------------------------------------------

struct ContainerUser {
  std::uint32_t uid = 0;
  std::optional<std::uint32_t> gid;  // nothing: the image's own
};

std::optional<std::uint32_t> ParseId(std::string_view text) {
  const auto number = ParseInteger(text);
  if (!number || *number < 0 || *number > UINT32_MAX) return std::nullopt;
  return static_cast<std::uint32_t>(*number);
}

/// Names mean what the image's own passwd says; only numbers can be judged from here.
std::optional<ContainerUser> ParseUser(std::string_view text) {
  const std::size_t colon = text.find(':');
  const auto uid = ParseId(text.substr(0, colon));
  if (!uid) return std::nullopt;
  ContainerUser user{.uid = *uid, .gid = {}};
  if (colon != std::string_view::npos) user.gid = ParseId(text.substr(colon + 1));
  return user;
}

/// False only when it is certain.
bool MayUse(const FileStatus& file, const ContainerUser& user, std::uint32_t bits) {
  if (user.uid == 0) return true;
  const auto allows = [&](unsigned shift) { return ((file.mode >> shift) & bits) == bits; };
  if (file.owner == user.uid) return allows(6);
  if (user.gid) return allows(file.group == *user.gid ? 3 : 0);
  return allows(3) || allows(0);
}

void CheckUser(const DatabaseSight& sight, const std::string& root, Files& files,
               DatabaseHazards& found) {
  constexpr std::uint32_t kWrite = 2;
  constexpr std::uint32_t kWriteAndSearch = 3;
  const Target& target = *sight.target;
  const auto& written = target.mount->user;
  const auto user = written ? ParseUser(written->text) : std::nullopt;
  if (!user) return;
  const std::string place = DirectoryName(target.path);
  const auto directory = files.Stat(place);
  std::string what;
  std::optional<FileStatus> culprit;
  if (target.file && !MayUse(*target.file, *user, kWrite)) {
    what = Concat("may not write ", RelativeTo(target.path, root));
    culprit = target.file;
  } else if (directory && !target.mount->single_file &&
             !MayUse(*directory, *user, kWriteAndSearch)) {
    what = Concat("may not write into ", RelativeTo(place, root), ", where ",
                  target.file ? "-wal and -journal" : "the database",
                  target.file ? " have to be made" : " has to be made");
    culprit = directory;
  } else {
    for (const std::string_view suffix : kSideFiles) {
      const std::string path = Concat(target.path, suffix);
      const auto status = files.Stat(path);
      if (!status || MayUse(*status, *user, kWrite)) continue;
      what = Concat("may not write ", RelativeTo(path, root));
      culprit = status;
      break;
    }
  }
  if (!culprit) return;
  const std::string owner = Concat(culprit->owner, ":", culprit->group);
  const std::string chown = target.mount->single_file
                                ? Concat("sudo chown ", user->uid, " ", ShellQuote(target.path))
                                : Concat("sudo chown -R ", user->uid, " ", ShellQuote(place));
  // Files of a person are better left to that person.
  const std::string fix = culprit->owner == 0 ? chown : Concat("user: \"", owner, "\"");
  Tell(sight,
       MakeFinding("uid-mismatch",
                   Concat("service \"", target.mount->service, "\" runs as ", written->text,
                          " and ", what, ", which belongs to ", owner),
                   written->where, fix, Ground::kInferred),
       found.findings);
}

// git ---------------------------------------------------------------------------------------------

/// A pattern for `path` that keeps its side file out, too: "*.db-wal", or the path itself when its
/// name says nothing.
std::string IgnoreLine(const std::string& path, std::string_view suffix,
                       const std::string& directory) {
  const std::string name = BaseName(path);
  for (const std::string_view extension : kExtensions) {
    if (!suffix.empty() && name.ends_with(extension)) return Concat("*", extension, suffix);
  }
  std::string line = Concat("/", RelativeTo(path, directory), suffix);
  std::string escaped;
  for (const char c : line) {
    if (std::string_view("*?[\\").find(c) != std::string_view::npos) escaped += '\\';
    escaped += c;
  }
  return escaped;
}

std::string NameThem(std::vector<std::string> names) {
  if (names.size() == 1) return names.front();
  const std::string last = std::move(names.back());
  names.pop_back();
  return Concat(Join(names, ", "), " and ", last);
}

struct GitView {
  std::string gitignore;             // where lines are to be added
  std::vector<std::string> tracked;  // relative to the working tree
  std::vector<std::string> open;     // names of what no ignore file keeps out
  std::vector<std::string> lines;    // that would
  std::string near;                  // the pattern that keeps the database out
};

GitView Judge(const GitAnswers& git, const std::string& path, const std::string& root) {
  GitView view;
  const std::string& top = git.repository.top;
  const bool in_project = IsBelow(path, root) && IsBelow(root, top);
  const std::string directory = in_project ? root : top;
  view.gitignore = AbsolutePath(".gitignore", directory);
  for (const GitFile& file : git.files) {
    if (file.tracked) view.tracked.push_back(RelativeTo(file.path, top));
    if (file.ignored) {
      if (file.path == path) view.near = file.ignored_by;
      continue;
    }
    view.open.push_back(BaseName(file.path));
    view.lines.push_back(IgnoreLine(path, file.path.substr(path.size()), directory));
  }
  return view;
}

}  // namespace

void FindMountHazards(const DatabaseSight& sight, const std::string& root, Files& files,
                      DatabaseHazards& found) {
  const Target& target = *sight.target;
  if (!target.mount || target.kind != TargetKind::kFile) return;
  const Target::Mount& mount = *target.mount;
  const std::string name = RelativeTo(target.path, root);
  CheckUser(sight, root, files, found);
  if (!target.file || target.file->size == 0) return;
  const bool remote = files.RemoteFileSystem(DirectoryName(target.path)).has_value();
  if (mount.single_file && sight.wal == true) {
    Tell(sight,
         MakeFinding(
             "wal-across-single-file",
             Concat(name, " is in WAL mode and mounted as a single file: host and service \"",
                    mount.service, "\" each see their own -wal only, committed rows are lost"),
             mount.where, Advice(target)),
         found.findings);
  } else if (mount.single_file && (sight.damaged || sight.wal == false)) {
    // What a look can see is the danger; the damage it sees only when there is some.
    Finding finding = MakeFinding(
        "journal-across-single-file",
        sight.damaged ? Concat(name,
                               " is damaged and mounted as a single file: the -journal that would "
                               "repair it stayed in the container of service \"",
                               mount.service, "\"")
                      : Concat(name, " is mounted as a single file: when service \"", mount.service,
                               "\" is killed in mid-transaction, its -journal is not beside it"),
        mount.where, Advice(target), Ground::kInferred);
    if (!sight.damaged) finding.severity = "warning";
    Tell(sight, std::move(finding), found.findings);
  } else if (sight.wal == true && !remote) {
    Tell(
        sight,
        MakeFinding("wal-shared-local-ok",
                    Concat(name, " is in WAL mode and its directory is mounted from a local disk: ",
                           "this machine and service \"", mount.service, "\"",
                           mount.shared_with.empty() ? std::string()
                                                     : Concat(", ", Join(mount.shared_with, ", ")),
                           " may use it at the same time"),
                    mount.where),
        found.notes);
  }
}

void FindFileHazards(const DatabaseSight& sight, const std::string& root, Files& files,
                     DatabaseHazards& found) {
  const Target& target = *sight.target;
  if (target.kind != TargetKind::kFile || !target.file) return;
  const std::string name = RelativeTo(target.path, root);
  if (sight.hot_journal) {
    Tell(sight,
         MakeFinding("hot-journal",
                     Concat(name,
                            " has a hot journal: a writer was killed in mid-transaction, the next "
                            "one rolls it back; never delete ",
                            BaseName(target.path), "-journal"),
                     sight.where, Concat("drover upgrade -e ", ShellQuote(target.environment))),
         found.findings);
  }
  const auto remote = files.RemoteFileSystem(DirectoryName(target.path));
  if (remote && sight.wal == true) {
    // A FUSE file system may also be a local one; the others are a server's or a host's.
    Tell(sight,
         MakeFinding("wal-on-remote-fs",
                     Concat(name, " is in WAL mode on ", *remote,
                            ", where writers do not see each other's -shm"),
                     sight.where,
                     Concat("sqlite3 ", ShellQuote(target.path), " 'PRAGMA journal_mode=DELETE'"),
                     *remote == "fuse" ? Ground::kInferred : Ground::kSeen),
         found.findings);
  }
}

void FindGitHazards(const DatabaseSight& sight, const std::string& root, GitTracking& git,
                    DatabaseHazards& found) {
  const Target& target = *sight.target;
  if (target.kind != TargetKind::kFile) return;
  std::vector<std::string> paths{target.path};
  for (const std::string_view suffix : kSideFiles) paths.push_back(Concat(target.path, suffix));
  const auto answers = git.Ask(paths);
  if (!answers) return;
  const GitView view = Judge(*answers, target.path, root);
  const bool ours = IsBelow(target.path, root);
  const bool ignorable = ours && IsBelow(view.gitignore, root);
  const bool tracked = !view.tracked.empty();
  const std::string code = tracked ? "db-in-git" : "gitignore-gap";
  std::vector<SafeFix> fixes;
  if (tracked) {
    fixes.push_back({.kind = SafeFix::Kind::kUntrack,
                     .code = code,
                     .environment = target.environment,
                     .path = answers->repository.top,
                     .values = view.tracked});
  }
  if (!view.open.empty()) {
    fixes.push_back({.kind = SafeFix::Kind::kIgnoreInGit,
                     .code = code,
                     .environment = target.environment,
                     .path = view.gitignore,
                     .values = view.lines});
  }
  if (fixes.empty()) return;
  const std::string fix = FixCommand(fixes.front(), root);
  if (tracked) {
    Tell(sight,
         MakeFinding(code,
                     Concat(NameThem(view.tracked), view.tracked.size() > 1 ? " are" : " is",
                            " committed to git: a switch of branches replaces it under the "
                            "application"),
                     answers->repository.directory + "/index", fix),
         found.findings);
  } else {
    const bool whole = view.near.empty();
    const std::string open =
        Concat(NameThem(view.open), view.open.size() > 1 ? " are not" : " is not");
    Tell(
        sight,
        MakeFinding(code,
                    whole ? Concat(open, " ignored by git: \"git add .\" would commit the database")
                          : Concat(BaseName(target.path), " is ignored by git, but ", open),
                    whole ? view.gitignore : view.near, fix),
        found.findings);
  }
  std::ranges::copy_if(fixes, std::back_inserter(found.fixes), [&](const SafeFix& each) {
    return ours && (each.kind == SafeFix::Kind::kUntrack || ignorable);
  });
}

}  // namespace drover::environments
