#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "tests/support/sim_file.h"

namespace switchyard::testing {

// What is about to happen to a disk.
struct DiskEffect {
  enum class What { kMake, kWrite, kTruncate, kSync, kRemove } what;
  std::string file;         // without its folder: "state.db-wal"
  std::int64_t offset = 0;  // kWrite; of kTruncate the new size
  std::int64_t bytes = 0;   // kWrite
};
std::string to_text(const DiskEffect& effect);  // "write state.db-wal 4096 bytes at 56"

enum class DiskAnswer {
  kDone,
  kIoError,   // not done, EIO
  kFull,      // not done, ENOSPC
  kPowerOff,  // under way when the power goes: what it writes is unsynced, what it syncs is not synced
};

// A disk in memory for everything that SQLite keeps below one folder, in this process. Whatever opens a database there
// gets it without knowing (a VFS that is the default while a disk lives; files elsewhere go to the real one), so the
// product has no seam for it. The folder is real: what the product does there itself (an empty file in the database's
// place, the lock file) stays on the real disk. One thread at a time uses a disk.
class SimDisk {
 public:
  // `seed`: of SQLite's own random numbers, so that the same calls give the same bytes.
  SimDisk(const std::string& folder, std::uint64_t seed);
  ~SimDisk();
  SimDisk(const SimDisk&) = delete;
  SimDisk& operator=(const SimDisk&) = delete;

  // Asked before each effect; unset: all are done. A slow disk moves a clock here.
  void set_on_effect(std::function<DiskAnswer(const DiskEffect&)> on_effect);

  bool is_on() const;
  // From now on nothing that is open works again: reads and writes fail with EIO and change nothing. That lets the
  // objects of a program that is to be dead by now be destroyed in peace.
  void power_off();
  // Files are what the power failure has left; nothing is open, no lock is held.
  void power_on(PowerLoss loss);

  // All files as programs see them now, by name; nothing of it need be synced.
  std::map<std::string, std::string> files() const;
  // Puts synced files in place of all there are. Nothing may be open.
  void restore(const std::map<std::string, std::string>& files);

  struct Impl;

 private:
  // Open files share it: SQLite may keep one open beyond the disk.
  std::shared_ptr<Impl> impl_;
};

}  // namespace switchyard::testing
