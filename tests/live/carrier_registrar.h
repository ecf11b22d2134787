#pragma once

#include <memory>
#include <string>

#include "tests/live/stand.h"

namespace switchyard::live {

// A carrier's registrar: a Kamailio of its own that asks for a digest (auth module) and keeps who registered.
class CarrierRegistrar {
 public:
  CarrierRegistrar(Stand& stand, const std::string& username, const std::string& password);

  const std::string& address() const { return address_; }
  // How many contacts are registered now.
  std::int64_t contacts();
  // What it wrote; "REFUSED" for each REGISTER with wrong credentials.
  std::string log() const;

 private:
  std::string address_;
  std::filesystem::path folder_;
  std::unique_ptr<Process> process_;
};

}  // namespace switchyard::live
