#pragma once

#include <string>
#include <vector>

#include "specs/base/result.h"

namespace switchyard {

// Network namespaces for local servers (root): the processes of each see one interface with the server's address, on a
// bridge with this machine. Where the servers' network is one of the loopback there are none, and everything here does
// nothing. What there is follows from the address, so that nothing need be remembered.
class Namespaces {
 public:
  // "10.66.0.0/16", as Addresses takes it.
  explicit Namespaces(const std::string& network);

  // Makes what is missing of a server's. Errors: kRefused (not root), kStorage (what `ip` said).
  Result<Done> make(const std::string& address) const;
  // With the last one the bridge goes.
  void remove(const std::string& address) const;
  // What goes before a command, so that it runs there. Empty: nothing.
  std::vector<std::string> before(const std::string& address) const;

  // The machine's own address on the bridge; no server's. Empty: there is no bridge.
  std::string gateway() const { return gateway_; }

 private:
  std::string name_of(const std::string& address) const;
  Result<Done> make_bridge() const;

  std::string gateway_;
  std::string bridge_;
  int prefix_ = 0;  // bits
};

}  // namespace switchyard
