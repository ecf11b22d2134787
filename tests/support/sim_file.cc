#include "tests/support/sim_file.h"

#include <algorithm>

namespace switchyard::testing {
namespace {

// What a disk writes as a whole.
constexpr std::int64_t kSector = 512;

}  // namespace

std::string_view to_text(PowerLoss::Keeps keeps) {
  switch (keeps) {
    case PowerLoss::Keeps::kAll:
      return "all";
    case PowerLoss::Keeps::kNothing:
      return "nothing";
    case PowerLoss::Keeps::kSome:
      return "some";
    case PowerLoss::Keeps::kTorn:
      return "torn";
  }
  return "?";
}

void SimFile::put(std::string& bytes, const Unsynced& one) {
  const auto offset = static_cast<std::size_t>(one.offset);
  if (one.truncates) {
    bytes.resize(offset, '\0');
    return;
  }
  if (bytes.size() < offset + one.bytes.size()) bytes.resize(offset + one.bytes.size(), '\0');
  one.bytes.copy(bytes.data() + offset, one.bytes.size());
}

void SimFile::write(std::int64_t offset, std::string_view bytes) {
  unsynced_.push_back({.offset = offset, .bytes = std::string(bytes), .truncates = false});
  put(seen_, unsynced_.back());
}

void SimFile::truncate(std::int64_t size) {
  unsynced_.push_back({.offset = size, .bytes = {}, .truncates = true});
  put(seen_, unsynced_.back());
}

void SimFile::sync() {
  for (const Unsynced& one : unsynced_) put(synced_, one);
  unsynced_.clear();
}

std::string SimFile::after(PowerLoss::Keeps keeps, Random& random) const {
  if (keeps == PowerLoss::Keeps::kAll) return seen_;
  std::string left = synced_;
  if (keeps == PowerLoss::Keeps::kNothing) return left;
  for (const Unsynced& one : unsynced_) {
    if (random.below(2) == 0) continue;
    const bool torn = keeps == PowerLoss::Keeps::kTorn && !one.truncates && random.below(2) == 0;
    if (!torn) {
      put(left, one);
      continue;
    }
    // Some of its sectors, and of the last one that arrived perhaps only the beginning.
    const auto size = static_cast<std::int64_t>(one.bytes.size());
    for (std::int64_t from = 0; from < size;) {
      const std::int64_t to = std::min(size, ((one.offset + from) / kSector + 1) * kSector - one.offset);
      if (random.below(2) == 0) {
        const std::int64_t end = random.below(4) == 0 ? random.between(from, to) : to;
        put(left, {.offset = one.offset + from,
                   .bytes = one.bytes.substr(static_cast<std::size_t>(from), static_cast<std::size_t>(end - from)),
                   .truncates = false});
      }
      from = to;
    }
  }
  return left;
}

}  // namespace switchyard::testing
