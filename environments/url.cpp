#include "environments/url.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "environments/hazards.h"

namespace drover::environments {
namespace {

// What the sqlite3 module of Python takes itself; everything else needs a file: URI.
constexpr std::array<std::string_view, 7> kDriverArguments{
    "cached_statements", "check_same_thread", "detect_types", "isolation_level", "timeout", "uri",
    "autocommit"};

bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// As SQLite decodes a URI: a '%' without two hex digits stands for itself.
std::string PercentDecode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? HexDigit(text[i + 1]) : -1;
    const int low = high >= 0 ? HexDigit(text[i + 2]) : -1;
    if (low >= 0) {
      out.push_back(static_cast<char>(high * 16 + low));
      i += 2;
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

struct Parameter {
  std::string name;
  std::string value;
};

std::vector<Parameter> ParseQuery(std::string_view query) {
  std::vector<Parameter> parameters;
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

std::string_view ValueOf(const std::vector<Parameter>& parameters, std::string_view name) {
  for (const Parameter& parameter : parameters) {
    if (parameter.name == name) return parameter.value;
  }
  return {};
}

/// The scheme of "scheme:rest", with two letters at least: "C:" is a drive.
std::optional<std::string_view> SchemeOf(std::string_view text) {
  const std::size_t end =
      text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+.-_");
  if (end == std::string_view::npos || end < 2 || text[end] != ':' || !IsLetter(text.front())) {
    return std::nullopt;
  }
  return text.substr(0, end);
}

class Parser final {
 public:
  Parser(std::string_view text, const std::string& where) : text_(Trim(text)), where_(where) {}

  DatabaseUrl Parse() {
    if (text_.empty()) Fail("empty", "the database URL is empty", "sqlite:///./application.db");
    CheckCharacters(text_);
    const std::optional<std::string_view> scheme = SchemeOf(text_);
    if (text_ == ":memory:") {
      Memory(":memory:");
    } else if (!scheme) {
      Path(text_, "plain path");
    } else if (const std::string name = ToLower(*scheme); name == "file") {
      FileUri(text_);
    } else if (name == "sqlite" || name.starts_with("sqlite+")) {
      SqliteUrl(text_.substr(scheme->size() + 1));
    } else {
      Unsupported(*scheme);
    }
    return std::move(url_);
  }

 private:
  [[noreturn]] void Fail(std::string_view kind, std::string message, std::string hint) const {
    throw Error(Code::kInvalid, Concat("url.", kind), std::move(message), std::move(hint), where_);
  }

  void Note(std::string_view code, std::string message) {
    url_.findings.push_back(MakeFinding(code, std::move(message), where_));
  }

  void CheckCharacters(std::string_view text) const {
    const bool control = std::any_of(text.begin(), text.end(), [](char c) {
      return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
    });
    if (control) {
      Fail("character", "the database URL contains a control character",
           "sqlite:///./application.db");
    }
  }

  [[noreturn]] void Unsupported(std::string_view scheme) const {
    const std::string rest(text_.substr(scheme.size()));
    if (rest.starts_with("://")) {
      Fail("unsupported",
           Concat("drover provisions only SQLite databases yet, not \"", scheme, "://…\""),
           "sqlite:///./application.db");
    }
    Fail("unsupported",
         Concat("\"", Excerpt(text_, 60), "\" is neither a SQLite URL nor a plain path"),
         Concat("sqlite:///./application.db, or ./", Excerpt(text_, 60),
                " for a file of that name"));
  }

  void Memory(std::string_view form) {
    url_.kind = DatabaseUrl::Kind::kMemory;
    url_.form = form;
    Note("memory-database",
         "the database lives in memory: it starts empty each time and has nothing to provision");
  }

  void Path(std::string_view path, std::string form) {
    CheckCharacters(path);
    if (path.starts_with("~")) {
      Fail("tilde",
           Concat("SQLite does not expand ~: \"", Excerpt(path, 60),
                  "\" would be a folder called ~ in the working directory"),
           "write the absolute path: sqlite:////home/you/application.db");
    }
    const std::size_t slash = path.rfind('/');
    const std::string_view name = slash == std::string_view::npos ? path : path.substr(slash + 1);
    if (name.empty() || name == "." || name == "..") {
      Fail("directory", Concat("\"", Excerpt(path, 60), "\" names a directory, not a file"),
           Concat("append the file's name: ", Excerpt(path, 60), name.empty() ? "" : "/",
                  "application.db"));
    }
    if (path.size() > 2 && IsLetter(path[0]) && path[1] == ':' &&
        (path[2] == '/' || path[2] == '\\')) {
      Note("windows-path-on-linux",
           Concat("\"", Excerpt(path, 60),
                  "\" is a Windows path: here it is a relative path, a file of that odd name"));
    }
    url_.path = path;
    url_.form = std::move(form);
  }

  /// What follows "sqlite:" or "sqlite+driver:".
  void SqliteUrl(std::string_view rest) {
    if (!rest.starts_with("//")) {
      const std::string_view slashes = rest.starts_with("/") ? "sqlite:///" : "sqlite:///./";
      Fail("unsupported", Concat("\"", Excerpt(text_, 60), "\" lacks the slashes of a SQLite URL"),
           Concat(slashes, Excerpt(rest, 60)));
    }
    rest.remove_prefix(2);
    const std::size_t question = rest.find('?');
    const std::vector<Parameter> query =
        ParseQuery(question == std::string_view::npos ? "" : rest.substr(question + 1));
    rest = rest.substr(0, question);
    const std::size_t slash = rest.find('/');
    const std::string_view host = rest.substr(0, slash);
    const std::string_view database =
        slash == std::string_view::npos ? std::string_view() : rest.substr(slash + 1);
    if (!host.empty()) Host(host, rest);
    const bool uri = ToLower(ValueOf(query, "uri")) == "true" || ValueOf(query, "uri") == "1";
    if (database.starts_with("file:") || uri) {
      UriInUrl(database, query, uri);
      return;
    }
    if (database.empty() || database == ":memory:") {
      Memory("SQLite URL without a path");
    } else {
      Path(database, database.starts_with("/") ? "absolute SQLite URL (four slashes)"
                                               : "relative SQLite URL (three slashes)");
    }
    IgnoredQuery(query);
  }

  [[noreturn]] void Host(std::string_view host, std::string_view rest) const {
    if (host.find('@') != std::string_view::npos) {
      Fail("unsupported",
           "the URL carries a user or password: encrypted databases are not supported",
           "sqlite:///./application.db");
    }
    if (host == ":memory:") {
      Fail("host", "\"sqlite://:memory:\" has two slashes: it would name a host", "sqlite://");
    }
    const bool relative = host.starts_with(".");
    Fail(
        "host",
        Concat("\"", Excerpt(text_, 60), "\" names the host \"", Excerpt(host, 40),
               "\": a SQLite URL has three slashes before a relative path, four before an absolute "
               "one"),
        Concat("sqlite:///", relative ? "" : "./", Excerpt(rest, 60), " or sqlite:////",
               Excerpt(rest, 60)));
  }

  void UriInUrl(std::string_view database, const std::vector<Parameter>& query, bool uri) {
    if (!uri) {
      Fail("query", Concat("\"", Excerpt(database, 60), "\" is read as a URI only with uri=true"),
           Concat("sqlite:///", Excerpt(database, 60), "?uri=true"));
    }
    if (!database.starts_with("file:")) {
      Fail(
          "query",
          "uri=true needs a path that begins with file: (else the query becomes part of the file's "
          "name)",
          Concat("sqlite:///file:", Excerpt(database, 60), "?uri=true"));
    }
    std::string whole(database);
    char separator = '?';
    for (const Parameter& parameter : query) {
      if (std::find(kDriverArguments.begin(), kDriverArguments.end(), parameter.name) !=
          kDriverArguments.end()) {
        continue;
      }
      whole += Concat(separator, parameter.name, "=", parameter.value);
      separator = '&';
    }
    FileUri(whole);
  }

  void IgnoredQuery(const std::vector<Parameter>& query) {
    for (const Parameter& parameter : query) {
      if (std::find(kDriverArguments.begin(), kDriverArguments.end(), parameter.name) !=
          kDriverArguments.end()) {
        continue;
      }
      Note("query-ignored", Concat("\"", Excerpt(parameter.name, 40),
                                   "\" in the URL has no effect without a file: "
                                   "URI and uri=true"));
    }
  }

  void FileUri(std::string_view text) {
    text.remove_prefix(5);
    text = text.substr(0, text.find('#'));
    const std::size_t question = text.find('?');
    const std::vector<Parameter> query =
        ParseQuery(question == std::string_view::npos ? "" : text.substr(question + 1));
    text = text.substr(0, question);
    if (text.starts_with("//")) {
      text.remove_prefix(2);
      const std::size_t slash = text.find('/');
      const std::string_view host = text.substr(0, slash);
      if (!host.empty() && ToLower(host) != "localhost") {
        Fail("host", Concat("a file: URI cannot name the host \"", Excerpt(host, 40), "\""),
             Concat("file:", Excerpt(text, 60), " or file:///", Excerpt(text, 60)));
      }
      text = slash == std::string_view::npos ? std::string_view() : text.substr(slash);
    }
    const std::string path = PercentDecode(text);
    if (path.empty() || path == ":memory:" || ValueOf(query, "mode") == "memory") {
      Memory("file: URI of a database in memory");
      return;
    }
    Path(path, path.starts_with("/") ? "absolute file: URI" : "relative file: URI");
  }

  std::string_view text_;
  const std::string& where_;
  DatabaseUrl url_;
};

}  // namespace

DatabaseUrl ParseUrl(std::string_view text, const std::string& where) {
  return Parser(text, where).Parse();
}

}  // namespace drover::environments
