#include "base/json.h"

#include "base/error.h"
#include "base/text.h"

namespace drover {
namespace {

/// nlohmann's parser does not recurse, but every value it builds must be destroyed and walked
/// again; a nesting bomb is refused before it is parsed.
void CheckDepth(std::string_view text, int limit) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (++depth > limit) {
        throw Error(Code::kInvalid, "protocol.depth",
                    Concat("JSON is nested deeper than ", limit, " levels"));
      }
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
}

}  // namespace

std::string DumpJson(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json ParseJson(std::string_view text, int depth) {
  CheckDepth(text, depth);
  try {
    return Json::parse(text);
  } catch (const Json::parse_error& error) {
    throw Error(Code::kInvalid, "protocol.json", Concat("not JSON: error at byte ", error.byte));
  } catch (const Json::out_of_range& error) {
    throw Error(Code::kInvalid, "protocol.json", Concat("not JSON to be used: ", error.what()));
  }
}

}  // namespace drover
