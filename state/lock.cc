#include "state/lock.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <thread>
#include <utility>

#include "state/lock_row.h"
#include "state/schema.h"
#include "state/state_file.h"

namespace switchyard {
namespace {

using sqlite::Transaction;

constexpr Duration kPause = std::chrono::milliseconds(50);
// How long the file may be taken while the row names nobody: another process is just about to write the row, or a
// doctor is looking. Waited for even without a timeout.
constexpr Duration kBetweenFileAndRow = std::chrono::milliseconds(250);

// Grows even when the state file was lost or an old copy restored, because agents remember the newest number they saw:
// the next number, but at least the time in seconds.
std::int64_t next_fence(std::int64_t fence, Timestamp now) {
  return std::max(fence + 1, std::int64_t{std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count()});
}

}  // namespace

struct Lock::Impl {
  OpenedFile opened;
  std::unique_ptr<LockFile> file;
  LockRow row;
  Duration lease;
  MachineClock clock;
  bool from_the_dead;
};

namespace {

struct Attempt {
  std::optional<LockRow> taken;  // ours now
  LockRow found;                 // whoever had it
  bool from_the_dead = false;
};

Result<Attempt> try_once(sqlite::Database& database, LockFile& file, const std::string& who, Duration lease,
                         Timestamp now) {
  const LockFile::Taken taken = file.take();
  const bool flocked = taken == LockFile::Taken::kOurs;
  auto transaction = Transaction::begin(database, Transaction::Kind::kImmediate);
  if (!transaction) return transaction.error();
  auto found = read_lock(database);
  if (!found) return found.error();
  const Host here = this_host();

  const bool expired = found->held() && found->expires <= now;
  const bool dead = found->held() && !expired && flocked && found->provable_on(here);
  const bool free = !found->held() && taken != LockFile::Taken::kOthers;
  Attempt attempt{.taken = {}, .found = *found, .from_the_dead = dead};
  if (!expired && !dead && !free) {
    // Not kept while waiting: the owner may want it, and others must not take us for an owner.
    file.free();
    return attempt;
  }
  attempt.taken = LockRow{.fence = next_fence(found->fence, now),
                          .who = who,
                          .host = here.name,
                          .boot = here.boot,
                          .pid = ::getpid(),
                          .since = now,
                          .expires = now + lease,
                          .flocked = flocked};
  if (auto done = write_lock(database, *attempt.taken); !done) return done.error();
  if (auto done = transaction->commit(); !done) return done.error();
  return attempt;
}

Error locked(const LockRow& row, const std::string& path) {
  if (!row.held()) {
    return {ErrorCode::kLocked, fmt::format("\"{}\" is held by another process; wait for it or use --lock-timeout",
                                            LockFile::path_for(path))};
  }
  return {ErrorCode::kLocked,
          fmt::format("the state is locked by {}; wait for it or use --lock-timeout", for_people(row))};
}

}  // namespace

Lock::Lock(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<std::unique_ptr<Lock>> Lock::acquire(const std::string& state_path, const std::string& who, Duration lease,
                                            Duration timeout, MachineClock clock) {
  if (who.empty()) return Error{ErrorCode::kInvalid, "a lock needs the name of who takes it"};
  auto opened = open_for_writing(state_path, state_format(), kIfStateDamaged);
  if (!opened) return opened.error();
  auto file = LockFile::open(state_path);
  if (!file) return file.error();

  const auto started = std::chrono::steady_clock::now();
  for (;;) {
    auto attempt = try_once(*opened->database, **file, who, lease, clock());
    if (!attempt && attempt.error().code != ErrorCode::kLocked) return attempt.error();
    if (attempt && attempt->taken) {
      return std::unique_ptr<Lock>(new Lock(std::make_unique<Impl>(Impl{.opened = std::move(*opened),
                                                                        .file = std::move(*file),
                                                                        .row = std::move(*attempt->taken),
                                                                        .lease = lease,
                                                                        .clock = std::move(clock),
                                                                        .from_the_dead = attempt->from_the_dead})));
    }
    const bool nobody = attempt && !attempt->found.held();
    const auto patience = nobody ? std::max(timeout, kBetweenFileAndRow) : timeout;
    const auto waited = std::chrono::steady_clock::now() - started;
    if (waited >= patience) return attempt ? locked(attempt->found, state_path) : attempt.error();
    std::this_thread::sleep_for(std::min<std::chrono::nanoseconds>(kPause, patience - waited));
  }
}

Lock::~Lock() {
  // The row first: once the file is free, an owner in the row is a dead one. When it cannot be written (a full disk),
  // the next process finds exactly that, and takes over.
  sqlite::Database& database = *impl_->opened.database;
  auto transaction = Transaction::begin(database, Transaction::Kind::kImmediate);
  if (!transaction) return;
  auto row = read_lock(database);
  if (!row || row->fence != impl_->row.fence) return;
  row->who.clear();
  if (!write_lock(database, *row)) return;
  [[maybe_unused]] const auto committed = transaction->commit();
}

std::int64_t Lock::fence() const {
  return impl_->row.fence;
}

Timestamp Lock::expires() const {
  return impl_->row.expires;
}

Result<Done> Lock::renew() {
  sqlite::Database& database = *impl_->opened.database;
  auto transaction = Transaction::begin(database, Transaction::Kind::kImmediate);
  if (!transaction) return transaction.error();
  const auto found = read_lock(database);
  if (!found) return found.error();
  if (found->fence != impl_->row.fence || !found->held()) {
    return Error{ErrorCode::kFenced,
                 found->held() ? fmt::format("the lock of the state was taken over by {}; nothing more is written",
                                             for_people(*found))
                               : "the lock of the state was taken over by another process; nothing more is written"};
  }
  LockRow row = *found;
  row.expires = impl_->clock() + impl_->lease;
  // After a takeover from an owner that was alive but late, its file may have come free by now.
  row.flocked = impl_->file->take() == LockFile::Taken::kOurs;
  if (auto done = write_lock(database, row); !done) return done;
  if (auto done = transaction->commit(); !done) return done;
  impl_->row = std::move(row);
  return Done{};
}

bool Lock::took_over_from_the_dead() const {
  return impl_->from_the_dead;
}

}  // namespace switchyard
