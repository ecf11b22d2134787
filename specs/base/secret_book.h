#pragma once

#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace switchyard {

// Secrets that may come back in what strangers say, such as an error that quotes the request: words are shown without
// them (law 10), whichever way they are written there. Thread-safe.
class SecretBook {
 public:
  // Those of less than four bytes are not looked for: they are in every text.
  void keep(std::string_view secret);
  // The text with three asterisks in place of every secret, as it is or in base64, in hexadecimal, or encoded for a URL
  // or for JSON.
  std::string without_secrets(std::string text) const;
  // The same of a JSON text, in all its strings, however they are escaped; of any other text as above.
  std::string body_without_secrets(const std::string& body) const;

 private:
  mutable std::mutex mutex_;
  std::set<std::string, std::less<>> secrets_;
  std::vector<std::string> forms_;  // long ones first, so that none is left half
};

}  // namespace switchyard
