#pragma once

#include <string_view>

#include "specs/base/effect.h"
#include "specs/base/json.h"

namespace switchyard {

// What a change of one field does to service (domain.md, "What a changed field does"), read off the tables that also
// decode the language. `before` and `after` matter where the table asks for values (channels across 1,000; TLS that
// was on before). A path that no table knows has effect restart: never assume that a change is harmless.
Effect effect_of_change(std::string_view path, const Json& before, const Json& after);

}  // namespace switchyard
