#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "specs/base/result.h"
#include "specs/load.h"
#include "state/model/intent.h"
#include "state/model/observation.h"
#include "state/model/record.h"

namespace switchyard {

// All that one turn of the engine wants to be durable, written in one transaction.
struct Batch {
  std::vector<Intent> intents;            // ids are filled in by commit()
  std::vector<Outcome> outcomes;          // of earlier intents
  std::vector<Event> events;
  std::vector<Declaration> declarations;  // replaced by resource
  std::vector<Key> undeclared;            // declarations removed
  std::vector<GivenUp> given_up;
  std::vector<Attempts> attempts;         // replaced by (resource, action)
  std::vector<std::pair<Key, Action>> succeeded;  // attempts removed
  std::vector<Override> overrides;        // replaced by (resource, what)
  std::vector<std::pair<Key, Override::What>> lifted;
  std::vector<Condition> conditions;      // replaced by (resource, type)
  std::vector<LedgerEntry> ledger;        // one that says nothing new is not written

  bool empty() const;
};

enum class Durability {
  kSynced,  // on disk before commit() returns: whatever holds an intent or an outcome
  kSoon,    // survives a crash of the process, perhaps not of the machine
};

struct EventFilter {
  std::optional<Key> resource;
  std::optional<std::string> actor;
  std::optional<Timestamp> since;
  std::int64_t after_id = 0;
  std::int64_t limit = 0;  // the newest so many, in ascending order; 0: all
};

struct DoctorReport {
  struct Line {
    enum class Level { kGood, kNote, kBad } level;
    std::string text;
  };
  std::vector<Line> lines;
  bool healthy() const;
};

// The state file: everything that survives a crash. Not thread-safe: one thread uses it. What each table holds and
// what a crash leaves of it stands in state/README.md.
class Store {
 public:
  enum class Mode {
    kReadOnly,   // works without write permission; a file that does not exist reads as an empty state
    kReadWrite,  // made, with its folder, when it is missing (0600)
    kMemory,     // path ignored: a state of its own, for tests and the simulation
  };
  // Errors: kTooNew, kUnreadable (corrupt: says what to do), kStorage.
  static Result<std::unique_ptr<Store>> open(const std::string& path, Mode mode);
  ~Store();

  const std::string& path() const;

  // The fencing number that every write carries from now on; a write under an older number than the newest lock's
  // fails with kFenced. 0 (never locked) writes only in kMemory mode.
  void set_fence(std::int64_t fence);

  // Writes all or nothing. Errors: kStorage (disk full: nothing was written), kFenced.
  Result<Done> commit(Batch& batch, Durability durability);

  // Journal.
  Result<std::vector<OpenIntent>> open_intents();
  Result<std::vector<std::pair<Intent, std::optional<Outcome>>>> intents_of(const Key& resource, std::int64_t limit);
  Result<std::vector<Declaration>> declarations();  // sorted by key
  Result<std::vector<GivenUp>> given_up(Timestamp now);  // of the last 30 days, sorted by uid
  Result<std::vector<Attempts>> attempts();              // sorted by resource, action
  Result<std::vector<Override>> overrides(Timestamp now);  // those in force, sorted by resource, what
  Result<std::vector<Condition>> conditions(const std::optional<Key>& resource);
  Result<std::vector<Event>> events(const EventFilter& filter);
  Result<std::vector<LedgerEntry>> ledger(std::string_view account, std::int64_t limit);

  // Observations (Durability::kSoon; only rows that differ are written).
  Result<Done> save(const ObservedAccount& account);
  Result<std::vector<ObservedAccount>> observed();  // sorted by name
  // Changes with every save(), commit() of an override, attempt, intent, outcome or declaration: equal numbers, equal inputs of a plan.
  Result<std::int64_t> generation();

  // Named numbers and texts (the engine's clock, the last provider `now` ...).
  Result<std::optional<std::string>> note(std::string_view name);
  Result<Done> set_note(std::string_view name, std::string_view value);

  Result<DoctorReport> doctor();
  // A consistent copy, 0600, fsynced, never over an existing file.
  Result<Done> backup(const std::string& to);

 private:
  struct Impl;
  explicit Store(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// A cache file beside the state ("state.db.cache"): decoded files and remembered plans. Losing it loses nothing; a file
// that cannot be opened, read or written is silently no cache.
class CacheFile : public DecodeCache {
 public:
  CacheFile(const std::string& path, std::string_view program_version);
  ~CacheFile() override;
  std::optional<std::string> get(std::string_view key) override;
  void put(std::string_view key, std::string_view value) override;  // kept until flush(), written in one transaction
  void flush();  // also drops entries not used for 30 days beyond a size bound

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace switchyard
