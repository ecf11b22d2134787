#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace switchyard {

// SHA-256 in hexadecimal: for digests that people see and compare.
std::string sha256_hex(std::string_view bytes);
// HMAC-SHA-256 in hexadecimal: the fingerprint of a secret under a server's salt (law 10).
std::string hmac_sha256_hex(std::string_view key, std::string_view bytes);

// XXH3, 128 bits in hexadecimal: fast; for caches and for comparing configurations, not for security.
std::string fast_hash_hex(std::string_view bytes);

// Random bytes from the operating system, in hexadecimal.
std::string random_hex(int bytes);

}  // namespace switchyard
