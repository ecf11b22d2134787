#include <array>

#include "specs/kinds/tables.h"

namespace switchyard {
namespace {

constexpr std::array<std::string_view, 2> kDataZones{"us", "eu"};

constexpr std::array kRows{
    FieldRow{.path = "spec.account",
             .type = Type::kReference,
             .meaning = "the account that its servers are rented by",
             .rule = "switchyard/v1",
             .effect = EffectRule::kReplace,
             .required = true,
             .to = Kind::kAccount},
    FieldRow{.path = "spec.region",
             .type = Type::kToken,
             .meaning = "where its servers stand, in the provider's word",
             .rule = "the provider's catalogue",
             .effect = EffectRule::kReplace,
             .required = true},
    FieldRow{.path = "spec.dataZone",
             .type = Type::kWord,
             .meaning = "where call records and traces of its servers are kept",
             .rule = "the service's data zones",
             .effect = EffectRule::kLive,
             .words = kDataZones},
    FieldRow{.path = "spec.failover",
             .type = Type::kReference,
             .meaning = "the zone that takes over when this one is lost",
             .rule = "switchyard/v1: another zone, without a ring",
             .effect = EffectRule::kLive,
             .to = Kind::kZone},
    FieldRow{.path = "spec.timezone",
             .type = Type::kTimezone,
             .meaning = "the clock on the wall there, for windows and for people",
             .rule = "IANA time zone database",
             .effect = EffectRule::kLive,
             .fallback = "UTC"},
    FieldRow{.path = "spec.defaults",
             .type = Type::kOptions,
             .meaning = "options of all its servers, below those of the cluster and of the server",
             .rule = "switchyard/v1: zone defaults < cluster defaults < server",
             .effect = EffectRule::kLive},
};

}  // namespace

std::span<const FieldRow> zone_rows() {
  return kRows;
}

}  // namespace switchyard
