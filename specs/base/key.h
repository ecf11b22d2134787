#pragma once

#include <array>
#include <compare>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace switchyard {

// The kinds of the language (design 5).
enum class Kind { kAccount, kZone, kCluster, kServer, kServerSet, kRtpServer, kCarrier, kCertificate };

// All of them in the order in which people meet them, each with its word in YAML and what it is for.
struct KindWord {
  Kind kind;
  std::string_view word;
  std::string_view meaning;
};
inline constexpr std::array kKinds{
    KindWord{Kind::kAccount, "Account",
             "The money and the provider: whose servers these are and what may be spent on them."},
    KindWord{Kind::kZone, "Zone", "A place at a provider where servers run, and the options that they share."},
    KindWord{Kind::kCluster, "Cluster", "Servers that share limits, dialogs and registrations."},
    KindWord{Kind::kServer, "Server", "One SIP server: a switch that carries calls or a dispatcher that spreads them."},
    KindWord{Kind::kServerSet, "ServerSet", "Several servers from one template: Server/NAME-1 to Server/NAME-N."},
    KindWord{Kind::kRtpServer, "RtpServer", "A media server: it relays the sound of calls."},
    KindWord{Kind::kCarrier, "Carrier", "A carrier: where calls go out."},
    KindWord{Kind::kCertificate, "Certificate", "A TLS certificate with its key, for the servers that name it."},
};

std::span<const Kind> all_kinds();  // in that order
std::string_view meaning_of(Kind kind);
std::string_view to_string(Kind kind);
// Exactly as written in YAML: "Server". Nothing when there is no such kind.
std::optional<Kind> parse_kind(std::string_view text);

// Names a resource: "Server/lon-1".
struct Key {
  Kind kind;
  std::string name;

  friend bool operator==(const Key&, const Key&) = default;
  // Names compare bytewise, ties by kind (law 1).
  friend std::strong_ordering operator<=>(const Key& a, const Key& b) {
    if (auto order = a.name <=> b.name; order != 0) return order;
    return a.kind <=> b.kind;
  }
};

std::string to_string(const Key& key);
// Reads "Server/lon-1"; the kind in any case, so that people may type "server/lon-1".
std::optional<Key> parse_key(std::string_view text);

}  // namespace switchyard
