#pragma once

#include <string>
#include <string_view>

// Shapes of text that come from RFCs. Each function gives what is wrong, or nothing when the text is well-formed.
namespace switchyard {

std::string check_name(std::string_view text);      // DNS label, RFC 1123 2.1
std::string check_hostname(std::string_view text);  // fully qualified, RFC 1123 2.1
std::string check_domain(std::string_view text);    // a hostname, or one below "*." (RFC 6125 6.4.3)
std::string check_token(std::string_view text);     // the provider's word
std::string check_timezone(std::string_view text);  // IANA
std::string check_url(std::string_view text);       // http or https, no credentials in it
std::string check_sip_uri(std::string_view text);   // RFC 3261 19.1, no password in it
enum class Port { kOptional, kRequired };
std::string check_host_port(std::string_view text, Port port);  // RFC 3986 3.2.2

// Length of the valid UTF-8 sequence at `text[at]`; 0: not valid (RFC 3629).
std::size_t utf8_length(std::string_view text, std::size_t at);
bool is_control(std::string_view text, std::size_t at);  // C0, DEL, C1

}  // namespace switchyard
