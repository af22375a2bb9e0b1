// Reads every input of the corpora, and all beginnings of it: what once was found stays found, and
// no compiler with a fuzzer is needed for that.

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <string>

#include "tests/fuzz/entries.h"

namespace drover::fuzz {
namespace {

std::string ReadInput(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

class CorpusTest : public testing::TestWithParam<Entry> {};

TEST_P(CorpusTest, EveryInputIsReadOrRefused) {
  const std::filesystem::path folder =
      std::filesystem::path(DROVER_FUZZ_CORPUS) / std::string(GetParam().name);
  int inputs = 0;
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    SCOPED_TRACE(file.path().string());
    const std::string bytes = ReadInput(file.path());
    GetParam().read(bytes);
    // Truncated: a file that is being saved, a line that was cut off.
    const std::size_t step = bytes.size() / 16 + 1;
    for (std::size_t size = 0; size < bytes.size(); size += step) {
      GetParam().read(std::string_view(bytes).substr(0, size));
    }
    ++inputs;
  }
  EXPECT_GT(inputs, 3) << folder;
}

INSTANTIATE_TEST_SUITE_P(Fuzz, CorpusTest, testing::ValuesIn(Entries().begin(), Entries().end()),
                         [](const auto& entry) { return std::string(entry.param.name); });

}  // namespace
}  // namespace drover::fuzz
