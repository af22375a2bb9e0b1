#include "migrations/native_format.h"

#include <algorithm>
#include <array>
#include <set>

#include "base/error.h"
#include "base/text.h"
#include "migrations/checksum.h"
#include "migrations/sql_text.h"

namespace drover::migrations {
namespace {

constexpr std::array<std::string_view, 7> kKeys{
    "revision", "down_revision", "depends_on", "branch_labels", "message", "created", "draft"};

bool IsSectionLine(std::string_view line) {
  line = Trim(line);
  return line.starts_with("--") && Trim(line.substr(2)).starts_with("migrate:");
}

/// Walks over the lines of a file, knowing where it is.
class Parser {
 public:
  Parser(std::string_view text, const std::string& path) : text_(text), path_(path) {}

  Revision Parse() {
    if (const std::size_t nul = text_.find('\0'); nul != std::string_view::npos) {
      const TextPosition at = PositionAt(text_, nul, 1);
      line_ = at.line;
      Fail("the file contains a NUL byte, which would end the SQL there",
           "save the file as plain UTF-8 text");
    }
    if (text_.starts_with("\xEF\xBB\xBF")) text_.remove_prefix(3);
    while (!text_.empty()) {
      const std::size_t end = std::min(text_.find('\n'), text_.size() - 1);
      const std::string_view whole = text_.substr(0, end + 1);
      const std::string_view line = Trim(whole);
      text_.remove_prefix(end + 1);
      ++line_;
      if (IsSectionLine(line)) {
        Section(Trim(line.substr(2)).substr(8));
      } else if (script_ != nullptr) {
        script_->sql += whole;
      } else {
        HeaderLine(line);
      }
    }
    return Finish();
  }

 private:
  [[noreturn]] void Fail(std::string message, std::string hint) const {
    throw Error(Code::kInvalid, "malformed_migration", std::move(message), std::move(hint),
                Where());
  }

  [[nodiscard]] std::string Where() const {
    return Concat(path_, ":", std::max<std::size_t>(line_, 1), ":1");
  }

  void HeaderLine(std::string_view line) {
    if (line.empty()) return;
    if (!line.starts_with("--")) {
      Fail(Concat("\"", Excerpt(line, 40), "\" stands before the first section"),
           "put \"-- migrate:up\" on a line of its own before the SQL");
    }
    const std::string_view comment = Trim(line.substr(2));
    const std::size_t colon = comment.find(':');
    const std::string_view key = Trim(comment.substr(0, colon));
    if (colon == std::string_view::npos) {
      if (ToLower(comment) == "draft") revision_.draft = true;
      return;  // any other comment is welcome
    }
    if (key.find(' ') != std::string_view::npos) return;
    if (std::ranges::find(kKeys, key) == kKeys.end() || key == "draft") {
      const auto meant = ClosestMatch(key, kKeys);
      if (!meant) return;
      Fail(Concat("unknown header line \"-- ", key, ":\", did you mean \"", *meant, "\"?"),
           meant == "draft" ? "write \"-- draft\" without a colon"
                            : Concat("write \"-- ", *meant, ": …\""));
    }
    if (!seen_.emplace(key).second) {
      Fail(Concat("the header says \"-- ", key, ":\" twice"), "remove one of the two lines");
    }
    Assign(key, Trim(comment.substr(colon + 1)));
  }

  void Assign(std::string_view key, std::string_view value) {
    if (key == "message") {
      revision_.message = value;
    } else if (key == "created") {
      revision_.created = value;
    } else if (key == "revision") {
      CheckRevisionId(value, Where());
      revision_.id = value;
      revision_.header_line = line_;
    } else if (key == "down_revision") {
      revision_.down_revision = Ids(key, value);
    } else if (key == "depends_on") {
      revision_.depends_on = Ids(key, value);
    } else {
      revision_.branch_labels = Ids(key, value);
    }
  }

  std::vector<RevisionId> Ids(std::string_view key, std::string_view value) {
    if (value == "none") return {};
    std::vector<RevisionId> ids = SplitList(value, ',');
    if (ids.empty()) {
      Fail(Concat("\"-- ", key, ":\" has no value"), Concat("write \"-- ", key, ": none\""));
    }
    std::set<std::string_view> unique;
    for (const RevisionId& id : ids) {
      CheckRevisionId(id, Where(), key == "branch_labels" ? "a branch label" : "a revision id");
      if (!unique.insert(id).second) {
        Fail(Concat("\"-- ", key, ":\" names ", id, " twice"), "name it once");
      }
    }
    return ids;
  }

  void Section(std::string_view rest) {
    const std::vector<std::string> words = SplitList(rest, ' ');
    if (words.empty() || (words[0] != "up" && words[0] != "down")) {
      Fail(Concat("unknown section \"migrate:", rest, "\""),
           "sections are \"-- migrate:up\" and \"-- migrate:down\"");
    }
    const bool up = words[0] == "up";
    if (up ? has_up_ : revision_.down.has_value()) {
      Fail(Concat("there are two \"-- migrate:", words[0], "\" sections"), "join them into one");
    }
    script_ = up ? &revision_.up : &revision_.down.emplace();
    if (up) has_up_ = true;
    script_->line = line_ + 1;
    for (std::size_t i = 1; i < words.size(); ++i) {
      if (words[i] == "transaction:false") {
        script_->transaction = false;
      } else if (words[i] != "transaction:true") {
        Fail(Concat("unknown option \"", words[i], "\""), "the only option is transaction:false");
      }
    }
  }

  Revision Finish() {
    const auto need = [&](bool present, std::string_view what, std::string_view hint) {
      if (!present) {
        line_ = 1;
        Fail(Concat("the migration has no \"-- ", what, "\" line"), std::string(hint));
      }
    };
    need(seen_.contains("revision"),
         "revision:", "`drover revision -m \"…\"` writes a complete header");
    need(seen_.contains("down_revision"),
         "down_revision:", "write the id of the revision before it, or none");
    need(has_up_, "migrate:up", "put it on a line of its own before the SQL");
    revision_.file = path_;
    revision_.up_sha256 = ScriptSha256(revision_.up.sql);
    if (revision_.down) revision_.down_sha256 = ScriptSha256(revision_.down->sql);
    return std::move(revision_);
  }

  std::string_view text_;
  const std::string& path_;
  std::size_t line_ = 0;
  Revision revision_;
  Script* script_ = nullptr;
  bool has_up_ = false;
  std::set<std::string, std::less<>> seen_;
};

}  // namespace

Revision ParseMigration(std::string_view text, const std::string& path) {
  Revision revision = Parser(text, path).Parse();
  revision.raw_sha256 = Sha256(text);
  return revision;
}

std::string FormatMigration(const Revision& revision) {
  std::string text = Concat(
      "-- revision: ", revision.id, "\n-- down_revision: ",
      revision.down_revision.empty() ? std::string("none") : Join(revision.down_revision, ", "),
      "\n");
  if (!revision.depends_on.empty()) {
    text += Concat("-- depends_on: ", Join(revision.depends_on, ", "), "\n");
  }
  if (!revision.branch_labels.empty()) {
    text += Concat("-- branch_labels: ", Join(revision.branch_labels, ", "), "\n");
  }
  text += Concat("-- message: ", revision.message, "\n-- created: ", revision.created, "\n");
  if (revision.draft) text += "-- draft\n";
  if (revision.up.sql.empty()) return text + "-- migrate:up\n\n-- migrate:down\n\n";
  text += Concat("-- migrate:up\n", revision.up.sql);
  if (revision.down) text += Concat("\n-- migrate:down\n", revision.down->sql);
  return text;
}

bool HasSectionLine(std::string_view sql) {
  return std::ranges::any_of(SplitLines(sql), IsSectionLine);
}

void CheckRevisionId(std::string_view name, const std::string& where, std::string_view what) {
  // The version table says VARCHAR(32), which SQLite does not enforce; Alembic's users have longer.
  constexpr std::size_t kLongest = 128;
  constexpr std::array<std::string_view, 5> kReserved{"head", "heads", "base", "current", "none"};
  const bool reserved = std::ranges::find(kReserved, name) != kReserved.end();
  const std::size_t bad = name.find_first_of(" \t\r\n\"'`\\,@-+:");
  if (!reserved && !name.empty() && name.size() <= kLongest && bad == std::string_view::npos)
    return;
  throw Error(Code::kInvalid, "illegal_character",
              Concat("\"", Excerpt(name, 70), "\" cannot be ", what,
                     reserved ? ": it means something else wherever a revision is named" : ""),
              reserved ? std::string("choose another name")
                       : Concat("use letters, digits and '_', at most ", kLongest, " of them"),
              where);
}

std::string Slug(std::string_view message) {
  constexpr std::size_t kLongest = 40;
  std::string slug;
  for (const char c : ToLower(message)) {
    const bool word =
        (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || static_cast<unsigned char>(c) >= 0x80U;
    if (word) {
      slug.push_back(c);
    } else if (!slug.empty() && slug.back() != '_') {
      slug.push_back('_');
    }
  }
  if (slug.size() > kLongest) {
    const std::size_t cut = slug.rfind('_', kLongest);
    std::size_t end = cut == std::string::npos || cut == 0 ? kLongest : cut;
    while (end > 0 && (static_cast<unsigned char>(slug[end]) & 0xC0U) == 0x80U) --end;
    slug.resize(end);
  }
  while (!slug.empty() && slug.back() == '_') slug.pop_back();
  return slug;
}

bool HasEmptyUp(const Revision& revision) {
  if (revision.down_revision.size() > 1) return false;
  if (revision.format == Format::kAlembic) return revision.idle_up;
  return BlankPrefix(revision.up.sql) == revision.up.sql.size();
}

}  // namespace drover::migrations
