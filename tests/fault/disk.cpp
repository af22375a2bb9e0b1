#include "tests/fault/disk.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/posix.h"

namespace drover::fault {
namespace {

constexpr std::uint64_t kSector = 512;

std::string ReadWhole(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void Overwrite(std::string& content, std::uint64_t offset, std::string_view bytes) {
  if (content.size() < offset + bytes.size()) content.resize(offset + bytes.size(), '\0');
  content.replace(offset, bytes.size(), bytes);
}

/// How much of what is on its way arrives: nothing and all are more likely than their share.
double Chance(Disk::Random& random) {
  switch (random() % 4) {
    case 0:
      return 0.0;
    case 1:
      return 1.0;
    case 2:
      return 0.5;
    default:
      return std::uniform_real_distribution<double>(0, 1)(random);
  }
}

}  // namespace

void Disk::Begin(const std::string& directory) {
  directory_ = directory;
  names_.clear();
  namings_.clear();
  for (auto& [path, content] : ReadTree(directory)) {
    names_[path] = std::make_shared<Node>(Node{.durable = std::move(content), .pending = {}});
  }
  durable_names_ = names_;
}

bool Disk::Covers(std::string_view path) const {
  return !directory_.empty() && IsBelow(path, directory_) && !path.ends_with("-shm");
}

Disk::NodePtr Disk::Find(const std::string& path) {
  if (const auto known = names_.find(path); known != names_.end()) return known->second;
  auto node = std::make_shared<Node>();
  std::string content = ReadWhole(path);
  if (!content.empty()) {
    node->pending.push_back({.kind = Change::Kind::kWrite, .offset = 0, .bytes = content});
  }
  names_[path] = node;
  namings_.push_back({.removed = {}, .made = path, .node = node});
  return node;
}

void Disk::Create(const std::string& path) { (void)Find(path); }

void Disk::Write(const std::string& path, std::uint64_t offset, std::string_view bytes) {
  Find(path)->pending.push_back(
      {.kind = Change::Kind::kWrite, .offset = offset, .bytes = std::string(bytes)});
}

void Disk::Truncate(const std::string& path, std::uint64_t size) {
  Find(path)->pending.push_back({.kind = Change::Kind::kTruncate, .offset = size, .bytes = {}});
}

void Disk::Remove(const std::string& path) {
  if (names_.erase(path) == 0) return;
  namings_.push_back({.removed = path, .made = {}, .node = nullptr});
}

void Disk::Rename(const std::string& from, const std::string& to) {
  NodePtr node = Find(from);
  names_.erase(from);
  names_[to] = node;
  namings_.push_back({.removed = from, .made = to, .node = std::move(node)});
}

void Disk::Sync(const std::string& path) {
  const NodePtr node = Find(path);
  for (const Change& change : node->pending) {
    if (change.kind == Change::Kind::kTruncate) {
      node->durable.resize(change.offset, '\0');
    } else {
      Overwrite(node->durable, change.offset, change.bytes);
    }
  }
  node->pending.clear();
}

void Disk::Apply(const Naming& naming, std::map<std::string, NodePtr>& names) {
  if (!naming.removed.empty()) names.erase(naming.removed);
  if (!naming.made.empty()) names[naming.made] = naming.node;
}

void Disk::SyncDirectory(const std::string& directory) {
  std::erase_if(namings_, [&](const Naming& naming) {
    const std::string& name = naming.made.empty() ? naming.removed : naming.made;
    if (DirectoryName(name) != directory) return false;
    Apply(naming, durable_names_);
    return true;
  });
}

std::string Disk::Survivor(const Node& node, Random& random) {
  std::string content = node.durable;
  std::bernoulli_distribution arrives(Chance(random));
  const bool noise = random() % 2 == 0;
  for (const Change& change : node.pending) {
    if (change.kind == Change::Kind::kTruncate) {
      if (arrives(random)) content.resize(change.offset, '\0');
      continue;
    }
    const std::uint64_t end = change.offset + change.bytes.size();
    for (std::uint64_t at = change.offset; at < end;) {
      const std::uint64_t next = std::min(end, (at / kSector + 1) * kSector);
      if (arrives(random)) {
        const std::size_t before = content.size();
        Overwrite(content, at,
                  std::string_view(change.bytes).substr(at - change.offset, next - at));
        for (std::size_t gap = before; noise && gap < at; ++gap) {
          content[gap] = static_cast<char>(random());
        }
      }
      at = next;
    }
  }
  return content;
}

Image Disk::AfterPowerFailure(Random& random) const {
  std::map<std::string, NodePtr> names = durable_names_;
  std::bernoulli_distribution arrives(Chance(random));
  for (const Naming& naming : namings_) {
    if (arrives(random)) Apply(naming, names);
  }
  Image image;
  for (const auto& [path, node] : names) image[path] = Survivor(*node, random);
  return image;
}

Image ReadTree(const std::string& directory) {
  Image image;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    const std::string path = entry.path().string();
    if (entry.is_regular_file() && !path.ends_with("-shm")) image[path] = ReadWhole(path);
  }
  return image;
}

void WriteTree(const std::string& directory, const Image& image) {
  std::vector<std::filesystem::path> gone;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    if (entry.is_regular_file() && !image.contains(entry.path().string())) {
      gone.push_back(entry.path());
    }
  }
  for (const auto& path : gone) std::filesystem::remove(path);
  for (const auto& [path, content] : image) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << content;
  }
}

}  // namespace drover::fault
