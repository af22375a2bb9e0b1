// A temporary directory for tests of what reads the real file system.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>

namespace drover::environments {

/// Removed with everything in it.
class ScratchDirectory final {
 public:
  ScratchDirectory() {
    std::string pattern = "/tmp/drover-unit-XXXXXX";
    if (mkdtemp(pattern.data()) == nullptr) std::abort();
    path_ = std::filesystem::canonical(pattern);
  }
  ~ScratchDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string operator/(std::string_view name) const {
    return path_ + "/" + std::string(name);
  }

 private:
  std::string path_;
};

}  // namespace drover::environments
