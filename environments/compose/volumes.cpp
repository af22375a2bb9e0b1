#include "environments/compose/volumes.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "base/posix.h"
#include "base/text.h"

namespace drover::environments {
namespace {

constexpr std::array<std::string_view, 6> kTypes{"bind",  "volume", "tmpfs", "image",
                                                 "npipe", "cluster"};  // as ComposeMount::Type

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

class LongReader final {
 public:
  LongReader(const YamlNode& item, const std::string& home, const ComposeSources& sources)
      : item_(item), home_(home), sources_(sources) {}

  ComposeMount Read() {
    const std::optional<std::string> type = Text(item_, "type");
    if (!type) sources_.Fail("value", "a volume's type is required", item_, "type: bind");
    const auto* found = std::find(kTypes.begin(), kTypes.end(), *type);
    if (found == kTypes.end()) {
      const std::vector<std::string> known(kTypes.begin(), kTypes.end());
      sources_.Fail("value",
                    Concat("a volume's type must be one of the following: ", Join(known, ", "),
                           "; not \"", Excerpt(*type, 40), "\"", DidYouMean(*type, kTypes)),
                    item_);
    }
    const std::optional<std::string> target = Text(item_, "target");
    if (!target || target->empty()) {
      sources_.Fail("value", "service volume is missing a mount target", item_,
                    "target: /app/data");
    }
    mount_.target = CleanContainerPath(*target);
    const std::optional<std::string> source = Text(item_, "source");
    mount_.written = Concat(source.value_or(*type), ":", *target);
    mount_.type = static_cast<ComposeMount::Type>(found - kTypes.begin());
    if (mount_.type == ComposeMount::Type::kBind) Bind(source.value_or(""));
    if (mount_.type == ComposeMount::Type::kVolume) mount_.volume = source.value_or("");
    if (IsComposeTrue(Text(item_, "read_only").value_or(""))) {
      mount_.access = ComposeMount::Access::kReadOnly;
    }
    const YamlNode* volume = item_.Find("volume");
    if (volume != nullptr && mount_.type == ComposeMount::Type::kVolume) {
      mount_.subpath = Text(*volume, "subpath").value_or("");
    }
    return std::move(mount_);
  }

 private:
  void Bind(const std::string& source) {
    if (source.empty()) {
      sources_.Fail("value",
                    "invalid mount config for type \"bind\": field Source must not be empty", item_,
                    "source: ./data");
    }
    mount_.type = ComposeMount::Type::kBind;
    mount_.host =
        ComposeHostPath(source, sources_.Base(*item_.Find("source")), home_, item_, sources_);
    mount_.missing_source = ComposeMount::MissingSource::kDependsOnVersion;
    const YamlNode* bind = item_.Find("bind");
    const std::optional<std::string> create =
        bind == nullptr ? std::nullopt : Text(*bind, "create_host_path");
    if (create) {
      mount_.missing_source = IsComposeTrue(*create) ? ComposeMount::MissingSource::kCreateDirectory
                                                     : ComposeMount::MissingSource::kFail;
    }
  }

  std::optional<std::string> Text(const YamlNode& map, std::string_view key) const {
    const YamlNode* node = map.Find(key);
    if (node == nullptr || node->kind == YamlNode::Kind::kNull) return std::nullopt;
    if (node->kind != YamlNode::Kind::kScalar) {
      sources_.Fail("type", Concat("volumes.", key, " must be a string"), *node);
    }
    return node->scalar;
  }

  const YamlNode& item_;
  const std::string& home_;
  const ComposeSources& sources_;
  ComposeMount mount_;
};

ComposeMount ReadShort(const YamlNode& item, const std::string& home,
                       const ComposeSources& sources) {
  const ComposeVolumeSpec spec = SplitVolumeSpec(item.scalar);
  if (!spec.problem.empty()) {
    const ComposeUse* use = sources.Use(item);
    const bool unset = use != nullptr && !use->unset.empty();
    sources.Fail("value", spec.problem, item,
                 unset ? Concat("set ", use->unset.front(), " in .env, or write a default: ${",
                                use->unset.front(), ":-./data}")
                       : "write SOURCE:TARGET[:MODE]");
  }
  ComposeMount mount;
  mount.written = item.scalar;
  mount.target = spec.target;
  mount.access = spec.access;
  if (!IsComposePath(spec.source)) {
    mount.type = ComposeMount::Type::kVolume;
    mount.volume = spec.source;
    return mount;
  }
  mount.type = ComposeMount::Type::kBind;
  mount.host = ComposeHostPath(spec.source, sources.Base(item), home, item, sources);
  return mount;
}

}  // namespace

ComposeVolumeSpec SplitVolumeSpec(std::string_view spec) {
  ComposeVolumeSpec out;
  if (spec.empty()) {
    out.problem = "invalid empty volume spec";
    return out;
  }
  if (spec.size() <= 2) {
    out.target = CleanContainerPath(spec);
    return out;
  }
  const std::vector<std::string> sections = Sections(spec);
  const auto empty = std::find(sections.begin(), sections.end(), std::string());
  const auto index = static_cast<std::size_t>(empty - sections.begin());
  if (empty != sections.end() && index <= 3) {
    out.problem = Concat("invalid spec: ", spec, ": empty section between colons");
  } else if (sections.size() > 3) {
    out.problem = Concat("invalid spec: ", spec, ": too many colons");
  } else {
    out.target = CleanContainerPath(sections.size() == 1 ? sections[0] : sections[1]);
    if (sections.size() > 1) out.source = sections[0];
  }
  if (sections.size() == 3) {
    for (const std::string& word : SplitList(sections[2], ',')) {
      if (word == "ro") out.access = ComposeMount::Access::kReadOnly;
      if (word == "rw") out.access = ComposeMount::Access::kReadWrite;
    }
  }
  return out;
}

std::string ComposeVolumeTarget(const YamlNode& item) {
  if (item.kind == YamlNode::Kind::kScalar) return SplitVolumeSpec(item.scalar).target;
  const YamlNode* target = item.Find("target");
  return target == nullptr ? std::string() : CleanContainerPath(target->scalar);
}

ComposeMount ReadComposeVolume(const YamlNode& item, const std::string& home,
                               const ComposeSources& sources) {
  if (item.kind != YamlNode::Kind::kScalar && item.kind != YamlNode::Kind::kMap) {
    sources.Fail("type", "an entry of volumes must be a string or a mapping", item,
                 "./data:/app/data");
  }
  ComposeMount mount = item.kind == YamlNode::Kind::kMap ? LongReader(item, home, sources).Read()
                                                         : ReadShort(item, home, sources);
  mount.where = sources.Where(item);
  return mount;
}

bool IsComposePath(std::string_view source) {
  return source.starts_with(".") || source.starts_with("/") || source.starts_with("~") ||
         IsWindowsPath(source);
}

bool IsWindowsPath(std::string_view path) { return path.starts_with("\\\\") || IsDrive(path); }

std::string ComposeHostPath(std::string_view path, const std::string& base, const std::string& home,
                            const YamlNode& node, const ComposeSources& sources) {
  if (IsWindowsPath(path)) return std::string(path);
  if (!path.starts_with("~")) return AbsolutePath(path, base);
  if (home.empty()) {
    sources.Fail("value", Concat("\"", Excerpt(path, 60), "\" begins with ~, and HOME is not set"),
                 node, "write the path in full");
  }
  return AbsolutePath(Concat(home, "/", path.substr(1)), base);
}

std::string CleanContainerPath(std::string_view path) {
  if (path.empty()) return {};
  std::string clean = AbsolutePath(path, "/");
  if (path.starts_with("/")) return clean;
  return clean == "/" ? std::string(".") : clean.substr(1);
}

bool IsComposeTrue(std::string_view text) {
  const std::string lower = ToLower(text);
  return lower == "true" || lower == "yes" || lower == "on" || lower == "y" || lower == "1";
}

}  // namespace drover::environments
