#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "providers/sim/faults.h"
#include "specs/base/json.h"
#include "specs/base/timestamp.h"
#include "specs/fleet.h"

// What a person (or a test) does to a simulated world by hand: `switchyard sim ctl` (design 7). A server is named by
// its metadata.name or its id. Faults and rate limits never strike here.
namespace switchyard {

struct CtlBalance {
  std::string amount;  // "177.40"; with a sign in front ("+2.60") it is added
};
struct CtlExpire {
  std::string server;
};
struct CtlVanish {
  std::string server;
};
struct CtlPower {
  std::string server;
  Power power;
};
// `server` may be "world": then a field of WorldSettings (providers/sim/README.md lists all).
struct CtlSet {
  std::string server;
  std::string field;
  std::string value;
};
struct CtlAdvance {
  Duration by;
};
struct CtlCalls {
  std::string server;
  std::int64_t calls;
  std::optional<Duration> lasting;  // nothing: for ever
};
struct CtlFault {
  Fault fault;
};
struct CtlDump {};

using CtlCommand =
    std::variant<CtlBalance, CtlExpire, CtlVanish, CtlPower, CtlSet, CtlAdvance, CtlCalls, CtlFault, CtlDump>;

// As it is sent to a served world. Error: kInvalid.
Json to_json(const CtlCommand& command);
Result<CtlCommand> ctl_command_from_json(const Json& json);

// Which world: a file (made, with its folders, when it is missing) or a served one.
struct CtlTarget {
  std::string world_file;
  std::string endpoint;  // "http://127.0.0.1:9180"; goes before the file
  std::string token;     // SIM_TOKEN of the caller's environment; empty: none
};

// Carries it out. The answer is one JSON object with "formatVersion"; of CtlDump it is the dump of design 7, of all
// others it says what is now so ("now", "balance", "server"). Errors: kInvalid, kNotFound, and those of the file or
// transport.
Result<Json> run_ctl(const CtlTarget& target, const CtlCommand& command);

// The dump for people: one line for the world, one a server, one a fault.
std::string dump_for_people(const Json& dump);

}  // namespace switchyard
