#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "specs/diagnostic.h"
#include "specs/resource.h"

namespace switchyard {

// A broken rule that was found after decoding, when positions are no longer at hand: it names a document and a path in
// it, and load() reads that file once more to learn where they stand.
struct Complaint {
  Severity severity;
  std::uint32_t file;
  std::uint32_t document;
  std::string path;
  std::string message;
  std::string detail;  // may hold mentions of other places

  // Names another document: "in fleet.yaml:12", or "on line 12 of this file", once load() knows the files' names.
  static std::string mention(const Resource& other);
};

class Complaints {
 public:
  // A member of a ServerSet is complained about at the set's template, the same thing once for all members.
  void add(Severity severity, const Resource& about, std::string_view path, std::string message, std::string detail);
  void error(const Resource& about, std::string_view path, std::string message, std::string detail) {
    add(Severity::kError, about, path, std::move(message), std::move(detail));
  }
  void warn(const Resource& about, std::string_view path, std::string message, std::string detail) {
    add(Severity::kWarning, about, path, std::move(message), std::move(detail));
  }
  std::vector<Complaint> take() { return std::move(complaints_); }

 private:
  std::vector<Complaint> complaints_;
  std::set<std::tuple<std::uint32_t, std::uint32_t, std::string, std::string>> of_sets_;
};

}  // namespace switchyard
