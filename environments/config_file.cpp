#include "environments/config_file.h"

#include <algorithm>
#include <unistd.h>
#include <utility>

#include "base/text.h"
#include "environments/yaml.h"
#include "migrations/checksum.h"
#include "migrations/footprint.h"

namespace drover::environments {
namespace {

std::optional<std::uint32_t> SudoUser() {
  const std::optional<std::string> text = EnvironmentVariable("SUDO_UID");
  const std::optional<std::int64_t> number = text ? ParseInteger(*text) : std::nullopt;
  if (!number || *number < 0 || *number > UINT32_MAX) return std::nullopt;
  return static_cast<std::uint32_t>(*number);
}

}  // namespace

void CheckOwnership(const FileStatus& file, const std::string& path, std::uint32_t user,
                    std::optional<std::uint32_t> sudo_user) {
  const bool root_for_anyone = user == 0 && !sudo_user;
  const bool for_caller = user == 0 && sudo_user && file.owner == *sudo_user;
  if (file.owner != user && file.owner != 0 && !root_for_anyone && !for_caller) {
    throw Error(Code::kRefused, "config.owner",
                Concat(path, " belongs to the user with id ", file.owner, ", not to you (", user,
                       "): what it says would be done in your name"),
                Concat("sudo chown ", user, " ", ShellQuote(path)), path);
  }
  if ((file.mode & 0002U) != 0) {
    throw Error(Code::kRefused, "config.writable",
                Concat(path, " may be written by every user of this machine"),
                Concat("chmod o-w ", ShellQuote(path)), path);
  }
}

ConfigFile::ConfigFile(const std::string& root)
    : path_(AbsolutePath("drover.yaml",
                         AbsolutePath(root, root.starts_with("/") ? "/" : CurrentDirectory()))) {}

bool ConfigFile::Refresh() {
  try {
    const std::optional<FileStatus> status = StatFile(path_);
    if (!racy_ && status == status_) return false;
    racy_ = true;  // in case this fails
    status_ = status;
    const std::string text = Read(status);
    const bool changed = Parse(text);
    racy_ = migrations::IsRacy(std::max(status->modified_ns, status->changed_ns));
    return changed;
  } catch (const Error& error) {
    error_ = error;
    return false;
  }
}

std::string ConfigFile::Read(const std::optional<FileStatus>& status) const {
  if (!status) {
    throw Error(Code::kNotFound, "config.not_found", Concat("there is no ", path_),
                "write one: see docs/configuration.md");
  }
  CheckOwnership(*status, path_, geteuid(), SudoUser());
  return ReadFile(path_, kMaxYamlBytes);
}

bool ConfigFile::Parse(const std::string& text) {
  if (config_ && migrations::Sha256(text) == config_->sha256) {
    error_.reset();
    return false;
  }
  config_ = std::make_shared<const Config>(ParseConfig(text, path_));
  error_.reset();
  return true;
}

Config LoadConfig(const std::string& root) {
  ConfigFile file(root);
  static_cast<void>(file.Refresh());
  if (file.error()) throw Error(*file.error());
  return *file.config();
}

}  // namespace drover::environments
