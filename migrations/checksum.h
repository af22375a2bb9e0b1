// Checksums of migration files, and the normal form under which an edit counts as an edit. Pure.
#pragma once

#include <string>
#include <string_view>

namespace drover::migrations {

/// SHA-256 as 64 lower-case hex digits (FIPS 180-4, through libcrypto).
[[nodiscard]] std::string Sha256(std::string_view bytes);

/// The name of the normal form, kept in drover_history beside the checksums made with it.
inline constexpr std::string_view kNormaliser = "tokens-1";

/// SHA-256 of a script's tokens. White space, comments, line ends and the case of bare words do not
/// count; strings and quoted names count as written.
[[nodiscard]] std::string ScriptSha256(std::string_view sql);

}  // namespace drover::migrations
