#pragma once

#include <unistd.h>

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "providers/agent/client.h"
#include "providers/agent/daemon/keeper.h"
#include "providers/agent/identity.h"
#include "providers/agent/service.h"
#include "providers/sim/sim_provider.h"
#include "tests/providers/agent/two_fleets.h"

// The simulator's agents behind the real link: each server has a service at an address of its own, which answers while
// the server runs, and the fleet's reconciler dials it.
namespace switchyard {

// One server of a simulated world, as its daemon would keep it.
class WorldKeeper : public Keeper {
 public:
  // `world` outlives it.
  WorldKeeper(Agent& world, ObservedServer server, std::string folder)
      : world_(world), server_(std::move(server)), folder_(std::move(folder)) {}

  Result<Done> admit(std::int64_t fence) override {
    const std::scoped_lock lock(mutex_);
    if (fence < fence_) return Error{ErrorCode::kFenced, "a newer owner of the lock has been here"};
    fence_ = fence;
    return Done{};
  }
  Result<Done> configure(const Configuration& wanted, Duration patience) override {
    return world_.configure(server_, wanted, limits(patience));
  }
  Result<Done> act(Action action, Duration patience) override { return world_.act(server_, action, limits(patience)); }
  AgentReport report() override { return *world_.status(server_, limits(std::chrono::seconds(1))); }
  const std::string& folder() const override { return folder_; }

 private:
  CallLimits limits(Duration patience) {
    const std::scoped_lock lock(mutex_);
    return {.timeout = patience, .fence = fence_};
  }

  Agent& world_;
  const ObservedServer server_;
  const std::string folder_;
  std::mutex mutex_;
  std::int64_t fence_ = 0;
};

class ServedAgents : public Agent {
 public:
  explicit ServedAgents(std::unique_ptr<Agent> world)
      : world_(std::move(world)), client_({.folder = fleet_.folder(), .port = kPort}) {}

  Result<AgentReport> status(const ObservedServer& server, const CallLimits& limits) override {
    return client_.status(at_its_address(server), limits);
  }
  Result<Done> configure(const ObservedServer& server, const Configuration& wanted, const CallLimits& limits) override {
    return client_.configure(at_its_address(server), wanted, limits);
  }
  Result<Done> act(const ObservedServer& server, Action action, const CallLimits& limits) override {
    return client_.act(at_its_address(server), action, limits);
  }

 private:
  static constexpr std::uint16_t kPort = kAgentPort;

  struct Home {
    ScratchFolder folder;
    std::string address;
    std::unique_ptr<WorldKeeper> keeper;
    std::unique_ptr<Service> service;  // none while the server does not run
  };

  // The server with its service up, if it runs.
  ObservedServer at_its_address(ObservedServer server) {
    const auto [place, fresh] = homes_.try_emplace(server.id);
    Home& home = place->second;
    if (fresh) {
      EXPECT_TRUE(invite(home.folder.path().string(),
                         {.uid = server.mark->uid, .token = fleet_.authority().enrolment_token(server.mark->uid)})
                      .ok());
      home.keeper = std::make_unique<WorldKeeper>(*world_, server, home.folder.path().string());
    }
    const bool runs = world_->status(server, {.timeout = std::chrono::seconds(1), .fence = 0}).ok();
    if (!runs) home.service.reset();
    if (runs && !home.service) open(home);
    server.ipv4 = home.address;
    return server;
  }

  void open(Home& home) {
    // Addresses of 127.66.0.0/16 that nobody else on this machine uses at the moment.
    for (int i = 0; i < 250 && !home.service; ++i) {
      if (home.address.empty() || i > 0) {
        home.address = "127.66." + std::to_string(1 + ::getpid() % 250) + "." + std::to_string(1 + next_++ % 250);
      }
      auto service = Service::open({.address = home.address, .port = kPort}, *home.keeper);
      if (service) home.service = *std::move(service);
    }
    EXPECT_TRUE(home.service != nullptr);
  }

  SmallAuthority fleet_;
  std::unique_ptr<Agent> world_;
  AgentClient client_;
  std::map<std::string, Home> homes_;
  int next_ = 0;
};

}  // namespace switchyard
