// What the fuzzer calls: for each reader of text from outside, a function that takes any bytes.
// drover::Error is a right answer to them; anything else that is thrown, a crash, and a property
// that does not hold (the function aborts then) are defects. The same functions read the corpora
// in the default suite.
#pragma once

#include <span>
#include <string_view>

namespace drover::fuzz {

struct Entry {
  std::string_view name;  // of its folder in tests/fuzz/corpus, too
  void (*read)(std::string_view bytes);
};

[[nodiscard]] std::span<const Entry> Entries();

}  // namespace drover::fuzz
