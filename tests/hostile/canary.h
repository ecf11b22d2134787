#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace switchyard {

// A secret that is looked for wherever anything was written, in every way that it may have been written in.
class Canary {
 public:
  explicit Canary(std::string secret);

  const std::string& secret() const { return secret_; }
  // The way in which it stands in the text, such as "base64"; empty: it does not.
  std::string found_in(const std::string& text) const;
  // "state.db-wal: base64" and so on, of all files below the folder; what lies below `except` may have it.
  std::vector<std::string> found_below(const std::filesystem::path& folder, const std::filesystem::path& except) const;

 private:
  struct Form {
    std::string name;
    std::string text;
  };
  std::string secret_;
  std::vector<Form> forms_;
};

}  // namespace switchyard
