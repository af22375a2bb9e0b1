// `.env` files: names and values with their lines, in two grammars over one lexer. Pure. A value is
// not interpolated here: ${…} stays as written.
//
// Which grammar is used where: `env_file` of drover.yaml is read as python-dotenv (and with it
// pydantic-settings) reads it, since it is the application's file. The `.env` of a compose project
// and `env_file` of a service are read as compose reads them. What differs:
//
//                              settings                        compose
//   a line that is no binding  a problem; the next is read     the end: compose refuses the file
//   NAME: value                a problem                       a value
//   NAME alone                 sets nothing                    takes the value of the shell
//   'NAME'=x                   the name in quotes              a problem
//   $NAME                      stays                           is replaced
//   '…${NAME}…'                is replaced                     stays
//   \$ in double quotes        stays                           a dollar sign
//   A= # note                  empty                           "# note"
//   A=x<tab># note             x                               "x<tab># note"
//   after a closing quote      only a comment                  the next binding
//   a lone carriage return     ends the line                   is a blank
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace drover::environments {

enum class DotenvGrammar : std::uint8_t { kSettings, kCompose };

struct DotenvEntry {
  enum class Quotes : std::uint8_t { kNone, kSingle, kDouble };
  enum class Binding : std::uint8_t { kValue, kInherited };  // kInherited: a name alone

  std::string name;
  std::string value;  // escapes decoded, ${…} as written
  Quotes quotes = Quotes::kNone;
  Binding binding = Binding::kValue;
  std::size_t line = 1;
  std::size_t column = 1;  // of the name
};

struct DotenvProblem {
  std::size_t line = 1;
  std::size_t column = 1;
  std::string message;
};

struct Dotenv {
  std::vector<DotenvEntry> entries;  // in file order; a name may repeat
  std::vector<DotenvProblem> problems;

  /// The last entry called `name`, which is the one that counts; null when there is none.
  [[nodiscard]] const DotenvEntry* Find(std::string_view name) const;
};

/// Parses a whole file.
[[nodiscard]] Dotenv ParseDotenv(std::string_view text, DotenvGrammar grammar);

}  // namespace drover::environments
