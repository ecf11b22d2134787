#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "providers/call.h"
#include "providers/connect.h"
#include "providers/sim/ctl.h"
#include "providers/sim/faults.h"
#include "providers/sim/world.h"
#include "providers/sim/world_file.h"
#include "state/machine_clock.h"

namespace switchyard {

// What came of one call at the simulated provider, and what became of its answer on the way.
struct SimReply {
  Result<Answer> answer;
  bool dropped = false;  // the connection ended before the answer came (faults drop-*): nobody learns of `answer`
  Duration delay{};      // how long the answer takes in the world's time (fault delay)
  struct Rate {
    std::int64_t left;  // requests in this minute of the world
    Duration reset;     // until it is over
  };
  std::optional<Rate> rate{};  // where there is a limit
};

// The door to a world: one call after the other, with its faults and its rate limit, each change in the file (where
// there is one) before its answer. Opens nothing before it is first used. Several processes may have the same file
// open: each call first takes up what others wrote. Thread-safe.
class SharedWorld : public SimulatedTime {
 public:
  struct Options {
    std::string path;                                             // empty: in memory only
    enum class Access { kWrite, kRead } access = Access::kWrite;  // kRead: works in memory on what the file says
    WorldSettings fresh{};                                        // of a world that does not exist yet
    std::optional<SimTerms> terms{};   // the account's; taken up unless others were set by hand
    MachineClock clock = machine_now;  // the time of a world of real machines
    // Of a world of real machines: makes room for a new server before its create is committed. What it fails with the
    // create fails with, and nothing has happened.
    std::function<Result<Done>(World& world, std::int64_t number, const CreateRequest& request)> on_create{};
  };
  explicit SharedWorld(Options options) : options_(std::move(options)) {}

  SimReply call(const Call& call);
  Result<Json> by_hand(const CtlCommand& command);
  // All servers, as they are now.
  Result<std::vector<SimServer>> servers();
  // One change by whoever sees what became of the world's machines, whole or (on its error) not at all.
  Result<Done> change(const std::function<Result<Done>(World& world)>& what);
  // Sets faults and seed before it is served; the seed counts only for a world that is still untouched.
  Result<Done> prepare(const std::vector<Fault>& faults, std::optional<std::uint64_t> seed);

  // SimulatedTime. What cannot be read leaves the time where a new world begins; the next call says why.
  Timestamp now() override;
  std::optional<Timestamp> next_event() override;
  Result<Done> advance_to(Timestamp time) override;

 private:
  // Takes part in the file for one change: begun with the newest world in memory, ended by finish().
  struct Change {
    std::optional<sqlite::Transaction> transaction;
  };
  Result<Change> begin();
  Result<Done> finish(Change change);
  Result<Done> refresh();  // for reading
  Result<Done> open();
  Result<Done> load();
  void adopt(WorldFile::Root root, WorldFile::Servers servers);
  void forget();     // after a change that could not be written: the file is the truth
  void keep_time();  // of real machines

  SimReply answer(const Call& call);
  Result<Answer> carry_out(const Call& call);
  Result<Created> make_room(Result<Created> created, const CreateRequest& request);
  std::optional<Error> over_rate_limit();
  std::optional<SimReply::Rate> rate() const;
  bool may_write() const { return options_.access == Options::Access::kWrite; }

  const Options options_;
  std::mutex mutex_;
  bool opened_ = false;
  std::unique_ptr<WorldFile> file_;      // none: in memory
  std::optional<std::int64_t> version_;  // of the file, as it is in memory
  std::optional<World> world_;
  std::optional<FaultBook> faults_;
  bool made_no_room_ = false;  // on_create failed within the change that is under way
};

}  // namespace switchyard
