#include <array>

#include "specs/kinds/tables.h"

namespace switchyard {
namespace {

constexpr std::array kRows{
    FieldRow{.path = "spec.chain",
             .type = Type::kSecret,
             .meaning = "the certificate and those that vouch for it, in PEM, its own first",
             .rule = "RFC 8446 4.4.2; RFC 7468",
             .effect = EffectRule::kTlsMaterial,
             .required = true},
    FieldRow{.path = "spec.key",
             .type = Type::kSecret,
             .meaning = "its private key, in PEM",
             .rule = "RFC 7468",
             .effect = EffectRule::kTlsMaterial,
             .required = true},
};

}  // namespace

std::span<const FieldRow> certificate_rows() {
  return kRows;
}

}  // namespace switchyard
