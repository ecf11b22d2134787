#pragma once

#include <string>
#include <vector>

#include "providers/agent/daemon/driver.h"

// What Kamailio's answers mean. Pure: JSON in, values out; what is missing or odd stays unknown.
namespace switchyard::kamailio {

// dispatcher.list as hot values (see hot_destinations) and for people, with the state that each is in.
Json read_destinations(const Json& answer);
Json describe_destinations(const Json& answer);

// rtpengine.show all: the URLs, sorted.
Json read_media(const Json& answer);

// uac.reg_dump as hot values, and for people, without a password.
Json read_registrations(const Json& answer);
Json describe_registrations(const Json& answer);

// core.sockets_list as "udp:127.0.0.1:5060", sorted.
Json describe_listeners(const Json& answer);

// dmq.list_nodes without itself: {"address", "state"}.
Json describe_bus(const Json& answer);

// dlg.stats_active: calls in any state. Nothing when it says nothing of them.
std::optional<std::int64_t> read_channels(const Json& answer);

// Fields that the settings of cfg.get tell the value of, sorted by path.
Fields read_fields(const Json& settings);

}  // namespace switchyard::kamailio
