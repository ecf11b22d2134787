#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "specs/base/result.h"
#include "state/cache.h"
#include "state/model/intent.h"
#include "state/model/observation.h"
#include "state/model/record.h"

namespace switchyard {

// All that one turn of the engine wants to be durable, written in one transaction.
struct Batch {
  std::vector<Intent> intents{};  // ids are filled in by commit()
  // Of intents, each in place of the one before. Outcomes and events may name this batch's own intents, which have no
  // ids yet: -1 is intents[0], -2 is intents[1].
  std::vector<Outcome> outcomes{};
  std::vector<Event> events{};
  std::vector<Declaration> declarations{};  // replaced by resource
  std::vector<Key> undeclared{};            // declarations removed
  std::vector<GivenUp> given_up{};
  std::vector<Attempts> attempts{};                 // replaced by (resource, action)
  std::vector<std::pair<Key, Action>> succeeded{};  // attempts removed
  std::vector<Override> overrides{};                // replaced by (resource, what)
  std::vector<std::pair<Key, Override::What>> lifted{};
  std::vector<Condition> conditions{};  // replaced by (resource, type)
  std::vector<LedgerEntry> ledger{};    // one that says nothing new is not written

  bool empty() const;
};

enum class Durability {
  kSynced,  // on disk before commit() returns: whatever holds an intent or an outcome
  kSoon,    // survives a crash of the process, perhaps not of the machine
};

struct EventFilter {
  std::optional<Key> resource{};
  std::optional<std::string> actor{};
  std::optional<Timestamp> since{};
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

  // Writes all or nothing; a batch with intents is always synced. Errors: kStorage (disk full: nothing was written),
  // kFenced, kInvalid (an outcome or event of an intent that is not there), kLocked (another program kept the file
  // busy).
  Result<Done> commit(Batch& batch, Durability durability);

  // Journal. A limit keeps the newest so many, oldest first; 0: all.
  Result<std::vector<OpenIntent>> open_intents();
  Result<std::vector<std::pair<Intent, std::optional<Outcome>>>> intents_of(const Key& resource, std::int64_t limit);
  // What was done since, of intents written no more than a day before it; in the order of the intents.
  Result<std::vector<DoneChange>> done_changes(Timestamp since);
  Result<std::vector<Declaration>> declarations();         // sorted by key
  Result<std::vector<GivenUp>> given_up(Timestamp now);    // of the last 30 days, sorted by uid
  Result<std::vector<Attempts>> attempts();                // sorted by resource, action
  Result<std::vector<Override>> overrides(Timestamp now);  // those in force, sorted by resource, what
  Result<std::vector<Condition>> conditions(const std::optional<Key>& resource);
  Result<std::vector<Event>> events(const EventFilter& filter);
  Result<std::vector<LedgerEntry>> ledger(std::string_view account, std::int64_t limit);

  // Observations (Durability::kSoon; only rows that differ are written). Of a server of which nothing but times,
  // latencies and calls changed, the stored reading stays until it is an hour old; what the last complete listing
  // showed reads back as seen at that time.
  Result<Done> save(const ObservedAccount& account);
  // The same of an account whose servers are as they were at its last save() by this Store, but for times.
  Result<Done> save_times(const ObservedAccount& account);
  Result<std::vector<ObservedAccount>> observed();  // sorted by name
  // Grows with every save() and commit() that writes an input of a plan (all but events, conditions, ledger and notes):
  // equal numbers, equal inputs; also when the file was lost or an old copy restored.
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

}  // namespace switchyard
