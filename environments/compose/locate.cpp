#include "environments/compose/locate.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/posix.h"
#include "base/text.h"
#include "environments/compose/volumes.h"
#include "environments/hazards.h"
#include "environments/yaml.h"

namespace drover::environments {
namespace {

/// The engine takes no other names; in particular none that leads out of its directory.
bool IsVolumeName(std::string_view name) {
  const auto is_alphanumeric = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  return !name.empty() && is_alphanumeric(name.front()) &&
         std::all_of(name.begin(), name.end(), [&](char c) {
           return is_alphanumeric(c) || c == '_' || c == '.' || c == '-';
         });
}

class Locator final {
 public:
  Locator(const ComposeProject& project, const ComposeService& service, const std::string& path,
          const ComposeSurroundings& surroundings, const std::string& root,
          const std::string& provision, Files& files)
      : project_(project),
        service_(service),
        path_(path),
        surroundings_(surroundings),
        root_(root),
        provision_(provision),
        files_(files) {}

  ComposePlace Locate() {
    place_.mount = CoveringMount(service_.mounts, path_);
    if (place_.mount == nullptr) {
      NoMount();
      return std::move(place_);
    }
    const ComposeMount& mount = *place_.mount;
    place_.confidence = service_.volumes_from.empty() ? Confidence::kCertain : Confidence::kLikely;
    if (mount.access == ComposeMount::Access::kReadOnly) {
      Note("mount-read-only",
           Concat(mount.target, " is mounted read-only: the application cannot write its database"),
           "remove :ro from the mount");
    }
    if (!mount.host.empty()) {
      Host(mount);
    } else if (mount.type == ComposeMount::Type::kTmpfs || mount.device_type == "tmpfs") {
      Nowhere("database-on-tmpfs", "compose.tmpfs", "is on a tmpfs: it is lost at every stop");
    } else if (mount.type == ComposeMount::Type::kVolume && mount.volume.empty()) {
      Nowhere("database-in-anonymous-volume", "compose.anonymous_volume",
              "is in an anonymous volume: a new container may start with an empty one");
    } else if (mount.type == ComposeMount::Type::kVolume) {
      Volume(mount);
    } else {
      place_.confidence = Confidence::kUnknown;
      Fail(
          "compose.unsupported",
          Concat(In(), " is on a mount (", mount.written, ") that is no directory of this machine"),
          Advice());
    }
    if (!place_.host.empty()) Shared(mount);
    return std::move(place_);
  }

 private:
  [[nodiscard]] std::string Short(const std::string& path) const { return RelativeTo(path, root_); }

  /// "/app/a.db of service "app"".
  [[nodiscard]] std::string In() const {
    return Concat(path_, " of service \"", service_.name, "\"");
  }

  [[nodiscard]] std::string Rest() const {
    const std::string& target = place_.mount->target;
    return path_.substr(target == "/" ? 0 : target.size());
  }

  [[nodiscard]] std::string Advice() const {
    return Concat("mount a directory instead: \"./data:", place_.mount->target, "\"");
  }

  [[nodiscard]] bool IsWorkingDirectory(const std::string& path) const {
    return service_.working_directory && service_.working_directory->path == path;
  }

  /// For a database that lies among the application's own files, which a mount would hide.
  [[nodiscard]] std::string MountADirectory() const {
    const std::string directory = AbsolutePath("data", DirectoryName(path_));
    return Concat("mount a directory: \"./data:", directory, "\", and let the URL be sqlite:///",
                  directory, "/", BaseName(path_));
  }

  void Note(std::string_view code, std::string message, std::string fix) {
    place_.findings.push_back(
        MakeFinding(code, std::move(message), place_.mount->where, std::move(fix)));
  }

  void Fail(std::string kind, std::string message, std::string hint) {
    place_.error = Error(Code::kInvalid, std::move(kind), std::move(message), std::move(hint),
                         place_.mount == nullptr ? service_.where : place_.mount->where);
  }

  void Nowhere(std::string_view code, std::string kind, std::string_view what) {
    place_.confidence = Confidence::kUnknown;
    const std::string message = Concat(In(), " ", what);
    Note(code, message, Advice());
    Fail(std::move(kind), message, Advice());
  }

  void NoMount() {
    if (!service_.volumes_from.empty()) {
      Fail("compose.unsupported",
           Concat(In(), " is under no mount of its own, and drover does not follow volumes_from"),
           "write the mount under volumes:");
      place_.error->where = service_.volumes_from;
      place_.findings.push_back(MakeFinding("volumes-from-ignored", place_.error->message,
                                            service_.volumes_from,
                                            "write the mount under volumes:"));
      return;
    }
    const std::string message = Concat(In(), " is under no mount: it is lost with the container");
    const bool own = DirectoryName(path_) != "/" && !IsWorkingDirectory(DirectoryName(path_));
    const std::string fix =
        own ? Concat("mount its directory: volumes: [\"./data:", DirectoryName(path_), "\"]")
            : MountADirectory();
    place_.findings.push_back(MakeFinding("database-in-image-layer", message, service_.where, fix));
    Fail("compose.no_mount", message, fix);
  }

  void Host(const ComposeMount& mount) {
    if (IsWindowsPath(mount.host)) {
      place_.confidence = Confidence::kUnknown;
      Fail("compose.windows_path",
           Concat(In(), " is mounted from ", Excerpt(mount.host, 60),
                  ", which is no path of this machine"),
           Advice());
      return;
    }
    place_.host = AbsolutePath(Concat(mount.host, Rest()), "/");
    if (!mount.unset.empty()) {
      place_.confidence = Confidence::kUnknown;
      Fail(
          "compose.unset_variable",
          Concat("the mount of ", mount.target, " uses ${", mount.unset.front(),
                 "}, which the project's .env does not set: only the shell that runs compose knows "
                 "it"),
          Concat("echo '", mount.unset.front(), "=…' >> ",
                 ShellQuote(AbsolutePath(".env", project_.directory))));
      return;
    }
    const bool single = mount.target == path_;
    const std::optional<FileStatus> source = files_.Stat(mount.host);
    if (!source) Missing(mount, single);
    if (single && !(source && source->type == FileType::kDirectory)) {
      Note("bind-single-file",
           Concat(Short(place_.host),
                  " is mounted as a single file: its -wal and -journal stay in the container"),
           MountADirectory());
    }
  }

  void Missing(const ComposeMount& mount, bool single) {
    using MissingSource = ComposeMount::MissingSource;
    const std::string fix = single ? provision_ : Concat("mkdir -p ", ShellQuote(mount.host));
    const std::string subject = Concat(Short(mount.host), " does not exist yet: ");
    if (mount.missing_source == MissingSource::kFail) {
      Note("bind-source-missing-will-fail", subject + "the container would not start", fix);
      return;
    }
    const std::string_view creates = "the engine would create a directory there, owned by root";
    Note("bind-source-missing",
         mount.missing_source == MissingSource::kCreateDirectory
             ? Concat(subject, creates)
             : Concat(subject, creates,
                      ", or, with an older compose, the container would not start"),
         fix);
  }

  void Volume(const ComposeMount& mount) {
    place_.confidence = Confidence::kUnknown;
    const std::string prefix = Concat(In(), " is in the volume \"", mount.volume, "\"");
    if (!mount.driver.empty()) {
      Unreachable(Concat(prefix, " of the driver ", mount.driver,
                         ": only the container engine can reach it"));
      return;
    }
    if (!mount.device.empty()) {
      Unreachable(Concat(prefix, ", which is ", Excerpt(mount.device, 60),
                         " mounted by the engine: it is to be seen in containers only"));
      return;
    }
    if (!IsVolumeName(mount.volume)) {
      Fail("compose.volume_name", Concat(prefix, ", which no engine accepts as a name"),
           "use letters, digits, _ . and - only");
      return;
    }
    const std::vector<std::string> directories = VolumeDirectories();
    const std::string rest = AbsolutePath(Concat(mount.subpath, Rest()), "/");
    bool closed = false;
    for (const std::string& directory : directories) {
      const std::string data = Concat(directory, "/", mount.volume, "/_data");
      const Reach reach = files_.Probe(data);
      closed = closed || (reach == Reach::kClosed && directory == directories.front());
      if (reach != Reach::kThere) continue;
      place_.confidence = Confidence::kLikely;
      place_.host = data + rest;
      return;
    }
    const std::string data = Concat(directories.front(), "/", mount.volume, "/_data");
    place_.host = data + rest;
    Unreachable(closed
                    ? Concat(prefix, ": its directory ", data,
                             " cannot be read by you, only by root or the container engine")
                    : Concat(prefix, ": there is no ", data,
                             ". The volume is not created yet, or the engine keeps it where this "
                             "machine does not see it (Docker Desktop: in its virtual machine)"));
  }

  void Unreachable(const std::string& message) {
    Note("named-volume-needs-engine", message, Advice());
    Fail("compose.named_volume", message, Concat("run drover inside the container, or ", Advice()));
  }

  /// Where engines keep their volumes; that of the system's Docker first.
  [[nodiscard]] std::vector<std::string> VolumeDirectories() const {
    std::vector<std::string> directories{AbsolutePath("volumes", DockerRoot())};
    if (!surroundings_.home.empty()) {
      const std::string share = AbsolutePath(".local/share", surroundings_.home);
      directories.push_back(share + "/docker/volumes");              // rootless Docker
      directories.push_back(share + "/containers/storage/volumes");  // rootless Podman
    }
    directories.emplace_back("/var/lib/containers/storage/volumes");  // Podman
    return directories;
  }

  /// The key "data-root" of dockerd's configuration file (docs.docker.com, "dockerd"); JSON is
  /// YAML.
  [[nodiscard]] std::string DockerRoot() const {
    if (!surroundings_.docker_root.empty()) return surroundings_.docker_root;
    constexpr const char* kDaemonFile = "/etc/docker/daemon.json";
    try {
      const std::optional<std::string> text = files_.Read(kDaemonFile);
      const YamlNode settings = text ? ParseYaml(*text, kDaemonFile, "compose") : YamlNode();
      const YamlNode* root = settings.Find("data-root");
      if (root != nullptr && root->scalar.starts_with('/')) return root->scalar;
    } catch (const Error&) {
      // It is not ours to judge; dockerd does not start with a broken one.
    }
    return "/var/lib/docker";
  }

  void Shared(const ComposeMount& mount) {
    std::vector<std::string> others;
    for (const ComposeService& other : project_.services) {
      if (other.name == service_.name || !other.is_active) continue;
      const bool shares =
          std::any_of(other.mounts.begin(), other.mounts.end(),
                      [&](const ComposeMount& theirs) { return Holds(theirs, mount); });
      if (shares) others.push_back(other.name);
    }
    place_.shared_with = others;
    if (others.empty()) return;
    Note("database-shared-by-services",
         Concat("the database of service \"", service_.name, "\" is also mounted by ",
                Join(others, ", ")),
         "let one service migrate it; the others wait: depends_on with "
         "service_completed_successfully");
  }

  /// Does a mount of another service hold the file, too?
  [[nodiscard]] bool Holds(const ComposeMount& theirs, const ComposeMount& mine) const {
    if (!theirs.host.empty()) {
      return !mine.host.empty() && !IsWindowsPath(theirs.host) &&
             IsBelow(files_.Real(place_.host), files_.Real(theirs.host));
    }
    return theirs.type == ComposeMount::Type::kVolume && !theirs.volume.empty() &&
           theirs.volume == mine.volume;
  }

  const ComposeProject& project_;
  const ComposeService& service_;
  const std::string& path_;
  const ComposeSurroundings& surroundings_;
  const std::string& root_;
  const std::string& provision_;
  Files& files_;
  ComposePlace place_;
};

}  // namespace

ComposePlace LocateInService(const ComposeProject& project, const ComposeService& service,
                             const std::string& path, const ComposeSurroundings& surroundings,
                             const std::string& root, const std::string& provision, Files& files) {
  return Locator(project, service, path, surroundings, root, provision, files).Locate();
}

const ComposeMount* CoveringMount(std::span<const ComposeMount> mounts, std::string_view path) {
  const ComposeMount* best = nullptr;
  for (const ComposeMount& mount : mounts) {
    if (!mount.target.starts_with("/") || !IsBelow(path, mount.target)) continue;
    if (best == nullptr || mount.target.size() > best->target.size()) best = &mount;
  }
  return best;
}

}  // namespace drover::environments
