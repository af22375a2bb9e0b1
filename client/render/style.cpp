#include "client/render/style.h"

#include <array>

#include "base/posix.h"
#include "base/text.h"

namespace drover::client {
namespace {

struct Character {
  std::uint32_t code = 0;
  std::size_t bytes = 0;  // 0: not UTF-8
};

Character Decode(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const std::uint32_t first = byte(0);
  if (first < 0x80) return {first, 1};
  const std::size_t bytes = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < bytes) return {};
  std::uint32_t code = first & (0xFFU >> (bytes + 1));
  for (std::size_t i = 1; i < bytes; ++i) {
    if ((byte(i) & 0xC0U) != 0x80U) return {};
    code = (code << 6U) | (byte(i) & 0x3FU);
  }
  constexpr std::array<std::uint32_t, 5> kSmallest{0, 0, 0x80, 0x800, 0x10000};
  if (code < kSmallest[bytes] || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) return {};
  return {code, bytes};
}

struct Range {
  std::uint32_t first;
  std::uint32_t last;
};

constexpr std::array kZeroWidth{Range{0x300, 0x36F},   Range{0x200B, 0x200F}, Range{0x202A, 0x202E},
                                Range{0x2060, 0x2069}, Range{0x20D0, 0x20FF}, Range{0xFE00, 0xFE0F},
                                Range{0xFEFF, 0xFEFF}};
constexpr std::array kDoubleWidth{
    Range{0x1100, 0x115F},   Range{0x2E80, 0x303E},   Range{0x3041, 0xA4CF},
    Range{0xAC00, 0xD7A3},   Range{0xF900, 0xFAFF},   Range{0xFE30, 0xFE6F},
    Range{0xFF00, 0xFF60},   Range{0xFFE0, 0xFFE6},   Range{0x1F300, 0x1F64F},
    Range{0x1F680, 0x1F6FF}, Range{0x1F900, 0x1F9FF}, Range{0x20000, 0x3FFFD}};

template <std::size_t N>
bool In(const std::array<Range, N>& ranges, std::uint32_t code) {
  for (const Range& range : ranges) {
    if (code >= range.first && code <= range.last) return true;
  }
  return false;
}

std::size_t ColumnsOf(std::uint32_t code) {
  if (code < 0x300) return 1;
  if (In(kZeroWidth, code)) return 0;
  return In(kDoubleWidth, code) ? 2 : 1;
}

/// Overrides of the writing direction can make a line read as something else.
bool IsDangerous(std::uint32_t code) {
  return code < 0x20 || (code >= 0x7F && code < 0xA0) || (code >= 0x202A && code <= 0x202E) ||
         (code >= 0x2066 && code <= 0x2069) || code == 0x2028 || code == 0x2029;
}

/// As much of the front of clean `text` as fits into `columns`.
std::string_view Front(std::string_view text, std::size_t columns) {
  std::size_t used = 0;
  std::size_t end = 0;
  while (end < text.size()) {
    const Character c = Decode(text.substr(end));
    used += ColumnsOf(c.code);
    if (used > columns) break;
    end += c.bytes == 0 ? 1 : c.bytes;
  }
  return text.substr(0, end);
}

/// As much of the back of clean `text` as fits into `columns`.
std::string_view Back(std::string_view text, std::size_t columns) {
  std::size_t used = DisplayWidth(text);
  while (used > columns && !text.empty()) {
    const Character c = Decode(text);
    used -= ColumnsOf(c.code);
    text.remove_prefix(c.bytes == 0 ? 1 : c.bytes);
  }
  return text;
}

std::string_view Ellipsis(const Style& style) { return style.unicode ? "…" : "..."; }

std::string_view Escape(Tone tone) {
  switch (tone) {
    case Tone::kBold:
      return "\x1b[1m";
    case Tone::kDim:
      return "\x1b[2m";
    case Tone::kGreen:
      return "\x1b[32m";
    case Tone::kYellow:
      return "\x1b[33m";
    case Tone::kRed:
      return "\x1b[31m";
    case Tone::kCyan:
      return "\x1b[36m";
    case Tone::kPlain:
      break;
  }
  return "";
}

constexpr int kMostClimbs = 3;  // "../../../" is the most anybody wants to read

/// `tenths` of a unit as "12.0".
std::string OneDecimal(std::uint64_t tenths) { return Concat(tenths / 10, ".", tenths % 10); }

}  // namespace

std::string Clean(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const Character c = Decode(text);
    if (c.bytes == 0) {
      out.push_back('?');
      text.remove_prefix(1);
      continue;
    }
    if (IsDangerous(c.code)) {
      out.push_back(' ');
    } else {
      out.append(text.substr(0, c.bytes));
    }
    text.remove_prefix(c.bytes);
  }
  return out;
}

std::size_t DisplayWidth(std::string_view text) {
  std::size_t columns = 0;
  while (!text.empty()) {
    const Character c = Decode(text);
    columns += c.bytes == 0 ? 1 : ColumnsOf(c.code);
    text.remove_prefix(c.bytes == 0 ? 1 : c.bytes);
  }
  return columns;
}

std::string Paint(const Style& style, Tone tone, std::string_view text) {
  if (!style.color || tone == Tone::kPlain || text.empty()) return Clean(text);
  return Concat(Escape(tone), Clean(text), "\x1b[0m");
}

std::string Shorten(const Style& style, std::string_view text, std::size_t columns) {
  std::string clean = Clean(text);
  if (style.width == 0 || DisplayWidth(clean) <= columns) return clean;
  const std::string_view mark = Ellipsis(style);
  const std::size_t room = columns > DisplayWidth(mark) ? columns - DisplayWidth(mark) : 0;
  return Concat(Front(clean, room), mark);
}

std::string ShortenMiddle(const Style& style, std::string_view text, std::size_t columns) {
  std::string clean = Clean(text);
  if (style.width == 0 || DisplayWidth(clean) <= columns) return clean;
  const std::string_view mark = Ellipsis(style);
  const std::size_t room = columns > DisplayWidth(mark) ? columns - DisplayWidth(mark) : 0;
  // The end of a path says which file it is, so it gets the larger part.
  const std::size_t front = room / 3;
  return Concat(Front(clean, front), mark, Back(clean, room - front));
}

std::string Pad(std::string_view text, std::size_t columns) {
  const std::size_t used = DisplayWidth(text);
  return std::string(used < columns ? columns - used : 0, ' ');
}

std::string_view Arrow(const Style& style) { return style.unicode ? "→" : "->"; }

std::string FormatSize(std::uint64_t bytes) {
  if (bytes < 1024) return Concat(bytes, bytes == 1 ? " byte" : " bytes");
  constexpr std::array<std::string_view, 5> kUnits{"KiB", "MiB", "GiB", "TiB", "PiB"};
  std::size_t unit = 0;
  std::uint64_t divisor = 1024;
  while (unit + 1 < kUnits.size() && bytes / divisor >= 1024) {
    divisor *= 1024;
    ++unit;
  }
  const std::uint64_t whole = bytes / divisor;
  const std::uint64_t tenth = bytes % divisor / (divisor / 10 + 1);
  return Concat(OneDecimal(whole * 10 + tenth), " ", kUnits[unit]);
}

std::string FormatDuration(std::int64_t milliseconds) {
  if (milliseconds < 0) milliseconds = 0;
  const auto ms = static_cast<std::uint64_t>(milliseconds);
  if (ms < 1000) return Concat(ms, " ms");
  if (ms < 60'000) return Concat(OneDecimal(ms / 100), " s");
  const std::uint64_t seconds = ms / 1000;
  return Concat(seconds / 60, " min ", seconds % 60 < 10 ? "0" : "", seconds % 60, " s");
}

std::string FormatPath(std::string_view path, std::string_view cwd, std::string_view root) {
  if (cwd.empty()) return std::string(path);
  if (IsBelow(path, cwd)) return RelativeTo(path, cwd);
  if (root.empty() || !IsBelow(path, root) || !IsBelow(cwd, root)) return std::string(path);
  std::string up;
  std::string at(cwd);
  for (int climbs = 0; climbs < kMostClimbs && at != "/"; ++climbs) {
    up += "../";
    at = DirectoryName(at);
    if (IsBelow(path, at)) return up + RelativeTo(path, at);
  }
  return std::string(path);
}

}  // namespace drover::client
