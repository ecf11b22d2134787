#pragma once

#include <array>

namespace switchyard::testing {

// The locks on one file of a simulated disk, among the connections of one process: those of the file itself, in
// SQLite's five levels, and the eight of its log's index. Whoever holds some is known by an address of his own.
class SimLocks {
 public:
  using Holder = const void*;
  enum Level : int { kNone, kShared, kReserved, kPending, kExclusive };  // SQLite's numbers

  // Raises what `holder` has (`level`) as far as it goes; false: others are in the way.
  bool raise(Holder holder, int& level, int to);
  void lower(Holder holder, int& level, int to);
  bool is_reserved() const { return reserved_ != nullptr; }

  static constexpr int kOfIndex = 8;
  struct OfIndex {  // held by one, as masks
    unsigned read = 0;
    unsigned written = 0;
  };
  // All of `count` from `first` on, or none; false: others are in the way.
  bool take(Holder holder, OfIndex& held, int first, int count, bool to_write);
  void free(OfIndex& held, int first, int count);

 private:
  int readers_ = 0;
  Holder reserved_ = nullptr;
  Holder pending_ = nullptr;
  Holder exclusive_ = nullptr;
  struct One {
    int readers = 0;
    Holder writer = nullptr;
  };
  std::array<One, kOfIndex> index_{};
};

}  // namespace switchyard::testing
