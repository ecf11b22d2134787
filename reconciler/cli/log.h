#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "reconciler/render/style.h"

namespace switchyard {

// Logs go to stderr: lines of text, or one JSON object a line. `level`: debug info warn error off.
void set_up_logging(std::string_view level, std::string_view format, Colour colour);

// A constant sentence plus keys.
using LogKeys = std::initializer_list<std::pair<std::string_view, std::string>>;
void log_info(std::string_view sentence, LogKeys keys = {});
void log_warning(std::string_view sentence, LogKeys keys = {});

}  // namespace switchyard
