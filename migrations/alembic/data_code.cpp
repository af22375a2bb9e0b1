#include "migrations/alembic/data_code.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "migrations/alembic/python_lexer.h"

namespace drover::migrations {
namespace {

/// What gives a connection to a revision.
constexpr std::array<std::string_view, 5> kConnections{"get_bind", "Session", "sessionmaker",
                                                       "AsyncSession", "run_async"};
/// What is called on a connection, a session or a result.
constexpr std::array<std::string_view, 18> kRowCalls{"execute",
                                                     "executemany",
                                                     "exec_driver_sql",
                                                     "query",
                                                     "add_all",
                                                     "scalar",
                                                     "scalars",
                                                     "fetchall",
                                                     "fetchone",
                                                     "fetchmany",
                                                     "bulk_save_objects",
                                                     "bulk_insert_mappings",
                                                     "mappings",
                                                     "flush",
                                                     "bulk_update_mappings",
                                                     "first",
                                                     "commit",
                                                     "exec"};
/// Whose methods of those names Alembic writes as SQL.
constexpr std::array<std::string_view, 3> kOperations{"op", "batch_op", "batch"};

DataCodeLine LineOf(const std::vector<std::string_view>& lines, std::size_t line,
                    DataCodeLine::Kind kind, bool in_downgrade) {
  constexpr std::size_t kShown = 100;
  const std::string text = line <= lines.size() ? OneLine(Trim(lines[line - 1])) : std::string();
  return {.line = line, .kind = kind, .in_downgrade = in_downgrade, .text = Excerpt(text, kShown)};
}

/// Walks over the tokens, remembering the last two.
class DataCodeReader {
 public:
  explicit DataCodeReader(std::string_view source) : lines_(SplitLines(source)), lexer_(source) {}

  std::vector<DataCodeLine> Read() {
    for (PythonToken token = lexer_.Next(); token.kind != PythonToken::Kind::kEnd;
         token = lexer_.Next()) {
      Look(token);
      before_last_ = last_;
      last_ = token;
      if (token.kind == PythonToken::Kind::kNewline) importing_ = false;
    }
    if (!connected_) return {};
    return std::move(found_);
  }

 private:
  void Look(const PythonToken& token) {
    if (token.kind != PythonToken::Kind::kName) return;
    if ((token.text == "import" || token.text == "from") && !IsLogicalMiddle()) importing_ = true;
    if (importing_) return;
    if (last_.text == "def" && !token.indented) in_downgrade_ = token.text == "downgrade";
    if (IsOneOf(kConnections, token.text)) {
      connected_ = true;
      Note(token, DataCodeLine::Kind::kConnection);
      return;
    }
    if (last_.text == "." && IsOneOf(kRowCalls, token.text) &&
        !IsOneOf(kOperations, before_last_.text)) {
      Note(token, DataCodeLine::Kind::kRows);
    }
  }

  /// "yield from" and "raise … from" are no imports.
  [[nodiscard]] bool IsLogicalMiddle() const {
    return !last_.text.empty() && last_.kind != PythonToken::Kind::kNewline && last_.text != ";" &&
           last_.text != ":";
  }

  void Note(const PythonToken& token, DataCodeLine::Kind kind) {
    if (!found_.empty() && found_.back().line == token.line) {
      found_.back().kind = std::max(found_.back().kind, kind);
      return;
    }
    found_.push_back(LineOf(lines_, token.line, kind, in_downgrade_));
  }

  std::vector<std::string_view> lines_;
  PythonLexer lexer_;
  PythonToken last_{};
  PythonToken before_last_{};
  bool importing_ = false;
  bool connected_ = false;
  bool in_downgrade_ = false;
  std::vector<DataCodeLine> found_;
};

}  // namespace

std::vector<DataCodeLine> FindDataCode(std::string_view source) {
  return DataCodeReader(source).Read();
}

}  // namespace drover::migrations
