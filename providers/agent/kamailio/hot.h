#pragma once

#include <string>
#include <variant>
#include <vector>

#include "providers/agent/kamailio/wanted.h"

// What is pushed while Kamailio runs (sip.md 2). Settings are variables of its group "sw": the file holds them as their
// first values, so that a process that starts without an agent comes up right.
namespace switchyard::kamailio {

struct Setting {
  std::string name;  // in group "sw"
  std::variant<std::int64_t, std::string> value;

  friend bool operator==(const Setting&, const Setting&) = default;
};

// All settings of a role, always the same names in the same order; "drain" is not among them (Driver::set_traffic).
// `material` is the digest of what TLS is configured with; empty without TLS.
std::vector<Setting> settings_of(const Place& place, const Wanted& wanted, const std::string& material);

// The lines that declare them, with their values or, for the restart key, without.
enum class FirstValues { kWritten, kBlank };
std::string declare(const std::vector<Setting>& settings, FirstValues values, Traffic traffic);

// The dispatcher's list in lines "SET URI FLAGS PRIORITY ATTRIBUTES", sorted by set; the order within a set counts.
// Sets: 1 switches, 2 dispatchers, 3 members, 4 registrars, 100 and up carriers.
std::string destinations_of(const Place& place, const Wanted& wanted);

// The same as hot values, as they are read back: "SET URI on|off PRIORITY ATTRIBUTES", sorted.
Json hot_destinations(const std::string& list);

// The media servers as Kamailio's URLs, sorted.
std::vector<std::string> media_urls(const Wanted& wanted);

// Registrations with carriers that have one, by carrier: with their passwords (a file of the generation), and as hot
// values with a fingerprint in the password's place.
Json registrations_of(const Place& place, const Wanted& wanted);
Json hot_registration(const std::string& carrier, const std::string& registrar, const std::string& username,
                      const std::string& password);
Json hot_registrations(const Json& registrations);

// The whole object of Rendered::hot.
Json hot_of(const std::vector<Setting>& settings, const std::string& list, const Wanted& wanted,
            const Json& registrations);

constexpr std::int64_t kBusPort = 5062;
constexpr std::int64_t kMediaPort = 2223;  // where rtpengine takes the NG protocol

}  // namespace switchyard::kamailio
