#pragma once

#include <memory>
#include <string>

#include "providers/sim/ctl.h"
#include "providers/sim/shared_world.h"
#include "providers/sim/sim_provider.h"
#include "tests/support/scratch_folder.h"

// Words that the tests of the simulator share.
namespace switchyard {

inline const CallLimits kLimits{.timeout = std::chrono::seconds(5), .fence = 7};
inline constexpr std::string_view kBeginning = "2026-01-01T00:00:00Z";

// A create of a small switch in London, with two options.
inline CreateRequest wanted(const std::string& name, const std::string& uid = "u1") {
  CreateRequest request{.mark = {.fleet = "main", .key = {.kind = Kind::kServer, .name = name}, .uid = uid},
                        .role = Role::kSwitch,
                        .region = "lon1",
                        .size = "s-1vcpu-2gb",
                        .fields = {},
                        .peers = {},
                        .secrets = {}};
  set_field(request.fields, "spec.channels", 500);
  set_field(request.fields, "spec.options.tlsInternals", false);
  set_field(request.fields, "spec.options.uacPing", true);
  return request;
}

// A world in memory, with its provider and agents in this process, and a person's hands on it.
class SmallWorld {
 public:
  SmallWorld() : SmallWorld(SharedWorld::Options{.path = {}}) {}
  explicit SmallWorld(SharedWorld::Options options)
      : world_(std::make_shared<SharedWorld>(std::move(options))), connection_(sim_connection(world_)) {}

  SharedWorld& time() { return *world_; }
  Provider& provider() { return *connection_.provider; }
  Agent& agent() { return *connection_.agent; }

  Json ctl(const CtlCommand& command) {
    const auto done = world_->by_hand(command);
    return done ? *done : Json(done.error().message);
  }
  void advance(Duration by) { ctl(CtlAdvance{.by = by}); }
  Json dump() { return ctl(CtlDump{}); }
  std::string balance() { return dump().string_or("balance", ""); }
  std::string now() { return to_string(world_->now()); }

  // Creates a server, and waits until it is delivered. Its id.
  std::string delivered(const std::string& name) {
    const auto created = provider().create(wanted(name), kLimits);
    if (!created) return created.error().message;
    while (see(created->id).phase == Phase::kProvisioning) advance_to_next();
    return created->id;
  }
  void advance_to_next() {
    if (const auto next = world_->next_event()) [[maybe_unused]]
      const auto done = world_->advance_to(*next);
  }
  ObservedServer see(const std::string& id) {
    const auto server = provider().get(id, kLimits);
    return server ? *server : ObservedServer{};
  }

 private:
  std::shared_ptr<SharedWorld> world_;  // shared with the provider and agents, as in the program
  Connection connection_;
};

}  // namespace switchyard
