#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "specs/base/result.h"

namespace switchyard {

// Addresses for local servers, of this machine's loopback or of a bridge on it: every server has one of its own, for as
// long as it exists, stopped or not. Several accounts, states and users share the machine, so that who has which is
// written down where all of them look: a file an address in `folder`, holding the folder of the server that has it. A
// note whose server's folder is gone counts for nothing.
class Addresses {
 public:
  struct Options {
    std::string folder = "/tmp/switchyard-addresses";
    std::string network = "127.66.0.0/16";  // /16 or /24 within 127.0.0.0/8, or within 10.0.0.0/8
  };
  explicit Addresses(Options options) : options_(std::move(options)) {}

  // The lowest that nobody has and nothing listens on, from now on the server's. Errors: kInvalid (network), kRefused
  // (all are taken), kStorage.
  Result<std::string> take(const std::string& server_folder);
  // Writes down again that the server has it, as after a reboot has emptied the folder. Error: kRefused (somebody else
  // has it by now), kStorage.
  Result<Done> keep(const std::string& address, const std::string& server_folder);
  // Gives back what servers in `server_folder` or below have: that.
  std::vector<std::string> give_back(const std::string& server_folder);

 private:
  enum class Holder { kNobody, kOurs, kOther };
  Holder holder_of(const std::string& address, const std::string& server_folder) const;
  Result<Done> write_down(const std::string& address, const std::string& server_folder);
  std::string note(const std::string& address) const;

  const Options options_;
};

// Addresses on which anything of this machine has a socket open (IPv4).
std::vector<std::string> addresses_in_use();

}  // namespace switchyard
