#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "specs/fleet.h"
#include "specs/load.h"
#include "specs/server_fields.h"

namespace switchyard {

// A file of the source, after its bytes were released.
struct FileName {
  std::string shown;
  std::string absolute;
  std::string hash;
};

// Everything that a loaded source keeps: packed resources, and what reads them.
class Specs : public FieldSource {
 public:
  Specs(std::vector<FileName> files, std::vector<std::string> decoded, bool lost, Complaints& complaints);

  Fields fields(std::size_t index) const override;
  std::vector<SecretField> secrets(std::size_t index) const override;

  const std::vector<FileName>& files() const { return files_; }
  const Inventory& inventory() const { return inventory_; }
  const Inheritance& inheritance() const { return inheritance_; }
  const ServerFields& server_fields() const { return server_fields_; }
  Source source_of(const Resource& resource) const;
  // The folder that paths in its file are relative to; empty for the current one.
  std::string folder_of(const Resource& resource) const;

  // The desired fleet. Call once, and only when no rule is broken.
  void assemble(DesiredFleet& fleet);

 private:
  DesiredServer desired(const Resource& server, Effective& effective, std::string& scratch) const;

  std::vector<FileName> files_;
  Inventory inventory_;
  Inheritance inheritance_;
  ServerFields server_fields_;
  std::vector<const Resource*> machines_;  // as fleet.servers
};

}  // namespace switchyard
