#include "environments/compose/dockerfile.h"

#include <utility>
#include <vector>

#include "base/error.h"
#include "base/posix.h"
#include "base/text.h"
#include "environments/interpolate.h"

namespace drover::environments {
namespace {

struct Instruction {
  std::string name;  // lower case
  std::string text;  // continuation lines joined
  std::size_t line = 1;
};

/// The words after << in a RUN or COPY: what follows up to a line with the word is no instruction.
std::vector<std::string> HeredocEnds(std::string_view text) {
  std::vector<std::string> ends;
  for (std::size_t at = text.find("<<"); at != std::string_view::npos;
       at = text.find("<<", at + 2)) {
    std::string_view rest = text.substr(at + 2);
    if (rest.starts_with("-")) rest.remove_prefix(1);
    std::string word(rest.substr(0, rest.find_first_of(" \t<>|;&")));
    std::erase_if(word, [](char c) { return c == '"' || c == '\''; });
    if (!word.empty()) ends.push_back(std::move(word));
  }
  return ends;
}

std::vector<Instruction> SplitInstructions(std::string_view text) {
  const std::vector<std::string_view> lines = SplitLines(text);
  std::vector<Instruction> instructions;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    Instruction instruction{.name = {}, .text = {}, .line = i + 1};
    std::string_view line = Trim(lines[i]);
    if (line.empty() || line.front() == '#') continue;
    while (line.ends_with("\\")) {
      instruction.text += line.substr(0, line.size() - 1);
      do {
        line = ++i < lines.size() ? Trim(lines[i]) : std::string_view();
      } while (i < lines.size() && line.starts_with("#"));
    }
    instruction.text += line;
    const std::size_t space = instruction.text.find_first_of(" \t");
    instruction.name = ToLower(instruction.text.substr(0, space));
    instruction.text = space == std::string::npos
                           ? std::string()
                           : std::string(Trim(std::string_view(instruction.text).substr(space)));
    if (instruction.name == "run" || instruction.name == "copy") {
      for (const std::string& end : HeredocEnds(instruction.text)) {
        while (++i < lines.size() && Trim(lines[i]) != end) {
        }
      }
    }
    instructions.push_back(std::move(instruction));
  }
  return instructions;
}

/// Words between blanks, quotes taken off.
std::vector<std::string> Words(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  char quote = '\0';
  bool inside = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\\' && i + 1 < text.size() && quote != '\'') {
      if (text[i + 1] == '$') word.push_back('$');  // $$ is a dollar sign for the interpolation
      word.push_back(text[++i]);
      inside = true;
    } else if (quote != '\0' ? c == quote : (c == '"' || c == '\'')) {
      quote = quote == '\0' ? c : '\0';
      inside = true;
    } else if (quote == '\0' && (c == ' ' || c == '\t')) {
      if (inside) words.push_back(std::exchange(word, {}));
      inside = false;
    } else {
      word.push_back(c);
      inside = true;
    }
  }
  if (inside) words.push_back(std::move(word));
  return words;
}

constexpr std::size_t kMaxStages = 256;
constexpr std::size_t kMaxDockerfile = std::size_t{4} << 20U;

using Arguments = std::map<std::string, std::string, std::less<>>;

struct Stage {
  DockerfileImage image;
  Arguments arguments;
};

class DockerfileReader final {
 public:
  explicit DockerfileReader(const Arguments& given) : given_(given) {}

  std::optional<DockerfileImage> Read(std::string_view text, const std::string& target) {
    std::map<std::string, DockerfileImage> stages;
    std::string name;
    std::size_t number = 0;
    bool in_stage = false;
    for (const Instruction& each : SplitInstructions(text)) {
      if (each.name == "from") {
        if (in_stage) {
          if (!target.empty() && name == target) return stage_.image;
          stages[name] = stage_.image;
          stages[std::to_string(number++)] = stage_.image;
          if (number > kMaxStages) return std::nullopt;
        }
        in_stage = true;
        name = From(each.text, stages);
      } else if (each.name == "arg") {
        Argument(each.text);
      } else if (each.name == "env") {
        Environment(each);
      } else if (each.name == "workdir") {
        Workdir(each);
      } else if (each.name == "user") {
        User(each);
      }
    }
    if (!in_stage || (!target.empty() && name != target && std::to_string(number) != target)) {
      return std::nullopt;
    }
    return stage_.image;
  }

 private:
  /// Begins a stage; its name.
  std::string From(std::string_view text, const std::map<std::string, DockerfileImage>& stages) {
    if (!global_) global_ = std::exchange(stage_.arguments, {});
    stage_ = {};
    std::vector<std::string> words = Words(text);
    std::erase_if(words, [](const std::string& word) { return word.starts_with("--"); });
    if (words.empty()) return {};
    const std::optional<std::string> base = Expand(words.front(), *global_);
    const auto found = base ? stages.find(ToLower(*base)) : stages.end();
    if (found != stages.end()) stage_.image = found->second;
    const bool named = words.size() >= 3 && ToLower(words[1]) == "as";
    return named ? ToLower(words[2]) : std::string();
  }

  void Argument(std::string_view text) {
    for (const std::string& word : Words(text)) {
      const std::size_t equals = word.find('=');
      const std::string name = word.substr(0, equals);
      if (const auto given = given_.find(name); given != given_.end()) {
        stage_.arguments[name] = given->second;
      } else if (equals != std::string::npos) {
        const std::optional<std::string> value = Expand(word.substr(equals + 1), stage_.arguments);
        if (value) stage_.arguments[name] = *value;
      } else if (global_ && global_->contains(name)) {
        stage_.arguments[name] = global_->at(name);
      }
    }
  }

  void Environment(const Instruction& each) {
    std::vector<std::string> words = Words(each.text);
    if (words.empty()) return;
    if (words.front().find('=') == std::string::npos) {  // ENV NAME the rest of the line
      const std::size_t space = each.text.find_first_of(" \t");
      if (space == std::string::npos) return;
      words = {Concat(words.front(), "=", Trim(std::string_view(each.text).substr(space)))};
    }
    for (const std::string& word : words) {
      const std::size_t equals = word.find('=');
      if (equals == std::string::npos) continue;
      const std::string name = word.substr(0, equals);
      const std::optional<std::string> value = Expand(word.substr(equals + 1), stage_.arguments);
      if (value) {
        stage_.image.environment[name] = {.value = *value, .line = each.line};
      } else {
        stage_.image.environment.erase(name);
      }
    }
  }

  void Workdir(const Instruction& each) {
    const std::vector<std::string> words = Words(each.text);
    const std::optional<std::string> path =
        words.size() == 1 ? Expand(words.front(), stage_.arguments) : std::nullopt;
    std::optional<DockerfileWorkdir>& workdir = stage_.image.workdir;
    if (!path || path->empty() || (path->front() != '/' && !workdir)) {
      workdir.reset();
    } else {
      workdir = DockerfileWorkdir{.path = AbsolutePath(*path, workdir ? workdir->path : "/"),
                                  .line = each.line};
    }
  }

  void User(const Instruction& each) {
    const std::vector<std::string> words = Words(each.text);
    const std::optional<std::string> name =
        words.size() == 1 ? Expand(words.front(), stage_.arguments) : std::nullopt;
    stage_.image.user.reset();
    if (name && !name->empty())
      stage_.image.user = DockerfileUser{.name = *name, .line = each.line};
  }

  /// Nothing when a variable is not known or the text cannot be read.
  [[nodiscard]] std::optional<std::string> Expand(const std::string& text,
                                                  const Arguments& arguments) {
    const VariableLookup lookup = [&](std::string_view name) -> std::optional<VariableValue> {
      const auto variable = stage_.image.environment.find(name);
      if (variable != stage_.image.environment.end()) {
        return VariableValue{.value = variable->second.value, .where = {}};
      }
      const auto argument = arguments.find(name);
      if (argument == arguments.end()) return std::nullopt;
      return VariableValue{.value = argument->second, .where = {}};
    };
    // A text that only the builder understands is a value that is not known.
    try {
      Interpolated result = Interpolate(text, Dollar::kShell, lookup, {});
      expanded_ += result.value.size();
      if (!result.unset.empty() || expanded_ > kMaxDockerfile) return std::nullopt;
      return std::move(result.value);
    } catch (const Error&) {
      return std::nullopt;
    }
  }

  const Arguments& given_;
  std::optional<Arguments> global_;  // of the ARGs before the first FROM
  Stage stage_;
  std::size_t expanded_ = 0;  // bytes
};

}  // namespace

std::optional<DockerfileImage> ReadDockerfile(std::string_view text, std::string_view target,
                                              const Arguments& arguments) {
  return DockerfileReader(arguments).Read(text, ToLower(target));
}

}  // namespace drover::environments
