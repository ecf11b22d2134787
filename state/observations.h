#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "state/model/observation.h"
#include "state/sqlite/database.h"

namespace switchyard {

// What was observed, in the tables accounts, servers and server_bodies. Knows in memory what the tables hold, so that a
// look at an unchanged fleet costs no read and no write.
class Observations {
 public:
  explicit Observations(sqlite::Database& database) : database_(&database) {}

  // Writes what differs, inside the caller's transaction; true when anything did. A server of which only the readings
  // (times, latencies, calls) changed is written when the stored reading is older than an hour.
  Result<bool> save(const ObservedAccount& account);
  // The same of an account whose servers are as they were when it was last saved, but for times; readings that would
  // be an hour old are written all the same.
  Result<bool> save_times(const ObservedAccount& account);
  // What was remembered is not what the tables hold: a transaction failed, or others may have written.
  void forget();

  // Everything, sorted. A server that the last complete listing showed has been seen at that time at least.
  Result<std::vector<ObservedAccount>> load();

 private:
  struct Row {
    std::int64_t slot;
    std::int64_t hash;
    Timestamp seen;
    std::uint64_t turn;  // the save() that named it last
  };
  struct Rows {
    std::string account;                           // the row of `accounts`, as text
    std::optional<Timestamp> listed;               // of the account when all of its servers were saved last
    std::unordered_map<std::string, Row> servers;  // by the provider's id
  };

  Result<Rows*> rows_of(const std::string& account);
  Result<bool> save_account(const ObservedAccount& account, Rows& rows);
  Result<Done> write_account(const ObservedAccount& account);
  Result<bool> write_server(const std::string& account, const ObservedServer& server, Rows& rows);
  Result<bool> remove_unnamed(const std::string& account, Rows& rows);

  sqlite::Database* database_;
  std::map<std::string, Rows, std::less<>> known_;  // by account, filled at its first save()
  std::uint64_t turn_ = 0;
  std::string body_, latest_;  // buffers kept between servers
};

}  // namespace switchyard
