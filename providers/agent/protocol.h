#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "providers/provider.h"

// What an agent and the reconciler say to each other, as JSON over HTTPS (README.md has the paths). Written for whoever
// sends nonsense: what is read is checked in full, and no message holds a secret.
namespace switchyard {

inline constexpr std::uint16_t kAgentPort = 7443;
inline constexpr std::size_t kLargestAgentBody = 1U << 20U;  // bytes, of requests and answers

inline constexpr std::string_view kStatusPath = "/v1/status";
inline constexpr std::string_view kConfigurationPath = "/v1/configuration";
inline constexpr std::string_view kActionsPath = "/v1/actions";
inline constexpr std::string_view kEnrolPath = "/v1/enrol";
inline constexpr std::string_view kIdentityPath = "/v1/identity";

inline constexpr std::string_view kFenceHeader = "switchyard-fence";
inline constexpr std::string_view kPatienceHeader = "switchyard-patience";  // milliseconds that the caller waits

// A whole number of a header, nothing else beside it and not negative.
std::optional<std::int64_t> number_of_header(std::string_view text);

Json configuration_body(const Configuration& wanted);
Result<Configuration> configuration_from_body(std::string_view body);  // kInvalid

Json action_body(Action action);
Result<Action> action_from_body(std::string_view body);  // kInvalid

Json report_body(const AgentReport& report);
Result<AgentReport> report_from_body(std::string_view body);  // kUnreadable

// {"done": true}: the success of what answers nothing.
Json done_body();
bool is_done(std::string_view body);

// Errors travel as their own words, with a status for those who do not know them.
int status_of(ErrorCode code);
Json error_body(const Error& error);
// Nothing when the body holds none, or one that does not go with the status.
std::optional<Error> error_from_body(int status, std::string_view body);

}  // namespace switchyard
