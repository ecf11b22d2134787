#include "specs/base/base64.h"

#include <openssl/evp.h>

#include <algorithm>

namespace switchyard {
namespace {

// OpenSSL counts in int; a multiple of three bytes needs no padding, so that pieces can be put together.
constexpr std::size_t kPiece = 3U << 20U;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

std::string base64(std::string_view bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  std::string piece(kPiece / 3 * 4 + 1, '\0');
  while (!bytes.empty()) {
    const std::string_view part = bytes.substr(0, kPiece);
    const int size =
        EVP_EncodeBlock(reinterpret_cast<unsigned char*>(piece.data()), bytes_of(part), static_cast<int>(part.size()));
    text.append(piece, 0, static_cast<std::size_t>(size));
    bytes.remove_prefix(part.size());
  }
  return text;
}

std::optional<std::string> from_base64(std::string_view text) {
  constexpr std::size_t kTextPiece = kPiece / 3 * 4;
  if (text.size() % 4 != 0) return std::nullopt;
  // It forgives blanks around a block and takes padding anywhere; neither is written by us.
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with("=") ? 1 : 0;
  if (text.substr(0, text.size() - padding).find_first_of("= \t\r\n") != std::string_view::npos) return std::nullopt;
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3);
  std::string piece(kPiece, '\0');
  while (!text.empty()) {
    const std::string_view part = text.substr(0, kTextPiece);
    const int size =
        EVP_DecodeBlock(reinterpret_cast<unsigned char*>(piece.data()), bytes_of(part), static_cast<int>(part.size()));
    if (size < 0) return std::nullopt;
    bytes.append(piece, 0, static_cast<std::size_t>(size));
    text.remove_prefix(part.size());
  }
  bytes.resize(bytes.size() - padding);
  return bytes;
}

}  // namespace switchyard
