#include "specs/base/secret_book.h"

#include <algorithm>
#include <utility>

#include "specs/base/base64.h"
#include "specs/base/bounded_json.h"

namespace switchyard {
namespace {

constexpr std::size_t kShortest = 4;
constexpr std::size_t kMostValues = 10'000;
constexpr std::string_view kInItsPlace = "***";

std::string hex(std::string_view bytes, std::string_view digits, std::string_view before = "") {
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text += before;
    text += digits[byte >> 4U];
    text += digits[byte & 0xFU];
  }
  return text;
}

std::string encoded_for_url(std::string_view bytes, std::string_view digits, std::string_view kept) {
  std::string text;
  for (const char c : bytes) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       kept.find(c) != std::string_view::npos;
    text += plain ? std::string(1, c) : hex({&c, 1}, digits, "%");
  }
  return text;
}

// What of the secret's base64 is the same wherever it stands in a longer text, at one of three offsets.
std::string inner_base64(std::string_view secret, std::size_t offset) {
  const std::string text = base64(std::string(offset, '\0') + std::string(secret));
  // The first characters hold bits of what stands before, the last ones of what follows.
  const std::size_t from = offset == 0 ? 0 : offset + 1;
  const std::size_t to = (offset + secret.size()) * 8 / 6;
  return text.substr(from, to - from);
}

std::vector<std::string> forms_of(std::string_view secret) {
  constexpr std::string_view kLower = "0123456789abcdef";
  constexpr std::string_view kUpper = "0123456789ABCDEF";
  const std::string quoted = to_string(Json(secret));
  std::vector<std::string> forms{std::string(secret), quoted.substr(1, quoted.size() - 2)};
  for (const std::string_view digits : {kLower, kUpper}) {
    forms.push_back(hex(secret, digits));
    forms.push_back(encoded_for_url(secret, digits, "-._~"));
    forms.push_back(encoded_for_url(secret, digits, "-._~!$&'()*+,;=:@/"));
  }
  for (std::size_t offset = 0; offset < 3; ++offset) {
    std::string inner = inner_base64(secret, offset);
    if (inner.size() < kShortest) continue;
    forms.push_back(inner);
    std::ranges::replace(inner, '+', '-');
    std::ranges::replace(inner, '/', '_');
    forms.push_back(std::move(inner));
  }
  return forms;
}

void replace_all(std::string& text, const std::string& what) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + kInItsPlace.size())) {
    text.replace(at, what.size(), kInItsPlace);
  }
}

Json without(const Json& json, const SecretBook& book) {
  if (json.string() != nullptr) return book.without_secrets(*json.string());
  if (json.array() != nullptr) {
    Json::Array elements;
    for (const Json& element : *json.array()) elements.push_back(without(element, book));
    return elements;
  }
  if (json.object() != nullptr) {
    Json::Object members;
    for (const auto& [name, value] : *json.object()) {
      members.emplace_back(book.without_secrets(name), without(value, book));
    }
    return members;
  }
  return json;
}

}  // namespace

void SecretBook::keep(std::string_view secret) {
  if (secret.size() < kShortest) return;
  const std::scoped_lock lock(mutex_);
  if (secrets_.find(secret) != secrets_.end()) return;
  secrets_.emplace(secret);
  for (std::string& form : forms_of(secret)) forms_.push_back(std::move(form));
  std::ranges::sort(forms_, [](const std::string& one, const std::string& other) {
    return std::pair(other.size(), one) < std::pair(one.size(), other);
  });
  forms_.erase(std::unique(forms_.begin(), forms_.end()), forms_.end());
}

std::string SecretBook::without_secrets(std::string text) const {
  const std::scoped_lock lock(mutex_);
  for (const std::string& form : forms_) replace_all(text, form);
  return text;
}

std::string SecretBook::body_without_secrets(const std::string& body) const {
  const Result<Json> json = parse_bounded_json(body, kMostValues);
  return json ? to_string(without(*json, *this)) : without_secrets(body);
}

}  // namespace switchyard
