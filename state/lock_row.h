#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "specs/base/result.h"
#include "specs/base/timestamp.h"
#include "state/sqlite/database.h"

namespace switchyard {

// This machine, as the lock knows it.
struct Host {
  std::string name;
  std::string boot;  // the running kernel's boot id; shared by its containers, as flock is
};
Host this_host();

// The lock's row in the state file.
struct LockRow {
  std::int64_t fence = 0;
  std::string who;  // empty: nobody holds it
  std::string host;
  std::string boot;
  std::int64_t pid = 0;
  Timestamp since{};
  Timestamp expires{};
  bool flocked = false;

  bool held() const { return !who.empty(); }
  // Its owner ran here, so that a missing flock proves it dead.
  bool provable_on(const Host& host_here) const {
    return flocked && (boot == host_here.boot || host == host_here.name);
  }
};
Result<LockRow> read_lock(sqlite::Database& database);
Result<Done> write_lock(sqlite::Database& database, const LockRow& row);
// "ben@host (pid 412) since 2026-11-23T18:04:11Z, until 2026-11-23T18:05:11Z".
std::string for_people(const LockRow& row);

// The file beside the state whose flock shows that the owner is alive. It is never removed: a second file under the
// same name would be a second lock.
class LockFile {
 public:
  static std::string path_for(const std::string& state_path) { return state_path + ".lock"; }
  // Makes it (0600) when missing. Error: kStorage.
  static Result<std::unique_ptr<LockFile>> open(const std::string& state_path);
  // Whether some process holds it now; false when there is no such file.
  static bool held_by_anybody(const std::string& state_path);
  ~LockFile();  // frees it
  LockFile(const LockFile&) = delete;
  LockFile& operator=(const LockFile&) = delete;

  enum class Taken {
    kOurs,        // now, or since before
    kOthers,      // a process that lives holds it
    kImpossible,  // this file system has no locks: only the row and its expiry count
  };
  Taken take();
  void free();

 private:
  explicit LockFile(int handle) : handle_(handle) {}
  int handle_;
};

}  // namespace switchyard
