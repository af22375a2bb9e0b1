#include "base/protocol.h"

#include <utility>

#include "base/json.h"
#include "base/text.h"

namespace drover {
namespace {

/// JSON-RPC wants a number beside our symbolic code; the reserved ones where they apply.
int RpcNumber(const ErrorBody& error) {
  if (error.kind == "protocol.json" || error.kind == "protocol.depth") return -32700;
  if (error.kind == "protocol.request") return -32600;
  if (error.kind == "protocol.method") return -32601;
  if (error.kind == "protocol.params") return -32602;
  if (error.code == "internal") return -32603;
  return -32000 - static_cast<int>(CodeFromName(error.code));
}

/// Where the JSON value at `begin` ends, judged by brackets and quotes alone; npos when it does
/// not.
std::size_t EndOfValue(std::string_view text, std::size_t begin) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = begin; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (++depth > kMaxDepth) return std::string_view::npos;
    } else if ((c == ']' || c == '}') && --depth <= 0) {
      return depth == 0 ? i + 1 : std::string_view::npos;
    }
  }
  return std::string_view::npos;
}

/// A result exactly as EncodeResult() writes it, whose document need not be parsed to be passed on
/// or is about to be parsed by DecodeDocument(). Nothing for anything else.
std::optional<Reply> DecodeOwnResult(std::string_view line) {
  constexpr std::string_view kBegin = R"({"jsonrpc":"2.0","id":)";
  constexpr std::string_view kResult = R"(,"result":)";
  if (!line.starts_with(kBegin)) return std::nullopt;
  const std::size_t comma = line.find(',', kBegin.size());
  if (comma == std::string_view::npos || line.substr(comma, kResult.size()) != kResult) {
    return std::nullopt;
  }
  const auto id = ParseInteger(line.substr(kBegin.size(), comma - kBegin.size()));
  const std::size_t begin = comma + kResult.size();
  if (!id || begin >= line.size() || line[begin] != '{') return std::nullopt;
  const std::size_t end = EndOfValue(line, begin);
  if (end == std::string_view::npos || line.substr(end) != "}") return std::nullopt;
  Reply reply;
  reply.id = *id;
  reply.result_json = line.substr(begin, end - begin);
  return reply;
}

}  // namespace

Request DecodeRequest(std::string_view line, std::string& id_json) {
  const Json json = ParseJson(line, kMaxDepth);
  if (!json.is_object()) {
    throw Error(Code::kInvalid, "protocol.request", "a request is a JSON object");
  }
  Request request;
  if (const auto id = json.find("id"); id != json.end()) {
    if (!id->is_string() && !id->is_number() && !id->is_null()) {
      throw Error(Code::kInvalid, "protocol.request", "\"id\" is a string, a number or null");
    }
    request.id_json = DumpJson(*id);
    if (id->is_number_integer() &&
        !(id->is_number_unsigned() && !std::in_range<std::int64_t>(id->get<std::uint64_t>()))) {
      request.id = id->get<std::int64_t>();
    }
    id_json = request.id_json;
  }
  const auto method = json.find("method");
  const auto version = json.find("jsonrpc");
  if (version == json.end() || *version != "2.0" || method == json.end() || !method->is_string()) {
    throw Error(Code::kInvalid, "protocol.request",
                "a request has \"jsonrpc\":\"2.0\" and a \"method\"");
  }
  method->get_to(request.method);
  if (const auto params = json.find("params"); params != json.end()) {
    try {
      FromJson(*params, request.params);
    } catch (const Json::exception& error) {
      throw Error(Code::kInvalid, "protocol.params",
                  Concat("wrong parameters for \"", request.method, "\": ", error.what()));
    }
    for (const auto& [name, value] : params->items()) request.given.push_back(name);
  }
  return request;
}

std::string EncodeRequest(std::int64_t id, std::string_view method, const Params& params) {
  const Params defaults;
  Json given = Json::object();
  Params::Fields([&](std::string_view name, auto member) {
    if (params.*member != defaults.*member) {
      given.emplace(std::string(name), ToJson(params.*member));
    }
  });
  return Concat(R"({"jsonrpc":"2.0","id":)", id, R"(,"method":")", method, R"(","params":)",
                DumpJson(given), "}\n");
}

std::string EncodeResult(std::string_view id_json, std::string_view result_json) {
  return Concat(R"({"jsonrpc":"2.0","id":)", id_json, R"(,"result":)", result_json, "}\n");
}

std::string EncodeErrorReply(std::string_view id_json, const ErrorBody& error) {
  Json body = Json::object();
  body["code"] = RpcNumber(error);
  body["message"] = error.message;
  body["data"] = ToJson(error);
  return Concat(R"({"jsonrpc":"2.0","id":)", id_json.empty() ? "null" : id_json, R"(,"error":)",
                DumpJson(body), "}\n");
}

std::string EncodeNotification(std::string_view method, std::string_view params_json) {
  return Concat(R"({"jsonrpc":"2.0","method":")", method, R"(","params":)", params_json, "}\n");
}

Reply DecodeReply(std::string_view line) {
  if (std::optional<Reply> own = DecodeOwnResult(line)) return std::move(*own);
  const Json json = ParseJson(line, kMaxDepth);
  Reply reply;
  try {
    if (const auto id = json.find("id"); id != json.end() && id->is_number_integer()) {
      reply.id = id->get<std::int64_t>();
    }
    if (const auto error = json.find("error"); error != json.end()) {
      FromJson(error->at("data"), reply.error.emplace());
    } else if (const auto result = json.find("result"); result != json.end()) {
      reply.result_json = DumpJson(*result);
    } else {
      json.at("method").get_to(reply.method);
      reply.result_json = DumpJson(json.at("params"));
    }
  } catch (const Json::exception& error) {
    throw Error(Code::kInvalid, "protocol.reply",
                Concat("the daemon answered something else than JSON-RPC: ", error.what()),
                "drover daemon restart");
  }
  return reply;
}

}  // namespace drover
