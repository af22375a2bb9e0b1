// libFuzzer's entry: which of entries.h is fuzzed is decided when this is compiled.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "tests/fuzz/entries.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const drover::fuzz::Entry* const entry = [] {
    for (const drover::fuzz::Entry& one : drover::fuzz::Entries()) {
      if (one.name == DROVER_FUZZ_ENTRY) return &one;
    }
    return static_cast<const drover::fuzz::Entry*>(nullptr);
  }();
  if (entry == nullptr) __builtin_trap();
  entry->read({reinterpret_cast<const char*>(data), size});
  return 0;
}
