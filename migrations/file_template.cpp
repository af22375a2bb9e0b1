#include "migrations/file_template.h"

#include <algorithm>
#include <array>
#include <expected>
#include <variant>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "migrations/native_format.h"

namespace drover::migrations {
namespace {

constexpr std::string_view kSuffix = ".sql";
constexpr std::size_t kLongestName = 255;  // of a file, in bytes

enum class TemplateToken : std::uint8_t {
  kRev,
  kSlug,
  kEpoch,
  kYear,
  kMonth,
  kDay,
  kHour,
  kMinute,
  kSecond
};
constexpr std::array<std::string_view, 9> kTokens{
    "rev", "slug", "epoch",  "year",  "month",
    "day", "hour", "minute", "second"};  // as TemplateToken

bool IsText(TemplateToken token) {
  return token == TemplateToken::kRev || token == TemplateToken::kSlug;
}

struct Use {
  TemplateToken token = TemplateToken::kRev;
  std::size_t digits = 0;  // at least so many
};

using Piece = std::variant<std::string, Use>;  // plain text, or a token
using Pieces = std::expected<std::vector<Piece>, TemplateProblem>;

/// Reads a pattern piece by piece.
class TemplateReader final {
 public:
  explicit TemplateReader(std::string_view pattern) : rest_(pattern) {}

  Pieces Read() {
    std::vector<Piece> pieces;
    while (!rest_.empty()) {
      auto piece = Next();
      if (!piece) return std::unexpected(std::move(piece.error()));
      pieces.push_back(std::move(*piece));
    }
    return pieces;
  }

 private:
  using Result = std::expected<Piece, TemplateProblem>;

  Result Next() {
    const std::size_t percent = rest_.find('%');
    if (percent != 0) return std::string(Take(percent));
    if (rest_.starts_with("%%(")) {
      return Wrong("\"%%\" stands for a percent sign here: only alembic.ini doubles it",
                   "write a single %");
    }
    if (rest_.starts_with("%%")) {
      Take(2);
      return std::string("%");
    }
    return ReadToken();
  }

  Result ReadToken() {
    const std::size_t close = rest_.find(')');
    if (!rest_.starts_with("%(") || close == std::string_view::npos) {
      return Wrong("a % begins a token such as %(rev)s", "write %% for a percent sign");
    }
    const std::string_view name = rest_.substr(2, close - 2);
    const auto found = std::ranges::find(kTokens, name);
    if (found == kTokens.end()) {
      const std::vector<std::string> known(kTokens.begin(), kTokens.end());
      return Wrong(
          Concat("there is no token %(", Excerpt(name, 40), ")", DidYouMean(name, kTokens)),
          Concat("tokens: ", Join(known, ", ")));
    }
    Take(close + 1);
    return ReadConversion(static_cast<TemplateToken>(found - kTokens.begin()), name);
  }

  /// "s"; for a number also "d", ".2d" and "02d".
  Result ReadConversion(TemplateToken token, std::string_view name) {
    const bool text = IsText(token);
    const std::size_t letter = rest_.find_first_of("sd");
    const std::string_view digits = rest_.substr(0, letter);
    if (letter != std::string_view::npos) {
      const bool number = rest_[letter] == 'd' && !text;
      const bool padded = digits.size() == 2 && (digits[0] == '.' || digits[0] == '0') &&
                          digits[1] >= '0' && digits[1] <= '9';
      if (digits.empty() ? number || rest_[letter] == 's' : number && padded) {
        Take(letter + 1);
        return Use{.token = token,
                   .digits = digits.empty() ? 0 : static_cast<std::size_t>(digits[1] - '0')};
      }
    }
    const std::string_view end = text ? "s" : token > TemplateToken::kYear ? ".2d" : "d";
    return Wrong(Concat("the token %(", name, ") must end in \"", end, "\""),
                 Concat("write %(", name, ")", end));
  }

  std::string_view Take(std::size_t count) {
    const std::string_view taken = rest_.substr(0, count);
    rest_.remove_prefix(taken.size());
    return taken;
  }

  static std::unexpected<TemplateProblem> Wrong(std::string message, std::string hint) {
    return std::unexpected(TemplateProblem{std::move(message), std::move(hint)});
  }

  std::string_view rest_;
};

std::string Padded(std::int64_t number, std::size_t digits) {
  const std::string text = Concat(number);
  return std::string(digits > text.size() ? digits - text.size() : 0, '0') + text;
}

/// An id may hold what a file name may not.
std::string WithoutSlashes(std::string id) {
  std::ranges::replace(id, '/', '_');
  return id;
}

std::string ValueOf(const Use& use, const Revision& revision, const CalendarTime& at,
                    std::int64_t epoch) {
  switch (use.token) {
    case TemplateToken::kRev:
      return WithoutSlashes(revision.id);
    case TemplateToken::kSlug:
      return Slug(revision.message);
    case TemplateToken::kEpoch:
      return Padded(epoch, use.digits);
    case TemplateToken::kYear:
      return Padded(at.year, use.digits);
    case TemplateToken::kMonth:
      return Padded(at.month, use.digits);
    case TemplateToken::kDay:
      return Padded(at.day, use.digits);
    case TemplateToken::kHour:
      return Padded(at.hour, use.digits);
    case TemplateToken::kMinute:
      return Padded(at.minute, use.digits);
    case TemplateToken::kSecond:
      break;
  }
  return Padded(at.second, use.digits);
}

}  // namespace

std::optional<TemplateProblem> CheckFileTemplate(std::string_view pattern) {
  const Pieces pieces = TemplateReader(pattern).Read();
  if (!pieces) return pieces.error();
  const auto is_token = [](const Piece& piece) { return std::holds_alternative<Use>(piece); };
  if (std::ranges::none_of(*pieces, is_token)) {
    return TemplateProblem{"it has no token: every file would have the same name",
                           Concat("file_template: \"", FileTemplate().pattern, "\"")};
  }
  if (pattern.find('/') != std::string_view::npos) {
    return TemplateProblem{"a \"/\" would put the file into another directory",
                           "migrations.directory says where the files are"};
  }
  if (pattern.starts_with('.')) {
    return TemplateProblem{"a file whose name begins with a dot is not read as a migration",
                           "begin with another character"};
  }
  if (pattern.ends_with(kSuffix)) {
    return TemplateProblem{"\".sql\" is appended by itself", "leave \".sql\" out"};
  }
  return std::nullopt;
}

std::string FileName(const FileTemplate& pattern, const Revision& revision, WallTime time) {
  const CalendarTime at = ToCalendar(time, pattern.zone);
  const auto since_epoch = time.time_since_epoch();
  const std::int64_t epoch = std::chrono::floor<std::chrono::seconds>(since_epoch).count();
  std::string name;
  const Pieces pieces = TemplateReader(pattern.pattern).Read();
  for (const Piece& piece : pieces.value()) {
    const auto* const use = std::get_if<Use>(&piece);
    name += use == nullptr ? std::get<std::string>(piece) : ValueOf(*use, revision, at, epoch);
  }
  while (Slug(revision.message).empty() && (name.ends_with('_') || name.ends_with('-'))) {
    name.pop_back();
  }
  if (name.empty() || name.starts_with('.') || name.size() + kSuffix.size() > kLongestName) {
    throw Error(
        Code::kInvalid, "illegal_file_name",
        Concat("\"", Excerpt(name, 60), kSuffix, "\" cannot be the name of a migration file"),
        "change -m or --rev-id, or migrations.file_template in drover.yaml");
  }
  return name + std::string(kSuffix);
}

}  // namespace drover::migrations
