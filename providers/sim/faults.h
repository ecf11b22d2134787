#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "specs/base/json.h"
#include "specs/base/random.h"
#include "specs/base/result.h"

namespace switchyard {

// What may go wrong at the simulated provider (design 7). When each of them strikes stands in providers/sim/README.md.
enum class FaultKind {
  kRefuse,
  kDelay,
  kDropBeforeCommit,
  kDropAfterCommit,
  kLagList,
  kPartialList,
  kLoseCreate,
  kFailAction,
  kNeverFinish,
};
inline constexpr std::size_t kFaultKinds = 9;

std::string_view to_string(FaultKind kind);
std::optional<FaultKind> parse_fault(std::string_view text);

struct Fault {
  FaultKind kind;
  std::int64_t rate_ppm = 1'000'000;    // how often it strikes where it could, in millionths
  std::optional<std::int64_t> times{};  // how often yet; nothing: without end

  friend bool operator==(const Fault&, const Fault&) = default;
};

// Reads a rate between 0 and 1 ("0.25") as millionths. Error: kInvalid.
Result<std::int64_t> parse_fault_rate(std::string_view text);

// A JSON list of {"kind", "rate", "times"}: the file of `switchyard sim --faults`. Errors: kUnreadable, kInvalid.
Result<std::vector<Fault>> faults_from_json(std::string_view text);

// The faults of one world, how often each has struck, and the seeded generator that decides.
class FaultBook {
 public:
  explicit FaultBook(std::uint64_t seed) : random_(seed) {}

  // Replaces the fault of that kind; a rate or a number of times of zero takes it away.
  void set(const Fault& fault);
  const Fault* find(FaultKind kind) const;
  // Decides whether the fault strikes here, and counts it.
  bool strikes(FaultKind kind);
  // An even number in [low, high], for how long, how old, where.
  std::int64_t between(std::int64_t low, std::int64_t high) { return random_.between(low, high); }

  std::int64_t fired(FaultKind kind) const { return fired_[static_cast<std::size_t>(kind)]; }

  // As it is kept in the world's file: faults, counts, generator.
  Json to_json() const;
  static Result<FaultBook> from_json(const Json& json);

 private:
  std::array<std::optional<Fault>, kFaultKinds> faults_;
  std::array<std::int64_t, kFaultKinds> fired_{};
  Random random_;
};

}  // namespace switchyard
