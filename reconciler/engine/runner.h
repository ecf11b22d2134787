#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "providers/call.h"
#include "providers/connect.h"
#include "state/store.h"

namespace switchyard {

using CallId = std::int64_t;

struct Completion {
  CallId id;
  Result<Answer> answer;
};

// The engine's clock and its hands (law 2). The engine starts calls and waits; everything else happens in its one
// thread.
class Runner {
 public:
  virtual ~Runner() = default;

  // The engine's clock.
  virtual Timestamp now() = 0;
  virtual void start(CallId id, Call call) = 0;
  // All calls that have ended by now; waits for at least one, or until `due` on the engine's clock, or until somebody
  // asked to stop (the number of signals changed). Ordered by completion.
  virtual std::vector<Completion> wait(Timestamp due) = 0;
  // How often the user asked to stop: 0, 1 (finish what is in flight), 2 (stop now).
  virtual int stops() = 0;

  // What else the engine learns from outside, beyond the store it began with: a recording keeps it, a replay gives it
  // again (reconciler/record).
  virtual Result<std::vector<Override>> overrides(Store& store);
  virtual Result<std::string> secret(const SecretRef& ref);
  virtual std::string fingerprint(const SecretRef& ref, std::string_view salt, std::string_view secret);
  virtual std::string absolute(const std::string& file);  // symlink-free
  // What the engine was asked for and what it decided, where anybody keeps notes.
  virtual bool keeps_notes() const { return false; }
  virtual void note(std::string_view what, const Json& said);
};

// Calls on threads, real time. `threads` at the most; they are started as needed.
std::unique_ptr<Runner> make_thread_runner(std::map<std::string, Connection*> connections, int threads);

// Embedded worlds only: calls are carried out at once in the engine's thread, the worlds' time is the engine's clock,
// and waiting moves it on. `pace`: 0 jumps; 60 lets a minute of the world take a second.
std::unique_ptr<Runner> make_simulated_runner(std::map<std::string, Connection*> connections,
                                              std::vector<SimulatedTime*> worlds, std::int64_t pace);

// SIGINT and SIGTERM counted for Runner::stops(); SIGPIPE ignored; SIGHUP counts as a first stop. Called once by the
// program.
void install_signal_handlers();
int signals_received();

}  // namespace switchyard
