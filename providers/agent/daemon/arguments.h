#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "providers/agent/daemon/driver.h"

namespace switchyard {

// What the daemon was started with.
struct AgentArguments {
  Place place{.folder = {}, .address = {}, .role = Role::kSwitch, .name = {}};
  std::optional<std::uint16_t> port;  // of HTTPS; nothing: the protocol's
  std::string token_file;             // empty: none
  std::string log_level = "info";
  std::string log_format = "text";
  Duration longest_call = std::chrono::hours(2);
};

// What to print instead of running, and the exit code.
struct AgentAnswer {
  std::string text;
  int exit_code;
};

std::variant<AgentArguments, AgentAnswer> read_arguments(const std::vector<std::string>& words);

}  // namespace switchyard
