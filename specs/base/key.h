#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>

namespace switchyard {

// The kinds of the language (design 5).
enum class Kind { kAccount, kZone, kCluster, kServer, kServerSet, kRtpServer, kCarrier, kCertificate };

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
