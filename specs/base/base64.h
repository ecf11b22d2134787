#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace switchyard {

// RFC 4648, with padding and without line breaks.
std::string base64(std::string_view bytes);
// Nothing when the text is no base64.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace switchyard
