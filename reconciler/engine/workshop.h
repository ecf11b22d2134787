#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "reconciler/core/fleet_index.h"
#include "reconciler/core/peers.h"
#include "reconciler/engine/hands.h"
#include "reconciler/engine/observer.h"
#include "specs/base/random.h"

namespace switchyard {

// What the parts of one engine work with: what is wanted, what is known, and the means to look and to act.
class Workshop {
 public:
  Workshop(Store& store, Lock* lock, Runner& runner, EngineOptions options);

  EngineOptions options;
  Store& store;
  WorldView view;
  Hands hands;
  Observer observer;
  Random random;
  const LoadedSpecs* specs = nullptr;
  // Ids of machines for whose removal this command has asked, by account; without what was given up (law 8).
  std::map<std::string, std::set<std::string>> removed;

  const DesiredFleet& desired() const { return specs->fleet; }
  Timestamp now() { return hands.now(); }

  // Absolute, symlink-free path of the file that declares a server (law 8).
  std::string source_path(const DesiredServer& server);
  // The machine that is a wanted server now, in whichever account; nullptr: none. While a replacement is under way it
  // is the successor as soon as that is delivered.
  ObservedServer* machine_of(const DesiredServer& server);
  // All machines of declared accounts that carry a resource's mark, without those under a uid that was given up.
  std::vector<ObservedServer*> machines_marked(const Key& key);
  // The peers a server is to have with what is known now.
  std::vector<Peer> peers_now(const DesiredServer& server);
  // All that a server is to have, with what is known now. Error: of a secret that cannot be read.
  Result<std::optional<Configuration>> configuration_of(const DesiredServer& server);
  // What is in force on a machine, but with the peers it is to have meanwhile. Nothing: the one cannot be told from the
  // other (any more). Error: of a secret that cannot be read.
  Result<std::optional<Configuration>> with_other_peers(const DesiredServer& server, const ObservedServer& machine);
  // A secret, read once. Errors: those of read_secret().
  Result<std::string> secret(const SecretRef& ref);
  // Its secrets by field path. Error: of the first that cannot be read.
  Result<std::vector<std::pair<std::string, std::string>>> secrets_of(const DesiredServer& server);
  // Whether an agent runs with a server's secrets as they are now.
  bool has_secrets(const DesiredServer& server, const AgentReport& agent);
  // What the secrets' fingerprints are under each server's salt; for the diff.
  void compute_fingerprints();
  // Servers that exist or are on their way.
  std::int64_t servers_in(const std::string& account);
  // What an account offers; nothing where that is not known. Good until the account is looked at again.
  const Catalogue& catalogue_of(const std::string& account);
  // The last `now` of an account's provider.
  std::optional<Timestamp> provider_now(const std::string& account);

  // Who is who with what is known now; rebuilt when that changed.
  const FleetIndex& fleet();
  const PeerIndex& peers();

  std::string new_uid();
  // Puts a failure down and when to try again: 30 s, doubled each time up to an hour, with jitter from the seed.
  void failed(const Key& resource, Action action, std::string message);
  void succeeded(const Key& resource, Action action);
  void event(const Key& resource, const std::string& account, std::string type, std::string message);
  void declare(const DesiredServer& server, const std::string& uid);
  // view.declarations with all that was declared since; sorted by resource. Within the engine nobody reads the view's
  // own: thousands of creates in a row do not each move all that lie behind.
  std::vector<Declaration>& declarations();

 private:
  Declaration* declaration_of(const Key& resource);
  std::vector<Peer> leaving_members(const DesiredServer& server);

  std::map<Key, Declaration> declared_;  // not in view.declarations yet
  std::map<std::string, std::string> source_paths_;
  std::map<std::pair<SecretRef::From, std::string>, std::string> secrets_;
  std::unique_ptr<PeerWishes> wishes_;
  const LoadedSpecs* wishes_of_ = nullptr;
  std::unique_ptr<FleetIndex> fleet_;
  std::unique_ptr<PeerIndex> peers_;
  std::int64_t fleet_version_ = -1;
  PeerIndex::ByGroup leaving_;
  std::int64_t leaving_version_ = -1;  // Observer::unwanted_version()
};

}  // namespace switchyard
