#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "providers/sim/shared_world.h"
#include "reconciler/engine/runner.h"
#include "specs/base/random.h"

namespace switchyard::simulation {

// What lies between the engine and its providers. Every call takes its time to get there, and its answer to come back;
// calls overtake each other. What is under way when its sender dies arrives all the same (law 3), but never later than
// its deadline (law 11).
class Network {
 public:
  explicit Network(std::uint64_t seed) : random_(seed) {}

  // `sender`: which run of an engine.
  void send(int sender, CallId id, Call call, Timestamp now);
  // When the next call or answer arrives.
  std::optional<Timestamp> next() const;
  // Lets arrive what is due by `now`, in order of time.
  using CarryOut = std::function<SimReply(const Call&)>;
  using Told = std::function<void(const Call&, const Result<Answer>&)>;
  void pass(Timestamp now, const CarryOut& carry_out, const Told& told);
  // The answers that have come back to `sender`.
  std::vector<Completion> take(int sender);
  // A sender lives from its first call until it is forgotten; nothing comes back to one that does not.
  void forget(int sender) { back_.erase(sender); }
  // A call about this server is under way.
  bool concerns(const std::string& account, const std::string& id) const;

  void set_slow(bool slow) { slow_ = slow; }

 private:
  struct Packet {
    int sender;
    CallId id;
    Call call;
    Timestamp deadline;
    std::optional<Result<Answer>> answer;  // on its way back
  };
  Duration one_way();

  Random random_;
  bool slow_ = false;
  std::uint64_t sent_ = 0;
  // By arrival; of those that arrive at the same moment, the one that left first.
  std::map<std::pair<Timestamp, std::uint64_t>, Packet> under_way_;
  std::map<int, std::vector<Completion>> back_;
};

// The server that a call is about; empty: none.
std::string server_of(const Call& call);

}  // namespace switchyard::simulation
