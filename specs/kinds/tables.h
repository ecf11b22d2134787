#pragma once

#include <span>
#include <string_view>

#include "specs/base/key.h"
#include "specs/kinds/field.h"

// One table a kind; adding a field is adding a row.
namespace switchyard {

std::span<const FieldRow> common_rows();  // apiVersion, kind, metadata: of every kind
std::span<const FieldRow> account_rows();
std::span<const FieldRow> zone_rows();
std::span<const FieldRow> cluster_rows();
std::span<const FieldRow> server_rows();  // below "spec."
std::span<const FieldRow> server_set_rows();
std::span<const FieldRow> rtp_server_rows();
std::span<const FieldRow> carrier_rows();
std::span<const FieldRow> certificate_rows();
std::span<const FieldRow> options();  // below "spec.options." of a server, "spec.defaults." of a zone or cluster

// What a kind is for, in one sentence.
std::string_view meaning_of(Kind kind);

// All kinds in the order in which people meet them.
std::span<const Kind> all_kinds();

}  // namespace switchyard
