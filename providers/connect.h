#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "providers/provider.h"
#include "specs/fleet.h"

namespace switchyard {

// The world of an embedded provider as a clock: it stands still between commands, and while the engine only waits it is
// moved on (design 7).
class SimulatedTime {
 public:
  virtual ~SimulatedTime() = default;
  virtual Timestamp now() = 0;
  // When the world next changes by itself (a delivery, an expiry, an hour's charge, the end of a call).
  virtual std::optional<Timestamp> next_event() = 0;
  virtual Result<Done> advance_to(Timestamp time) = 0;
};

struct Connected {
  Connection connection;
  SimulatedTime* world = nullptr;  // of an embedded simulator, owned by the connection; nullptr for all others
};

struct ConnectOptions {
  std::string world_folder;  // where embedded worlds lie: the state file's folder
  bool read_only =
      false;  // plan: an embedded world is opened without writing; one that is missing is a fresh one in memory
  std::optional<std::int64_t> parallelism{};  // calls at once, in place of the account's limits.concurrency
};

// Calls at once through one connection: each has a thread, so there is an end to them.
constexpr std::int64_t kMostCallsAtOnce = 512;
int calls_at_once(const DesiredAccount& account, const ConnectOptions& options);

// The connection of an account, by its provider's name. The one place that knows all providers: a new one is named
// here. Errors: kInvalid (no such provider, not built in), kUnauthorized (credentials that cannot be read), kStorage.
Result<Connected> connect(const DesiredAccount& account, const ConnectOptions& options);

}  // namespace switchyard
