#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace switchyard {

// The daemon's log goes to stderr: lines of text, or one JSON object a line. `level`: debug info warn error off.
void set_up_agent_log(std::string_view level, std::string_view format);

// A constant sentence plus keys; no secret.
void agent_log(std::string_view sentence, std::initializer_list<std::pair<std::string_view, std::string>> keys = {});
void agent_warning(std::string_view sentence,
                   std::initializer_list<std::pair<std::string_view, std::string>> keys = {});

}  // namespace switchyard
