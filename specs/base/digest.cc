#include "specs/base/digest.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <xxhash.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <span>

namespace switchyard {
namespace {

std::string hex(std::span<const unsigned char> bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const unsigned char byte : bytes) {
    text.push_back(kDigits[byte >> 4U]);
    text.push_back(kDigits[byte & 0xFU]);
  }
  return text;
}

}  // namespace

std::string sha256_hex(std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int length = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &length, EVP_sha256(), nullptr) != 1) std::abort();
  return hex(std::span(digest).first(length));
}

std::string hmac_sha256_hex(std::string_view key, std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int length = 0;
  const auto* text = reinterpret_cast<const unsigned char*>(bytes.data());
  if (HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), text, bytes.size(), digest.data(), &length) ==
      nullptr) {
    std::abort();
  }
  return hex(std::span(digest).first(length));
}

std::string fast_hash_hex(std::string_view bytes) {
  XXH128_canonical_t canonical{};
  XXH128_canonicalFromHash(&canonical, XXH3_128bits(bytes.data(), bytes.size()));
  return hex(canonical.digest);
}

std::string random_hex(int bytes) {
  std::FILE* source = std::fopen("/dev/urandom", "rb");
  if (source == nullptr) std::abort();
  std::string drawn(static_cast<std::size_t>(bytes), '\0');
  const std::size_t got = std::fread(drawn.data(), 1, drawn.size(), source);
  std::fclose(source);
  if (got != drawn.size()) std::abort();
  return hex(std::span(reinterpret_cast<const unsigned char*>(drawn.data()), drawn.size()));
}

}  // namespace switchyard
