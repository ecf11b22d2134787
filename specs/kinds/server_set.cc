#include <array>

#include "specs/kinds/tables.h"

namespace switchyard {
namespace {

constexpr std::array kRows{
    FieldRow{.path = "spec.replicas",
             .type = Type::kInteger,
             .meaning = "how many members; scaling down takes the highest",
             .rule = "switchyard/v1",
             .effect = EffectRule::kLive,
             .required = true,
             .low = 0,
             .high = 100'000},
    FieldRow{.path = "spec.zones",
             .type = Type::kReference,
             .meaning = "the members' zones, taken in turn",
             .rule = "switchyard/v1",
             .effect = EffectRule::kReplace,
             .fallback_note = "the template's zone",
             .many = Many::kList,
             .to = Kind::kZone},
    FieldRow{.path = "spec.template.metadata.labels",
             .type = Type::kTextMap,
             .meaning = "labels of the members, over those of the set",
             .rule = "switchyard/v1",
             .effect = EffectRule::kLive},
    FieldRow{.path = "spec.template.spec",
             .type = Type::kServerSpec,
             .meaning = "a server's spec; ${name} and ${index} in its texts become the member's",
             .rule = "switchyard/v1",
             .effect = EffectRule::kLive},
};

}  // namespace

std::span<const FieldRow> server_set_rows() {
  return kRows;
}

}  // namespace switchyard
