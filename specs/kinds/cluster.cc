#include <array>

#include "specs/kinds/tables.h"

namespace switchyard {
namespace {

constexpr std::array<std::string_view, 2> kOnTimeout{"release", "keep"};
constexpr std::int64_t kMinute = 60'000;

constexpr std::array kRows{
    FieldRow{.path = "spec.limits.cps",
             .type = Type::kInteger,
             .meaning = "calls a second that all members together admit",
             .rule = "the carrier's contract; members share it",
             .effect = EffectRule::kLive,
             .fallback_note = "none: each member's own",
             .low = 1,
             .high = 1'000'000},
    FieldRow{.path = "spec.limits.channels",
             .type = Type::kInteger,
             .meaning = "calls at once that all members together admit",
             .rule = "the carrier's contract; members share it",
             .effect = EffectRule::kLive,
             .fallback_note = "none: each member's own",
             .low = 1,
             .high = 100'000'000},
    FieldRow{.path = "spec.share.dialogs",
             .type = Type::kBoolean,
             .meaning = "members know each other's calls",
             .rule = "Kamailio, dmq and dialog modules",
             .effect = EffectRule::kRestart,
             .fallback = "true"},
    FieldRow{.path = "spec.share.throughput",
             .type = Type::kBoolean,
             .meaning = "members count calls a second together",
             .rule = "Kamailio, dmq and htable modules",
             .effect = EffectRule::kRestart,
             .fallback = "true"},
    FieldRow{.path = "spec.share.locations",
             .type = Type::kBoolean,
             .meaning = "members know each other's registrations",
             .rule = "Kamailio, dmq_usrloc module",
             .effect = EffectRule::kRestart,
             .fallback = "true"},
    FieldRow{.path = "spec.rollout.maxUnavailable",
             .type = Type::kInteger,
             .meaning = "how many members a rolling change takes out at a time",
             .rule = "switchyard/v1: and only while the others can carry the live channels of all",
             .effect = EffectRule::kLive,
             .fallback = "1",
             .low = 1,
             .high = 1000},
    FieldRow{.path = "spec.rollout.drainTimeout",
             .type = Type::kDuration,
             .meaning = "how long a change waits for a member's calls to end before it is held",
             .rule = "switchyard/v1: calls are not cut",
             .effect = EffectRule::kLive,
             .fallback = "30m",
             .low = 1000,
             .high = kMinute * 60 * 24 * 7},
    FieldRow{.path = "spec.rollout.onTimeout",
             .type = Type::kWord,
             .meaning = "past drainTimeout the member takes calls again (release) or stays drained (keep)",
             .rule = "switchyard/v1",
             .effect = EffectRule::kLive,
             .fallback = "release",
             .words = kOnTimeout},
    FieldRow{.path = "spec.defaults",
             .type = Type::kOptions,
             .meaning = "options of all its members, over those of the zone, below those of the server",
             .rule = "switchyard/v1: zone defaults < cluster defaults < server",
             .effect = EffectRule::kLive},
};

}  // namespace

std::span<const FieldRow> cluster_rows() {
  return kRows;
}

}  // namespace switchyard
