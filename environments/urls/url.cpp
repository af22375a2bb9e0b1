#include "environments/urls/url.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "environments/hazards.h"
#include "environments/urls/file_uri.h"

namespace drover::environments {
namespace {

// What the sqlite3 module of Python takes itself; everything else needs a file: URI.
constexpr std::array<std::string_view, 7> kDriverArguments{
    "cached_statements", "check_same_thread", "detect_types", "isolation_level", "timeout", "uri",
    "autocommit"};

// What may stand in OPTIONS of a SQLite database of Django.
constexpr std::array<std::string_view, 8> kDjangoOptions{
    "cached_statements", "check_same_thread", "detect_types", "factory",
    "init_command",      "isolation_level",   "timeout",      "transaction_mode"};

constexpr std::array<std::string_view, 6> kSqlAlchemyTrue{"true", "yes", "on", "y", "t", "1"};

bool IsWindowsPath(std::string_view path) {
  if (path.starts_with('/')) path.remove_prefix(1);  // file:///C:/app.db
  const bool drive =
      path.size() > 2 && IsLetter(path[0]) && path[1] == ':' && (path[2] == '/' || path[2] == '\\');
  return drive || path.starts_with("\\\\") || path.starts_with(".\\") || path.starts_with("..\\");
}

class UrlParser final {
 public:
  UrlParser(std::string_view text, UrlDialect dialect, const std::string& where)
      : text_(Trim(text)), dialect_(dialect), where_(where) {}

  DatabaseUrl Parse() {
    if (text_.empty()) Fail("empty", "the database URL is empty", "sqlite:///./application.db");
    CheckCharacters(text_);
    scheme_ = SchemeOf(text_);
    const std::string scheme = ToLower(scheme_);
    const bool dbmate = dialect_ == UrlDialect::kDbmate;
    if (dialect_ == UrlDialect::kPath && scheme != "sqlite" && !IsServer()) {
      TakeAsPath();
    } else if (scheme_.empty()) {
      WithoutScheme();
    } else if (scheme == "file") {
      Uri();
    } else if (dbmate && (scheme == "sqlite" || scheme == "sqlite3")) {
      DbmateUrl(text_.substr(scheme_.size() + 1));
    } else if (scheme == "sqlite" || scheme.starts_with("sqlite+")) {
      SqliteUrl(text_.substr(scheme_.size() + 1));
    } else {
      Unsupported();
    }
    return std::move(url_);
  }

 private:
  [[noreturn]] void Fail(std::string_view kind, std::string message, std::string hint) const {
    throw Error(Code::kInvalid, Concat("url.", kind), std::move(message), std::move(hint), where_);
  }

  void Note(std::string_view code, std::string message, std::string fix) {
    url_.findings.push_back(MakeFinding(code, std::move(message), where_, std::move(fix)));
  }

  [[nodiscard]] bool IsServer() const {
    return !scheme_.empty() && text_.substr(scheme_.size()).starts_with("://");
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

  /// A form that another dialect reads.
  [[noreturn]] void NotRead(std::string_view form, std::string hint) const {
    Fail("unsupported",
         Concat("url_dialect ", DialectName(dialect_), " does not read ", form, ": \"",
                Excerpt(text_, 60), "\""),
         std::move(hint));
  }

  [[noreturn]] void Unsupported() const {
    if (IsServer()) {
      Fail("unsupported",
           Concat("drover provisions only SQLite databases yet, not \"", scheme_, "://…\""),
           "sqlite:///./application.db");
    }
    Fail("unsupported",
         Concat("\"", Excerpt(text_, 60), "\" is neither a SQLite URL nor a plain path"),
         Concat("sqlite:///./application.db, or ./", Excerpt(text_, 60),
                " for a file of that name"));
  }

  // Texts without a scheme, and file: -------------------------------------------------------------

  void WithoutScheme() {
    switch (dialect_) {
      case UrlDialect::kSqlalchemy:
      case UrlDialect::kFlask:
        NotRead("a path without a scheme",
                text_ == ":memory:" ? "sqlite://" : Concat("sqlite:///", Excerpt(text_, 60)));
      case UrlDialect::kDbmate:
        NotRead("a path without a scheme", Concat("sqlite:", Excerpt(text_, 60)));
      default:
        TakeAsPath();
    }
  }

  void TakeAsPath() {
    if (text_ == ":memory:") {
      Memory(":memory:");
    } else if (text_.starts_with("file:")) {
      Fail("query",
           Concat("\"", Excerpt(text_, 60), "\" is a URI, which url_dialect path takes for a name"),
           "url_dialect: uri");
    } else {
      Path(text_, "plain path");
    }
  }

  void Uri() {
    if (dialect_ == UrlDialect::kSqlalchemy || dialect_ == UrlDialect::kFlask) {
      NotRead("a file: URI by itself", Concat("sqlite:///", Excerpt(text_, 60), "?uri=true"));
    }
    if (dialect_ == UrlDialect::kDbmate) NotRead("a file: URI", "sqlite:data/application.db");
    if (!text_.starts_with("file:")) {
      Fail("unsupported",
           Concat("SQLite knows the scheme file: in lower case only: \"", Excerpt(text_, 60), "\""),
           Concat("file:", Excerpt(text_.substr(5), 60)));
    }
    TakeFileUri(text_);
  }

  void TakeFileUri(std::string_view text) {
    const FileUri uri = ParseFileUri(text, where_);
    if (uri.memory) {
      Memory("file: URI of a database in memory");
    } else if (uri.path.empty()) {
      Memory("file: URI without a path: a temporary database");
    } else {
      Path(uri.path, uri.path.starts_with("/") ? "absolute file: URI" : "relative file: URI");
    }
    if (uri.lockless.empty() || url_.kind == DatabaseUrl::Kind::kMemory) return;
    Note("uri-without-locks",
         Concat(uri.lockless,
                " lets the application read and write without SQLite's locks, also "
                "while a migration runs"),
         Concat("remove ", uri.lockless, " from the URL"));
  }

  // What all dialects share -----------------------------------------------------------------------

  void Memory(std::string_view form) {
    url_.kind = DatabaseUrl::Kind::kMemory;
    url_.form = form;
    Note("memory-database",
         "the database lives in memory: it starts empty each time and has nothing to provision",
         "for a file: sqlite:///./application.db");
  }

  void Path(std::string_view path, std::string form) {
    CheckCharacters(path);
    CheckTilde(path);
    if (path.find("%(here)s") != std::string_view::npos) {
      Fail("here", Concat("%(here)s is replaced in alembic.ini only: \"", Excerpt(path, 60), "\""),
           "write the path without it, and relative_to: the directory of alembic.ini");
    }
    const std::size_t slash = path.rfind('/');
    const std::string_view name = slash == std::string_view::npos ? path : path.substr(slash + 1);
    if (name.empty() || name == "." || name == "..") {
      Fail("directory", Concat("\"", Excerpt(path, 60), "\" names a directory, not a file"),
           Concat("append the file's name: ", Excerpt(path, 60), name.empty() ? "" : "/",
                  "application.db"));
    }
    if (IsWindowsPath(path)) {
      Note("windows-path-on-linux",
           Concat("\"", Excerpt(path, 60), "\" is a Windows path: here it is ",
                  path.starts_with("/") ? "an absolute path with an odd name"
                                        : "a relative path, a file of that odd name"),
           "write the path that the file has on this machine: sqlite:///./application.db");
    }
    url_.path = path;
    url_.form = std::move(form);
  }

  /// Nobody expands "~" or "~name" as the first part of a path; "~app.db" is an ordinary name.
  void CheckTilde(std::string_view path) const {
    const bool whole = path == "~";
    if (!path.starts_with("~") || (!whole && path.find('/') == std::string_view::npos)) return;
    Fail("tilde",
         Concat("SQLite does not expand ~: \"", Excerpt(path, 60),
                "\" would be a folder called ~ in the working directory"),
         "write the absolute path: sqlite:////home/you/application.db");
  }

  void KeepsEscapes(std::string_view path) {
    if (!HasPercentEscape(path)) return;
    Note("percent-not-decoded",
         Concat("\"", Excerpt(path, 60), "\" is not decoded by ", DialectName(dialect_),
                ": the file's name has the % in it"),
         Concat("write the character itself: ", Excerpt(PercentDecode(path), 60)));
  }

  // sqlite://… ------------------------------------------------------------------------------------

  /// What follows "sqlite:" or "sqlite+driver:", for Python.
  void SqliteUrl(std::string_view rest) {
    if (dialect_ == UrlDialect::kUri || dialect_ == UrlDialect::kPath) {
      NotRead("a sqlite: URL", "url_dialect: sqlalchemy, or write the path alone");
    }
    if (dialect_ == UrlDialect::kDbmate ||
        (dialect_ == UrlDialect::kDjango && scheme_.find('+') != std::string_view::npos)) {
      NotRead("a scheme with a driver", "url_dialect: sqlalchemy");
    }
    if (!rest.starts_with("//")) {
      const std::string_view slashes = rest.starts_with("/") ? "sqlite:///" : "sqlite:///./";
      Fail("unsupported", Concat("\"", Excerpt(text_, 60), "\" lacks the slashes of a SQLite URL"),
           Concat(slashes, Excerpt(rest, 60), ", or url_dialect: dbmate"));
    }
    rest.remove_prefix(2);
    const bool django = dialect_ == UrlDialect::kDjango;
    if (django) rest = rest.substr(0, rest.find('#'));
    const std::size_t question = rest.find('?');
    const std::vector<UrlParameter> query =
        ParseParameters(question == std::string_view::npos ? "" : rest.substr(question + 1));
    rest = rest.substr(0, question);
    const std::size_t slash = rest.find('/');
    const std::string_view host = rest.substr(0, slash);
    const std::string_view database =
        slash == std::string_view::npos ? std::string_view() : rest.substr(slash + 1);
    if (django && rest == ":memory:") {
      Memory("sqlite://:memory:, as dj-database-url has it");
      return;
    }
    if (!host.empty()) Host(host, rest);
    if (django) {
      DjangoUrl(PercentDecode(database), query);
    } else {
      SqlalchemyUrl(database, query);
    }
  }

  void TakeDatabase(std::string_view database) {
    if (database.empty() || database == ":memory:") {
      Memory("SQLite URL without a path");
    } else {
      Path(database, database.starts_with("/") ? "absolute SQLite URL (four slashes)"
                                               : "relative SQLite URL (three slashes)");
    }
  }

  void SqlalchemyUrl(std::string_view database, const std::vector<UrlParameter>& query) {
    const bool flask = dialect_ == UrlDialect::kFlask;
    const std::string scheme = ToLower(scheme_);
    if (flask && (scheme == "sqlite" || scheme == "sqlite+pysqlite")) {
      url_.base = DatabaseUrl::Base::kInstanceFolder;
    }
    const std::string_view wish = ParameterValue(query, "uri");
    // Flask-SQLAlchemy asks only whether it is there.
    const bool uri = flask ? !wish.empty() : IsOneOf(kSqlAlchemyTrue, ToLower(wish));
    if (database.starts_with("file:") || uri) {
      UriInUrl(database, query, uri);
      return;
    }
    TakeDatabase(database);
    if (url_.kind == DatabaseUrl::Kind::kFile) KeepsEscapes(database);
    for (const UrlParameter& parameter : query) {
      if (IsOneOf(kDriverArguments, parameter.name)) continue;
      Note("query-ignored",
           Concat("\"", Excerpt(parameter.name, 40),
                  "\" in the URL has no effect without a file: URI and uri=true"),
           Concat("sqlite:///file:", Excerpt(database, 60), "?", Excerpt(parameter.name, 40), "=",
                  Excerpt(parameter.value, 40), "&uri=true"));
    }
  }

  void UriInUrl(std::string_view database, const std::vector<UrlParameter>& query, bool uri) {
    if (!uri) {
      Fail("query", Concat("\"", Excerpt(database, 60), "\" is read as a URI only with uri=true"),
           Concat("sqlite:///", Excerpt(database, 60), "?uri=true"));
    }
    if (!database.starts_with("file:")) {
      const bool alone = std::all_of(query.begin(), query.end(), [](const UrlParameter& each) {
        return IsOneOf(kDriverArguments, each.name);
      });
      if (alone && dialect_ == UrlDialect::kSqlalchemy) {
        TakeDatabase(database);
        return;
      }
      Fail(
          "query",
          "uri=true needs a path that begins with file: (else the query becomes part of the file's "
          "name)",
          Concat("sqlite:///file:", Excerpt(database, 60), "?uri=true"));
    }
    std::string whole(database);
    char separator = '?';
    for (const UrlParameter& parameter : query) {
      if (IsOneOf(kDriverArguments, parameter.name)) continue;
      whole += Concat(separator, parameter.name, "=", parameter.value);
      separator = '&';
    }
    TakeFileUri(whole);
  }

  void DjangoUrl(const std::string& database, const std::vector<UrlParameter>& query) {
    if (database.starts_with("file:")) {
      TakeFileUri(database);
    } else {
      TakeDatabase(database);
    }
    for (const UrlParameter& parameter : query) {
      if (IsOneOf(kDjangoOptions, parameter.name)) continue;
      Fail("query",
           Concat("\"", Excerpt(parameter.name, 40),
                  "\" becomes an option of sqlite3.connect(), which refuses it"),
           Concat("NAME: file:", Excerpt(database, 60), "?", Excerpt(parameter.name, 40), "=",
                  Excerpt(parameter.value, 40)));
    }
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

  /// What follows "sqlite:" or "sqlite3:", for dbmate: a host is the first part of an absolute
  /// path, and slashes in front are one.
  void DbmateUrl(std::string_view rest) {
    const std::size_t question = rest.find('?');
    const std::vector<UrlParameter> query =
        ParseParameters(question == std::string_view::npos ? "" : rest.substr(question + 1));
    rest = rest.substr(0, question);
    const bool absolute = rest.starts_with("/");
    if (rest.find_first_not_of('/') == std::string_view::npos) {
      Fail("empty", Concat("\"", Excerpt(text_, 60), "\" names no file"),
           "sqlite:data/application.db, or sqlite:/srv/application.db");
    }
    if (absolute) {
      rest.remove_prefix(rest.find_first_not_of('/') - 1);
      Path(PercentDecode(rest), "absolute dbmate URL (a slash after sqlite:)");
    } else if (rest == ":memory:") {
      Memory("sqlite::memory:");
    } else {
      Path(rest, "relative dbmate URL (no slash after sqlite:)");
      KeepsEscapes(rest);
    }
    for (const UrlParameter& parameter : query) {
      if (parameter.name.starts_with("_")) continue;  // of the Go drivers
      Note("query-ignored",
           Concat("\"", Excerpt(parameter.name, 40),
                  "\" in the URL has no effect: dbmate's driver "
                  "takes parameters that begin with _ only"),
           Concat("remove ", Excerpt(parameter.name, 40), " from the URL"));
    }
  }

  std::string_view text_;
  UrlDialect dialect_;
  const std::string& where_;
  std::string_view scheme_;
  DatabaseUrl url_;
};

}  // namespace

DatabaseUrl ParseUrl(std::string_view text, UrlDialect dialect, const std::string& where) {
  return UrlParser(text, dialect, where).Parse();
}

}  // namespace drover::environments
