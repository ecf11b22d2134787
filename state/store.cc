#include "state/store.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <utility>

#include "state/backup.h"
#include "state/doctor.h"
#include "state/journal.h"
#include "state/lock_row.h"
#include "state/observations.h"
#include "state/schema.h"
#include "state/state_file.h"

namespace switchyard {

using sqlite::Synchronous;
using sqlite::Transaction;

bool Batch::empty() const {
  return intents.empty() && outcomes.empty() && events.empty() && declarations.empty() && undeclared.empty() &&
         given_up.empty() && attempts.empty() && succeeded.empty() && overrides.empty() && lifted.empty() &&
         conditions.empty() && ledger.empty();
}

bool DoctorReport::healthy() const {
  return std::ranges::none_of(lines, [](const Line& line) { return line.level == Line::Level::kBad; });
}

struct Store::Impl {
  Impl(std::string path_in, Mode mode_in, OpenedFile file_in)
      : path(std::move(path_in)), mode(mode_in), file(std::move(file_in)), observations(*file.database) {}

  sqlite::Database& database() { return *file.database; }

  // Carries `body` out in one transaction under our fence, all or nothing.
  Result<Done> write(Durability durability, const std::function<Result<Done>()>& body);
  Result<Done> check_fence();
  Result<Done> count_generation();
  Result<Done> observe(const std::function<Result<bool>()>& save);

  std::string path;
  Mode mode;
  OpenedFile file;
  Observations observations;
  std::int64_t fence = 0;
};

Result<Done> Store::Impl::check_fence() {
  if (mode == Mode::kMemory) return Done{};
  if (fence == 0) return Error{ErrorCode::kFenced, "the state is not locked by this command, so it writes nothing"};
  // Inside the transaction that writes: nobody can take over between this look and the commit.
  const auto row = read_lock(database());
  if (!row) return row.error();
  if (row->fence == fence) return Done{};
  return Error{ErrorCode::kFenced,
               row->held()
                   ? fmt::format("the lock of the state was taken over by {}; nothing was written", for_people(*row))
                   : "the lock of the state was taken over by another process; nothing was written"};
}

Result<Done> Store::Impl::write(Durability durability, const std::function<Result<Done>()>& body) {
  if (mode == Mode::kReadOnly) {
    return Error{ErrorCode::kStorage, fmt::format("\"{}\" was opened for reading only", path)};
  }
  const auto level = durability == Durability::kSynced ? Synchronous::kFull : Synchronous::kNormal;
  if (auto done = database().set_synchronous(level); !done) return done;
  auto transaction = Transaction::begin(database(), Transaction::Kind::kImmediate);
  if (!transaction) return transaction.error();
  if (auto done = check_fence(); !done) return done;
  if (auto done = body(); !done) return done;
  return transaction->commit();
}

Result<Done> Store::Impl::observe(const std::function<Result<bool>()>& save) {
  auto done = write(Durability::kSoon, [&]() -> Result<Done> {
    const auto wrote = save();
    if (!wrote) return wrote.error();
    return *wrote ? count_generation() : Done{};
  });
  if (!done) observations.forget();
  return done;
}

Result<Done> Store::Impl::count_generation() {
  // In steps of random size, so that a restored or remade file does not come by a number that a remembered plan stands
  // under. A simulation repeats itself, and needs no such care.
  const std::string_view sql = mode == Mode::kMemory
                                   ? "UPDATE generation SET number = number + 1"
                                   : "UPDATE generation SET number = number + 1 + (random() & 0xffffff)";
  return database().prepare(sql).run();
}

Store::Store(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Store::~Store() = default;

Result<std::unique_ptr<Store>> Store::open(const std::string& path, Mode mode) {
  if (path.empty() && mode != Mode::kMemory) return Error{ErrorCode::kInvalid, "the state file has no name"};
  auto file = [&]() -> Result<OpenedFile> {
    switch (mode) {
      case Mode::kReadOnly:
        return open_for_reading(path, state_format(), kIfStateDamaged);
      case Mode::kReadWrite:
        return open_for_writing(path, state_format(), kIfStateDamaged);
      case Mode::kMemory:
        return open_in_memory(state_format());
    }
    return Error{ErrorCode::kInvalid, "no such mode"};
  }();
  if (!file) return file.error();
  return std::unique_ptr<Store>(new Store(std::make_unique<Impl>(path, mode, std::move(*file))));
}

const std::string& Store::path() const {
  return impl_->path;
}

void Store::set_fence(std::int64_t fence) {
  // What was remembered may be what another writer has changed since.
  if (fence != impl_->fence) impl_->observations.forget();
  impl_->fence = fence;
}

Result<Done> Store::commit(Batch& batch, Durability durability) {
  if (batch.empty()) return Done{};
  // Law 3 does not depend on the caller's care.
  if (!batch.intents.empty()) durability = Durability::kSynced;
  std::vector<std::int64_t> ids;
  auto done = impl_->write(durability, [&]() -> Result<Done> {
    auto written = journal::write(impl_->database(), batch);
    if (!written) return written.error();
    ids = std::move(*written);
    return journal::is_input_of_a_plan(batch) ? impl_->count_generation() : Done{};
  });
  if (!done) return done;
  for (std::size_t i = 0; i < ids.size(); ++i) batch.intents[i].id = ids[i];
  return Done{};
}

Result<std::vector<OpenIntent>> Store::open_intents() {
  return journal::open_intents(impl_->database());
}

Result<std::vector<std::pair<Intent, std::optional<Outcome>>>> Store::intents_of(const Key& resource,
                                                                                 std::int64_t limit) {
  return journal::intents_of(impl_->database(), resource, limit);
}

Result<std::vector<DoneChange>> Store::done_changes(Timestamp since) {
  return journal::done_changes(impl_->database(), since);
}

Result<std::vector<Declaration>> Store::declarations() {
  return journal::declarations(impl_->database());
}

Result<std::vector<GivenUp>> Store::given_up(Timestamp now) {
  return journal::given_up(impl_->database(), now);
}

Result<std::vector<Attempts>> Store::attempts() {
  return journal::attempts(impl_->database());
}

Result<std::vector<Override>> Store::overrides(Timestamp now) {
  return journal::overrides(impl_->database(), now);
}

Result<std::vector<Condition>> Store::conditions(const std::optional<Key>& resource) {
  return journal::conditions(impl_->database(), resource);
}

Result<std::vector<Event>> Store::events(const EventFilter& filter) {
  return journal::events(impl_->database(), filter);
}

Result<std::vector<LedgerEntry>> Store::ledger(std::string_view account, std::int64_t limit) {
  return journal::ledger(impl_->database(), account, limit);
}

Result<Done> Store::save(const ObservedAccount& account) {
  return impl_->observe([&] { return impl_->observations.save(account); });
}

Result<Done> Store::save_times(const ObservedAccount& account) {
  return impl_->observe([&] { return impl_->observations.save_times(account); });
}

Result<std::vector<ObservedAccount>> Store::observed() {
  return impl_->observations.load();
}

Result<std::int64_t> Store::generation() {
  return impl_->database().number("SELECT number FROM generation");
}

Result<std::optional<std::string>> Store::note(std::string_view name) {
  std::optional<std::string> value;
  auto read = impl_->database()
                  .prepare("SELECT value FROM notes WHERE name = ?")
                  .bind(name)
                  .for_each_row([&value](const sqlite::Statement& row) {
                    value = row.text(0);
                    return Done{};
                  });
  if (!read) return read.error();
  return value;
}

Result<Done> Store::set_note(std::string_view name, std::string_view value) {
  return impl_->write(Durability::kSoon, [&] {
    return impl_->database()
        .prepare("INSERT OR REPLACE INTO notes (name, value) VALUES (?, ?)")
        .bind(name)
        .bind(value)
        .run();
  });
}

Result<DoctorReport> Store::doctor() {
  const auto now = std::chrono::floor<Duration>(std::chrono::system_clock::now());
  return examine(impl_->database(), impl_->path, impl_->file.log_bytes_before, now);
}

Result<Done> Store::backup(const std::string& to) {
  if (impl_->file.missing) {
    return Error{ErrorCode::kNotFound, fmt::format("\"{}\" does not exist: there is nothing to back up", impl_->path)};
  }
  return back_up(impl_->database(), to);
}

}  // namespace switchyard
