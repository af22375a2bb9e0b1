// `.env` files in the grammar of python-dotenv: names and values with their lines. Pure. A line
// that cannot be read is a problem with its position, never the end of the file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace drover::environments {

struct DotenvEntry {
  enum class Quotes : std::uint8_t { kNone, kSingle, kDouble };
  std::string name;
  std::string value;  // escapes decoded, ${…} as written
  Quotes quotes = Quotes::kNone;
  std::size_t line = 1;
  std::size_t column = 1;  // of the name
};

struct DotenvProblem {
  std::size_t line = 1;
  std::size_t column = 1;
  std::string message;
};

struct Dotenv {
  std::vector<DotenvEntry> entries;  // in file order; a name may repeat
  std::vector<DotenvProblem> problems;

  /// The last entry called `name`, which is the one that counts; null when there is none.
  [[nodiscard]] const DotenvEntry* Find(std::string_view name) const;
};

/// Parses a whole file. A name without "=" sets nothing and is left out.
[[nodiscard]] Dotenv ParseDotenv(std::string_view text);

}  // namespace drover::environments
