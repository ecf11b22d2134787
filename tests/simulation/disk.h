#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "state/lock.h"
#include "state/lock_row.h"
#include "state/sqlite/database.h"
#include "state/store.h"

namespace switchyard::simulation {

// The disk that a simulated fleet's state lies on: the one place that opens the state file. Here it is a file in
// memory, which keeps every commit; one that loses what was not synced plugs in by overriding path() and died().
class Disk {
 public:
  Disk();
  virtual ~Disk();
  Disk(const Disk&) = delete;
  Disk& operator=(const Disk&) = delete;

  virtual std::string path() const { return (folder_ / "state.db").string(); }
  // The processes that had the state open were killed, and all their handles are closed.
  virtual void died() {}

  Result<std::unique_ptr<Store>> open_store() const { return Store::open(path(), Store::Mode::kReadWrite); }

  // For whoever looks on: the committed state, by another connection than the engine's.
  Store& onlooker();
  LockRow lock_row();
  // Whether anybody has committed anything since the last time this was asked.
  bool committed();
  // What a killed owner leaves behind, which the end of its Lock object in this process has swept away: its row, with
  // nobody's flock. `elsewhere`: it ran on another host, so that nothing proves it dead but its lease.
  enum class Where { kHere, kElsewhere };
  void leave_behind(LockRow row, Where where);

 private:
  sqlite::Database& raw();

  std::filesystem::path folder_;
  std::unique_ptr<Store> onlooker_;
  std::unique_ptr<sqlite::Database> raw_;
  std::int64_t version_ = 0;
};

}  // namespace switchyard::simulation
