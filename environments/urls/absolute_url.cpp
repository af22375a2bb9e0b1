#include "environments/urls/absolute_url.h"

#include <cstddef>

#include "base/error.h"
#include "base/text.h"
#include "environments/urls/url.h"

namespace drover::environments {
namespace {

/// A path as URIs have it: what means something else there is escaped.
std::string PercentEncode(std::string_view path) {
  constexpr std::string_view kPlain = "-._~/:@!$&'()*+,;=";
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  for (const char c : path) {
    const bool digit = c >= '0' && c <= '9';
    if (IsLetter(c) || digit || kPlain.find(c) != std::string_view::npos) {
      out.push_back(c);
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += {'%', kHex[byte >> 4U], kHex[byte & 15U]};
  }
  return out;
}

/// From the '?' on, with it; a fragment means nothing to any of them.
std::string_view QueryOf(std::string_view text) {
  const std::size_t question = text.find('?');
  if (question == std::string_view::npos) return {};
  const std::string_view query = text.substr(question);
  return query.substr(0, query.find('#'));
}

std::string Write(std::string_view text, UrlDialect dialect, const std::string& path) {
  const std::string_view scheme = SchemeOf(text);
  if (dialect == UrlDialect::kPath || scheme.empty()) return path;
  if (scheme == "file") return Concat("file:", PercentEncode(path), QueryOf(text));
  const std::string_view rest = text.substr(scheme.size() + 1);
  if (dialect == UrlDialect::kDbmate) {
    const std::string_view slashes = rest.starts_with("//") ? "//" : "";
    return Concat(scheme, ":", slashes, PercentEncode(path), QueryOf(text));
  }
  const bool uri = rest.starts_with("///file:");
  const bool decoded = uri || dialect == UrlDialect::kDjango;
  return Concat(scheme, ":///", uri ? "file:" : "", decoded ? PercentEncode(path) : path,
                QueryOf(text));
}

}  // namespace

std::string AbsoluteUrl(std::string_view text, UrlDialect dialect, const std::string& path) {
  const std::string_view trimmed = Trim(text);
  std::string url = Write(trimmed, dialect, path);
  // What the dialect makes of it decides: a '?' in a path begins a query there.
  if (Trim(url) != url || ParseUrl(url, dialect, "").path != path) {
    throw Error(Code::kRefused, "url.not_expressible",
                Concat("a URL of url_dialect ", DialectName(dialect), " cannot name ", path),
                "give the file a name without ? and %");
  }
  return url;
}

}  // namespace drover::environments
