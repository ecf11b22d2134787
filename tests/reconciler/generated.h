#pragma once

#include <map>
#include <string>
#include <vector>

#include "specs/base/random.h"
#include "tests/reconciler/wish.h"

namespace switchyard::testing {

// A fleet drawn from a seed, as documents that can be edited and written in any order.
class Generated {
 public:
  explicit Generated(std::uint64_t seed);

  std::string lines() const;
  // One random edit; may leave a fleet with errors (a dispatcher without a switch), which load() then says.
  void edit(Random& random);
  std::vector<std::string> documents() const;
  const std::vector<std::string>& servers() const { return names_; }  // names of Server and RtpServer documents

 private:
  struct Document {
    std::string kind;
    std::string name;
    std::map<std::string, std::string> spec;  // flow YAML by field
    std::map<std::string, std::string> options;
  };
  static std::string line_of(const Document& document);
  Document drawn_switch(Random& random, const std::string& name) const;
  void list_names();

  std::vector<Document> documents_;
  std::vector<std::string> names_;
  int made_ = 0;
};

}  // namespace switchyard::testing
