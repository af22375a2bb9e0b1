#include "migrations/schema_diff/schema_files.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/posix.h"
#include "base/text.h"
#include "migrations/script.h"

namespace drover::migrations {
namespace {

constexpr std::size_t kLargestSchemaFile = std::size_t{8} << 20U;
/// Stands for all files in the places that the loader names; no path looks like it.
constexpr std::string_view kJoined = "\x01";
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

struct Part {
  std::string file;
  std::size_t first_line = 1;  // in the joined text
};

std::string ReadSchemaFile(const std::string& file) {
  std::string text;
  try {
    text = ReadFile(file, kLargestSchemaFile);
  } catch (const Error& error) {
    if (error.code != Code::kNotFound) throw;
    throw Error(Code::kNotFound, "schema.file", Concat("there is no schema file ", file),
                "correct migrations.schema in drover.yaml, or write the file: drover schema");
  }
  if (text.starts_with(kByteOrderMark)) text.erase(0, kByteOrderMark.size());
  if (!text.empty() && text.back() != '\n') text += '\n';
  return text;
}

/// "\x01:17:3" as a place of the file that has the line.
std::string PlaceIn(const std::vector<Part>& parts, std::string_view where) {
  if (!where.starts_with(kJoined)) return std::string(where);
  const std::string_view numbers = where.substr(kJoined.size() + 1);
  const std::size_t colon = std::min(numbers.find(':'), numbers.size());
  const auto line = static_cast<std::size_t>(ParseInteger(numbers.substr(0, colon)).value_or(1));
  const Part* part = &parts.front();
  for (const Part& each : parts) {
    if (each.first_line <= line) part = &each;
  }
  return Concat(part->file, ":", line - part->first_line + 1, numbers.substr(colon));
}

}  // namespace

DesiredSchema LoadSchemaFiles(std::span<const std::string> files, std::string_view version_table,
                              const Stubs& stubs) {
  std::vector<Part> parts;
  std::string joined;
  std::size_t line = 1;
  for (const std::string& file : files) {
    const std::string text = ReadSchemaFile(file);
    // What one file leaves open must not swallow the next one.
    if (files.size() > 1) CheckScriptText({.sql = text, .line = 1, .transaction = false}, file);
    parts.push_back({.file = file, .first_line = line});
    line += static_cast<std::size_t>(std::ranges::count(text, '\n'));
    joined += text;
  }
  try {
    return LoadDesiredSchema({.sql = joined,
                              .file = std::string(files.size() == 1 ? files.front() : kJoined),
                              .version_table = std::string(version_table),
                              .stubs = stubs});
  } catch (Error& error) {
    error.where = PlaceIn(parts, error.where);
    throw;
  }
}

}  // namespace drover::migrations
