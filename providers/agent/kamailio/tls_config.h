#pragma once

#include <map>
#include <string>

#include "providers/agent/kamailio/wanted.h"

namespace switchyard::kamailio {

// The TLS module's own file and what it points to, by name in the generation's folder; empty without TLS. A new
// connection is shown the certificate of the domain that it asks for, else the one that covers the fqdn, else the
// first.
std::map<std::string, std::string> tls_files(const Place& place, const Wanted& wanted);

// One digest of all of them: the setting "material". Empty without TLS.
std::string material_of(const std::map<std::string, std::string>& files);

}  // namespace switchyard::kamailio
