#pragma once

#include <cstdint>
#include <string>

#include "specs/load.h"
#include "tests/reconciler/generated.h"

namespace switchyard::simulation {

// The folder of YAML that an operator keeps: a generated fleet in one file, and in another one an account of its own
// with a server set, a protected server, a reserve and a small limit of destroys.
class Folder {
 public:
  explicit Folder(std::uint64_t seed);

  // One edit; what it says. An edit that makes an error is taken back.
  std::string edit(std::uint64_t draw);
  LoadedSpecs load() const;
  // Of the second file alone: `apply fleet/spare.yaml`.
  LoadedSpecs load_part() const;

 private:
  std::string spare() const;
  std::string text() const;

  testing::Generated main_;
  int replicas_ = 2;
  std::string pool_zone_ = "paris";
  std::string pool_size_ = "s-1vcpu-2gb";
  bool vault_there_ = true;
  bool vault_protected_ = true;
};

}  // namespace switchyard::simulation
