#include <array>

#include "specs/kinds/tables.h"

namespace switchyard {
namespace {

constexpr std::array<std::string_view, 2> kRegisterOn{"one", "each"};

constexpr std::array kDestination{
    FieldRow{.path = "uri",
             .type = Type::kSipUri,
             .meaning = "where calls are sent",
             .rule = "RFC 3261 19.1",
             .effect = EffectRule::kLive,
             .required = true},
    FieldRow{.path = "weight",
             .type = Type::kInteger,
             .meaning = "its share of the carrier's calls",
             .rule = "Kamailio, dispatcher module: weight=1 to 100",
             .effect = EffectRule::kLive,
             .fallback = "1",
             .low = 1,
             .high = 100},
};

constexpr std::array kRows{
    FieldRow{.path = "spec.destinations",
             .type = Type::kObject,
             .meaning = "the carrier's gateways",
             .rule = "the carrier's contract",
             .effect = EffectRule::kLive,
             .required = true,
             .many = Many::kList,
             .members = kDestination},
    FieldRow{.path = "spec.cps",
             .type = Type::kInteger,
             .meaning = "calls a second that the carrier takes",
             .rule = "the carrier's contract",
             .effect = EffectRule::kLive,
             .fallback_note = "no limit",
             .low = 1,
             .high = 1'000'000},
    FieldRow{.path = "spec.channels",
             .type = Type::kInteger,
             .meaning = "calls at once that the carrier takes",
             .rule = "the carrier's contract",
             .effect = EffectRule::kLive,
             .fallback_note = "no limit",
             .low = 1,
             .high = 100'000'000},
    FieldRow{.path = "spec.registration.registrar",
             .type = Type::kHostPort,
             .meaning = "where to register; set: the carrier wants a registration",
             .rule = "RFC 3261 10",
             .effect = EffectRule::kLive},
    FieldRow{.path = "spec.registration.username",
             .type = Type::kText,
             .meaning = "the name to register with",
             .rule = "RFC 3261 22.4",
             .effect = EffectRule::kLive,
             .low = 1,
             .high = 200},
    FieldRow{.path = "spec.registration.password",
             .type = Type::kSecret,
             .meaning = "the password to register with",
             .rule = "RFC 3261 22.4",
             .effect = EffectRule::kLive},
    FieldRow{.path = "spec.registration.registerOn",
             .type = Type::kWord,
             .meaning = "one member of a cluster registers, or each does",
             .rule = "the carrier's contract",
             .effect = EffectRule::kLive,
             .fallback_note = "one, when there is a registrar",
             .words = kRegisterOn},
};

}  // namespace

std::span<const FieldRow> carrier_rows() {
  return kRows;
}

}  // namespace switchyard
