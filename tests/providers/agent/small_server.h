#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "providers/agent/client.h"
#include "providers/agent/identity.h"
#include "providers/agent/service.h"
#include "providers/http/transport.h"
#include "tests/providers/agent/memory_keeper.h"

namespace switchyard {

inline const CallLimits kPatient{.timeout = std::chrono::seconds(10), .fence = 7};

// A server of the fleet: its agent, with the token that it was given.
class SmallServer {
 public:
  SmallServer(std::string uid, const std::string& token) : uid_(std::move(uid)), keeper_(folder_.path().string()) {
    EXPECT_TRUE(invite(keeper_.folder(), {.uid = uid_, .token = token}).ok());
    start();
  }
  explicit SmallServer(const SmallAuthority& fleet, const std::string& uid = "u1")
      : SmallServer(uid, fleet.authority().enrolment_token(uid)) {}

  void start(std::uint16_t port = 0) {
    auto opened = Service::open({.address = "127.0.0.1",
                                 .port = port,
                                 .handshake_time = std::chrono::milliseconds(500),
                                 .on_refusal =
                                     [this](const Refusal& refusal) {
                                       const std::scoped_lock lock(mutex_);
                                       refusals_.push_back(refusal.why);
                                     },
                                 .refusals_apart = std::chrono::milliseconds(0)},
                                keeper_);
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    service_ = *std::move(opened);
  }
  void restart() {
    const std::uint16_t port = service_->port();
    service_.reset();
    start(port);
  }

  MemoryKeeper& keeper() { return keeper_; }
  std::uint16_t port() const { return service_->port(); }
  std::string endpoint() const { return "https://127.0.0.1:" + std::to_string(port()); }
  ObservedServer seen() const {
    ObservedServer server;
    server.id = "id-" + uid_;
    server.name = "lon-1";
    server.mark = Mark{.fleet = "main", .key = {.kind = Kind::kServer, .name = "lon-1"}, .uid = uid_};
    server.ipv4 = "127.0.0.1";
    return server;
  }
  bool enrolled() const { return (*AgentIdentity::open(keeper_.folder(), machine_now()))->enrolled(); }
  std::string certificate() const { return (*AgentIdentity::open(keeper_.folder(), machine_now()))->certificate(); }
  bool token_lies_there() const { return std::filesystem::exists(keeper_.folder() + "/identity/invitation.json"); }
  // Why somebody was turned away, in the whole life of the server, which ends with this.
  std::vector<std::string> refusals() {
    service_.reset();
    return refusals_;
  }

  // What a request gets that shows this certificate and believes whatever answers.
  Result<HttpAnswer> ask(const TlsIdentity& identity, const std::string& method, std::string_view path,
                         const std::string& body = {}) const {
    HttpTransport transport(
        {.endpoint = endpoint(), .bearer_token = {}, .tls = TlsOptions{.identity = identity, .trust = TrustAnybody{}}});
    return transport.send({.method = method,
                           .path = std::string(path),
                           .headers = {{std::string(kFenceHeader), "99"}},
                           .body = body,
                           .timeout = std::chrono::seconds(10)});
  }

 private:
  ScratchFolder folder_;
  const std::string uid_;
  MemoryKeeper keeper_;
  std::mutex mutex_;
  std::vector<std::string> refusals_;
  std::unique_ptr<Service> service_;  // last: its threads use the rest
};

inline AgentClient client_of(const SmallAuthority& fleet, const SmallServer& server) {
  return AgentClient({.folder = fleet.folder(), .port = server.port()});
}

inline Configuration some_configuration() {
  Configuration wanted;
  set_field(wanted.fields, "spec.cps", 100);
  wanted.secrets = {{"carriers.acme.registration.password", "hush"}};
  return wanted;
}

}  // namespace switchyard
