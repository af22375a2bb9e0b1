#include "environments/hazards.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/error.h"
#include "base/text.h"

namespace drover::environments {
namespace {

constexpr std::array kHazards = std::to_array<Hazard>({
    {"alembic-other-database", "warning",
     "alembic.ini names another database than the application (only drover init)"},
    {"alembic-package-shadowed", "warning",
     "an __init__.py makes python -m alembic find the project's own directory (only drover init)"},
    {"alembic-relative-url", "warning",
     "alembic, started beside its configuration, would use another database (only drover init)"},
    {"alembic-wrong-directory", "error",
     "a relative script_location makes alembic run where the URL is another database (only drover "
     "init)"},
    {"bind-path-needs-dot-slash", "error",
     "a relative path in a short volume needs ./ before it: without, it is the name of a volume"},
    {"bind-single-file", "warning",
     "only the database file is mounted, not its directory: -wal and -journal stay in the "
     "container"},
    {"bind-source-missing", "error",
     "the mounted path does not exist: the engine would create a directory there, owned by root"},
    {"bind-source-missing-will-fail", "error",
     "the mounted path does not exist and must not be created: the container would not start"},
    {"database-in-anonymous-volume", "warning", "a new container may start with an empty database"},
    {"database-in-image-layer", "fatal",
     "the path is under no mount: the database is lost with the container"},
    {"database-on-tmpfs", "warning", "the database is lost at every stop"},
    {"database-path-is-directory", "error",
     "a directory is where the file should be, often made by Docker"},
    {"database-shared-by-services", "warning",
     "several services mount one database: only one of them should migrate it"},
    {"duplicate-mount-target", "warning", "one file mounts a path twice; the last entry wins"},
    {"duplicate-yaml-key", "error", "a key is given twice: compose refuses the file"},
    {"empty-database", "info",
     "the file has no bytes: a connection or touch made it, no migration has run"},
    {"env-file-syntax", "warning", "a line of a .env file cannot be read"},
    {"external-volume", "info",
     "the volume is made outside of compose: its name is not prefixed, and it must exist"},
    {"gitignore-gap", "warning",
     "git would take the database, or its -wal and -journal, along (only drover init)"},
    {"hard-linked", "error",
     "the file has several names: opened under two, SQLite cannot protect it"},
    {"interpolated-to-root", "warning",
     "an empty variable at the start of a path makes it begin at the root of the file system"},
    {"memory-database", "info", "nothing to provision"},
    {"mount-read-only", "error", "the application cannot write its database"},
    {"mount-target-not-absolute", "error",
     "the path in the container is not absolute: the engine refuses it"},
    {"named-volume-needs-engine", "warning",
     "the file is in a volume whose directory this user cannot read"},
    {"one-letter-volume-name", "warning",
     "a letter and a colon are read as a Windows drive, not as a volume's name"},
    {"percent-not-decoded", "warning",
     "a %20 in the URL stays in the file's name: this dialect does not decode it"},
    {"query-ignored", "warning",
     "a parameter of the URL has no effect: ?mode=ro needs file: and uri=true"},
    {"result-depends-on-cwd", "warning",
     "the compose file uses ${PWD}: the result depends on where compose is run"},
    {"result-depends-on-shell-environment", "warning",
     "a variable of the shell that runs compose decides, over the .env file"},
    {"service-inactive", "info", "the service belongs to a profile that is not switched on"},
    {"settings-relative-env-file", "warning",
     "settings look for their .env in the working directory (only drover init)"},
    {"several-compose-files", "warning",
     "several files have a name that compose looks for; one is used, the others are ignored"},
    {"shell-variable-wins", "warning",
     "an application started from this shell would use another database: a variable that is set "
     "there wins over the .env file"},
    {"symlinked", "info", "the path is a symbolic link; -wal and -journal lie beside its target"},
    {"tilde-user-not-supported", "warning",
     "compose does not know ~name: it takes it for a directory in your home"},
    {"two-dotenv-files", "warning",
     "two .env files are read, and of a name that both set the first one counts"},
    {"unset-variable", "warning", "the compose file uses a variable that .env does not set"},
    {"uri-without-locks", "warning",
     "nolock, immutable or vfs=unix-none: the application ignores SQLite's locks"},
    {"url-dialect-unclear", "warning",
     "read by another dialect, the URL names a database that exists, while this one is missing"},
    {"url-slashes", "warning", "a relative path that looks as if four slashes were meant"},
    {"volume-device-relative", "error", "a relative device: that compose does not resolve"},
    {"volumes-from-ignored", "warning",
     "volumes_from adds the mounts of another container, which drover does not follow"},
    {"windows-path", "error", "a Windows path means nothing on this machine"},
    {"windows-path-on-linux", "warning", "C:\\… is an ordinary relative name here"},
});

static_assert(std::ranges::is_sorted(kHazards, {}, &Hazard::code));

}  // namespace

std::span<const Hazard> Hazards() { return kHazards; }

const Hazard* FindHazard(std::string_view code) {
  const auto* found = std::ranges::lower_bound(kHazards, code, {}, &Hazard::code);
  return found != kHazards.end() && found->code == code ? &*found : nullptr;
}

Finding MakeFinding(std::string_view code, std::string message, std::string where,
                    std::optional<std::string> fix, Ground ground) {
  const Hazard* hazard = FindHazard(code);
  if (hazard == nullptr) {
    throw Error(Code::kInternal, "hazard.unknown", Concat("no hazard is called ", code));
  }
  return {.code = std::string(code),
          .severity = std::string(hazard->severity),
          .environment = {},
          .message = std::move(message),
          .ground = ground == Ground::kSeen ? "seen" : "inferred",
          .fix = std::move(fix),
          .where = std::move(where)};
}

}  // namespace drover::environments
