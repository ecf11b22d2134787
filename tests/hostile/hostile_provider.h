#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "tests/hostile/wire_server.h"
#include "tests/support/command.h"

namespace switchyard {

// The simulator's protocol (providers/sim/PROTOCOL.md) spoken by an enemy: an account without servers that behaves,
// except where a test puts something else in its place. Whatever would change the world is noted.
class HostileProvider {
 public:
  using Talk = WireServer::Talk;

  explicit HostileProvider(const ServerIdentity* identity = nullptr);

  // What is said in place of the good answer to "GET /v1/servers" and the like. The page and query count: the longest
  // beginning that fits is taken.
  void instead(const std::string& method_and_path, Talk talk);
  void instead(const std::string& method_and_path, std::string body);

  std::string endpoint(std::string_view host = "127.0.0.1") const { return server_.endpoint(host); }
  int port() const { return server_.port(); }
  std::vector<std::string> changes() const;   // "POST /v1/servers" and so on, in their order
  std::vector<std::string> requests() const;  // all of them
  std::string bodies() const;                 // of all requests, one after the other, for searching

 private:
  bool talk(Wire& wire, const WireRequest& request);

  mutable std::mutex mutex_;
  std::map<std::string, Talk> instead_;
  std::vector<WireRequest> seen_;
  WireServer server_;  // last: it talks as long as it lives
};

// JSON of the protocol.
std::string catalogue_json();
std::string balance_json();
std::string listing_json(const std::string& servers, const std::string& next = "");
// A delivered server; `mark` as JSON, empty: none. `more`: further members, with a comma before.
std::string server_json(const std::string& id, const std::string& mark, const std::string& more = "");
std::string mark_json(const std::string& fleet, const std::string& name, const std::string& uid);

// Account "main" at the endpoint, and Server/a ... in it.
std::string fleet_at(const std::string& endpoint, const std::vector<std::string>& servers, std::string_view more = "");

// The state is sound, whatever happened to the command before.
void expect_sound_state(const Workplace& work);

}  // namespace switchyard
