#include "environments/strays/search_memory.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <iterator>
#include <unistd.h>
#include <unordered_set>
#include <utility>

#include "base/error.h"
#include "base/posix.h"
#include "base/text.h"

namespace drover::environments {
namespace {

constexpr std::string_view kMagic = "drover-search-1\n";
constexpr std::size_t kLargest = std::size_t{256} << 20U;

void AppendNumber(std::string& out, std::uint64_t number) {
  char bytes[sizeof number];
  std::memcpy(bytes, &number, sizeof number);
  out.append(bytes, sizeof bytes);
}

void AppendText(std::string& out, std::string_view text) {
  AppendNumber(out, text.size());
  out.append(text);
}

/// Reads what the functions above have written; `broken` once anything does not fit.
class MemoryReader final {
 public:
  explicit MemoryReader(std::string_view bytes) : bytes_(bytes) {}

  std::uint64_t Number() {
    std::uint64_t number = 0;
    if (bytes_.size() < sizeof number) {
      broken_ = true;
      return 0;
    }
    std::memcpy(&number, bytes_.data(), sizeof number);
    bytes_.remove_prefix(sizeof number);
    return number;
  }

  std::string Text() {
    const std::uint64_t size = Number();
    if (size > bytes_.size()) {
      broken_ = true;
      return {};
    }
    std::string text(bytes_.substr(0, size));
    bytes_.remove_prefix(size);
    return text;
  }

  std::vector<std::string> Texts() {
    std::vector<std::string> texts;
    for (std::uint64_t left = Number(); left > 0 && !broken_; --left) texts.push_back(Text());
    return texts;
  }

  [[nodiscard]] bool broken() const { return broken_; }

 private:
  std::string_view bytes_;
  bool broken_ = false;
};

}  // namespace

SearchMemory SearchMemory::Load(const std::string& file, std::string_view key) {
  SearchMemory memory;
  if (!StatFile(file)) return memory;
  const std::string text = ReadFile(file, kLargest);
  std::string_view bytes = text;
  if (!bytes.starts_with(kMagic)) return memory;
  bytes.remove_prefix(kMagic.size());
  MemoryReader reader(bytes);
  if (reader.Text() != key) return memory;
  const std::uint64_t count = reader.Number();
  if (count > bytes.size()) return memory;
  memory.directories_.reserve(count);
  for (std::uint64_t i = 0; i < count && !reader.broken(); ++i) {
    std::string path = reader.Text();
    RememberedDirectory directory;
    directory.inode = reader.Number();
    directory.modified_ns = static_cast<std::int64_t>(reader.Number());
    directory.changed_ns = static_cast<std::int64_t>(reader.Number());
    directory.entries = static_cast<std::uint32_t>(reader.Number());
    directory.directories = reader.Texts();
    directory.files = reader.Texts();
    memory.directories_.emplace(std::move(path), std::move(directory));
  }
  return reader.broken() ? SearchMemory() : memory;
}

void SearchMemory::Store(const std::string& file, std::string_view key) const {
  std::string bytes(kMagic);
  AppendText(bytes, key);
  AppendNumber(bytes, directories_.size());
  for (const auto& [path, directory] : directories_) {
    AppendText(bytes, path);
    AppendNumber(bytes, directory.inode);
    AppendNumber(bytes, static_cast<std::uint64_t>(directory.modified_ns));
    AppendNumber(bytes, static_cast<std::uint64_t>(directory.changed_ns));
    AppendNumber(bytes, directory.entries);
    for (const auto* names : {&directory.directories, &directory.files}) {
      AppendNumber(bytes, names->size());
      for (const std::string& name : *names) AppendText(bytes, name);
    }
  }
  const std::string temporary = Concat(file, ".", getpid());
  const UniqueFd fd(open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!fd) throw SystemError("create", temporary, errno);
  if (!WriteAll(fd.get(), bytes) || rename(temporary.c_str(), file.c_str()) != 0) {
    const int failure = errno;
    unlink(temporary.c_str());
    throw SystemError("write", file, failure);
  }
}

const RememberedDirectory* SearchMemory::Find(const std::string& path) const {
  const auto found = directories_.find(path);
  return found == directories_.end() ? nullptr : &found->second;
}

void SearchMemory::Put(std::string path, RememberedDirectory directory) {
  directories_.insert_or_assign(std::move(path), std::move(directory));
  changed_ = true;
}

void SearchMemory::Note(std::vector<std::string> present) {
  std::move(present.begin(), present.end(), std::back_inserter(present_));
}

void SearchMemory::ForgetOthers() {
  const std::vector<std::string> present = std::exchange(present_, {});
  if (present.size() == directories_.size()) return;  // each of them was found
  const std::unordered_set<std::string_view> wanted(present.begin(), present.end());
  if (std::erase_if(directories_,
                    [&](const auto& entry) { return !wanted.contains(entry.first); }) > 0) {
    changed_ = true;
  }
}

}  // namespace drover::environments
