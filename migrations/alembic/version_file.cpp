#include "migrations/alembic/version_file.h"

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/posix.h"
#include "base/text.h"
#include "migrations/alembic/python_lexer.h"
#include "migrations/alembic/python_literal.h"
#include "migrations/checksum.h"
#include "migrations/native_format.h"

namespace drover::migrations {
namespace {

using Tokens = std::span<const PythonToken>;
using Kind = PythonToken::Kind;

/// The names that Alembic reads from a module, in the order of VersionFileReader::values_.
constexpr std::array<std::string_view, 4> kNames{"revision", "down_revision", "depends_on",
                                                 "branch_labels"};
enum : std::size_t { kRevision, kDownRevision, kDependsOn, kBranchLabels };

/// What begins a block, whose assignments count only if it runs.
constexpr std::array<std::string_view, 12> kBlocks{"if",      "elif",  "else", "for",
                                                   "while",   "try",   "with", "except",
                                                   "finally", "match", "case", "async"};
/// What begins a body of its own names.
constexpr std::array<std::string_view, 3> kBodies{"def", "class", "@"};

std::optional<std::size_t> NameIndex(const PythonToken& token) {
  if (token.kind != Kind::kName) return std::nullopt;
  const auto found = std::ranges::find(kNames, token.text);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<std::size_t>(found - kNames.begin());
}

bool IsOperator(const PythonToken& token, std::string_view text) {
  return token.kind == Kind::kOperator && token.text == text;
}

/// What Alembic's template writes into the docstring of a new file.
struct Docstring {
  std::string message;
  std::string created;
  std::vector<RevisionId> revises;
};

Docstring ReadDocstring(std::string_view text) {
  Docstring found;
  const std::string_view stripped = Trim(text);
  found.message = OneLine(stripped.substr(0, stripped.find("\n\n")));
  if (found.message.starts_with("Revision ID:")) found.message.clear();
  for (const std::string_view line : SplitLines(stripped)) {
    constexpr std::string_view kRevises = "Revises:";
    constexpr std::string_view kCreated = "Create Date:";
    if (line.starts_with(kCreated)) found.created = Trim(line.substr(kCreated.size()));
    if (!line.starts_with(kRevises)) continue;
    for (const std::string& piece : SplitList(line.substr(kRevises.size()), ',')) {
      found.revises.push_back(piece.substr(0, piece.find(' ')));
    }
  }
  return found;
}

/// Reads one module, statement by statement.
class VersionFileReader final {
 public:
  /// `answer` may be null.
  VersionFileReader(std::string_view text, const std::string& path, const VersionAnswer* answer)
      : lexer_(text), path_(path), answer_(answer) {}

  ParsedMigration Read() {
    while (NextStatement()) Statement();
    return Finish();
  }

 private:
  struct Assigned {
    bool set = false;
    PythonValue value{};
    std::size_t line = 1;
  };

  [[noreturn]] void Fail(std::size_t line, std::string message, std::string hint) const {
    throw Error(Code::kInvalid, "malformed_migration", std::move(message), std::move(hint),
                Concat(path_, ":", line, ":1"));
  }

  /// Reads up to the end of a line, or to the ";" between two statements on one.
  bool NextStatement() {
    statement_.clear();
    begins_line_ = ends_line_;
    for (;;) {
      const PythonToken token = lexer_.Next();
      ends_line_ = token.kind != Kind::kOperator;
      if (token.kind == Kind::kEnd) return false;
      if (token.kind == Kind::kNewline || (IsOperator(token, ";") && token.depth == 0)) return true;
      statement_.push_back(token);
    }
  }

  void Statement() {
    if (statement_.empty()) return;
    if (begins_line_) in_block_line_ = false;
    if (statement_.front().indented || in_block_line_) return Inside();
    const Tokens tokens = statement_;
    const std::string_view first = tokens.front().text;
    if (!std::exchange(started_, true) && IsTextOnly(tokens)) {
      doc_ = ReadPythonLiteral(tokens).text;
      return;
    }
    in_body_ = IsOneOf(kBodies, first) ||
               (first == "async" && tokens.size() > 1 && tokens[1].text == "def");
    in_step_ = nullptr;
    in_block_line_ = in_body_ || (IsOneOf(kBlocks, first) && !IsAssignment(tokens));
    if (in_body_) return Body(tokens);
    if (in_block_line_) return Inside();
    if (first == "import" || first == "from") return Import(tokens);
    Assignment(tokens);
  }

  static bool IsTextOnly(Tokens tokens) {
    return std::ranges::all_of(tokens, [](const auto& token) { return token.kind == Kind::kText; });
  }

  /// "match = 1": the soft keywords are names elsewhere.
  static bool IsAssignment(Tokens tokens) {
    return tokens.size() > 1 && IsOperator(tokens[1], "=");
  }

  void Body(Tokens tokens) {
    if (tokens.size() < 2 || tokens[0].text != "def") return;
    in_step_ = StepNamed(tokens[1].text);
    if (in_step_ == nullptr) return;
    *in_step_ = {.there = true, .acts = false};
    const auto colon = std::ranges::find_if(
        tokens, [](const auto& token) { return token.depth == 0 && IsOperator(token, ":"); });
    if (colon == tokens.end() || colon + 1 == tokens.end()) return;
    StepStatement(Tokens(colon + 1, tokens.end()));
  }

  /// A function that Alembic calls.
  struct StepFunction {
    bool there = false;
    bool acts = false;  // has a statement that does something, for all that one can tell
  };

  [[nodiscard]] StepFunction* StepNamed(std::string_view name) {
    if (name == "upgrade") return &upgrade_;
    return name == "downgrade" ? &downgrade_ : nullptr;
  }

  void StepStatement(Tokens tokens) {
    const std::string_view first = tokens.front().text;
    const bool idle =
        IsTextOnly(tokens) ||
        (tokens.size() == 1 && (first == "pass" || first == "..." || first == "return")) ||
        (tokens.size() == 2 && first == "return" && tokens[1].text == "None");
    in_step_->acts |= !idle;
  }

  /// A statement in a block or a body. Whether a block runs, only Python can tell.
  void Inside() {
    if (in_step_ != nullptr) return StepStatement(statement_);
    if (in_body_) return;
    for (std::size_t i = 0; i < statement_.size(); ++i) {
      const auto name = NameIndex(statement_[i]);
      if (!name || statement_[i].depth > 0 || i + 1 == statement_.size()) continue;
      if (i > 0 && IsOperator(statement_[i - 1], ".")) continue;  // of something else
      const std::string_view next = statement_[i + 1].text;
      if (next == "=" || next == "," || next == ":=") Set(*name, {}, statement_[i].line);
    }
    for (std::size_t i = 0; i + 1 < statement_.size(); ++i) {
      StepFunction* step = StepNamed(statement_[i + 1].text);
      if (statement_[i].text == "def" && step != nullptr) *step = {.there = true, .acts = true};
    }
  }

  void Import(Tokens tokens) {
    for (std::size_t i = 1; i < tokens.size(); ++i) {
      const bool renamed = i + 1 < tokens.size() && tokens[i + 1].text == "as";
      const bool part = i + 1 < tokens.size() && tokens[i + 1].text == "import";
      if (renamed || part || IsOperator(tokens[i - 1], ".")) continue;
      Bind(tokens[i], {});
    }
  }

  void Bind(const PythonToken& name, PythonValue value) {
    StepFunction* step = name.kind == Kind::kName ? StepNamed(name.text) : nullptr;
    if (step != nullptr) *step = {.there = true, .acts = true};
    if (const auto index = NameIndex(name)) Set(*index, std::move(value), name.line);
  }

  void Set(std::size_t name, PythonValue value, std::size_t line) {
    values_[name] = {.set = true, .value = std::move(value), .line = line};
  }

  void Assignment(Tokens tokens) {
    const bool wanted = std::ranges::any_of(tokens, [](const PythonToken& token) {
      return NameIndex(token).has_value() || token.text == "downgrade";
    });
    if (!wanted || tokens.size() < 2) return;
    const std::string_view second = tokens[1].text;
    if (Augments(second)) return Bind(tokens[0], {});
    std::vector<Tokens> sides = SplitAtEquals(tokens);
    if (sides.size() < 2) return;  // "revision: str" declares, and sets nothing
    if (second == ":") sides.front() = tokens.subspan(0, 1);  // without its annotation
    const PythonValue value = ReadPythonLiteral(sides.back());
    sides.pop_back();
    for (const Tokens side : sides) Unpack(side, value);
  }

  /// "+=" and the like; not "=", and no comparison.
  static bool Augments(std::string_view text) {
    return text.size() > 1 && text.ends_with('=') &&
           std::string_view("=!<>:").find(text[text.size() - 2]) == std::string_view::npos;
  }

  /// The targets, and the value as the last.
  static std::vector<Tokens> SplitAtEquals(Tokens tokens) {
    std::vector<Tokens> sides;
    std::size_t begin = 0;
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      if (tokens[i].depth > 0 || !IsOperator(tokens[i], "=")) continue;
      sides.push_back(tokens.subspan(begin, i - begin));
      begin = i + 1;
    }
    sides.push_back(tokens.subspan(begin));
    return sides;
  }

  /// Gives the names of one target their values.
  void Unpack(Tokens target, const PythonValue& value) {
    if (target.empty()) return;
    if (target.size() == 1) return Bind(target[0], value);
    const bool list = IsBracketed(target);
    if (list && target.size() == 2) return;
    const Tokens inner = list ? target.subspan(1, target.size() - 2) : target;
    const std::vector<Tokens> pieces = SplitAtCommas(inner);
    const bool comma = pieces.size() > 1 || IsOperator(inner.back(), ",");
    if (!comma && !(list && target.front().text == "[")) {
      if (list) Unpack(inner, value);
      return;  // else an attribute or an element of something
    }
    const bool starred =
        std::ranges::any_of(inner, [](const PythonToken& token) { return IsOperator(token, "*"); });
    const bool fits = value.kind == PythonValue::Kind::kSequence && !starred &&
                      value.items.size() == pieces.size();
    for (std::size_t i = 0; i < pieces.size(); ++i) {
      const Tokens piece = starred && pieces[i].size() == 2 ? pieces[i].subspan(1) : pieces[i];
      Unpack(piece, fits ? value.items[i] : PythonValue());
    }
  }

  [[noreturn]] void Untold(std::size_t name, std::string_view wanted) const {
    throw Error(Code::kInvalid, "alembic.not_literal",
                Concat(kNames[name],
                       " is set to something that only Python can tell: drover reads ", wanted),
                Concat("write the value itself: ", kNames[name], " = \"…\""),
                Concat(path_, ":", values_[name].line, ":1"));
  }

  std::string Id() const {
    const Assigned& assigned = values_[kRevision];
    if (!assigned.set) return LegacyId();
    if (assigned.value.kind != PythonValue::Kind::kText) {
      if (answer_ == nullptr) Untold(kRevision, "a text");
      return answer_->revision;
    }
    CheckRevisionId(assigned.value.text, Concat(path_, ":", assigned.line, ":1"));
    return assigned.value.text;
  }

  /// Until Alembic 0.2 the name of the file was the id; where it consists of hexadecimal digits
  /// alone it still is.
  std::string LegacyId() const {
    const std::string name = BaseName(path_);
    const std::string stem = name.substr(0, name.size() - std::min<std::size_t>(name.size(), 3));
    const bool hex =
        !stem.empty() && stem.find_first_not_of("0123456789abcdef") == std::string::npos;
    if (hex && values_[kDownRevision].set) return stem;
    const bool helper = std::ranges::none_of(values_, &Assigned::set);
    Fail(1,
         helper ? Concat(name, " sets no revision: it is no migration, and Alembic stops at it")
                : Concat(name, " sets no revision, and Alembic stops at it"),
         helper ? "move it out of the folder of the revisions" : "write the line revision = \"…\"");
  }

  /// Nothing but texts?
  static bool IsList(const PythonValue& value) {
    if (value.kind != PythonValue::Kind::kSequence) return value.kind == PythonValue::Kind::kText;
    return std::ranges::all_of(
        value.items, [](const PythonValue& item) { return item.kind == PythonValue::Kind::kText; });
  }

  [[nodiscard]] std::vector<std::string> Answered(std::size_t name) const {
    if (name == kDownRevision) return answer_->down_revision;
    return name == kDependsOn ? answer_->depends_on : answer_->branch_labels;
  }

  std::vector<std::string> List(std::size_t name) const {
    const Assigned& assigned = values_[name];
    const PythonValue& value = assigned.value;
    if (!assigned.set || value.kind == PythonValue::Kind::kNone) return {};
    if (answer_ != nullptr && !IsList(value)) return Answered(name);
    std::vector<std::string> list;
    const auto add = [&](const PythonValue& item) {
      if (item.kind != PythonValue::Kind::kText)
        Untold(name, "None, a text, or several in a tuple");
      CheckRevisionId(item.text, Concat(path_, ":", assigned.line, ":1"),
                      name == kBranchLabels ? "a branch label" : "a revision id");
      if (std::ranges::find(list, item.text) == list.end()) list.push_back(item.text);
    };
    if (value.kind == PythonValue::Kind::kSequence) {
      std::ranges::for_each(value.items, add);
    } else {
      add(value);
    }
    return list;
  }

  ParsedMigration Finish() {
    ParsedMigration parsed;
    Revision& revision = parsed.revision;
    revision.format = Format::kAlembic;
    revision.file = path_;
    revision.id = Id();
    revision.header_line = values_[kRevision].set ? values_[kRevision].line : 1;
    if (!values_[kDownRevision].set) {
      Fail(revision.header_line,
           Concat("revision ", revision.id,
                  " sets no down_revision, and "
                  "Alembic stops at it"),
           "write the line down_revision = \"…\", or = None for the first revision");
    }
    revision.down_revision = List(kDownRevision);
    revision.depends_on = List(kDependsOn);
    revision.branch_labels = List(kBranchLabels);
    if (downgrade_.there) revision.down.emplace();
    revision.idle_up = upgrade_.there && !upgrade_.acts;
    revision.idle_down = downgrade_.there && !downgrade_.acts;
    Docstring doc = ReadDocstring(doc_);
    revision.message = std::move(doc.message);
    revision.created = std::move(doc.created);
    CompareDocstring(doc.revises, parsed);
    return parsed;
  }

  /// A line that nobody reads but people: it is stale when a revision has got another parent.
  void CompareDocstring(std::vector<RevisionId> revises, ParsedMigration& parsed) const {
    std::vector<RevisionId> parents = parsed.revision.down_revision;
    std::ranges::sort(parents);
    std::ranges::sort(revises);
    if (revises.empty() || revises == parents || (parents.empty() && revises.front() == "None")) {
      return;
    }
    parsed.remarks.push_back(
        {.kind = "alembic-docstring-parent",
         .revision = parsed.revision.id,
         .message = Concat("the docstring of ", parsed.revision.id, " says \"Revises: ",
                           Join(revises, ", "), "\", but its down_revision is ",
                           parents.empty() ? std::string("None") : Join(parents, ", ")),
         .where = Concat(path_, ":", values_[kDownRevision].line, ":1")});
  }

  PythonLexer lexer_;
  const std::string& path_;
  std::vector<PythonToken> statement_;
  const VersionAnswer* answer_;
  std::array<Assigned, kNames.size()> values_;
  std::string doc_;
  bool started_ = false;             // the docstring can only be the first statement
  bool ends_line_ = true;            // the statement read last ends its line
  bool begins_line_ = true;          // this one begins its line
  bool in_block_line_ = false;       // the line began with "if …:", say
  bool in_body_ = false;             // of a function or a class
  StepFunction* in_step_ = nullptr;  // in whose body we are
  StepFunction upgrade_;
  StepFunction downgrade_;
};

}  // namespace

bool IsVersionFileName(std::string_view name) {
  return name.ends_with(".py") && !name.starts_with("__init__") && !name.starts_with(".#");
}

ParsedMigration ParseVersionFile(std::string_view text, const std::string& path) {
  ParsedMigration parsed = VersionFileReader(text, path, nullptr).Read();
  parsed.revision.raw_sha256 = Sha256(text);
  return parsed;
}

ParsedMigration ParseVersionFile(std::string_view text, const std::string& path,
                                 const VersionAnswer& answer) {
  ParsedMigration parsed = VersionFileReader(text, path, &answer).Read();
  parsed.revision.raw_sha256 = Sha256(text);
  return parsed;
}

}  // namespace drover::migrations
