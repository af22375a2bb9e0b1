#include "environments/survey/text_file.h"

#include "base/error.h"
#include "base/text.h"

namespace drover::environments {
namespace {

/// Length of the UTF-8 sequence at the front of `text`; 0 when it is none.
std::size_t SequenceLength(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  const std::size_t length = first < 0x80 ? 1 : first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if ((first >= 0x80 && first < 0xC2) || first > 0xF4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0U) != 0x80) return 0;
  }
  return length;
}

bool IsText(std::string_view text) {
  if (text.find('\0') != std::string_view::npos) return false;
  while (!text.empty()) {
    const std::size_t length = SequenceLength(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

}  // namespace

TextFile ReadTextFile(const std::string& path, Files& files) {
  try {
    const auto status = files.Stat(path);
    if (!status) return {};
    if (status->type != FileType::kRegular) return {.text = {}, .problem = "it is no regular file"};
    if (status->size > kLargestText) return {.text = {}, .problem = "it is too large"};
    std::optional<std::string> text = files.Read(path);
    if (text && !IsText(*text)) return {.text = {}, .problem = "it is not text"};
    return {.text = std::move(text), .problem = {}};
  } catch (const Error& error) {
    return {.text = {}, .problem = error.message};
  }
}

}  // namespace drover::environments
