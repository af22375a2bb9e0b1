// What an expression of Python makes, as far as the text of its module alone tells: texts in
// quotes, names that the module sets once, paths that begin at the place of the file, and what is
// put together from these. Nothing is guessed: any other expression has no value. Pure.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "migrations/alembic/python_lexer.h"

namespace drover::environments {

/// All of `text` but the last, kEnd. They point into it.
[[nodiscard]] std::vector<migrations::PythonToken> PythonTokens(std::string_view text);

struct PythonValue {
  std::string text{};
  std::size_t end = 0;     // the first token behind the expression
  bool is_path = false;    // of pathlib
  bool from_file = false;  // it begins at the place of the file
};

/// A module and the names that it sets.
class PythonModule final {
 public:
  /// `tokens` must outlive it. `file` is the absolute path for which __file__ stands; empty: not
  /// known.
  PythonModule(std::span<const migrations::PythonToken> tokens, std::string file);

  /// The value of the expression at `at`, but for `or`, `if` and what binds weaker; nothing when it
  /// is not understood:
  ///
  ///   "a", f"{X}/b", "a" "b", X + Y, X / Y, (X)       X set once, in the first column
  ///   Path(X), X.parent, X.parents[1], X.resolve(), X.absolute(), X.joinpath(Y), X.as_posix()
  ///   os.path.join(X, Y), .dirname(X), .abspath(X), .realpath(X), .normpath(X), str(X),
  ///   os.fspath(X), __file__
  [[nodiscard]] std::optional<PythonValue> Sum(std::size_t at) const;

  /// The URL that URL.create("sqlite", database="x.db") at `at`, the name URL, makes; a module may
  /// stand before it. Nothing for other databases and for what is not understood.
  [[nodiscard]] std::optional<PythonValue> UrlCall(std::size_t at) const;

  /// Where the expression begins that `name` is set to once and for all in the first column;
  /// nothing when it is set again, or otherwise.
  [[nodiscard]] std::optional<std::size_t> Find(std::string_view name) const;

 private:
  void Note(std::size_t at);

  std::span<const migrations::PythonToken> tokens_;
  std::string file_;
  struct Setting {
    std::size_t begin = 0;  // 0: not by a plain assignment in the first column
    std::size_t count = 0;
  };
  std::map<std::string_view, Setting> settings_;
};

}  // namespace drover::environments
