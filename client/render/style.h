// How text reaches the screen: colour, width, and the characters the terminal can show. Everything
// that comes from files or the daemon passes through Clean(), so that a migration's message cannot
// send escape sequences. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace drover::client {

struct Style {
  bool color = false;
  bool unicode = true;
  std::size_t width = 0;  // columns; 0 in pipes: nothing is shortened there
};

/// Before what belongs to the line above.
inline constexpr std::string_view kIndent = "    ";

enum class Tone : std::uint8_t { kPlain, kBold, kDim, kGreen, kYellow, kRed, kCyan };

/// `text` on one line: control characters become spaces, invalid UTF-8 becomes '?'.
[[nodiscard]] std::string Clean(std::string_view text);

/// The columns that clean text takes on a terminal.
[[nodiscard]] std::size_t DisplayWidth(std::string_view text);

/// `text`, clean, in the tone when the style has colour.
[[nodiscard]] std::string Paint(const Style& style, Tone tone, std::string_view text);

/// `text`, clean and shortened at its end to `columns` when the style has a width.
[[nodiscard]] std::string Shorten(const Style& style, std::string_view text, std::size_t columns);

/// The same, but the middle is left out: for paths, whose two ends matter.
[[nodiscard]] std::string ShortenMiddle(const Style& style, std::string_view text,
                                        std::size_t columns);

/// `columns` minus the width of `text` spaces: what to append to align a column.
[[nodiscard]] std::string Pad(std::string_view text, std::size_t columns);

/// "→" or "->".
[[nodiscard]] std::string_view Arrow(const Style& style);

/// "12.0 KiB".
[[nodiscard]] std::string FormatSize(std::uint64_t bytes);

/// "14 ms", "2.3 s", "1 min 05 s".
[[nodiscard]] std::string FormatDuration(std::int64_t milliseconds);

/// `path` as the user would type it in `cwd`: relative when below it or, with "../", when both lie
/// below `root`; else as it is.
[[nodiscard]] std::string FormatPath(std::string_view path, std::string_view cwd,
                                     std::string_view root);

}  // namespace drover::client
