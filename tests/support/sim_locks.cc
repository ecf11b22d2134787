#include "tests/support/sim_locks.h"

#include <algorithm>

namespace switchyard::testing {
namespace {

bool is_other(SimLocks::Holder held, SimLocks::Holder asking) {
  return held != nullptr && held != asking;
}

unsigned bit(int number) {
  return 1U << static_cast<unsigned>(number);
}

}  // namespace

bool SimLocks::raise(Holder holder, int& level, int to) {
  if (level >= to) return true;
  if (is_other(exclusive_, holder)) return false;
  if (level == kNone) {
    if (is_other(pending_, holder)) return false;
    ++readers_;
    level = kShared;
  }
  if (to >= kReserved) {
    if (is_other(reserved_, holder)) return false;
    reserved_ = holder;
    level = std::max<int>(level, kReserved);
  }
  if (to >= kPending) {
    // No new readers from here on; those that are there have to go first.
    pending_ = holder;
    level = std::max<int>(level, kPending);
    if (readers_ > 1) return false;
    exclusive_ = holder;
    level = kExclusive;
  }
  return true;
}

void SimLocks::lower(Holder holder, int& level, int to) {
  if (level <= to) return;
  for (Holder* held : {&reserved_, &pending_, &exclusive_}) {
    if (*held == holder) *held = nullptr;
  }
  if (to == kNone) --readers_;
  level = to;
}

bool SimLocks::take(Holder holder, OfIndex& held, int first, int count, bool to_write) {
  for (int i = first; i < first + count; ++i) {
    const One& one = index_.at(static_cast<std::size_t>(i));
    const int own = (held.read & bit(i)) != 0 ? 1 : 0;
    if (is_other(one.writer, holder) || (to_write && one.readers > own)) return false;
  }
  for (int i = first; i < first + count; ++i) {
    One& one = index_.at(static_cast<std::size_t>(i));
    if (to_write) {
      one.writer = holder;
      held.written |= bit(i);
    } else if ((held.read & bit(i)) == 0) {
      ++one.readers;
      held.read |= bit(i);
    }
  }
  return true;
}

void SimLocks::free(OfIndex& held, int first, int count) {
  for (int i = first; i < first + count; ++i) {
    One& one = index_.at(static_cast<std::size_t>(i));
    if ((held.written & bit(i)) != 0) one.writer = nullptr;
    if ((held.read & bit(i)) != 0) --one.readers;
    held.written &= ~bit(i);
    held.read &= ~bit(i);
  }
}

}  // namespace switchyard::testing
