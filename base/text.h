// Small text helpers shared by daemon and client: joining, splitting, "did you mean". Pure.
#pragma once

#include <charconv>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace drover {

namespace text_internal {
inline void Append(std::string& out, std::string_view piece) { out.append(piece); }
inline void Append(std::string& out, char piece) { out.push_back(piece); }
template <std::integral T>
requires(!std::same_as<T, char> && !std::same_as<T, bool>) void Append(std::string& out, T number) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  out.append(digits, end);
}
}  // namespace text_internal

/// A text, and the line of a file on which it begins.
struct TextAtLine {
  std::string text;
  std::size_t line = 1;
  bool operator==(const TextAtLine&) const = default;
};

/// Joins strings, characters and integers into one string.
template <class... Pieces>
[[nodiscard]] std::string Concat(const Pieces&... pieces) {
  std::string out;
  (text_internal::Append(out, pieces), ...);
  return out;
}

/// `text` without leading and trailing white space.
[[nodiscard]] std::string_view Trim(std::string_view text);

/// The pieces of `text` between `separator`s, trimmed, empty ones left out.
[[nodiscard]] std::vector<std::string> SplitList(std::string_view text, char separator);

/// The lines of `text` without their ends ("\n" or "\r\n"); no last empty line.
[[nodiscard]] std::vector<std::string_view> SplitLines(std::string_view text);

/// `pieces` with `separator` between them.
[[nodiscard]] std::string Join(std::span<const std::string> pieces, std::string_view separator);

/// ASCII lower case.
[[nodiscard]] std::string ToLower(std::string_view text);

/// "1 migration", "2 migrations"; `plural` defaults to `singular` + "s".
[[nodiscard]] std::string Count(std::size_t number, std::string_view singular,
                                std::string_view plural = {});

/// The whole of `text` as a number, or nothing.
[[nodiscard]] std::optional<std::int64_t> ParseInteger(std::string_view text);

/// True for 4 to 64 lower-case hex digits: what a generated revision or a digest looks like.
[[nodiscard]] bool IsHex(std::string_view text);

/// The length of the UTF-8 sequence (RFC 3629) at the front of `text`, which is not empty; 0 when
/// it is not one.
[[nodiscard]] std::size_t Utf8Length(std::string_view text);

/// Of ASCII, whatever the locale.
[[nodiscard]] constexpr bool IsLetter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

[[nodiscard]] bool IsOneOf(std::span<const std::string_view> words, std::string_view word);

/// The candidate nearest to `word` by edit distance, if it is near enough to be a typing error.
[[nodiscard]] std::optional<std::string> ClosestMatch(std::string_view word,
                                                      std::span<const std::string_view> candidates);

/// ", did you mean \"x\"?" or nothing: the tail of an error about an unknown word.
[[nodiscard]] std::string DidYouMean(std::string_view word,
                                     std::span<const std::string_view> candidates);

/// Does `name` match a shell pattern of `*` (not crossing '/'), `**` and `?`?
[[nodiscard]] bool MatchesGlob(std::string_view pattern, std::string_view name);

/// `text` as one word for a shell: as it is when that is safe, else in single quotes.
[[nodiscard]] std::string ShellQuote(std::string_view text);

/// `text` as one line: control characters become blanks, and the ends are trimmed.
[[nodiscard]] std::string OneLine(std::string_view text);

/// The first line of `text`, shortened to `limit` bytes with an ellipsis at a character boundary.
[[nodiscard]] std::string Excerpt(std::string_view text, std::size_t limit);

}  // namespace drover
