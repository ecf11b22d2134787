#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "state/sqlite/database.h"
#include "state/store.h"

// The journal's tables: intents and outcomes, the audit trail, and the smaller records. Writers run inside the caller's
// transaction; what is read and written is said in state/store.h.
namespace switchyard::journal {

// Uids given up are remembered this long (law 3).
constexpr Duration kGivenUpFor = std::chrono::hours(24 * 30);
// How far behind a time intents are looked at for what was done since that time.
constexpr Duration kLongestChange = std::chrono::hours(24);

// Ids of the intents in their order.
Result<std::vector<std::int64_t>> write(sqlite::Database& database, const Batch& batch);
// Whether a batch holds anything that a plan is computed from.
bool is_input_of_a_plan(const Batch& batch);

Result<std::vector<OpenIntent>> open_intents(sqlite::Database& database);
Result<std::vector<std::pair<Intent, std::optional<Outcome>>>> intents_of(sqlite::Database& database,
                                                                          const Key& resource, std::int64_t limit);
Result<std::vector<DoneChange>> done_changes(sqlite::Database& database, Timestamp since);
Result<std::vector<Declaration>> declarations(sqlite::Database& database);
Result<std::vector<GivenUp>> given_up(sqlite::Database& database, Timestamp now);
Result<std::vector<Attempts>> attempts(sqlite::Database& database);
Result<std::vector<Override>> overrides(sqlite::Database& database, Timestamp now);
Result<std::vector<Condition>> conditions(sqlite::Database& database, const std::optional<Key>& resource);
Result<std::vector<Event>> events(sqlite::Database& database, const EventFilter& filter);
Result<std::vector<LedgerEntry>> ledger(sqlite::Database& database, std::string_view account, std::int64_t limit);

}  // namespace switchyard::journal
