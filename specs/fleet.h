#pragma once

#include <chrono>
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

// The desired fleet: what the YAML says after inheritance, in the form the core decides on.
// Everything is sorted by name, so that the order of files and documents changes nothing (law 1).
namespace switchyard {

// Where a resource is declared: a file as the user named it, and the line on which its document begins.
// It is carried along and shown, and never decides anything.
struct Source {
  std::string file;
  int line = 0;

  friend bool operator==(const Source&, const Source&) = default;
};

// Where a secret comes from: {env: NAME} or {file: path}. The secret itself is read by secrets.h only.
struct SecretRef {
  enum class From { kEnvironment, kFile };
  From from;
  std::string place;  // the variable's name, or the path (already relative to the current folder)

  friend bool operator==(const SecretRef&, const SecretRef&) = default;
};

struct DesiredAccount {
  std::string name;
  std::string provider;  // sim | local | digitalocean | hetzner
  std::string fleet;
  std::string endpoint;  // empty: the provider's own, or embedded for sim
  std::optional<SecretRef> token;
  Currency currency;
  Money deposit_base;
  Money deposit_per_server;
  Money reserve;
  std::optional<Money> credit_line;
  std::optional<Money> budget;
  Duration minimum_runway;
  std::int64_t concurrency;
  std::optional<std::int64_t> requests_per_minute;
  struct DestroyLimit {
    std::int64_t number;
    bool percent;  // of the account's servers, rounded down but at least 1
    friend bool operator==(const DestroyLimit&, const DestroyLimit&) = default;
  } max_destroy;
  std::int64_t sim_seed;
  std::int64_t sim_pace;
  Source source;

  friend bool operator==(const DesiredAccount&, const DesiredAccount&) = default;
};

struct DesiredZone {
  std::string name;
  std::string account;
  std::string region;
  std::optional<std::string> failover;
  std::string timezone;
  std::vector<std::string> formerly;
  Source source;

  friend bool operator==(const DesiredZone&, const DesiredZone&) = default;
};

struct DesiredCluster {
  std::string name;
  std::optional<std::int64_t> cps;  // for all members together
  std::optional<std::int64_t> channels;
  std::int64_t max_unavailable;
  Duration drain_timeout;
  bool shares;  // members speak with each other over a bus: dialogs, throughput or locations are shared
  enum class OnTimeout { kRelease, kKeep } on_timeout;
  std::vector<std::string> formerly;
  Source source;

  friend bool operator==(const DesiredCluster&, const DesiredCluster&) = default;
};

// What a server is for. A media server is an RtpServer document.
enum class Role { kSwitch, kDispatcher, kMedia };
std::string_view to_string(Role role);  // "switch", "dispatcher", "media"
std::optional<Role> parse_role(std::string_view text);

enum class Power { kRunning, kStopped };

struct SecretField {
  std::string path;  // "carriers.acme.registration.password", "certificates.main.key", "certificates.main.chain"
  SecretRef ref;

  friend bool operator==(const SecretField&, const SecretField&) = default;
};

// A machine that is wanted: a Server, a member of a ServerSet, or an RtpServer.
struct DesiredServer {
  Key key;  // kServer or kRtpServer
  Role role;
  std::string alias;
  std::string zone;
  std::string account;  // the zone's
  std::string region;   // the zone's
  std::optional<std::string> cluster;
  std::string size;
  std::int64_t channels;  // maxSessions of a media server
  std::int64_t cps;       // 0 for a media server
  std::int64_t weight;
  std::int64_t priority;
  Power power;
  bool protect;
  bool auto_upgrade;
  bool restrict_direct;                         // switches: takes calls from the dispatchers of its cluster only
  std::optional<std::string> failover;          // switches: the one that it names in a 302 when it is full
  std::optional<std::string> balancer_cluster;  // dispatchers: whose switches it spreads calls over
  std::vector<std::string> media;  // names of the RtpServers a switch uses (options.rtp, or all of its zone), sorted
  std::vector<std::pair<std::string, std::string>> labels;  // sorted by name
  std::vector<std::string> formerly;
  std::string digest;  // digest_of(fields)
  Source source;       // of the Server, ServerSet or RtpServer document

  friend bool operator==(const DesiredServer&, const DesiredServer&) = default;
};

// Gives a server's whole configuration on demand; holding all of a large fleet's would take too much memory.
class FieldSource {
 public:
  virtual ~FieldSource() = default;
  // The fields of `servers[index]` of the fleet this belongs to.
  virtual Fields fields(std::size_t index) const = 0;
  // Its secrets by field path, sorted.
  virtual std::vector<SecretField> secrets(std::size_t index) const = 0;
};

struct DesiredFleet {
  std::vector<DesiredAccount> accounts;  // sorted by name
  std::vector<DesiredZone> zones;        // sorted by name
  std::vector<DesiredCluster> clusters;  // sorted by name
  std::vector<DesiredServer> servers;    // sorted by key
  // Keys of every document (Carrier, Certificate, ServerSet included), with where each stands; sorted by key.
  std::vector<std::pair<Key, Source>> documents;
  // "sha256:..." over all resources after inheritance; no key, no secret, no position enters it.
  std::string digest;
  // The given PATHs as absolute, symlink-free paths, sorted: the scope of removal (law 8).
  std::vector<std::string> scope;
  const FieldSource* field_source = nullptr;  // outlives the fleet; see LoadedSpecs

  const DesiredAccount* account(std::string_view name) const;
  const DesiredZone* zone(std::string_view name) const;
  const DesiredCluster* cluster(std::string_view name) const;
  const DesiredServer* server(const Key& key) const;
  // The index of a server in `servers`, for field_source.
  std::size_t index_of(const DesiredServer& server) const { return static_cast<std::size_t>(&server - servers.data()); }
};

}  // namespace switchyard
