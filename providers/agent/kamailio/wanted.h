#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "providers/agent/daemon/driver.h"

namespace switchyard::kamailio {

// One that registers with a carrier's registrar.
struct Registration {
  std::string registrar;  // host or host:port
  std::string username;
  std::string password;
  enum class On { kOne, kEach } on;  // of a cluster's members

  friend bool operator==(const Registration&, const Registration&) = default;
};

struct CarrierDestination {
  std::string uri;  // as Kamailio's lists take it
  std::int64_t weight;

  friend bool operator==(const CarrierDestination&, const CarrierDestination&) = default;
};

struct Carrier {
  std::string name;
  std::vector<CarrierDestination> destinations;
  std::optional<std::int64_t> cps;       // nothing: no limit
  std::optional<std::int64_t> channels;  // nothing: no limit
  std::optional<Registration> registration;

  friend bool operator==(const Carrier&, const Carrier&) = default;
};

struct Certificate {
  std::string name;
  enum class Side { kServer, kClient } side;
  std::vector<std::string> domains;  // empty: it is shown for any name
  std::string chain;                 // PEM
  std::string key;                   // PEM; a secret

  friend bool operator==(const Certificate&, const Certificate&) = default;
};

struct Trace {
  enum class Over { kUdp, kTcp } over;
  std::string collector;  // host:port

  friend bool operator==(const Trace&, const Trace&) = default;
};

// What a cluster gives its members to share.
struct Together {
  std::int64_t members;                  // how many there are to be
  std::int64_t rank;                     // of this one among the names; `members` when not all are known
  std::optional<std::int64_t> cps;       // of all together; nothing: no limit
  std::optional<std::int64_t> channels;  // of all together; nothing: no limit
  bool dialogs;
  bool throughput;
  bool locations;

  friend bool operator==(const Together&, const Together&) = default;
};

// A configuration in the words of a SIP server.
struct Wanted {
  std::int64_t cps;
  std::int64_t channels;
  std::vector<std::int64_t> udp;  // further ports, sorted
  std::vector<std::int64_t> tcp;
  std::vector<std::int64_t> tls_ports;
  bool tls;
  bool webrtc;
  bool tls_internals;
  std::string fqdn;  // empty: none
  std::vector<Certificate> certificates;
  std::vector<Carrier> carriers;  // the first one first
  bool uac_auth;
  bool uac_ping;
  bool location_sharing;
  std::optional<Trace> trace;
  bool any_reg;
  bool restrict_direct;
  std::string data_zone;  // empty: none
  std::string algorithm;  // of a dispatcher
  std::optional<Together> together;
  // By what for they are known, sorted by name; those without an address are left out.
  std::vector<Peer> destinations;
  std::vector<Peer> media;
  std::vector<Peer> members;
  std::vector<Peer> dispatchers;
  std::optional<Peer> failover;

  // Whether it needs a bus: to share limits and calls, or registrations.
  bool has_bus() const { return together.has_value() || location_sharing; }
  bool shares_locations() const { return location_sharing || (together && together->locations); }
  // Whether it opens TLS ports at all.
  bool speaks_tls() const { return tls || webrtc || tls_internals; }
};

// Reads a configuration. Error: kInvalid, with the reason, for what makes no sense or cannot be done.
Result<Wanted> read_wanted(const Place& place, const Configuration& configuration);

// What one member may have of a limit when it hears nobody: the shares of all never add up to more.
std::int64_t share_of(const Together& together, std::int64_t limit);

}  // namespace switchyard::kamailio
