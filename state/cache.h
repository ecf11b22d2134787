#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "specs/load.h"

namespace switchyard {

// A cache file beside the state ("state.db.cache"): decoded files and remembered plans. Losing it loses nothing; a file
// that cannot be opened, read or written is silently no cache, and a damaged one is made anew. Another program version
// finds nothing in it. Thread-safe.
class CacheFile : public DecodeCache {
 public:
  CacheFile(const std::string& path, std::string_view program_version);
  ~CacheFile() override;
  std::optional<std::string> get(std::string_view key) override;
  void put(std::string_view key, std::string_view value) override;  // kept until flush(), written in one transaction
  void flush();  // also drops entries not used for 30 days beyond a size bound

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace switchyard
