#pragma once

#include <map>
#include <string>
#include <vector>

#include "specs/base/random.h"
#include "tests/reconciler/wish.h"

namespace switchyard::testing {

// A fleet drawn from a seed, as documents that can be edited and written in any order: one account or two (each with
// its own money), zones of which two share a region, clusters, servers, sets of servers, media, dispatchers.
class Generated {
 public:
  explicit Generated(std::uint64_t seed);

  std::string lines() const;
  // One random edit; may leave a fleet with errors (a dispatcher without a switch), which load() then says.
  void edit(Random& random);
  std::vector<std::string> documents() const;
  // Writes a field ("protect", "options.carriers") into some of the switches' documents; their names.
  std::vector<std::string> write_in_some(Random& random, const std::string& field, const std::string& value);
  void add(const std::string& kind, const std::string& name, const std::map<std::string, std::string>& spec);
  // Names of all servers, members of sets included.
  const std::vector<std::string>& servers() const { return names_; }

 private:
  struct Document {
    std::string kind;
    std::string name;
    std::map<std::string, std::string> spec;  // flow YAML by field
    std::map<std::string, std::string> options;
    std::vector<std::string> formerly{};
  };
  static std::string line_of(const Document& document);
  Document drawn_switch(Random& random, const std::string& name) const;
  Document drawn_set(Random& random, const std::string& name) const;
  void edit_set(Random& random, Document& set) const;
  void rename(Document& server);
  void list_names();

  std::vector<Document> documents_;
  std::vector<const char*> zones_;
  std::vector<std::string> names_;
  int made_ = 0;
};

}  // namespace switchyard::testing
