#include "environments/migrations_block.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/posix.h"
#include "base/text.h"
#include "environments/config.h"

namespace drover::environments {
namespace {

constexpr std::string_view kBlockKey = "migrations:";
constexpr std::string_view kUnusual = "its migrations: is written in an unusual way";

/// `value` as a YAML scalar.
std::string YamlScalar(const std::string& value) {
  const bool plain = !value.empty() && std::ranges::all_of(value, [](char c) {
    return IsLetter(c) || (c >= '0' && c <= '9') || c == '_' || c == '/' || c == '-' || c == '.';
  });
  if (plain && value.front() != '-' && value.front() != '.') return value;
  std::string quoted = "'";
  for (const char c : value) quoted += c == '\'' ? "''" : std::string(1, c);
  return quoted + "'";
}

std::size_t IndentOf(std::string_view line) {
  return std::min(line.find_first_not_of(' '), line.size());
}

bool IsBlankOrComment(std::string_view line) {
  const std::string_view text = Trim(line);
  return text.empty() || text.front() == '#';
}

std::string_view KeyOf(std::string_view line) {
  const std::string_view text = Trim(line);
  return text.substr(0, text.find(':'));
}

/// What follows a value on its line: "  # why", or nothing.
std::string_view CommentOf(std::string_view line) {
  std::size_t at = line.find(" #");
  if (at == std::string_view::npos) return {};
  while (at > 0 && line[at - 1] == ' ') --at;
  return line.substr(at);
}

/// The lines of the file, and where its block lies.
class BlockEditor {
 public:
  explicit BlockEditor(std::string_view text) : lines_(SplitLines(text)) {
    begin_ = static_cast<std::size_t>(
        std::ranges::find_if(lines_,
                             [](std::string_view line) { return line.starts_with(kBlockKey); }) -
        lines_.begin());
    end_ = std::min(begin_ + 1, lines_.size());
    while (end_ < lines_.size() && (IsBlankOrComment(lines_[end_]) || lines_[end_].front() == ' '))
      ++end_;
    // What stands in front of the next key belongs to that.
    while (end_ > begin_ + 1 && IsOutside(lines_[end_ - 1])) --end_;
  }

  [[nodiscard]] bool found() const { return begin_ < lines_.size(); }

  [[nodiscard]] std::string Before() const { return Text(begin_, end_); }

  /// The new block, or nothing when the old one has a form that is not understood.
  std::optional<std::string> After(const std::string& directory,
                                   const std::string& version_table) const {
    const std::string_view rest = Trim(lines_[begin_].substr(kBlockKey.size()));
    if (Before().find_first_of("&*\t|>") != std::string::npos) return std::nullopt;
    if (rest.starts_with('{')) return Flow(rest, directory, version_table);
    if (!rest.empty() && rest.front() != '#') return std::nullopt;
    return Block(directory, version_table);
  }

  [[nodiscard]] std::string With(const std::string& block) const {
    return Concat(Text(0, begin_), block, Text(end_, lines_.size()));
  }

 private:
  [[nodiscard]] static bool IsOutside(std::string_view line) {
    return IsBlankOrComment(line) && IndentOf(line) == 0;
  }

  [[nodiscard]] std::string Text(std::size_t from, std::size_t to) const {
    std::string text;
    for (std::size_t i = from; i < to; ++i) text += Concat(lines_[i], "\n");
    return text;
  }

  /// `{format: alembic, config: x}` on one line, without quotes inside.
  [[nodiscard]] std::optional<std::string> Flow(std::string_view rest, const std::string& directory,
                                                const std::string& version_table) const {
    const std::size_t close = rest.find('}');
    if (close == std::string_view::npos || end_ != begin_ + 1) return std::nullopt;
    const std::string_view inside = rest.substr(1, close - 1);
    const std::string_view after = Trim(rest.substr(close + 1));
    const bool simple = inside.find_first_of("{'\"") == std::string_view::npos &&
                        (after.empty() || after.front() == '#');
    if (!simple) return std::nullopt;
    return Concat(kBlockKey, " {", Join(NewEntries(directory, version_table), ", "), "}",
                  after.empty() ? "" : "  ", after, "\n");
  }

  [[nodiscard]] std::optional<std::string> Block(const std::string& directory,
                                                 const std::string& version_table) const {
    std::size_t indent = 0;
    for (std::size_t i = begin_ + 1; i < end_ && indent == 0; ++i) {
      if (!IsBlankOrComment(lines_[i])) indent = IndentOf(lines_[i]);
    }
    if (indent == 0) return std::nullopt;
    std::string block = Concat(lines_[begin_], "\n");
    bool said = false;
    for (std::size_t i = begin_ + 1; i < end_; ++i) {
      const std::string_view line = lines_[i];
      if (IsBlankOrComment(line)) block += Concat(line, "\n");
      if (IsBlankOrComment(line)) continue;
      if (IndentOf(line) < indent) return std::nullopt;
      if (IndentOf(line) != indent || KeyOf(line) != "format") continue;
      said = true;
      block += NewLines(indent, directory, version_table, CommentOf(line));
    }
    if (!said) return std::nullopt;
    return block;
  }

  static std::vector<std::string> NewEntries(const std::string& directory,
                                             const std::string& version_table) {
    return {"format: native", Concat("directory: ", YamlScalar(directory)),
            Concat("version_table: ", YamlScalar(version_table))};
  }

  static std::string NewLines(std::size_t indent, const std::string& directory,
                              const std::string& version_table, std::string_view comment) {
    const std::string margin(indent, ' ');
    std::string text;
    for (const std::string& entry : NewEntries(directory, version_table)) {
      text += Concat(margin, entry, text.empty() ? comment : std::string_view(), "\n");
    }
    return text;
  }

  std::vector<std::string_view> lines_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

/// Do two configurations differ in nothing but their migrations?
bool SameOtherwise(const Config& one, const Config& two) {
  return one.project == two.project && one.default_environment == two.default_environment &&
         one.destructive == two.destructive && one.schema_files == two.schema_files &&
         std::ranges::equal(one.environments, two.environments,
                            [](const EnvironmentConfig& a, const EnvironmentConfig& b) {
                              return a.name == b.name && a.url == b.url &&
                                     a.env_files == b.env_files && a.on_pending == b.on_pending &&
                                     a.is_protected == b.is_protected;
                            });
}

/// Why the new text must not be written; empty: nothing.
std::string CheckNewText(std::string_view old_text, const std::string& new_text,
                         const std::string& path, const std::string& directory,
                         const std::string& version_table) {
  try {
    const Config before = ParseConfig(old_text, path);
    const Config after = ParseConfig(new_text, path);
    const bool meant = after.format == migrations::Format::kNative &&
                       after.version_table == version_table &&
                       after.migration_directories ==
                           std::vector<std::string>{AbsolutePath(directory, after.root)};
    return meant && SameOtherwise(before, after) ? std::string() : std::string(kUnusual);
  } catch (const Error& error) {
    return Concat(kUnusual, ": ", error.message);
  }
}

}  // namespace

NativeBlock MakeNativeBlock(std::string_view text, const std::string& path,
                            const std::string& directory, const std::string& version_table) {
  NativeBlock block;
  block.after = Concat(kBlockKey, "\n  format: native\n  directory: ", YamlScalar(directory),
                       "\n  version_table: ", YamlScalar(version_table), "\n");
  const BlockEditor editor(text);
  if (!editor.found()) {
    block.problem = "it has no line that begins with migrations:";
    return block;
  }
  block.before = editor.Before();
  const auto after = editor.After(directory, version_table);
  if (!after) {
    block.problem = kUnusual;
    return block;
  }
  std::string changed = editor.With(*after);
  block.problem = CheckNewText(text, changed, path, directory, version_table);
  if (!block.problem.empty()) return block;
  block.after = *after;
  block.text = std::move(changed);
  return block;
}

}  // namespace drover::environments
