#include "environments/yaml.h"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <sstream>
#include <utility>

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include "base/error.h"
#include "base/text.h"

namespace drover::environments {
namespace {

// What a document may weigh once its aliases are expanded: a node counts 64, its text its length.
constexpr std::size_t kMaxWeight = std::size_t{16} << 20U;
constexpr std::size_t kNodeWeight = 64;
constexpr std::size_t kMaxDocuments = 256;

struct Source {
  const std::string& path;
  std::string_view area;

  [[noreturn]] void Fail(std::string_view kind, std::string message, Position at,
                         std::string hint = {}) const {
    throw Error(Code::kInvalid, Concat(area, ".", kind), std::move(message), std::move(hint),
                Concat(path, ":", at.line, ":", at.column));
  }
};

Position At(const YAML::Mark& mark) {
  return {.line = static_cast<std::size_t>(std::max(mark.line, 0)) + 1,
          .column = static_cast<std::size_t>(std::max(mark.column, 0)) + 1};
}

std::size_t Depth(const YamlNode& node) {
  std::size_t deepest = 0;
  for (const YamlNode& item : node.items) deepest = std::max(deepest, Depth(item));
  for (const YamlEntry& entry : node.entries) deepest = std::max(deepest, Depth(entry.value));
  return deepest + 1;
}

/// Builds our nodes from yaml-cpp's events, so that nesting and aliases are bounded while reading.
class Builder final : public YAML::EventHandler {
 public:
  explicit Builder(const Source& source) : source_(source) {}

  [[nodiscard]] YamlNode Take() { return std::exchange(root_, {}); }
  [[nodiscard]] Position started() const { return started_; }

  void OnDocumentStart(const YAML::Mark& mark) override {
    started_ = At(mark);
    anchors_.clear();
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    YamlNode node;
    node.at = At(mark);
    Finish(std::move(node), anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) {
      source_.Fail("too_complex", "an alias refers to the value that contains it", At(mark));
    }
    const Anchored& anchored = found->second;
    if (frames_.size() + anchored.depth > static_cast<std::size_t>(kMaxYamlDepth)) {
      TooDeep(At(mark));
    }
    Add(YamlWeight(anchored.node), At(mark));
    Finish(YamlNode(anchored.node), 0);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    YamlNode node = Start(YamlNode::Kind::kScalar, mark, tag);
    node.style = tag == "?" ? YamlNode::Style::kPlain : YamlNode::Style::kQuoted;
    node.scalar = value;
    Finish(std::move(node), anchor);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    Open(Start(YamlNode::Kind::kSequence, mark, tag), anchor);
  }
  void OnSequenceEnd() override { Close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    Open(Start(YamlNode::Kind::kMap, mark, tag), anchor);
  }
  void OnMapEnd() override { Close(); }

 private:
  struct Frame {
    YamlNode node;
    YAML::anchor_t anchor = 0;
    std::optional<YamlEntry> entry;  // of a map: the key whose value comes next
    std::vector<std::pair<YamlNode, Position>> merges;
    std::map<std::string, std::size_t> keys;  // with the line of each
  };

  struct Anchored {
    YamlNode node;
    std::size_t depth = 1;
  };

  static YamlNode Start(YamlNode::Kind kind, const YAML::Mark& mark, const std::string& tag) {
    YamlNode node;
    node.kind = kind;
    node.at = At(mark);
    if (tag.starts_with("!") && tag.size() > 1) node.tag = tag;
    return node;
  }

  void Add(std::size_t weight, Position at) {
    weight_ += weight;
    if (weight_ > kMaxWeight) {
      source_.Fail("too_complex", "the document grows too large when its aliases are expanded", at);
    }
  }

  [[noreturn]] void TooDeep(Position at) const {
    source_.Fail("too_complex", Concat("the document is nested deeper than ", kMaxYamlDepth), at);
  }

  void Open(YamlNode node, YAML::anchor_t anchor) {
    if (frames_.size() >= static_cast<std::size_t>(kMaxYamlDepth)) TooDeep(node.at);
    frames_.push_back(
        {.node = std::move(node), .anchor = anchor, .entry = {}, .merges = {}, .keys = {}});
  }

  void Close() {
    Frame frame = std::move(frames_.back());
    frames_.pop_back();
    for (auto& [merged, at] : frame.merges) Merge(frame, std::move(merged), at);
    Finish(std::move(frame.node), frame.anchor);
  }

  void Finish(YamlNode node, YAML::anchor_t anchor) {
    Add(kNodeWeight + node.scalar.size(), node.at);
    if (anchor != 0) {
      Add(YamlWeight(node), node.at);
      anchors_[anchor] = {.node = node, .depth = Depth(node)};
    }
    if (frames_.empty()) {
      root_ = std::move(node);
    } else if (frames_.back().node.kind == YamlNode::Kind::kSequence) {
      frames_.back().node.items.push_back(std::move(node));
    } else {
      FinishInMap(frames_.back(), std::move(node));
    }
  }

  void FinishInMap(Frame& map, YamlNode node) {
    if (!map.entry) {
      if (node.kind == YamlNode::Kind::kNull) node.scalar = "null";
      if (!node.items.empty() || !node.entries.empty()) {
        source_.Fail("syntax", "a key must be a word, not a list or a map", node.at);
      }
      map.entry = YamlEntry{.key = std::move(node.scalar), .key_at = node.at, .value = {}};
      // Only a plain << merges; a quoted one is an ordinary key.
      if (map.entry->key == "<<" && node.style == YamlNode::Style::kQuoted) map.entry->key += ' ';
      return;
    }
    YamlEntry entry = *std::exchange(map.entry, std::nullopt);
    const auto [known, is_new] = map.keys.emplace(entry.key, entry.key_at.line);
    if (!is_new) {
      source_.Fail("duplicate_key",
                   Concat("the key \"", Excerpt(entry.key, 60), "\" is already defined at line ",
                          known->second),
                   entry.key_at, "keep one of the two");
    }
    if (entry.key == "<<") {
      map.merges.emplace_back(std::move(node), entry.key_at);
      return;
    }
    entry.value = std::move(node);
    map.node.entries.push_back(std::move(entry));
  }

  void Merge(Frame& into, YamlNode from, Position at) {
    if (from.kind == YamlNode::Kind::kSequence) {
      for (YamlNode& item : from.items) Merge(into, std::move(item), at);
      return;
    }
    if (from.kind != YamlNode::Kind::kMap) {
      source_.Fail("syntax", "\"<<\" merges maps only", at);
    }
    for (YamlEntry& entry : from.entries) {
      const bool is_new = into.keys.emplace(entry.key, entry.key_at.line).second;
      if (is_new) into.node.entries.push_back(std::move(entry));
    }
  }

  const Source& source_;
  YamlNode root_;
  Position started_;
  std::vector<Frame> frames_;
  std::map<YAML::anchor_t, Anchored> anchors_;
  std::size_t weight_ = 0;
};

// yaml-cpp replaces invalid UTF-8 silently and takes U+0004 for the end of the file.
void CheckCharacters(std::string_view text, const Source& source) {
  Position at;
  while (!text.empty()) {
    const std::size_t length = Utf8Length(text);
    if (length == 0) source.Fail("syntax", "the file is not UTF-8 text", at);
    const auto first = static_cast<unsigned char>(text.front());
    if ((first < 0x20 && first != '\t' && first != '\n' && first != '\r') || first == 0x7F) {
      source.Fail("syntax", "the file contains a control character", at);
    }
    at = first == '\n' ? Position{.line = at.line + 1, .column = 1}
                       : Position{.line = at.line, .column = at.column + 1};
    text.remove_prefix(length);
  }
}

struct Document {
  YamlNode root;
  Position started;
};

std::vector<Document> ParseDocuments(std::string_view text, const Source& source) {
  if (text.size() > kMaxYamlBytes) {
    source.Fail("too_complex", Concat("the file is larger than ", kMaxYamlBytes, " bytes"), {});
  }
  CheckCharacters(text, source);
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    Builder builder(source);
    std::vector<Document> documents;
    while (parser.HandleNextDocument(builder)) {
      documents.push_back({.root = builder.Take(), .started = builder.started()});
      if (documents.size() > kMaxDocuments) {
        source.Fail("too_complex", "the file holds too many documents", builder.started());
      }
    }
    return documents;
  } catch (const YAML::Exception& exception) {
    source.Fail("syntax", exception.msg, At(exception.mark));
  }
}

}  // namespace

std::size_t YamlWeight(const YamlNode& node) {
  std::size_t weight = kNodeWeight + node.scalar.size() + node.tag.size();
  for (const YamlNode& item : node.items) weight += YamlWeight(item);
  for (const YamlEntry& entry : node.entries) weight += entry.key.size() + YamlWeight(entry.value);
  return weight;
}

const YamlNode* YamlNode::Find(std::string_view key) const {
  for (const YamlEntry& entry : entries) {
    if (entry.key == key) return &entry.value;
  }
  return nullptr;
}

YamlNode* YamlNode::Find(std::string_view key) {
  return const_cast<YamlNode*>(std::as_const(*this).Find(key));
}

YamlNode ParseYaml(std::string_view text, const std::string& path, std::string_view area) {
  std::vector<Document> documents = ParseDocuments(text, {.path = path, .area = area});
  if (documents.size() > 1) {
    const Source source{.path = path, .area = area};
    source.Fail("syntax", "the file holds a second document, which would be ignored",
                documents[1].started, "remove everything from the second \"---\" on");
  }
  return documents.empty() ? YamlNode() : std::move(documents.front().root);
}

std::vector<YamlNode> ParseYamlDocuments(std::string_view text, const std::string& path,
                                         std::string_view area) {
  std::vector<YamlNode> roots;
  for (Document& document : ParseDocuments(text, {.path = path, .area = area})) {
    roots.push_back(std::move(document.root));
  }
  return roots;
}

}  // namespace drover::environments
