#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "specs/base/fields.h"
#include "specs/base/key.h"
#include "specs/base/money.h"
#include "specs/base/timestamp.h"
#include "specs/fleet.h"

// What a provider or an agent last saw, and when (design 1: "observed").
namespace switchyard {

// What a server carries at its provider to say whose it is.
struct Mark {
  std::string fleet;
  Key key;          // kServer or kRtpServer and metadata.name
  std::string uid;  // fixed in the intent of its create

  friend bool operator==(const Mark&, const Mark&) = default;
};

enum class Phase { kProvisioning, kActive, kStopped, kExpired, kDraining, kUpdating, kFailed };
std::string_view to_string(Phase phase);
std::optional<Phase> parse_phase(std::string_view text);

// A server that another one must know by address.
struct Peer {
  enum class For {
    kDestination,  // a switch that a dispatcher sends calls to
    kMedia,        // a media server of a switch
    kMember,       // another switch of its cluster: nobody else is heard on the bus
    kFailover,     // the switch that it names in a 302 when it is full
    kDispatcher,   // a dispatcher that may send it calls (restrictDirect)
  };
  For purpose;
  std::string name;     // metadata.name
  std::string address;  // empty: not delivered yet
  std::int64_t weight;  // of a destination; 1 otherwise

  friend bool operator==(const Peer&, const Peer&) = default;
};
std::string_view to_string(Peer::For purpose);  // "destination", "media", "member", "failover", "dispatcher"
std::optional<Peer::For> parse_peer_purpose(std::string_view text);

// What the agent on a server says of it.
struct AgentReport {
  Timestamp at;                          // provider's clock (the agent's own until it is brought over)
  std::string applied;                   // the fields in force, as the text of to_json(Fields); parsed only when needed
  std::string applied_digest;            // digest_of(those fields)
  std::vector<Peer> peers;               // sorted by purpose, name
  std::optional<std::int64_t> channels;  // calls in use; nothing: unknown, which is not zero
  std::optional<std::int64_t> cps;       // now
  bool drained = false;                  // refuses new calls
  std::optional<Timestamp> booted;       // proof of a restart
  std::string release;
  std::string pending_release;  // empty: none
  std::optional<std::int64_t> sip_latency_us;
  std::optional<std::int64_t> icmp_latency_us;
  std::string salt;                                               // of the fingerprints, kept with the server
  std::vector<std::pair<std::string, std::string>> fingerprints;  // field path -> hmac_sha256_hex(salt, secret), sorted
  // Whatever else it sees, for people: a JSON object of its own shape (providers/agent/README.md). Empty: nothing.
  std::string details{};

  friend bool operator==(const AgentReport&, const AgentReport&) = default;
};

struct ObservedServer {
  std::string account;
  std::string id;            // the provider's
  std::optional<Mark> mark;  // nothing: not ours
  std::string name;          // shown at the provider
  std::optional<Role> role;  // as marked at the provider
  std::string region;
  std::string size;
  Phase phase = Phase::kProvisioning;
  std::string ipv4;
  std::string ipv6;
  std::optional<Timestamp> created;    // provider's clock
  std::optional<Timestamp> delivered;  // provider's clock; nothing: not delivered yet
  std::optional<Timestamp> expires;    // end of a test period
  std::optional<Rate> price;           // by the hour; nothing: unknown
  // The last action that the provider took on it: its id (proof that it happened) and how it stands.
  std::string last_action;
  enum class ActionState { kNone, kRunning, kDone, kFailed } last_action_state = ActionState::kNone;
  std::string last_action_message;   // why it failed, where the provider says so
  std::optional<AgentReport> agent;  // nothing: no agent has reported yet
  Timestamp seen{};                  // provider's `now` of the answer that showed it
  // Law 4, kept by the engine: since when complete listings lack it, in how many, and whether a GET answered 404.
  std::optional<Timestamp> missing_since;
  std::int64_t missing_listings = 0;
  bool confirmed_gone = false;

  friend bool operator==(const ObservedServer&, const ObservedServer&) = default;
};

std::string_view to_string(ObservedServer::ActionState state);
std::optional<ObservedServer::ActionState> parse_action_state(std::string_view text);

struct Balance {
  Money amount;  // what the provider says is there; negative: owed
  Timestamp at;  // provider's clock: when it was so

  friend bool operator==(const Balance&, const Balance&) = default;
};

struct SizeOffer {
  std::string name;
  std::optional<Rate> price;  // by the hour
  friend bool operator==(const SizeOffer&, const SizeOffer&) = default;
};

// What a provider offers, and what its driver can do.
struct Catalogue {
  std::vector<std::string> regions;  // sorted; empty: unknown, nothing is refused
  std::vector<SizeOffer> sizes;      // sorted by name; empty: unknown
  Duration settling{};               // how long a new or removed server may be missing from or linger in listings
  Duration delivery{};               // after this a delivery is late (5 min by default)
  Duration delivery_failed{};        // after this it has failed (15 min)
  bool agents = true;                // servers carry an agent; without one options are applied by install
  bool resize_is_live = false;

  friend bool operator==(const Catalogue&, const Catalogue&) = default;
};

// One account as last observed.
struct ObservedAccount {
  std::string name;
  std::optional<Balance> balance;
  std::optional<Catalogue> catalogue;
  std::optional<Timestamp> listed;      // provider's `now` of the last complete listing; nothing: never observed
  std::optional<Timestamp> looked;      // the engine's clock when that listing's answer came: ties the two clocks
  std::optional<Error> trouble;         // why the newest look failed, if it did: then `servers` is older than that
  std::vector<ObservedServer> servers;  // sorted by name, then id; missing ones included

  friend bool operator==(const ObservedAccount&, const ObservedAccount&) = default;
};

// What the account's provider's clock says when the engine's says `now`, for ages of what the provider reported. While
// nothing ties the two clocks they are taken to be one.
Timestamp provider_clock(const ObservedAccount& account, Timestamp now);

// Json forms, for state rows, the provider protocol and --json.
Json to_json(const ObservedServer& server);
Result<ObservedServer> observed_server_from_json(const Json& json);
Json to_json(const Catalogue& catalogue);
Result<Catalogue> catalogue_from_json(const Json& json);
Json to_json(const Peer& peer);
Result<Peer> peer_from_json(const Json& json);

}  // namespace switchyard
