#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "reconciler/engine/runner.h"
#include "state/store.h"

namespace switchyard::testing {

// The numbered effects of one command, and the one at which it is to die.
struct Points {
  std::int64_t passed = 0;
  std::optional<std::int64_t> fatal{};
  std::string died_at;  // "sync state.db-wal", "send create Server/a ..."

  // Counts one more; true: it is the last.
  bool pass(const std::string& what);
};

// A call that had left when its sender died, and that reaches the provider while the next program works.
struct LateCall {
  Call call;
  int calls_before;  // it arrives before so many calls of the next program, or at `at`
  Timestamp at;
};

// What the calls of several lives did to the worlds.
struct Deeds {
  std::map<std::string, int> actions;      // "Server/a restart" -> how often the provider took it
  std::vector<std::string> without_proof;  // calls that were sent without an intent in the store (law 3)
};

// A runner whose every call and answer is a point at which the program may die, which is what `die` does (it does not
// return). Checks law 3 at every call that changes the world.
class PointRunner : public Runner {
 public:
  struct Parts {
    std::map<std::string, Connection*> connections;
    std::unique_ptr<Runner> inner;
    Store& store;
    Points& points;
    Deeds& deeds;
    std::optional<LateCall>& late;
    std::function<void(const Call* sending)> die;
    std::function<void()> check_alive;  // does not return when the program is dead already
    std::function<std::map<std::string, std::string>(const std::string& account)>
        last_actions;  // of its servers, by id
  };
  explicit PointRunner(Parts parts) : parts_(std::move(parts)) {}

  Timestamp now() override { return parts_.inner->now(); }
  void start(CallId id, Call call) override;
  std::vector<Completion> wait(Timestamp due) override;
  int stops() override { return 0; }

 private:
  void arrive_late();
  // Runs `send`, and notes which actions the provider took meanwhile.
  void watch(const Call& call, const std::function<void()>& send);

  Parts parts_;
  std::map<CallId, std::string> under_way_;
};

}  // namespace switchyard::testing
