#include <atomic>
#include <csignal>

#include "reconciler/engine/runner.h"

namespace switchyard {
namespace {

// A signal handler may touch nothing else; this counter is the one thing in the program that is shared this way.
std::atomic<int> received{0};
static_assert(std::atomic<int>::is_always_lock_free);

void count_signal(int /*number*/) {
  received.fetch_add(1, std::memory_order_relaxed);
}

// Whoever started us with a signal ignored (nohup, a shell's background job) wants it ignored.
void count_unless_ignored(int number, const struct sigaction& on_stop) {
  struct sigaction before {};
  if (sigaction(number, nullptr, &before) == 0 && before.sa_handler == SIG_IGN) return;
  sigaction(number, &on_stop, nullptr);
}

}  // namespace

void install_signal_handlers() {
  struct sigaction on_stop {};
  on_stop.sa_handler = count_signal;
  sigemptyset(&on_stop.sa_mask);
  on_stop.sa_flags = 0;  // blocking reads and polls return, so that a question can be abandoned
  count_unless_ignored(SIGINT, on_stop);
  sigaction(SIGTERM, &on_stop, nullptr);
  count_unless_ignored(SIGHUP, on_stop);
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;
  sigemptyset(&ignore.sa_mask);
  sigaction(SIGPIPE, &ignore, nullptr);
}

int signals_received() {
  return received.load(std::memory_order_relaxed);
}

}  // namespace switchyard
