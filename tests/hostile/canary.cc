#include "tests/hostile/canary.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <fstream>
#include <iterator>

// Written without a look at the product's own ways of hiding a secret.
namespace switchyard {
namespace {

std::string bits_as_base64(const std::string& bytes, std::size_t shift, std::string_view alphabet) {
  // `shift` bits of a character before, whose rest is unknown: only characters made of the secret alone are kept.
  std::string text;
  for (std::size_t bit = shift; bit + 6 <= bytes.size() * 8; bit += 6) {
    unsigned value = 0;
    for (std::size_t i = bit; i < bit + 6; ++i) {
      value = value << 1U | (static_cast<unsigned char>(bytes[i / 8]) >> (7 - i % 8) & 1U);
    }
    text += alphabet[value];
  }
  return text;
}

std::string per_byte(const std::string& bytes, auto form) {
  std::string text;
  for (const char c : bytes) text += form(static_cast<unsigned char>(c));
  return text;
}

}  // namespace

Canary::Canary(std::string secret) : secret_(std::move(secret)) {
  constexpr std::string_view kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  constexpr std::string_view kUrlBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const auto add = [this](std::string name, std::string text) { forms_.push_back({std::move(name), std::move(text)}); };
  add("as it is", secret_);
  add("as it is, its second half", secret_.substr(secret_.size() / 2));
  add("as it is, its first half", secret_.substr(0, secret_.size() / 2));
  for (const std::size_t shift : {0, 2, 4}) {
    add("base64", bits_as_base64(secret_, shift, kBase64));
    add("base64url", bits_as_base64(secret_, shift, kUrlBase64));
  }
  add("hexadecimal", per_byte(secret_, [](unsigned char c) { return fmt::format("{:02x}", c); }));
  add("hexadecimal", per_byte(secret_, [](unsigned char c) { return fmt::format("{:02X}", c); }));
  for (const std::string_view kept : {"-._~", "-._~!*'()", "-._~/:@!$&'()*+,;="}) {
    const auto encoded = [kept](bool upper) {
      return [kept, upper](unsigned char c) {
        const bool plain = std::isalnum(c) != 0 || kept.find(static_cast<char>(c)) != std::string_view::npos;
        if (plain) return std::string(1, static_cast<char>(c));
        return upper ? fmt::format("%{:02X}", c) : fmt::format("%{:02x}", c);
      };
    };
    add("encoded for a URL", per_byte(secret_, encoded(true)));
    add("encoded for a URL", per_byte(secret_, encoded(false)));
  }
  for (const bool slashes : {false, true}) {
    add("escaped for JSON", per_byte(secret_, [slashes](unsigned char c) {
          if (c == '"' || c == '\\' || (slashes && c == '/')) return std::string("\\") + static_cast<char>(c);
          if (c == '\n') return std::string("\\n");
          if (c == '\t') return std::string("\\t");
          return c < 0x20 ? fmt::format("\\u{:04x}", c) : std::string(1, static_cast<char>(c));
        }));
  }
}

std::string Canary::found_in(const std::string& text) const {
  const auto found =
      std::ranges::find_if(forms_, [&](const Form& form) { return text.find(form.text) != std::string::npos; });
  return found == forms_.end() ? "" : found->name;
}

std::vector<std::string> Canary::found_below(const std::filesystem::path& folder,
                                             const std::filesystem::path& except) const {
  std::vector<std::string> findings;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (std::string form = found_in(entry.path().filename().string()); !form.empty()) {
      findings.push_back("the name of " + entry.path().string() + ": " + form);
    }
    if (!entry.is_regular_file() || entry.path().string().starts_with(except.string())) continue;
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(file), {}};
    if (std::string form = found_in(bytes); !form.empty()) findings.push_back(entry.path().string() + ": " + form);
  }
  return findings;
}

}  // namespace switchyard
