#include "migrations/checksum.h"

#include <array>
#include <openssl/evp.h>

#include "base/error.h"
#include "base/text.h"

namespace drover::migrations {

std::string Sha256(std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned length = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &length, EVP_sha256(), nullptr) != 1) {
    throw Error(Code::kInternal, "checksum.failed", "libcrypto cannot compute SHA-256");
  }
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string text;
  text.reserve(std::size_t{length} * 2);
  for (unsigned i = 0; i < length; ++i) {
    text.push_back(kHex[digest[i] >> 4U]);
    text.push_back(kHex[digest[i] & 15U]);
  }
  return text;
}

std::string ScriptSha256(std::string_view sql) {
  std::string normal;
  normal.reserve(sql.size());
  for (std::string_view line : SplitLines(sql)) {
    while (!line.empty() && (line.back() == ' ' || line.back() == '\t' || line.back() == '\r')) {
      line.remove_suffix(1);
    }
    normal.append(line).push_back('\n');
  }
  return Sha256(Trim(normal));
}

}  // namespace drover::migrations
