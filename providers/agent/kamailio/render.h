#pragma once

#include "providers/agent/daemon/driver.h"

namespace switchyard::kamailio {

// The whole configuration of a switch or a dispatcher, by Driver::render's promise. Its files:
//   kamailio.cfg         read at start: a head of this server's own, and the scripts of scripts/, which are the same
//   for all dispatcher.list      destinations; taken again while it runs, like the next two tls.cfg *.pem        with
//   TLS rtpengine            media servers of a switch, as a table of db_text with its "version"; "uacreg" is always
//   empty registrations.json   what the driver registers with carriers, passwords included; no file of Kamailio's
Result<Rendered> render(const Place& place, const Configuration& configuration, Traffic traffic);

}  // namespace switchyard::kamailio
