#include "migrations/alembic/python_imports.h"

#include "migrations/alembic/python_lexer.h"

namespace drover::migrations {

std::set<std::string> ImportedModules(std::string_view source) {
  std::set<std::string> modules;
  PythonLexer lexer(source);
  bool begins = true;   // a statement
  bool wanted = false;  // the first name of a module comes now
  bool list = false;    // more of them may follow
  for (PythonToken token = lexer.Next(); token.kind != PythonToken::Kind::kEnd;
       token = lexer.Next()) {
    const bool is_name = token.kind == PythonToken::Kind::kName;
    if (begins && is_name && (token.text == "import" || token.text == "from")) {
      wanted = true;
      list = token.text == "import";
    } else if (wanted) {
      if (is_name) modules.emplace(token.text);
      wanted = false;  // "from . import x" has none
    } else if (list && token.text == ",") {
      wanted = true;
    }
    // "try: import x" is a statement behind a colon.
    begins = token.kind == PythonToken::Kind::kNewline || token.text == ";" ||
             (token.text == ":" && token.depth == 0);
    if (begins) list = wanted = false;
  }
  return modules;
}

}  // namespace drover::migrations
