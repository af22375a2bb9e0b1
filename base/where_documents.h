// How each environment's URL becomes a file. base/documents.h says how documents are made.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error_documents.h"

namespace drover {

/// One step of how a value was found: the value after it, and the line it comes from.
struct Provenance {
  std::string value;
  std::string from;
  static constexpr void Fields(auto&& field) {
    field("value", &Provenance::value);
    field("from", &Provenance::from);
  }
  bool operator==(const Provenance&) const = default;
};

/// A mount of the environment's container, as the compose file has it.
struct MountEntry {
  std::string target;
  std::string type;
  std::optional<std::string> host;
  std::optional<std::string> volume;
  bool read_only = false;
  static constexpr void Fields(auto&& field) {
    field("target", &MountEntry::target);
    field("type", &MountEntry::type);
    field("host", &MountEntry::host);
    field("volume", &MountEntry::volume);
    field("read_only", &MountEntry::read_only);
  }
  bool operator==(const MountEntry&) const = default;
};

/// What would be for an application, or docker compose, started from the client's shell.
struct ShellWhere {
  std::vector<std::string> variables;  // set there, and asked for by the environment
  std::optional<std::string> path;     // where they lead; null when that cannot be told
  bool same = false;                   // the environment's file
  static constexpr void Fields(auto&& field) {
    field("variables", &ShellWhere::variables);
    field("path", &ShellWhere::path);
    field("same", &ShellWhere::same);
  }
};

struct EnvironmentWhere {
  std::string name;
  std::optional<std::string> path;
  bool exists = false;
  std::optional<std::uint64_t> device;
  std::optional<std::uint64_t> inode;
  std::string confidence;   // certain | likely | unknown
  std::string url_dialect;  // sqlalchemy | flask | django | dbmate | uri | path; empty: no URL
  std::vector<std::string> same_as;
  std::vector<Provenance> provenance;
  std::vector<MountEntry> mounts;
  std::vector<std::string> variables;  // which the shell could set to change the answer
  std::optional<ShellWhere> shell;     // null: it sets none of them
  std::vector<Finding> findings;
  static constexpr void Fields(auto&& field) {
    field("name", &EnvironmentWhere::name);
    field("path", &EnvironmentWhere::path);
    field("exists", &EnvironmentWhere::exists);
    field("device", &EnvironmentWhere::device);
    field("inode", &EnvironmentWhere::inode);
    field("confidence", &EnvironmentWhere::confidence);
    field("url_dialect", &EnvironmentWhere::url_dialect);
    field("same_as", &EnvironmentWhere::same_as);
    field("provenance", &EnvironmentWhere::provenance);
    field("mounts", &EnvironmentWhere::mounts);
    field("variables", &EnvironmentWhere::variables);
    field("shell", &EnvironmentWhere::shell);
    field("findings", &EnvironmentWhere::findings);
  }
};

struct WhereDocument {
  int v = 1;
  std::vector<EnvironmentWhere> environments;
  static constexpr void Fields(auto&& field) {
    field("v", &WhereDocument::v);
    field("environments", &WhereDocument::environments);
  }
};

}  // namespace drover
