// Watching directories for changes. Events are hints: whoever receives one re-reads and compares.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace drover::environments {

struct WatchEvent {
  enum class Kind : std::uint8_t {
    kSaved,      // a writer closed the file, or it was moved here: its content is complete
    kCreated,    // appeared, perhaps still being written
    kModified,   // written to
    kRemoved,    // deleted or moved away
    kDirectory,  // a directory appeared: watch it, then look at what it already holds
    kOverflow,   // events were lost: re-read everything
    kGone,       // the watched directory itself disappeared
  };
  Kind kind = Kind::kModified;
  std::string directory;
  std::string name;  // empty for kOverflow and kGone

  [[nodiscard]] std::string path() const { return directory + "/" + name; }
  bool operator==(const WatchEvent&) const = default;
};

/// The door to the kernel's change notification. Used by one thread.
class Watcher {
 public:
  virtual ~Watcher() = default;

  /// Becomes readable when Drain() has something to return; -1 when there is no such descriptor.
  [[nodiscard]] virtual int descriptor() const = 0;

  /// Starts to watch a directory; again for the same one does nothing. False when the system's
  /// limit is reached (the caller then polls) or the directory is gone.
  virtual bool Watch(const std::string& directory) = 0;

  virtual void Forget(const std::string& directory) = 0;

  /// The events that have arrived; never blocks. The kernel queues an event before the system call
  /// that caused it returns, so everything done before this call is in its answer.
  [[nodiscard]] virtual std::vector<WatchEvent> Drain() = 0;

  [[nodiscard]] virtual std::size_t watched() const = 0;
};

/// A watcher on inotify. Throws kIo ("watch.limit") when the user's instances are used up.
[[nodiscard]] std::unique_ptr<Watcher> MakeInotifyWatcher();

}  // namespace drover::environments
