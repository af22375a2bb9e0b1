#include "environments/survey/text_file.h"

#include "base/error.h"
#include "base/text.h"

namespace drover::environments {
namespace {

bool IsText(std::string_view text) {
  if (text.find('\0') != std::string_view::npos) return false;
  while (!text.empty()) {
    const std::size_t length = Utf8Length(text);
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
