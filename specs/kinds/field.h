#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "specs/base/key.h"

// One row a field: everything that the language knows of it. Decoding, inheritance, `explain`, the JSON Schema, the
// effects of changes and the YAML writer all read these rows, so that they cannot disagree.
namespace switchyard {

enum class Type : std::uint8_t {
  kBoolean,
  kInteger,         // low..high
  kDuration,        // kept as milliseconds; low..high in milliseconds
  kMoney,           // kept as text; the currency is the account's
  kCountOrPercent,  // 5 or "10%"
  kText,            // one line, low..high characters
  kName,            // a DNS label (RFC 1123 2.1)
  kReference,       // the name of a resource of kind `to`
  kWord,            // one of `words`
  kToken,           // the provider's word: region, size
  kHostname,        // fully qualified (RFC 1123 2.1)
  kDomain,          // a hostname, or one below "*."
  kHostPort,        // host, host:port, [v6]:port; low 1: with a port
  kUrl,             // http or https
  kSipUri,          // RFC 3261 19.1
  kCurrency,        // ISO 4217
  kTimezone,        // a name of the IANA database
  kSecret,          // {env: NAME} or {file: path}
  kTextMap,         // labels, annotations
  kObject,          // `members`; only in lists
  kOptions,         // stands for the rows of options()
  kServerSpec,      // stands for the rows of server_rows()
};

enum class Many : std::uint8_t {
  kOne,
  kList,  // the order counts
  kSet,   // kept sorted
};

// What a change does to service (domain.md, "What a changed field does").
enum class EffectRule : std::uint8_t {
  kLive,
  kRestart,
  kReboot,
  kReplace,
  kChannels,     // live up to 1,000, reboot across or above
  kTlsMaterial,  // live where TLS was and stays possible, else restart
  kTrace,        // on or off live, another target restart
};

struct FieldRow {
  std::string_view path;  // below the block it stands in: "spec.channels", "tls"
  Type type;
  std::string_view meaning;  // one line
  std::string_view rule;     // where it comes from
  EffectRule effect;
  std::string_view fallback{};       // built-in default as YAML writes it; empty: none
  std::string_view fallback_note{};  // a default that depends on something else, for people
  bool required = false;
  Many many = Many::kOne;
  std::int64_t low = 0;
  std::int64_t high = 0;
  std::span<const std::string_view> words{};
  std::optional<Kind> to{};
  std::span<const FieldRow> members{};  // of an object in a list
};

// Types that are written as text and may hold ${name} and ${index} in a ServerSet's template.
bool is_text(Type type);

}  // namespace switchyard
