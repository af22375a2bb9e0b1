#include "environments/yaml_reader.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/error.h"
#include "base/text.h"

namespace drover::environments {
namespace {

std::string_view KindName(const YamlNode& node) {
  switch (node.kind) {
    case YamlNode::Kind::kNull:
      return "nothing";
    case YamlNode::Kind::kScalar:
      return "a text";
    case YamlNode::Kind::kSequence:
      return "a list";
    case YamlNode::Kind::kMap:
      return "a map";
  }
  return "something else";
}

std::string QuotedList(std::span<const std::string_view> words) {
  std::vector<std::string> pieces(words.begin(), words.end());
  return Join(pieces, ", ");
}

}  // namespace

std::string YamlReader::Where(Position at) const {
  return Concat(path_, ":", at.line, ":", at.column);
}

void YamlReader::Fail(std::string_view kind, std::string message, Position at,
                      std::string hint) const {
  throw Error(Code::kInvalid, Concat(area_, ".", kind), std::move(message), std::move(hint),
              Where(at));
}

void YamlReader::RejectTag(const YamlNode& node, std::string_view name) const {
  if (node.tag.empty()) return;
  Fail("unsupported", Concat(name, " carries the tag ", node.tag, ", which drover does not know"),
       node.at, "remove the tag");
}

void YamlReader::WrongType(const YamlNode& node, std::string_view name,
                           std::string_view expected) const {
  Fail("type", Concat(name, " must be ", expected, ", not ", KindName(node)), node.at);
}

void YamlReader::ExpectMap(const YamlNode& node, std::string_view name) const {
  RejectTag(node, name);
  if (node.kind != YamlNode::Kind::kMap) WrongType(node, name, "a map of keys");
}

void YamlReader::ExpectSequence(const YamlNode& node, std::string_view name) const {
  RejectTag(node, name);
  if (node.kind != YamlNode::Kind::kSequence) WrongType(node, name, "a list");
}

bool YamlReader::Boolean(const YamlNode& node, std::string_view name) const {
  RejectTag(node, name);
  if (node.kind == YamlNode::Kind::kScalar && node.style == YamlNode::Style::kPlain) {
    if (node.scalar == "true") return true;
    if (node.scalar == "false") return false;
    Fail("type", Concat(name, " must be true or false, not \"", Excerpt(node.scalar, 40), "\""),
         node.at);
  }
  WrongType(node, name, "true or false");
}

std::size_t YamlReader::Number(const YamlNode& node, std::string_view name,
                               std::size_t most) const {
  RejectTag(node, name);
  if (node.kind != YamlNode::Kind::kScalar) WrongType(node, name, "a whole number");
  const auto number = ParseInteger(node.scalar);
  if (number && *number >= 0 && static_cast<std::uint64_t>(*number) <= most) {
    return static_cast<std::size_t>(*number);
  }
  Fail("value",
       Concat(name, " must be a whole number from 0 to ", most, ", not \"",
              Excerpt(node.scalar, 40), "\""),
       node.at);
}

std::uint64_t YamlReader::Bytes(const YamlNode& node, std::string_view name) const {
  RejectTag(node, name);
  if (node.kind != YamlNode::Kind::kScalar) WrongType(node, name, "a number of bytes");
  const std::string_view text = node.scalar;
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto number = ParseInteger(text.substr(0, digits));
  const std::string unit = ToLower(Trim(text.substr(digits)));
  constexpr std::array<std::string_view, 5> kUnits{"", "k", "m", "g", "t"};
  std::uint64_t decimal = 1;
  std::uint64_t binary = 1;
  for (const std::string_view letter : kUnits) {
    const bool bare = letter.empty() && (unit.empty() || unit == "b");
    const std::uint64_t factor = bare || unit == Concat(letter, "b")               ? decimal
                                 : unit == Concat(letter, "ib") && !letter.empty() ? binary
                                                                                   : 0;
    if (number && factor > 0 && static_cast<std::uint64_t>(*number) <= INT64_MAX / factor) {
      return static_cast<std::uint64_t>(*number) * factor;
    }
    decimal *= 1000;
    binary *= 1024;
  }
  Fail("value",
       Concat(name, " must be a number of bytes, such as 500MB or 1GiB, not \"",
              Excerpt(node.scalar, 40), "\""),
       node.at);
}

std::string YamlReader::String(const YamlNode& node, std::string_view name) const {
  RejectTag(node, name);
  if (node.kind != YamlNode::Kind::kScalar) WrongType(node, name, "a text");
  if (Trim(node.scalar).empty()) Fail("value", Concat(name, " is empty"), node.at);
  const bool control = std::any_of(node.scalar.begin(), node.scalar.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
  });
  if (control) Fail("value", Concat(name, " contains a control character"), node.at);
  return node.scalar;
}

std::vector<std::string> YamlReader::Strings(const YamlNode& node, std::string_view name) const {
  if (node.kind != YamlNode::Kind::kSequence) return {String(node, name)};
  RejectTag(node, name);
  if (node.items.empty()) Fail("value", Concat(name, " is an empty list"), node.at);
  std::vector<std::string> strings;
  strings.reserve(node.items.size());
  for (const YamlNode& item : node.items) strings.push_back(String(item, name));
  return strings;
}

std::size_t YamlReader::Choice(const YamlNode& node, std::string_view name,
                               std::span<const std::string_view> choices) const {
  const std::string value = String(node, name);
  const auto found = std::find(choices.begin(), choices.end(), value);
  if (found == choices.end()) {
    Fail("value",
         Concat(name, " cannot be \"", Excerpt(value, 40), "\"", DidYouMean(value, choices)),
         node.at, Concat("one of: ", QuotedList(choices)));
  }
  return static_cast<std::size_t>(found - choices.begin());
}

void YamlReader::ExpectKeys(const YamlNode& map, std::string_view parent,
                            std::span<const std::string_view> known) const {
  for (const YamlEntry& entry : map.entries) {
    if (std::find(known.begin(), known.end(), entry.key) != known.end()) continue;
    const std::string place = parent.empty() ? std::string() : Concat(" in ", parent);
    Fail(
        "unknown_key",
        Concat("unknown key \"", Excerpt(entry.key, 60), "\"", place, DidYouMean(entry.key, known)),
        entry.key_at, Concat("known keys: ", QuotedList(known)));
  }
}

}  // namespace drover::environments
