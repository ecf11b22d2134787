#pragma once

#include <string>
#include <utility>

namespace switchyard::live {

// A certificate for a name, signed by itself, and its key: both in PEM.
struct KeyPair {
  std::string chain;
  std::string key;
};
KeyPair make_certificate(const std::string& name);

}  // namespace switchyard::live
