#pragma once

#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "specs/base/result.h"
#include "state/model/action.h"
#include "state/model/observation.h"

namespace switchyard {

// What goes with every call: how long it may take in all, the fencing number of the lock it is made under, and when
// nobody waits for its answer any more: it ends soon then, and what became of it is not known.
struct CallLimits {
  Duration timeout;
  std::int64_t fence;
  std::stop_token give_up{};
};

struct ListPage {
  std::vector<ObservedServer> servers;
  std::string next;  // what to ask for next; empty: this was the last page
  Timestamp now;     // provider's clock
};

// A server to be made. Everything but `secrets` is written into the intent.
struct CreateRequest {
  Mark mark;
  Role role;
  std::string region;
  std::string size;
  Fields fields;
  std::vector<Peer> peers;
  std::vector<std::pair<std::string, std::string>> secrets;  // field path -> the secret itself
};

// A configuration for an agent: whole, never a difference.
struct Configuration {
  Fields fields;
  std::vector<Peer> peers;
  std::vector<std::pair<std::string, std::string>> secrets;
};

struct Created {
  std::string id;
  Timestamp now;  // provider's clock
};

// The provider took an action; whether it is done is seen in later listings (ObservedServer::last_action).
struct Accepted {
  std::string action_id;
  Timestamp now;  // provider's clock
};

// Rents, powers and removes servers, and knows the account's balance. One object an account. Thread-safe: the runner
// calls it from several threads; a call blocks until its answer or its timeout. A mutating call is sent once; when no
// usable answer came it fails with kOutcomeUnknown, and only a call that never left fails with kNotSent.
// An answer that makes no sense is kUnreadable for reads and kOutcomeUnknown for mutations.
class Provider {
 public:
  virtual ~Provider() = default;

  virtual Result<Catalogue> catalogue(const CallLimits& limits) = 0;
  virtual Result<Balance> balance(const CallLimits& limits) = 0;
  // One page of all servers of the account, ours or not. `page` empty for the first.
  virtual Result<ListPage> list(std::string_view page, const CallLimits& limits) = 0;
  // kNotFound: the provider says that there is no such server.
  virtual Result<ObservedServer> get(std::string_view id, const CallLimits& limits) = 0;

  virtual Result<Created> create(const CreateRequest& request, const CallLimits& limits) = 0;
  // Removes a server; one that is not there (any more) is success.
  virtual Result<Done> remove(std::string_view id, const CallLimits& limits) = 0;
  // start stop restart os-cycle power-cycle reactivate install, and resize with {"size": "..."} in `arguments`.
  virtual Result<Accepted> act(std::string_view id, Action action, const Json& arguments, const CallLimits& limits) = 0;
  // Puts our mark on a server that has none (`import`). One that carries the same fleet and uid takes the mark's new
  // name (`metadata.formerly`); its uid, once put, stays. kRefused when it carries another fleet's or uid's mark.
  virtual Result<Done> mark(std::string_view id, const Mark& mark, const CallLimits& limits) = 0;
};

// Speaks with the daemon on a server. Thread-safe like Provider. `server` says whom to dial.
class Agent {
 public:
  virtual ~Agent() = default;

  virtual Result<AgentReport> status(const ObservedServer& server, const CallLimits& limits) = 0;
  // Brings the whole configuration into force at its cheapest level; it is in force when a report shows its digest.
  virtual Result<Done> configure(const ObservedServer& server, const Configuration& wanted,
                                 const CallLimits& limits) = 0;
  // drain undrain flush upgrade.
  virtual Result<Done> act(const ObservedServer& server, Action action, const CallLimits& limits) = 0;
};

// Everything that is reached for one account.
struct Connection {
  std::unique_ptr<Provider> provider;
  std::unique_ptr<Agent> agent;
};

}  // namespace switchyard
