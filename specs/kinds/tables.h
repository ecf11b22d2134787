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

// The table of a kind.
inline std::span<const FieldRow> rows_of(Kind kind) {
  switch (kind) {
    case Kind::kAccount:
      return account_rows();
    case Kind::kZone:
      return zone_rows();
    case Kind::kCluster:
      return cluster_rows();
    case Kind::kServer:
      return server_rows();
    case Kind::kServerSet:
      return server_set_rows();
    case Kind::kRtpServer:
      return rtp_server_rows();
    case Kind::kCarrier:
      return carrier_rows();
    case Kind::kCertificate:
      return certificate_rows();
  }
  return {};
}

}  // namespace switchyard
