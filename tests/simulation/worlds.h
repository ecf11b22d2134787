#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "providers/sim/shared_world.h"
#include "specs/fleet.h"

namespace switchyard::simulation {

// One server as it truly is at its provider.
struct Machine {
  std::string id;
  std::string name;
  std::string uid;  // empty: carries no mark
  std::string fleet;
  Key key;
  std::string phase;
  std::string region;
  std::string size;
  std::string last_action;
  std::string digest;
  std::optional<Rate> price;
  bool delivered = false;
  bool drained = false;
  std::int64_t channels = 0;
  std::int64_t fence = 0;

  friend bool operator==(const Machine&, const Machine&) = default;
};

// An account as it truly is.
struct Census {
  Money balance;
  std::vector<Machine> machines;  // in the order of their creation
  std::int64_t refused_for_money = 0;
  std::int64_t calls_cut = 0;
  std::array<std::int64_t, kFaultKinds> struck{};

  const Machine* find(std::string_view id) const;
};

// All accounts' worlds, in memory, under one clock.
class Worlds {
 public:
  explicit Worlds(std::uint64_t seed) : seed_(seed) {}

  // Makes the worlds of accounts that have none yet.
  void know(const DesiredFleet& fleet);
  void advance_to(Timestamp time);
  SimReply call(const Call& call) { return world(call.account).call(call); }
  // Whatever cannot be done as things are (a server that expired already) is no failure.
  bool by_hand(const std::string& account, const CtlCommand& command) { return world(account).by_hand(command).ok(); }
  Census census(const std::string& account);
  std::vector<std::string> accounts() const;
  Timestamp beginning();

 private:
  SharedWorld& world(const std::string& account) { return *worlds_.at(account); }

  std::uint64_t seed_;
  std::map<std::string, std::unique_ptr<SharedWorld>> worlds_;
};

}  // namespace switchyard::simulation
