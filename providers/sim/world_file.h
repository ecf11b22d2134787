#pragma once

#include <memory>
#include <optional>
#include <string>

#include "providers/sim/faults.h"
#include "providers/sim/world.h"
#include "state/sqlite/database.h"

namespace switchyard {

// A world's SQLite file (its tables and what a crash leaves: providers/sim/README.md). Several processes may use one:
// every change is one transaction that begins by taking up what others have written since. Not thread-safe.
class WorldFile {
 public:
  enum class Access { kRead, kWrite };

  // Makes the file and its folders when they are missing and `access` is kWrite. Errors: kNotFound (kRead, no file),
  // kStorage, kUnreadable, kTooNew.
  static Result<std::unique_ptr<WorldFile>> open(const std::string& path, Access access);

  struct Root {
    WorldRoot root;
    FaultBook faults;
  };
  // Nothing: the file was just made, and holds no world yet.
  Result<std::optional<Root>> load_root();
  struct Servers {
    std::map<std::int64_t, SimServer> living;
    std::map<std::int64_t, SimServer> removed;
  };
  Result<Servers> load_servers();

  // A number that changes when another process has written.
  Result<std::int64_t> version_of_others();

  Result<sqlite::Transaction> begin(sqlite::Transaction::Kind kind) {
    return sqlite::Transaction::begin(*database_, kind);
  }
  // Within a transaction.
  Result<Done> save_root(const WorldRoot& root, const FaultBook& faults);
  Result<Done> save_server(const SimServer& server);
  Result<Done> erase_server(std::int64_t number);

 private:
  explicit WorldFile(std::unique_ptr<sqlite::Database> database) : database_(std::move(database)) {}

  std::unique_ptr<sqlite::Database> database_;
};

}  // namespace switchyard
