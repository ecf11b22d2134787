#pragma once

#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <memory>
#include <string>

#include "providers/sim/http_provider.h"
#include "providers/sim/server.h"
#include "tests/providers/agent/served_agents.h"
#include "tests/providers/local/local_subject.h"
#include "tests/providers/small_world.h"

// What every Provider and Agent promises is held against the simulator in this process and over HTTP, and against a
// fleet of (fake) agents on this machine, alike.
namespace switchyard {

// A provider under test, with the hands that move its world.
struct Subject {
  Connection connection;
  std::function<Json(const CtlCommand&)> ctl;
  std::shared_ptr<void> keeps;  // whatever serves it
  // Of real machines: waits until a delivery or an action has come to its end; time alone ends none. Empty: simulated.
  std::function<bool(const std::string& id)> settles{};
};

inline Subject in_this_process() {
  auto world = std::make_shared<SharedWorld>(SharedWorld::Options{.path = {}});
  return {.connection = sim_connection(world),
          .ctl = [world](const CtlCommand& command) { return *world->by_hand(command); },
          .keeps = world};
}

inline Subject over_http() {
  ServeOptions options;
  options.port = 0;
  options.speed = 0;
  options.token = "let me in";
  std::shared_ptr<ServedWorld> served = *ServedWorld::open(options);
  const std::string endpoint = served->endpoint();
  return {.connection = http_sim_connection({.endpoint = endpoint, .bearer_token = "let me in"}),
          .ctl =
              [endpoint](const CtlCommand& command) {
                return *run_ctl({.world_file = {}, .endpoint = endpoint, .token = "let me in"}, command);
              },
          .keeps = served};
}

inline Subject on_this_machine() {
  const auto site = std::make_shared<LocalSite>();
  return {.connection = site->connect(LocalFleet::Options::Access::kWrite),
          .ctl = [site](const CtlCommand& command) { return site->ctl(command); },
          .keeps = site,
          .settles = [site](const std::string& id) { return site->settles(id); }};
}

// The world in this process, its agents behind certificates on both sides.
inline Subject over_certificates() {
  Subject subject = in_this_process();
  subject.connection.agent = std::make_unique<ServedAgents>(std::move(subject.connection.agent));
  return subject;
}

class SimContract : public ::testing::TestWithParam<Subject (*)()> {
 protected:
  Provider& provider() { return *subject_.connection.provider; }
  Agent& agent() { return *subject_.connection.agent; }
  Json ctl(const CtlCommand& command) { return subject_.ctl(command); }
  void advance(Duration by) { ctl(CtlAdvance{.by = by}); }
  bool real() const { return static_cast<bool>(subject_.settles); }
  // Until what is under way on it has ended by itself.
  void settle(const std::string& id, Duration simulated) {
    if (real()) {
      EXPECT_TRUE(subject_.settles(id)) << id;
    }
    advance(simulated);
  }
  std::string delivered(const CreateRequest& request) {
    std::string id = provider().create(request, kLimits)->id;
    settle(id, std::chrono::minutes(4));
    return id;
  }
  ObservedServer see(const std::string& id) { return *provider().get(id, kLimits); }
  // Advances until the action under way has ended.
  ObservedServer after_action(const std::string& id) {
    settle(id, std::chrono::minutes(5));
    return see(id);
  }

 private:
  Subject subject_ = GetParam()();
};

inline std::string name_of_subject(const ::testing::TestParamInfo<Subject (*)()>& info) {
  constexpr std::array<const char*, 4> kNames = {"InThisProcess", "OverHttp", "OverCertificates", "OnThisMachine"};
  return kNames.at(info.index);
}

}  // namespace switchyard
