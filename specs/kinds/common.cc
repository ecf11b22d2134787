#include <array>

#include "specs/kinds/tables.h"

namespace switchyard {
namespace {

constexpr std::array<std::string_view, 1> kVersions{"switchyard/v1"};
constexpr std::array<std::string_view, 8> kKinds{"Account",   "Zone",      "Cluster", "Server",
                                                 "ServerSet", "RtpServer", "Carrier", "Certificate"};
constexpr std::array<Kind, 8> kAll{Kind::kAccount,   Kind::kZone,      Kind::kCluster, Kind::kServer,
                                   Kind::kServerSet, Kind::kRtpServer, Kind::kCarrier, Kind::kCertificate};

constexpr std::array kRows{
    FieldRow{.path = "apiVersion",
             .type = Type::kWord,
             .meaning = "the version of the language",
             .rule = "switchyard/v1",
             .effect = EffectRule::kLive,
             .required = true,
             .words = kVersions},
    FieldRow{.path = "kind",
             .type = Type::kWord,
             .meaning = "what the document declares",
             .rule = "switchyard/v1",
             .effect = EffectRule::kLive,
             .required = true,
             .words = kKinds},
    FieldRow{.path = "metadata.name",
             .type = Type::kName,
             .meaning = "the name that other documents and people use; one resource of a kind has it",
             .rule = "RFC 1123 2.1 (a DNS label)",
             .effect = EffectRule::kReplace,
             .required = true},
    FieldRow{.path = "metadata.labels",
             .type = Type::kTextMap,
             .meaning = "words to select resources by (--target label=value)",
             .rule = "switchyard/v1",
             .effect = EffectRule::kLive},
    FieldRow{.path = "metadata.annotations",
             .type = Type::kTextMap,
             .meaning = "notes for people; they reach no server and change no plan",
             .rule = "switchyard/v1",
             .effect = EffectRule::kLive},
    FieldRow{.path = "metadata.formerly",
             .type = Type::kName,
             .meaning = "names that the resource had before, so that a rename keeps what exists",
             .rule = "switchyard/v1",
             .effect = EffectRule::kLive,
             .many = Many::kList},
};

}  // namespace

std::span<const FieldRow> common_rows() {
  return kRows;
}

std::span<const Kind> all_kinds() {
  return kAll;
}

std::string_view meaning_of(Kind kind) {
  switch (kind) {
    case Kind::kAccount:
      return "The money and the provider: whose servers these are and what may be spent on them.";
    case Kind::kZone:
      return "A place at a provider where servers run, and the options that they share.";
    case Kind::kCluster:
      return "Servers that share limits, dialogs and registrations.";
    case Kind::kServer:
      return "One SIP server: a switch that carries calls or a dispatcher that spreads them.";
    case Kind::kServerSet:
      return "Several servers from one template: Server/NAME-1 to Server/NAME-N.";
    case Kind::kRtpServer:
      return "A media server: it relays the sound of calls.";
    case Kind::kCarrier:
      return "A carrier: where calls go out.";
    case Kind::kCertificate:
      return "A TLS certificate with its key, for the servers that name it.";
  }
  return "";
}

bool is_text(Type type) {
  switch (type) {
    case Type::kText:
    case Type::kName:
    case Type::kReference:
    case Type::kToken:
    case Type::kHostname:
    case Type::kDomain:
    case Type::kHostPort:
    case Type::kUrl:
    case Type::kSipUri:
      return true;
    case Type::kBoolean:
    case Type::kInteger:
    case Type::kDuration:
    case Type::kMoney:
    case Type::kCountOrPercent:
    case Type::kWord:
    case Type::kCurrency:
    case Type::kTimezone:
    case Type::kSecret:
    case Type::kTextMap:
    case Type::kObject:
    case Type::kOptions:
    case Type::kServerSpec:
      return false;
  }
  return false;
}

}  // namespace switchyard
