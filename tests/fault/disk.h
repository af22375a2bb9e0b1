// A model of what a power failure leaves of a directory: which bytes and which names are durable,
// and which are only on their way. Knows nothing of SQLite; touches the real files only to read
// them at the beginning.
//
// The model is that of POSIX, which promises less than most file systems keep: only what was
// synced is certain. Of every write since, any subset of its 512-byte sectors may have arrived, of
// truncations any; where a file was extended and a sector did not arrive, there may be zeros or
// noise. A new name, a removed one and a renamed one are certain only when their directory was
// synced; a rename itself is atomic.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace drover::fault {

/// Files by path.
using Image = std::map<std::string, std::string>;

class Disk final {
 public:
  using Random = std::mt19937_64;

  /// Forgets everything; what is in `directory` now, and below it, is durable.
  void Begin(const std::string& directory);

  /// Is `path` below the directory that is modelled?
  [[nodiscard]] bool Covers(std::string_view path) const;

  /// What happened. A file that the model has not seen before is taken over as new, with the
  /// content that it has, none of it durable.
  void Create(const std::string& path);
  void Write(const std::string& path, std::uint64_t offset, std::string_view bytes);
  void Truncate(const std::string& path, std::uint64_t size);
  void Remove(const std::string& path);
  void Rename(const std::string& from, const std::string& to);
  void Sync(const std::string& path);
  void SyncDirectory(const std::string& directory);

  /// The files after a power failure at this moment. SQLite's shared memory is not among them: no
  /// process has it open after a reboot.
  [[nodiscard]] Image AfterPowerFailure(Random& random) const;

 private:
  struct Change {
    enum class Kind : std::uint8_t { kWrite, kTruncate };
    Kind kind = Kind::kWrite;
    std::uint64_t offset = 0;  // of a truncation: the new size
    std::string bytes;
  };
  struct Node {
    std::string durable;
    std::vector<Change> pending;
  };
  using NodePtr = std::shared_ptr<Node>;
  struct Naming {
    std::string removed;  // empty: none
    std::string made;     // empty: none
    NodePtr node;         // of the name that is made
  };

  static void Apply(const Naming& naming, std::map<std::string, NodePtr>& names);
  static std::string Survivor(const Node& node, Random& random);
  NodePtr Find(const std::string& path);

  std::string directory_;
  std::map<std::string, NodePtr> names_;
  std::map<std::string, NodePtr> durable_names_;
  std::vector<Naming> namings_;  // since the last sync of their directory
};

/// The regular files below `directory`.
[[nodiscard]] Image ReadTree(const std::string& directory);

/// Makes `directory` hold exactly these files. Writes without syncing.
void WriteTree(const std::string& directory, const Image& image);

}  // namespace drover::fault
