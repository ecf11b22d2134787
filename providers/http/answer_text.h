#pragma once

#include <string>
#include <string_view>

#include "providers/http/listener.h"

namespace switchyard {

// How a listener's answers read on the wire (RFC 9112).
std::string_view reason_of(int status);
std::string on_the_wire(const ListenerAnswer& answer, bool keep_alive);
// An answer that says no more than its status does.
ListenerAnswer refusal_of(int status);

}  // namespace switchyard
