#include "providers/agent/daemon/arguments.h"

#include <fmt/core.h>

#include <charconv>
#include <filesystem>

namespace switchyard {
namespace {

constexpr const char* kHelp = R"(switchyard-agent: runs one server's SIP or media process as the reconciler says

  switchyard-agent --folder /var/lib/switchyard-agent --address 203.0.113.7 --role switch --name lon-1

  --folder F         where this server's configuration, identity and log live; its owner's alone
  --address A        the IPv4 address that its process and its HTTPS listen on
  --role R           switch, dispatcher or media
  --name N           metadata.name of the server
  --port P           of HTTPS; 7443 by default
  --token-file F     {"uid": ..., "token": ...}: what this server is enrolled with at first contact
  --longest-call D   how long a call may go on that a restarted process no longer counts; 2h by default
  --log-level L      debug, info, warn, error or off; --log-format text or json
  --version, --help

It stays in the foreground and logs to stderr. SIGTERM or SIGINT ends the agent alone: its SIP process goes on, with all
its calls, and is adopted when the agent starts again. To end both, ask for the action "stop" first, or end the process
that FOLDER/process.json names with its group. One agent a folder.
)";

AgentAnswer wrong(const std::string& what) {
  return {.text = fmt::format("error: {}; see switchyard-agent --help\n", what), .exit_code = 1};
}

}  // namespace

std::variant<AgentArguments, AgentAnswer> read_arguments(const std::vector<std::string>& words) {
  AgentArguments read;
  bool has_role = false;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (word == "--help" || word == "-h") return AgentAnswer{.text = kHelp, .exit_code = 0};
    if (word == "--version") {
      return AgentAnswer{.text = fmt::format("switchyard-agent {}\n", SWITCHYARD_VERSION), .exit_code = 0};
    }
    if (i + 1 == words.size()) return wrong(fmt::format("\"{}\" needs a value, or is no option", word));
    const std::string& value = words[++i];
    if (word == "--folder") {
      read.place.folder = std::filesystem::absolute(value).lexically_normal().string();
    } else if (word == "--address") {
      read.place.address = value;
    } else if (word == "--name") {
      read.place.name = value;
    } else if (word == "--role") {
      const auto role = parse_role(value);
      if (!role) return wrong(fmt::format("there is no role \"{}\": switch, dispatcher or media", value));
      read.place.role = *role;
      has_role = true;
    } else if (word == "--port") {
      std::uint16_t port = 0;
      const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), port);
      if (error != std::errc() || end != value.data() + value.size() || port == 0) {
        return wrong(fmt::format("\"{}\" is no port", value));
      }
      read.port = port;
    } else if (word == "--token-file") {
      read.token_file = value;
    } else if (word == "--longest-call") {
      const auto length = parse_duration(value);
      if (!length) return wrong(length.error().message);
      read.longest_call = *length;
    } else if (word == "--log-level") {
      read.log_level = value;
    } else if (word == "--log-format") {
      read.log_format = value;
    } else {
      return wrong(fmt::format("there is no option \"{}\"", word));
    }
  }
  if (read.place.folder.empty() || read.place.address.empty() || read.place.name.empty() || !has_role) {
    return wrong("--folder, --address, --role and --name are needed");
  }
  while (read.place.folder.size() > 1 && read.place.folder.ends_with('/')) read.place.folder.pop_back();
  return read;
}

}  // namespace switchyard
