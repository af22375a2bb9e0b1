#include "environments/git_index.h"

#include <cstddef>

namespace drover::environments {
namespace {

constexpr std::size_t kHeader = 12;
constexpr std::size_t kStatBytes = 40;        // of an entry, before the object's name
constexpr std::uint32_t kExtended = 0x4000U;  // two more bytes of flags follow
constexpr std::size_t kLongestIndexName = 65536;

std::uint32_t BigEndian(std::string_view bytes, std::size_t at, std::size_t size) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < size; ++i) {
    value = (value << 8U) | static_cast<unsigned char>(bytes[at + i]);
  }
  return value;
}

/// Reads the entries one after the other; `name` is that of the one read last.
class IndexReader final {
 public:
  IndexReader(std::string_view bytes, GitHash hash)
      : bytes_(bytes), hash_(static_cast<std::size_t>(hash)) {}

  /// The number of entries; nothing when this is no index that can be read.
  [[nodiscard]] std::optional<std::uint32_t> Begin() {
    if (bytes_.size() < kHeader + hash_ || !bytes_.starts_with("DIRC")) return std::nullopt;
    version_ = BigEndian(bytes_, 4, 4);
    if (version_ < 2 || version_ > 4) return std::nullopt;
    bytes_.remove_suffix(hash_);  // the checksum
    at_ = kHeader;
    return BigEndian(bytes_, 8, 4);
  }

  [[nodiscard]] bool Next() {
    const std::size_t start = at_;
    std::size_t at = start + kStatBytes + hash_;
    if (at + 2 > bytes_.size()) return false;
    const std::uint32_t flags = BigEndian(bytes_, at, 2);
    at += 2;
    if ((flags & kExtended) != 0) at += 2;
    if (version_ == 4 && !CutOffEnd(at)) return false;
    const std::size_t end = bytes_.find('\0', at);
    if (end == std::string_view::npos) return false;
    if (version_ < 4) name_.clear();
    name_ += bytes_.substr(at, end - at);
    if (name_.size() > kLongestIndexName) return false;
    // Up to version 3 entries are padded with one to eight zeros to a multiple of eight.
    at_ = version_ == 4 ? end + 1 : start + (end - start + 8) / 8 * 8;
    return at_ <= bytes_.size();
  }

  /// Are there extensions which say that entries are elsewhere, too?
  [[nodiscard]] bool IsSplit() const {
    for (std::size_t at = at_; at + 8 <= bytes_.size();) {
      if (bytes_.substr(at, 4) == "link") return true;
      at += 8 + std::size_t{BigEndian(bytes_, at + 4, 4)};
    }
    return false;
  }

  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  /// Version 4 says how much of the name before to drop, in seven bits a byte (varint.c of git).
  [[nodiscard]] bool CutOffEnd(std::size_t& at) {
    std::size_t drop = 0;
    for (int i = 0;; ++i) {
      if (at >= bytes_.size() || i > 4) return false;
      const auto byte = static_cast<unsigned char>(bytes_[at++]);
      if (i > 0) ++drop;
      drop = (drop << 7U) | (byte & 0x7FU);
      if ((byte & 0x80U) == 0) break;
    }
    if (drop > name_.size()) return false;
    name_.resize(name_.size() - drop);
    return true;
  }

  std::string_view bytes_;
  std::size_t hash_;
  std::uint32_t version_ = 0;
  std::size_t at_ = 0;
  std::string name_;
};

}  // namespace

std::optional<std::set<std::string>> TrackedIn(std::string_view bytes,
                                               const std::set<std::string>& wanted, GitHash hash) {
  IndexReader reader(bytes, hash);
  const std::optional<std::uint32_t> count = reader.Begin();
  if (!count) return std::nullopt;
  std::set<std::string> tracked;
  for (std::uint32_t i = 0; i < *count; ++i) {
    if (!reader.Next()) return std::nullopt;
    if (wanted.contains(reader.name())) tracked.insert(reader.name());
  }
  if (reader.IsSplit()) return std::nullopt;
  return tracked;
}

}  // namespace drover::environments
