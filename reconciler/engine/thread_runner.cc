#include <condition_variable>
#include <deque>
#include <mutex>
#include <stop_token>
#include <thread>

#include "reconciler/engine/runner.h"
#include "state/machine_clock.h"

namespace switchyard {
namespace {

// A slice of waiting after which a signal is noticed: a handler may not wake a condition variable.
constexpr std::chrono::milliseconds kSlice{50};

// The only threads within the engine (law 2). Each takes a call, blocks until it has ended, and puts its answer on the
// pile.
class ThreadRunner : public Runner {
 public:
  ThreadRunner(std::map<std::string, Connection*> connections, int threads)
      : connections_(std::move(connections)), most_(threads) {}

  ~ThreadRunner() override {
    {
      const std::scoped_lock guard(mutex_);
      closing_ = true;
      waiting_.clear();
    }
    to_do_.notify_all();
    // Nobody waits for an answer any more: an intent that is open stays so, and the next run looks what became of it.
    leaving_.request_stop();
    threads_.clear();
  }

  Timestamp now() override { return machine_now(); }

  void start(CallId id, Call call) override {
    call.limits.give_up = leaving_.get_token();
    {
      const std::scoped_lock guard(mutex_);
      waiting_.emplace_back(id, std::move(call));
      // An idle one may be meant for a call that waits already.
      if (idle_ < std::ssize(waiting_) && std::ssize(threads_) < most_) {
        threads_.emplace_back([this] { work(); });
      }
    }
    to_do_.notify_one();  // whoever wakes finds the mutex free
  }

  std::vector<Completion> wait(Timestamp due) override {
    const int stops_before = stops();
    std::unique_lock guard(mutex_);
    while (ended_.empty() && stops() == stops_before) {
      const Timestamp time = now();
      if (time >= due) break;
      done_.wait_for(guard, std::min<Duration>(due - time, kSlice));
    }
    return std::exchange(ended_, {});
  }

  int stops() override { return signals_received(); }

 private:
  void work() {
    std::unique_lock guard(mutex_);
    for (;;) {
      ++idle_;
      to_do_.wait(guard, [this] { return closing_ || !waiting_.empty(); });
      --idle_;
      if (closing_) return;
      auto [id, call] = std::move(waiting_.front());
      waiting_.pop_front();
      guard.unlock();
      const auto connection = connections_.find(call.account);
      Result<Answer> answer = connection == connections_.end()
                                  ? Result<Answer>(Error{ErrorCode::kInvalid, "no account \"" + call.account + "\""})
                                  : perform(call, *connection->second);
      guard.lock();
      ended_.push_back(Completion{id, std::move(answer)});
      if (ended_.size() == 1) done_.notify_one();  // the others are taken up with it
    }
  }

  const std::map<std::string, Connection*> connections_;
  const int most_;
  std::mutex mutex_;
  std::condition_variable to_do_;
  std::condition_variable done_;
  std::deque<std::pair<CallId, Call>> waiting_;
  std::vector<Completion> ended_;
  std::ptrdiff_t idle_ = 0;
  bool closing_ = false;
  std::stop_source leaving_;
  std::vector<std::jthread> threads_;  // last: joined before the rest goes
};

}  // namespace

std::unique_ptr<Runner> make_thread_runner(std::map<std::string, Connection*> connections, int threads) {
  return std::make_unique<ThreadRunner>(std::move(connections), threads);
}

}  // namespace switchyard
