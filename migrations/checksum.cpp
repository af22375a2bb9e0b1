#include "migrations/checksum.h"

#include <array>
#include <openssl/evp.h>

#include "base/error.h"
#include "base/text.h"
#include "migrations/sql_text.h"

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
  Lexer lexer(sql);
  bool blob_prefix = false;
  std::size_t last_end = 0;
  while (const std::optional<Token> token = lexer.Next()) {
    const bool bare = token->kind == TokenKind::kWord || token->kind == TokenKind::kNumber;
    // x'00' is a value, x '00' a column with another name: here white space has a meaning.
    const bool blob = blob_prefix && token->kind == TokenKind::kString && token->offset == last_end;
    if (blob) normal.pop_back();
    normal += bare ? ToLower(token->text) : std::string(token->text);
    normal.push_back('\0');  // no token holds one: the parser of files refuses it
    last_end = token->offset + token->text.size();
    blob_prefix = token->kind == TokenKind::kWord && (token->text == "x" || token->text == "X");
  }
  return Sha256(normal);
}

}  // namespace drover::migrations
