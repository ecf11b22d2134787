#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "specs/base/random.h"

namespace switchyard::testing {

// What is left, after the power went, of what was written and not synced. What was synced is always left.
struct PowerLoss {
  enum class Keeps {
    kAll,      // only the process died: the system's caches live on
    kNothing,  // all that was not synced is gone
    kSome,     // of each file, any of the writes
    kTorn,     // the same, and any of them may have got only a part of its bytes to the disk
  };
  Keeps keeps = Keeps::kAll;
  std::uint64_t seed = 0;  // of kSome and kTorn

  friend bool operator==(const PowerLoss&, const PowerLoss&) = default;
};

std::string_view to_text(PowerLoss::Keeps keeps);  // "all", "nothing", "some", "torn"

// The bytes of one file: as programs see them, and as they would be found if the power went now. Nothing orders the
// writes of a file but its syncs. A torn write changes no byte outside its own range: SQLite is told so by its own
// files of Unix as well (SQLITE_IOCAP_POWERSAFE_OVERWRITE).
class SimFile {
 public:
  SimFile() = default;
  explicit SimFile(std::string bytes) : seen_(bytes), synced_(std::move(bytes)) {}

  const std::string& bytes() const { return seen_; }
  void write(std::int64_t offset, std::string_view bytes);
  void truncate(std::int64_t size);
  void sync();

  // What a power failure leaves. `random` decides, in the order of the writes.
  std::string after(PowerLoss::Keeps keeps, Random& random) const;

 private:
  struct Unsynced {
    std::int64_t offset;  // of a truncation: the new size
    std::string bytes;
    bool truncates;
  };
  static void put(std::string& bytes, const Unsynced& one);

  std::string seen_;
  std::string synced_;
  std::vector<Unsynced> unsynced_;
};

}  // namespace switchyard::testing
