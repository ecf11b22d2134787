#include "providers/sim/sim_server.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>

#include "providers/sim/offer.h"

namespace switchyard {
namespace {

constexpr std::string_view prefix_of(Machines machines) {
  return machines == Machines::kReal ? "local-" : "sim-";
}

constexpr std::chrono::hours kHour{1};

// Addresses from the private block 10.0.0.0/8 and the documentation prefix 2001:db8::/32, unique up to 2^24 servers.
std::string ipv4_of(std::int64_t number) {
  return fmt::format("10.{}.{}.{}", (number >> 16) & 255, (number >> 8) & 255, number & 255);
}
std::string ipv6_of(std::int64_t number) {
  return fmt::format("2001:db8::{:x}:{:x}", (number >> 16) & 0xffff, number & 0xffff);
}

AgentReport report_of(const SimServer& server, std::string_view salt, Timestamp now) {
  const bool answers = agent_answers(server);
  AgentReport report{
      .at = answers ? now : server.heard,
      .applied = server.configuration.applied,
      .applied_digest = server.configuration.digest,
      .peers = server.configuration.peers,
      .channels = std::nullopt,
      .cps = std::nullopt,
      .drained = server.drained,
      .booted = server.booted,
      .release = server.release,
      .pending_release = server.pending_release,
      .sip_latency_us = std::nullopt,
      .icmp_latency_us = std::nullopt,
      .salt = std::string(salt),
      .fingerprints = server.configuration.fingerprints,
  };
  if (answers) {
    report.channels = server.channels;
    // Calls of three minutes each keep so many channels busy with this many new calls a second.
    report.cps = (server.channels + 179) / 180;
    report.icmp_latency_us = 900 + server.number % 97 * 40;
    report.sip_latency_us = *report.icmp_latency_us + 350;
  }
  return report;
}

}  // namespace

std::string sim_id(Machines machines, std::int64_t number) {
  return fmt::format("{}{}", prefix_of(machines), number);
}

std::string sim_id(const SimServer& server) {
  return sim_id(server.address.empty() ? Machines::kSimulated : Machines::kReal, server.number);
}

std::optional<std::int64_t> parse_sim_id(Machines machines, std::string_view id) {
  if (!id.starts_with(prefix_of(machines))) return std::nullopt;
  id.remove_prefix(prefix_of(machines).size());
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(id.data(), id.data() + id.size(), number);
  if (error != std::errc{} || end != id.data() + id.size() || number <= 0) return std::nullopt;
  return number;
}

bool agent_answers(const SimServer& server) {
  if (server.phase == Phase::kActive) return true;
  return server.phase == Phase::kUpdating && server.work.has_value() && !server.work->machine_is_down;
}

std::optional<Rate> price_of(const SimServer& server, Currency currency) {
  if (server.own_price) return Rate{.micro_minor_per_hour = *server.own_price, .currency = currency};
  return sim_price(server.size, currency);
}

std::optional<Timestamp> next_charge(const SimServer& server, Timestamp now) {
  if (!server.charged_from) return std::nullopt;
  const auto full_hours = (now - *server.charged_from) / kHour;
  return *server.charged_from + (full_hours + 1) * kHour;
}

std::optional<Timestamp> next_event_of(const SimServer& server, Timestamp now) {
  std::optional<Timestamp> next = next_charge(server, now);
  const auto consider = [&next](std::optional<Timestamp> time) {
    if (time && (!next || *time < *next)) next = time;
  };
  consider(server.ready);
  if (server.phase != Phase::kExpired) consider(server.expires);
  consider(server.calls_end);
  if (server.work) consider(server.work->end);
  return next;
}

ObservedServer observe(const SimServer& server, Currency currency, std::string_view salt, Timestamp now) {
  ObservedServer seen;
  seen.id = sim_id(server);
  seen.mark = server.mark;
  seen.name = server.name;
  seen.role = server.role;
  seen.region = server.region;
  seen.size = server.size;
  seen.phase = server.phase;
  seen.created = server.created;
  seen.delivered = server.delivered;
  seen.expires = server.expires;
  if (!server.price_hidden) seen.price = price_of(server, currency);
  seen.last_action = server.last_action;
  seen.last_action_state = server.last_action_state;
  seen.last_action_message = server.last_action_message;
  seen.seen = now;
  if (server.delivered && !server.address.empty()) {
    seen.ipv4 = server.address;
  } else if (server.delivered) {
    seen.ipv4 = ipv4_of(server.number);
    seen.ipv6 = ipv6_of(server.number);
    seen.agent = report_of(server, salt, now);
  }
  return seen;
}

}  // namespace switchyard
