#include "environments/compose_volumes.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/posix.h"
#include "base/text.h"

namespace drover::environments {
namespace {

constexpr std::array<std::string_view, 6> kTypes{"bind",  "volume", "tmpfs",
                                                 "image", "npipe",  "cluster"};

bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool IsDrive(std::string_view text) {
  return text.size() >= 2 && IsLetter(text[0]) && text[1] == ':';
}

/// The sections between colons; the colon of a drive letter does not separate.
std::vector<std::string> Sections(std::string_view spec) {
  std::vector<std::string> sections(1);
  for (const char c : spec) {
    std::string& section = sections.back();
    const bool drive = c == ':' && section.size() == 1 && IsLetter(section[0]);
    if (c == ':' && !drive) {
      sections.emplace_back();
    } else {
      section.push_back(c);
    }
  }
  return sections;
}

class Parser final {
 public:
  Parser(const YamlNode& node, const YamlReader& reader, const ComposeTextReader& text,
         const std::string& directory)
      : node_(node), reader_(reader), text_(text), directory_(directory) {}

  ComposeMount Parse() {
    mount_.where = reader_.Where(node_.at);
    if (node_.kind == YamlNode::Kind::kMap) {
      Long();
    } else {
      Short();
    }
    return std::move(mount_);
  }

 private:
  std::string Text(const YamlNode& node, std::string_view name) {
    ComposeText text = text_(node, name);
    for (std::string& variable : text.unset) mount_.unset.push_back(std::move(variable));
    return std::move(text.value);
  }

  std::optional<std::string> Text(std::string_view key) {
    const YamlNode* node = node_.Find(key);
    if (node == nullptr || node->kind == YamlNode::Kind::kNull) return std::nullopt;
    return Text(*node, Concat("volumes.", key));
  }

  void Short() {
    const std::string spec = Text(node_, "volumes");
    mount_.written = spec;
    std::vector<std::string> sections = Sections(spec);
    if (spec.size() <= 2) sections = {spec};
    if (std::find(sections.begin(), sections.end(), "") != sections.end()) {
      reader_.Fail("value", Concat("the volume \"", spec, "\" has an empty section between colons"),
                   node_.at);
    }
    if (sections.size() > 3) {
      reader_.Fail("value", Concat("the volume \"", spec, "\" has too many colons"), node_.at);
    }
    Target(sections.size() == 1 ? sections[0] : sections[1]);
    if (sections.size() > 1) Source(sections[0]);
    if (sections.size() > 2) {
      const std::vector<std::string> words = SplitList(sections[2], ',');
      if (std::find(words.begin(), words.end(), "ro") != words.end()) {
        mount_.access = ComposeMount::Access::kReadOnly;
      }
    }
  }

  void Target(const std::string& target) {
    if (!target.starts_with("/")) {
      reader_.Fail(
          "value", Concat("the volume's target \"", Excerpt(target, 60), "\" is not absolute"),
          node_.at,
          IsDrive(target) ? "a volume's name needs two letters: one is read as a Windows drive"
                          : "");
    }
    mount_.target = AbsolutePath(target, "/");
  }

  void Source(const std::string& source) {
    if (IsComposePath(source)) {
      Bind(source);
    } else {
      mount_.type = ComposeMount::Type::kVolume;
      mount_.volume = source;
    }
  }

  void Bind(const std::string& source) {
    mount_.type = ComposeMount::Type::kBind;
    mount_.host = ComposeHostPath(source, directory_, reader_, node_.at);
  }

  void Long() {
    const std::string type = Text("type").value_or("volume");
    if (std::find(kTypes.begin(), kTypes.end(), type) == kTypes.end()) {
      reader_.Fail("value",
                   Concat("a volume cannot have the type \"", Excerpt(type, 40), "\"",
                          DidYouMean(type, kTypes)),
                   node_.at);
    }
    const std::optional<std::string> target = Text("target");
    if (!target) reader_.Fail("value", "a volume has no target", node_.at);
    Target(*target);
    const std::optional<std::string> source = Text("source");
    mount_.written = Concat(source.value_or(type), ":", *target);
    if (type == "bind") {
      if (!source) reader_.Fail("value", "a volume of type bind has no source", node_.at);
      Bind(*source);
    } else if (type == "volume") {
      mount_.type = ComposeMount::Type::kVolume;
      mount_.volume = source.value_or("");
    } else {
      mount_.type = type == "tmpfs" ? ComposeMount::Type::kTmpfs : ComposeMount::Type::kOther;
    }
    if (IsComposeTrue(Text("read_only").value_or(""))) {
      mount_.access = ComposeMount::Access::kReadOnly;
    }
    const YamlNode* bind = node_.Find("bind");
    const YamlNode* create = bind == nullptr ? nullptr : bind->Find("create_host_path");
    if (create != nullptr && !IsComposeTrue(Text(*create, "volumes.bind.create_host_path"))) {
      mount_.missing_source = ComposeMount::MissingSource::kFail;
    }
    const YamlNode* volume = node_.Find("volume");
    if (volume != nullptr && volume->Find("subpath") != nullptr &&
        mount_.type == ComposeMount::Type::kVolume) {
      reader_.Fail("unsupported", "this version of drover does not resolve volume.subpath yet",
                   volume->at);
    }
  }

  const YamlNode& node_;
  const YamlReader& reader_;
  const ComposeTextReader& text_;
  const std::string& directory_;
  ComposeMount mount_;
};

}  // namespace

ComposeMount ParseComposeVolume(const YamlNode& node, const YamlReader& reader,
                                const ComposeTextReader& text, const std::string& directory) {
  return Parser(node, reader, text, directory).Parse();
}

bool IsComposePath(std::string_view source) {
  return source.starts_with(".") || source.starts_with("/") || source.starts_with("~") ||
         source.starts_with("\\") || IsDrive(source);
}

std::string ComposeHostPath(std::string_view source, const std::string& directory,
                            const YamlReader& reader, Position at) {
  if (source.starts_with("\\") || IsDrive(source)) {
    reader.Fail("value", Concat("\"", Excerpt(source, 60), "\" is a Windows path"), at);
  }
  if (!source.starts_with("~")) return AbsolutePath(source, directory);
  const std::optional<std::string> home = EnvironmentVariable("HOME");
  if (!home || (source.size() > 1 && source[1] != '/')) {
    reader.Fail(
        "value",
        Concat("\"", Excerpt(source, 60), "\" begins with ~, which stands for no known home"), at,
        "write the path in full");
  }
  return AbsolutePath(Concat(*home, source.substr(1)), directory);
}

bool IsComposeTrue(std::string_view text) {
  const std::string lower = ToLower(text);
  return lower == "true" || lower == "yes" || lower == "on" || lower == "y" || lower == "1";
}

}  // namespace drover::environments
