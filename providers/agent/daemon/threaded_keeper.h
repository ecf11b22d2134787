#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "providers/agent/daemon/control.h"
#include "providers/agent/daemon/keeper.h"

namespace switchyard {

// A Control in a thread of its own, and letters to it from all others.
class ThreadedKeeper : public Keeper {
 public:
  // `control` is open()ed, outlives this, and is touched by this one's thread alone from now on.
  ThreadedKeeper(Control& control, std::string folder);
  ~ThreadedKeeper() override;  // letters that were not read are answered with kCancelled

  Result<Done> admit(std::int64_t fence) override;
  Result<Done> configure(const Configuration& wanted, Duration patience) override;
  Result<Done> act(Action action, Duration patience) override;
  AgentReport report() override;
  const std::string& folder() const override { return folder_; }

 private:
  struct Letter {
    std::function<Result<Done>(Control&)> ask;
    std::promise<Result<Done>> answer;
  };

  std::future<Result<Done>> send(std::function<Result<Done>(Control&)> ask);
  void run(const std::stop_token& stop);

  Control& control_;
  std::string folder_;
  std::mutex mutex_;
  std::condition_variable_any letters_arrived_;
  std::deque<Letter> letters_;
  AgentReport latest_;
  std::jthread thread_;  // last: it uses all of the above
};

}  // namespace switchyard
