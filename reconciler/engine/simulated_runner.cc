#include <algorithm>
#include <thread>

#include "reconciler/engine/runner.h"

namespace switchyard {
namespace {

// A slice of waiting after which a signal is noticed.
constexpr std::chrono::milliseconds kSlice{50};

// Calls are answered at once, in the order in which they were started; time moves only while the engine waits.
class SimulatedRunner : public Runner {
 public:
  SimulatedRunner(std::map<std::string, Connection*> connections, std::vector<SimulatedTime*> worlds, std::int64_t pace)
      : connections_(std::move(connections)), worlds_(std::move(worlds)), pace_(pace) {
    for (SimulatedTime* world : worlds_) now_ = std::max(now_, world->now());
    for (SimulatedTime* world : worlds_) behind_.push_back(now_ - world->now());
  }

  Timestamp now() override { return now_; }

  void start(CallId id, Call call) override {
    const auto connection = connections_.find(call.account);
    Result<Answer> answer = connection == connections_.end()
                                ? Result<Answer>(Error{ErrorCode::kInvalid, "no account \"" + call.account + "\""})
                                : perform(call, *connection->second);
    ended_.push_back(Completion{id, std::move(answer)});
  }

  std::vector<Completion> wait(Timestamp due) override {
    if (ended_.empty() && due > now_) advance(due);
    return std::exchange(ended_, {});
  }

  int stops() override { return signals_received(); }

 private:
  void advance(Timestamp due) {
    const int stops_before = stops();
    if (pace_ > 0) {
      while (now_ < due && stops() == stops_before) {
        const auto step = std::min<Duration>(due - now_, kSlice * pace_);
        std::this_thread::sleep_for(step / pace_);
        move_to(now_ + step);
      }
    } else {
      move_to(due);
    }
  }

  void move_to(Timestamp time) {
    for (std::size_t i = 0; i < worlds_.size(); ++i) {
      // A world that cannot be moved (its disk is full) answers its next call with the reason.
      (void)worlds_[i]->advance_to(time - behind_[i]).ok();
    }
    now_ = time;
  }

  std::map<std::string, Connection*> connections_;
  std::vector<SimulatedTime*> worlds_;
  std::vector<Duration> behind_;  // by how much each world's clock is behind the engine's
  std::int64_t pace_;
  Timestamp now_{};
  std::vector<Completion> ended_;
};

}  // namespace

std::unique_ptr<Runner> make_simulated_runner(std::map<std::string, Connection*> connections,
                                              std::vector<SimulatedTime*> worlds, std::int64_t pace) {
  return std::make_unique<SimulatedRunner>(std::move(connections), std::move(worlds), pace);
}

}  // namespace switchyard
