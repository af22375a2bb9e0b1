#include "environments/urls/file_uri.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "base/error.h"
#include "base/text.h"

namespace drover::environments {
namespace {

constexpr std::array<std::string_view, 4> kModes{"ro", "rw", "rwc", "memory"};
constexpr std::array<std::string_view, 2> kCaches{"shared", "private"};
constexpr std::array<std::string_view, 4> kSqliteTrue{"1", "yes", "true", "on"};

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// The byte that the escape at `i` stands for; -1 when there is none.
int EscapeAt(std::string_view text, std::size_t i) {
  if (text[i] != '%' || i + 2 >= text.size()) return -1;
  const int high = HexDigit(text[i + 1]);
  const int low = HexDigit(text[i + 2]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

void Expect(std::string_view name, std::string_view value, bool known, std::string_view words,
            const std::string& where) {
  if (known) return;
  throw Error(Code::kInvalid, "url.parameter",
              Concat("SQLite refuses ", name, "=", Excerpt(value, 40), " in a file: URI"),
              Concat(name, "= one of: ", words), where);
}

}  // namespace

std::string PercentDecode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int byte = EscapeAt(text, i);
    if (byte >= 0) {
      out.push_back(static_cast<char>(byte));
      i += 2;
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

bool HasPercentEscape(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (EscapeAt(text, i) >= 0) return true;
  }
  return false;
}

std::vector<UrlParameter> ParseParameters(std::string_view query) {
  std::vector<UrlParameter> parameters;
  for (const std::string& piece : SplitList(query, '&')) {
    const std::size_t equals = piece.find('=');
    parameters.push_back(
        {.name = PercentDecode(std::string_view(piece).substr(0, equals)),
         .value = equals == std::string::npos
                      ? std::string()
                      : PercentDecode(std::string_view(piece).substr(equals + 1))});
  }
  return parameters;
}

std::string_view ParameterValue(const std::vector<UrlParameter>& parameters,
                                std::string_view name) {
  const auto found = std::find_if(parameters.begin(), parameters.end(),
                                  [&](const UrlParameter& each) { return each.name == name; });
  return found == parameters.end() ? std::string_view() : found->value;
}

FileUri ParseFileUri(std::string_view text, const std::string& where) {
  text.remove_prefix(5);
  text = text.substr(0, text.find('#'));
  const std::size_t question = text.find('?');
  const std::vector<UrlParameter> parameters =
      ParseParameters(question == std::string_view::npos ? "" : text.substr(question + 1));
  text = text.substr(0, question);
  if (text.starts_with("//")) {
    text.remove_prefix(2);
    const std::size_t slash = text.find('/');
    const std::string_view host = text.substr(0, slash);
    if (!host.empty() && host != "localhost") {
      throw Error(Code::kInvalid, "url.host",
                  Concat("a file: URI cannot name the host \"", Excerpt(host, 40), "\""),
                  Concat("file:", Excerpt(text, 60), " or file:///", Excerpt(text, 60)), where);
    }
    text = slash == std::string_view::npos ? std::string_view() : text.substr(slash);
  }
  FileUri uri{.path = PercentDecode(text), .memory = false, .lockless = {}};
  uri.memory = uri.path == ":memory:";
  for (const UrlParameter& each : parameters) {
    if (each.name == "mode") {
      Expect("mode", each.value, IsOneOf(kModes, each.value), "ro, rw, rwc, memory", where);
      uri.memory = uri.memory || each.value == "memory";
    } else if (each.name == "cache") {
      Expect("cache", each.value, IsOneOf(kCaches, each.value), "shared, private", where);
    } else if (each.name == "vfs") {
      uri.memory = uri.memory || each.value == "memdb";
      if (each.value == "unix-none") uri.lockless = "vfs=unix-none";
    } else if (each.name == "nolock" || each.name == "immutable") {
      if (IsOneOf(kSqliteTrue, ToLower(each.value)))
        uri.lockless = Concat(each.name, "=", each.value);
    }
  }
  return uri;
}

}  // namespace drover::environments
