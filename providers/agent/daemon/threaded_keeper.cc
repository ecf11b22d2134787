#include "providers/agent/daemon/threaded_keeper.h"

#include <chrono>
#include <utility>

namespace switchyard {
namespace {

// Between two looks at whether the process is alive.
constexpr Duration kPulse = std::chrono::milliseconds(500);
// A reading takes some milliseconds; when the loop is busy with a restart, the newest report does.
constexpr Duration kPatienceForReport = std::chrono::milliseconds(1500);
// A note on the disk; only a restart under way holds it up.
constexpr Duration kPatienceForFence = std::chrono::seconds(10);

}  // namespace

ThreadedKeeper::ThreadedKeeper(Control& control, std::string folder)
    : control_(control),
      folder_(std::move(folder)),
      latest_(control.report()),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

ThreadedKeeper::~ThreadedKeeper() {
  thread_.request_stop();
  thread_.join();
}

std::future<Result<Done>> ThreadedKeeper::send(std::function<Result<Done>(Control&)> ask) {
  Letter letter{.ask = std::move(ask), .answer = {}};
  std::future<Result<Done>> answer = letter.answer.get_future();
  {
    const std::scoped_lock lock(mutex_);
    letters_.push_back(std::move(letter));
  }
  letters_arrived_.notify_all();
  return answer;
}

// However much is asked of it, it looks after its process once a pulse.
void ThreadedKeeper::run(const std::stop_token& stop) {
  auto next_step = std::chrono::steady_clock::now();
  while (!stop.stop_requested()) {
    Letter letter;
    {
      std::unique_lock lock(mutex_);
      letters_arrived_.wait_until(lock, stop, next_step, [this] { return !letters_.empty(); });
      if (stop.stop_requested()) break;
      if (!letters_.empty()) {
        letter = std::move(letters_.front());
        letters_.pop_front();
      }
    }
    if (letter.ask) letter.answer.set_value(letter.ask(control_));
    if (std::chrono::steady_clock::now() < next_step) continue;
    control_.step();
    next_step = std::chrono::steady_clock::now() + kPulse;
  }
  const std::scoped_lock lock(mutex_);
  for (Letter& letter : letters_) letter.answer.set_value(Error{ErrorCode::kCancelled, "the agent is ending"});
  letters_.clear();
}

Result<Done> ThreadedKeeper::admit(std::int64_t fence) {
  std::future<Result<Done>> answer = send([fence](Control& control) { return control.admit(fence); });
  if (answer.wait_for(kPatienceForFence) == std::future_status::ready) return answer.get();
  return Error{ErrorCode::kConflict, "the agent is busy with a restart of its process; ask again"};
}

Result<Done> ThreadedKeeper::configure(const Configuration& wanted, Duration patience) {
  std::future<Result<Done>> answer = send([wanted](Control& control) { return control.configure(wanted); });
  return answer.wait_for(patience) == std::future_status::ready ? answer.get() : Result<Done>(Done{});
}

Result<Done> ThreadedKeeper::act(Action action, Duration patience) {
  std::future<Result<Done>> answer = send([action](Control& control) { return control.act(action); });
  return answer.wait_for(patience) == std::future_status::ready ? answer.get() : Result<Done>(Done{});
}

AgentReport ThreadedKeeper::report() {
  std::future<Result<Done>> answer = send([this](Control& control) -> Result<Done> {
    AgentReport report = control.report();
    const std::scoped_lock lock(mutex_);
    latest_ = std::move(report);
    return Done{};
  });
  answer.wait_for(kPatienceForReport);
  const std::scoped_lock lock(mutex_);
  return latest_;
}

}  // namespace switchyard
