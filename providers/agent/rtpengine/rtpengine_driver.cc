#include "providers/agent/rtpengine/rtpengine_driver.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>
#include <utility>

#include "providers/agent/daemon/program.h"
#include "providers/agent/rtpengine/control_sockets.h"
#include "specs/base/digest.h"

namespace switchyard {
namespace {

constexpr const char* kProgram = "rtpengine";
constexpr Duration kPatience = std::chrono::seconds(2);

std::int64_t number_of(const Fields& fields, std::string_view path, std::int64_t fallback) {
  const Json* value = find_field(fields, path);
  return value == nullptr || value->integer() == nullptr ? fallback : *value->integer();
}

// The first whole number behind `words`: "Maximum sessions configured on rtpengine: 7".
std::optional<std::int64_t> number_behind(std::string_view text, std::string_view words) {
  const std::size_t at = text.find(words);
  if (at == std::string_view::npos) return std::nullopt;
  text.remove_prefix(std::min(text.size(), text.find_first_not_of(' ', at + words.size())));
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return std::nullopt;
  return number;
}

}  // namespace

// Its command line asks for no password: it is bound where nobody outside this machine can reach it.
RtpengineDriver::RtpengineDriver(Place place)
    : place_(std::move(place)), cli_address_(place_.address.starts_with("127.") ? place_.address : "127.0.0.1") {}

Result<Rendered> RtpengineDriver::render(const Configuration& wanted, Traffic traffic) const {
  const std::int64_t from = number_of(wanted.fields, "spec.ports.from", 30000);
  const std::int64_t to = number_of(wanted.fields, "spec.ports.to", 40000);
  const std::int64_t wanted_sessions = number_of(wanted.fields, "spec.maxSessions", 2000);
  if (from < 1024 || to > 65535 || to - from + 1 < 4) {
    return Error{ErrorCode::kInvalid,
                 fmt::format("ports {} to {} hold no session; it takes four ports each", from, to)};
  }
  if (place_.address.find(':') != std::string::npos) {
    return Error{ErrorCode::kInvalid,
                 fmt::format("a media server needs an IPv4 address, \"{}\" is none", place_.address)};
  }
  const std::int64_t sessions = traffic == Traffic::kRefused ? 0 : wanted_sessions;
  const std::string fixed = fmt::format(
      "[rtpengine]\n"
      "# In user space: no kernel module, no iptables rule.\n"
      "table = -1\n"
      "interface = media/{0}\n"
      "listen-ng = {0}:{1}\n"
      "listen-cli = {2}:{3}\n"
      "port-min = {4}\n"
      "port-max = {5}\n"
      "timeout = 60\n"
      "silent-timeout = 3600\n"
      "delete-delay = 0\n"
      "num-threads = 2\n"
      "log-stderr = true\n"
      "log-level = 5\n",
      place_.address, kNgPort, cli_address_, kCliPort, from, to);
  Rendered rendered{
      .files = {{"rtpengine.conf", fixed + fmt::format("max-sessions = {}\n", sessions)}},
      .arguments = {kProgram, fmt::format("--config-file={}/current/rtpengine.conf", place_.folder), "--foreground"},
      .listens = {{.over = Listens::Over::kUdp, .address = place_.address, .port = kNgPort},
                  {.over = Listens::Over::kTcp, .address = cli_address_, .port = kCliPort}},
      .restart_key = {},
      .hot = Json::Object{{"maxSessions", sessions}}};
  std::string key = fixed;
  for (const std::string& argument : rendered.arguments) key += argument + '\n';
  rendered.restart_key = fast_hash_hex(key);
  return rendered;
}

// rtpengine has no mode that only checks; a start that fails is rolled back.
Result<Done> RtpengineDriver::check(const Rendered& /*rendered*/, const std::string& /*generation*/) {
  return Done{};
}

Result<std::string> RtpengineDriver::cli(const std::string& line) const {
  return ask_cli(cli_address_, kCliPort, line, kPatience);
}

Result<Done> RtpengineDriver::set_limit(std::int64_t sessions) const {
  const Result<std::string> answer = cli(fmt::format("set maxsessions {}", sessions));
  if (!answer) return answer.error();
  if (answer->find("Success") == std::string::npos) {
    return Error{ErrorCode::kRefused, "rtpengine: " + answer->substr(0, answer->find('\n'))};
  }
  return Done{};
}

Result<Done> RtpengineDriver::push(const Rendered& rendered) {
  return set_limit(rendered.hot.integer_or("maxSessions", 0));
}

Result<Done> RtpengineDriver::set_traffic(Traffic traffic) {
  return traffic == Traffic::kRefused ? set_limit(0) : Result<Done>(Done{});
}

Result<Answer> RtpengineDriver::probe(Duration timeout) {
  const auto begin = std::chrono::steady_clock::now();
  const Result<Json> pong = ask_ng(place_.address, kNgPort, Json::Object{{"command", "ping"}}, timeout);
  if (!pong) return pong.error();
  if (pong->string_or("result", "") != "pong") {
    return Error{ErrorCode::kUnreadable, "rtpengine answers a ping with " + to_string(*pong)};
  }
  return Answer{
      .status = 200,
      .took = std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - begin)};
}

Result<Reading> RtpengineDriver::read() {
  const Result<Json> answer = ask_ng(place_.address, kNgPort, Json::Object{{"command", "statistics"}}, kPatience);
  if (!answer) return answer.error();
  const Result<std::string> limit = cli("list maxsessions");
  if (!limit) return limit.error();
  Reading reading{.channels = std::nullopt,
                  .cps = std::nullopt,
                  .uptime = std::nullopt,
                  .drained = std::nullopt,
                  .version = {},  // it has no way to say so
                  .hot = Json::Object{},
                  .fields = {},
                  .details = Json::Object{}};
  const Json* statistics = answer->find("statistics");
  const Json* now = statistics == nullptr ? nullptr : statistics->find("currentstatistics");
  const Json* total = statistics == nullptr ? nullptr : statistics->find("totalstatistics");
  const auto whole = [](const Json* object, std::string_view name) -> std::optional<std::int64_t> {
    const Json* value = object == nullptr ? nullptr : object->find(name);
    if (value == nullptr) return std::nullopt;
    if (value->integer() != nullptr) return *value->integer();
    // Some versions send numbers as texts.
    return value->string() == nullptr ? std::nullopt : number_behind(*value->string(), "");
  };
  reading.channels = whole(now, "sessionsown");
  if (const auto uptime = whole(total, "uptime")) reading.uptime = std::chrono::seconds(*uptime);
  if (const auto sessions = number_behind(*limit, "rtpengine: ")) {
    reading.drained = *sessions == 0;
    reading.hot.set("maxSessions", *sessions);
    if (*sessions != 0) reading.fields.push_back({.path = "spec.maxSessions", .value = *sessions});
  }
  Json media;
  const auto tell = [&media](std::string_view name, std::optional<std::int64_t> value) {
    media.set(name, value ? Json(*value) : Json());
  };
  tell("sessions", reading.channels);
  tell("foreign", whole(now, "sessionsforeign"));
  tell("packetsPerSecond", whole(now, "packetrate"));
  tell("managed", whole(total, "managedsessions"));
  tell("rejected", whole(total, "rejectedsessions"));
  tell("timedOut", whole(total, "timeoutsessions"));
  reading.details.set("media", std::move(media));
  const Result<std::string> interfaces = cli("list interfaces");
  const auto used = interfaces ? number_behind(*interfaces, "Ports used:") : std::nullopt;
  reading.details.set("listeners", Json::Array{fmt::format("udp:{}:{}", place_.address, kNgPort),
                                               fmt::format("tcp:{}:{}", cli_address_, kCliPort)});
  reading.details.set("portsUsed", used ? Json(*used) : Json());
  return reading;
}

Result<std::string> RtpengineDriver::installed() {
  const std::string program = identity_of_program(kProgram);
  if (!program.empty() && program == seen_program_) return installed_;
  const Result<ProgramRun> run = run_program({kProgram, "--version"}, std::chrono::seconds(5));
  if (!run) return run.error();
  std::string_view words = run->said;
  const std::size_t at = words.find("Version: ");
  if (at != std::string_view::npos) words.remove_prefix(at + 9);
  installed_ = "rtpengine " + std::string(words.substr(0, words.find_first_of("\r\n")));
  seen_program_ = program;
  return installed_;
}

}  // namespace switchyard
