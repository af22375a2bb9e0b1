#include "daemon/state_store.h"

#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <string_view>
#include <sys/file.h>
#include <utility>

#include "base/error.h"
#include "base/json.h"
#include "base/protocol.h"
#include "base/text.h"

namespace drover::daemon {
namespace {

constexpr std::size_t kMaxStateBytes = std::size_t{16} << 20;

Json Encode(const State& state) {
  Json json = Json::object();
  json["v"] = 1;
  json["projects"] = ToJson(state.projects);
  Json& trust = json["trust"] = Json::object();
  for (const auto& [path, digest] : state.trust) trust[path] = digest;
  Json& held = json["held"] = Json::object();
  for (const auto& [path, entry] : state.held) {
    held[path] = {{"since", entry.since}, {"by", entry.by}, {"migrations", entry.migrations}};
  }
  Json& failures = json["failures"] = Json::object();
  for (const auto& [path, failure] : state.failures) {
    failures[path] = {
        {"at", failure.at}, {"inputs", failure.inputs}, {"error", ToJson(failure.error)}};
  }
  Json& ignored = json["ignored_strays"] = Json::object();
  for (const auto& [path, fingerprint] : state.ignored_strays) ignored[path] = fingerprint;
  return json;
}

std::string EncodeText(const State& state) {
  // Indented: people look into this file when something is strange.
  return Encode(state).dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

/// Throws Error or Json::exception when the text is not a state.
State DecodeState(std::string_view text) {
  const Json json = ParseJson(text, kMaxDepth);
  if (!json.is_object()) throw Json::type_error::create(302, "an object is expected", &json);
  State state;
  if (json.contains("projects")) FromJson(json.at("projects"), state.projects);
  const auto each = [&json](const char* name, const auto& take) {
    const auto map = json.find(name);
    if (map == json.end()) return;
    if (!map->is_object()) throw Json::type_error::create(302, "an object is expected", &*map);
    for (const auto& [key, value] : map->items()) take(key, value);
  };
  each("trust", [&](const std::string& path, const Json& value) {
    state.trust[path] = value.get<std::string>();
  });
  each("ignored_strays", [&](const std::string& path, const Json& value) {
    state.ignored_strays[path] = value.get<std::string>();
  });
  each("held", [&](const std::string& path, const Json& value) {
    state.held[path] = {.since = value.at("since").get<std::string>(),
                        .by = value.at("by").get<std::string>(),
                        .migrations = value.at("migrations").get<std::string>()};
  });
  each("failures", [&](const std::string& path, const Json& value) {
    Failure& failure = state.failures[path];
    failure.at = value.at("at").get<std::string>();
    failure.inputs = value.at("inputs").get<std::string>();
    FromJson(value.at("error"), failure.error);
  });
  return state;
}

/// Held while the state is read, changed and replaced. On a file of its own: the state file itself
/// is another inode after each replacement.
class ExclusiveLock final {
 public:
  explicit ExclusiveLock(const std::string& path)
      : fd_(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0600)) {
    if (!fd_) throw SystemError("open", path, errno);
    while (flock(fd_.get(), LOCK_EX) != 0) {
      if (errno != EINTR) throw SystemError("lock", path, errno);
    }
  }

 private:
  UniqueFd fd_;
};

}  // namespace

StateStore::StateStore(const std::string& directory)
    : directory_(directory),
      path_(directory + "/state.json"),
      lock_path_(directory + "/state.lock") {
  MakeDirectories(directory, 0700);
  if (!Load()) Repair();
}

bool StateStore::Load() {
  const std::optional<FileStatus> there = StatFile(path_);
  if (there == loaded_) return true;
  if (!there) {
    state_ = State();
    loaded_.reset();
    return true;
  }
  std::string reason;
  try {
    // Replaced between the two calls, the older status only leads to one more reading.
    state_ = DecodeState(ReadFile(path_, kMaxStateBytes));
    loaded_ = there;
    return true;
  } catch (const Error& error) {
    if (error.code == Code::kNotFound) return Load();
    if (error.code != Code::kInvalid) throw;
    reason = error.message;
  } catch (const Json::exception& error) {
    reason = error.what();
  }
  problem_ = Concat(path_, " could not be read (", reason, ") and was moved to ", path_,
                    ".broken: projects, trust and held databases are to be given anew");
  return false;
}

void StateStore::Repair() {
  const ExclusiveLock lock(lock_path_);
  if (!Load()) MoveAside();
}

void StateStore::MoveAside() {
  const std::string aside = path_ + ".broken";
  if (rename(path_.c_str(), aside.c_str()) != 0) throw SystemError("move", path_, errno);
  loaded_.reset();
}

State StateStore::Read() {
  const std::lock_guard guard(mutex_);
  if (!Load()) Repair();
  return state_;
}

void StateStore::Update(const std::function<void(State&)>& change) {
  const std::lock_guard guard(mutex_);
  const ExclusiveLock lock(lock_path_);
  if (!Load()) MoveAside();
  State next = state_;
  change(next);
  const std::string text = EncodeText(next);
  if (text == EncodeText(state_)) return;
  WriteFileDurably(path_, text, 0600);
  state_ = std::move(next);
  loaded_ = StatFile(path_);
}

}  // namespace drover::daemon
