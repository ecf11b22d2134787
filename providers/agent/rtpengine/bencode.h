#pragma once

#include <string>
#include <string_view>

#include "specs/base/json.h"

// The encoding of rtpengine's NG protocol (BEP 3; docs/ng_control_protocol.md of rtpengine).
namespace switchyard {

// Texts, whole numbers, lists and dictionaries; other values have no form there and are written as their JSON text.
std::string to_bencode(const Json& value);

// One value and nothing behind it, at most 16 levels deep. Error: kUnreadable.
Result<Json> parse_bencode(std::string_view text);

}  // namespace switchyard
