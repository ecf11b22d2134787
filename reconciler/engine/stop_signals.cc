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

}  // namespace

void install_signal_handlers() {
  struct sigaction on_stop {};
  on_stop.sa_handler = count_signal;
  sigemptyset(&on_stop.sa_mask);
  on_stop.sa_flags = 0;  // blocking reads and polls return, so that a question can be abandoned
  sigaction(SIGINT, &on_stop, nullptr);
  sigaction(SIGTERM, &on_stop, nullptr);
  sigaction(SIGHUP, &on_stop, nullptr);
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;
  sigemptyset(&ignore.sa_mask);
  sigaction(SIGPIPE, &ignore, nullptr);
}

int signals_received() {
  return received.load(std::memory_order_relaxed);
}

}  // namespace switchyard
