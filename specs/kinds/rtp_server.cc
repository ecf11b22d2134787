#include <array>

#include "specs/kinds/tables.h"

namespace switchyard {
namespace {

constexpr std::array<std::string_view, 2> kPowers{"running", "stopped"};

constexpr std::array kRows{
    FieldRow{.path = "spec.zone",
             .type = Type::kReference,
             .meaning = "where it stands",
             .rule = "switchyard/v1",
             .effect = EffectRule::kReplace,
             .required = true,
             .to = Kind::kZone},
    FieldRow{.path = "spec.alias",
             .type = Type::kText,
             .meaning = "shown to people",
             .rule = "switchyard/v1",
             .effect = EffectRule::kLive,
             .low = 1,
             .high = 100},
    FieldRow{.path = "spec.size",
             .type = Type::kToken,
             .meaning = "the machine, in the provider's word",
             .rule = "the provider's catalogue; off, resize, on",
             .effect = EffectRule::kReboot,
             .required = true},
    FieldRow{.path = "spec.aliases",
             .type = Type::kName,
             .meaning = "further names that options.rtp may use",
             .rule = "switchyard/v1",
             .effect = EffectRule::kLive,
             .fallback = "[]",
             .many = Many::kSet},
    FieldRow{.path = "spec.ports.from",
             .type = Type::kInteger,
             .meaning = "the lowest port for media",
             .rule = "rtpengine: port-min is read at start; four ports a session",
             .effect = EffectRule::kRestart,
             .fallback = "30000",
             .low = 1024,
             .high = 65535},
    FieldRow{.path = "spec.ports.to",
             .type = Type::kInteger,
             .meaning = "the highest port for media",
             .rule = "rtpengine: port-max is read at start; four ports a session",
             .effect = EffectRule::kRestart,
             .fallback = "40000",
             .low = 1024,
             .high = 65535},
    FieldRow{.path = "spec.maxSessions",
             .type = Type::kInteger,
             .meaning = "calls whose sound it relays at once",
             .rule = "rtpengine: max-sessions may change while it runs",
             .effect = EffectRule::kLive,
             .fallback = "2000",
             .low = 1,
             .high = 16'000},
    FieldRow{.path = "spec.power",
             .type = Type::kWord,
             .meaning = "whether it runs; it is drained before it is stopped",
             .rule = "the service's actions start and stop",
             .effect = EffectRule::kReboot,
             .fallback = "running",
             .words = kPowers},
    FieldRow{.path = "spec.priority",
             .type = Type::kInteger,
             .meaning = "who gets the balance first: higher first, then by name",
             .rule = "switchyard/v1",
             .effect = EffectRule::kLive,
             .fallback = "0",
             .low = -1'000'000,
             .high = 1'000'000},
    FieldRow{.path = "spec.protect",
             .type = Type::kBoolean,
             .meaning = "never destroyed or replaced, not even when its document is gone",
             .rule = "switchyard/v1: restore the document with protect: false, apply, remove",
             .effect = EffectRule::kLive,
             .fallback = "false"},
};

}  // namespace

std::span<const FieldRow> rtp_server_rows() {
  return kRows;
}

}  // namespace switchyard
