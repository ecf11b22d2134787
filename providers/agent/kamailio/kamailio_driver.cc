#include "providers/agent/kamailio/kamailio_driver.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <set>
#include <thread>

#include "providers/agent/daemon/probe.h"
#include "providers/agent/daemon/program.h"
#include "providers/agent/kamailio/hot.h"
#include "providers/agent/kamailio/reading.h"
#include "providers/agent/kamailio/render.h"
#include "specs/base/digest.h"

namespace switchyard {
namespace {

using kamailio::Rpc;

constexpr std::uint16_t kSipPort = 5060;
constexpr Duration kAnswerTime{2000};
constexpr Duration kCheckTime{20'000};
// For a list of media servers that a process which has just started is about to have.
constexpr int kLooksAtMedia = 15;
constexpr Duration kBetweenLooks{100};

// Members of Rendered::hot that are no settings of group "sw".
constexpr std::array<std::string_view, 3> kLists{"destinations", "mediaServers", "registrations"};

// The one of the package, or the one that was named when the agent was started.
std::string program() {
  const char* named = std::getenv("SWITCHYARD_KAMAILIO");  // NOLINT(concurrency-mt-unsafe): the agent sets no variables
  return named == nullptr || *named == '\0' ? "/usr/sbin/kamailio" : named;
}

bool is_list(std::string_view name) {
  return std::ranges::find(kLists, name) != kLists.end();
}

// The lines in which Kamailio says what is wrong, without its colours and places in its own source.
std::string complaints_of(const std::string& text) {
  std::string found;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = std::string_view(text).substr(at, end - at);
    at = end + 1;
    std::size_t mark = line.find("CRITICAL:");
    if (mark == std::string_view::npos) mark = line.find("ERROR:");
    if (mark == std::string_view::npos || found.size() > 2000) continue;
    found += (found.empty() ? "" : "\n") + std::string(line.substr(mark));
  }
  return found;
}

// A failed call that only says that the module is not there.
Json or_null(const Result<Json>& answer) {
  return answer.ok() ? *answer : Json();
}

std::int64_t destinations_in(const Json* list, std::string_view set) {
  if (list == nullptr || list->array() == nullptr) return 0;
  return std::ranges::count_if(*list->array(), [&](const Json& line) {
    return line.string() != nullptr && line.string()->starts_with(set) &&
           line.string()->find(" on ") != std::string::npos;
  });
}

Error no_process(const Error& error) {
  return Error{.code = error.code == ErrorCode::kNotSent ? ErrorCode::kOutcomeUnknown : error.code,
               .message = error.message};
}

}  // namespace

KamailioDriver::KamailioDriver(Place place) : place_(std::move(place)) {}

Result<Rendered> KamailioDriver::render(const Configuration& wanted, Traffic traffic) const {
  Result<Rendered> rendered = kamailio::render(place_, wanted, traffic);
  if (rendered.ok() && !rendered->arguments.empty()) rendered->arguments.front() = program();
  return rendered;
}

Result<Done> KamailioDriver::check(const Rendered& /*rendered*/, const std::string& generation) {
  const Result<ProgramRun> run =
      run_program({program(), "-c", "-E", "-f", generation + "/kamailio.cfg", "-M", "8"}, kCheckTime);
  if (!run.ok()) return run.error();
  if (run->status == 0) return Done{};
  const std::string words = complaints_of(run->said);
  return Error{.code = ErrorCode::kRefused,
               .message = words.empty() ? fmt::format("kamailio -c ended with {}", run->status) : words};
}

Result<Json> KamailioDriver::read_hot(Rpc& rpc, Reading* reading) const {
  const Result<Json> settings = rpc.call("cfg.get", {"sw"});
  if (!settings.ok()) return no_process(settings.error());
  Json hot = Json::Object{};
  if (settings->object() != nullptr) {
    for (const auto& [name, value] : *settings->object()) {
      if (name != "drain") hot.set(name, value);
    }
  }
  // Without a single destination Kamailio answers with an error instead of an empty list.
  const Result<Json> destinations = rpc.call("dispatcher.list");
  if (!destinations.ok() && destinations.error().code != ErrorCode::kRefused) return destinations.error();
  hot.set("destinations", kamailio::read_destinations(or_null(destinations)));
  Json media;
  Json registrations;
  if (place_.role == Role::kSwitch) {
    const Result<Json> shown = rpc.call("rtpengine.show", {"all"});
    // Before it has read its list, and without any, it refuses to show one.
    if (shown.ok() || shown.error().code == ErrorCode::kRefused) {
      hot.set("mediaServers", kamailio::read_media(or_null(shown)));
    }
    media = or_null(shown);
    const Result<Json> dump = rpc.call("uac.reg_dump");
    if (dump.ok()) hot.set("registrations", kamailio::read_registrations(*dump));
    registrations = or_null(dump);
  }
  if (reading != nullptr) {
    reading->drained = settings->integer_or("drain", 0) != 0;
    reading->fields = kamailio::read_fields(*settings);
    reading->details.set("destinations", kamailio::describe_destinations(or_null(destinations)));
    reading->details.set("registrations", kamailio::describe_registrations(registrations));
    reading->details.set("media", media);
  }
  return hot;
}

Result<Reading> KamailioDriver::read() {
  Rpc rpc(run_folder(), kAnswerTime);
  Reading reading{};
  reading.details = Json::Object{};
  Result<Json> hot = read_hot(rpc, &reading);
  if (!hot.ok()) return hot.error();
  reading.hot = std::move(*hot);
  reading.channels = kamailio::read_channels(or_null(rpc.call("dlg.stats_active")));
  const Json rate = or_null(rpc.call("pv.shvGet", {"cps"}));
  if (const Json* value = rate.find("value"); value != nullptr && value->integer() != nullptr) {
    reading.cps = *value->integer();
  }
  const Json uptime = or_null(rpc.call("core.uptime"));
  if (const Json* value = uptime.find("uptime"); value != nullptr && value->integer() != nullptr) {
    reading.uptime = std::chrono::seconds(*value->integer());
  }
  const Json version = or_null(rpc.call("core.version"));
  if (version.string() != nullptr) {
    reading.version = *version.string();
    while (reading.version.ends_with(' ')) reading.version.pop_back();
  }
  const Json listeners = kamailio::describe_listeners(or_null(rpc.call("core.sockets_list")));
  // Asked for what it does not have, a process without a bus logs an error each time.
  const auto is_bus = [port = fmt::format(":{}", kamailio::kBusPort)](const Json& listener) {
    return listener.string() != nullptr && listener.string()->ends_with(port);
  };
  const bool has_bus = std::ranges::any_of(*listeners.array(), is_bus);
  reading.details.set("listeners", listeners);
  reading.details.set("bus", has_bus ? kamailio::describe_bus(or_null(rpc.call("dmq.list_nodes"))) : Json::Array{});
  reading.details.set("memory", or_null(rpc.call("core.shmmem")));
  return reading;
}

Result<Done> KamailioDriver::push(const Rendered& rendered) {
  Rpc rpc(run_folder(), kAnswerTime);
  const Result<Json> there = read_hot(rpc, nullptr);
  if (!there.ok()) return there.error();
  // A certificate that it does not take is refused before anything else has changed. Calls go through media servers
  // once the settings say so: by then the list is there, and it goes only after they say so no more.
  const Json* media = rendered.hot.find("mediaServers");
  const bool no_media = media == nullptr || media->array() == nullptr || media->array()->empty();
  using Step = Result<Done> (KamailioDriver::*)(Rpc&, const Json&, const Json&) const;
  const std::array<Step, 4> steps{&KamailioDriver::push_material, &KamailioDriver::push_destinations,
                                  no_media ? &KamailioDriver::push_settings : &KamailioDriver::push_media,
                                  no_media ? &KamailioDriver::push_media : &KamailioDriver::push_settings};
  for (const Step step : steps) {
    Result<Done> done = (this->*step)(rpc, rendered.hot, *there);
    if (!done.ok()) return done;
  }
  return push_registrations(rpc, rendered, *there);
}

Result<Done> KamailioDriver::push_settings(Rpc& rpc, const Json& wanted, const Json& there) const {
  if (wanted.object() == nullptr) return Done{};
  for (const auto& [name, value] : *wanted.object()) {
    const Json* now = there.find(name);
    if (is_list(name) || name == "material" || (now != nullptr && *now == value)) continue;
    const Result<Json> set =
        rpc.call(value.integer() != nullptr ? "cfg.set_now_int" : "cfg.set_now_string", {"sw", name, value});
    if (!set.ok()) return set.error();
  }
  return Done{};
}

Result<Done> KamailioDriver::push_destinations(Rpc& rpc, const Json& wanted, const Json& there) const {
  const Json* list = wanted.find("destinations");
  const Json* now = there.find("destinations");
  if (list == nullptr || (now != nullptr && *now == *list)) return Done{};
  if (place_.role == Role::kDispatcher && destinations_in(list, "1 ") == 0 && destinations_in(now, "1 ") > 0) {
    return Error{.code = ErrorCode::kRefused,
                 .message =
                     "the new list leaves the dispatcher without a destination, so that every call would be "
                     "lost; the old list stays in force"};
  }
  const Result<Json> done = rpc.call("dispatcher.reload");
  if (!done.ok()) return done.error();
  // It says "Ok" to lines that it skips.
  const Result<Json> after = rpc.call("dispatcher.list");
  if (!after.ok() && after.error().code != ErrorCode::kRefused) return after.error();
  const Json taken = kamailio::read_destinations(or_null(after));
  if (taken == *list) return Done{};
  for (const Json& line : *list->array()) {
    if (std::ranges::find(*taken.array(), line) != taken.array()->end()) continue;
    return Error{.code = ErrorCode::kRefused,
                 .message = fmt::format("dispatcher.reload said ok, but the destination \"{}\" is not in its list",
                                        *line.string())};
  }
  return Error{.code = ErrorCode::kRefused, .message = "dispatcher.reload said ok, but its list is another one"};
}

Result<Done> KamailioDriver::push_material(Rpc& rpc, const Json& wanted, const Json& there) const {
  const std::string digest = wanted.string_or("material", "");
  if (digest.empty() || digest == there.string_or("material", "")) return Done{};
  const Result<Json> done = rpc.call("tls.reload");
  if (!done.ok()) return done.error();
  const Result<Json> noted = rpc.call("cfg.set_now_string", {"sw", "material", digest});
  if (!noted.ok()) return noted.error();
  return Done{};
}

Result<Done> KamailioDriver::push_media(Rpc& rpc, const Json& wanted, const Json& there) const {
  const Json* list = wanted.find("mediaServers");
  const Json* now = there.find("mediaServers");
  if (list == nullptr || (now != nullptr && *now == *list)) return Done{};
  // Where it says nothing of media servers there are none.
  if (now == nullptr && list->array()->empty()) return Done{};
  const Result<Json> done = rpc.call("rtpengine.reload");
  if (done.ok()) return Done{};
  if (done.error().message.find("try later") != std::string::npos) {
    // A process that has just started may be about to have read the same list.
    for (int look = 0; look < kLooksAtMedia; ++look) {
      const Result<Json> shown = rpc.call("rtpengine.show", {"all"});
      if (shown.ok() && kamailio::read_media(*shown) == *list) return Done{};
      std::this_thread::sleep_for(kBetweenLooks);
    }
    return Error{.code = ErrorCode::kConflict,
                 .message = "Kamailio takes a new list of media servers every ten seconds at most",
                 .retry_after = std::chrono::seconds(10)};
  }
  return done.error();
}

Result<Done> KamailioDriver::push_registrations(Rpc& rpc, const Rendered& rendered, const Json& there) const {
  const auto file = rendered.files.find("registrations.json");
  if (file == rendered.files.end()) return Done{};
  const Result<Json> wanted = parse_json(file->second);
  if (!wanted.ok() || wanted->object() == nullptr) {
    return Error{.code = ErrorCode::kInvalid, .message = "the registrations cannot be read"};
  }
  const Json* now = there.find("registrations");
  const Json::Array none;
  const Json::Array& registered = now == nullptr || now->array() == nullptr ? none : *now->array();
  const auto as_read = [](const std::string& carrier, const Json& one) {
    return kamailio::hot_registration(carrier, one.string_or("registrar", ""), one.string_or("username", ""),
                                      one.string_or("password", ""));
  };
  // It cannot be changed: what is to be otherwise goes and comes anew.
  for (const Json& one : registered) {
    const std::string carrier = one.string_or("carrier", "");
    const Json* stays = wanted->find(carrier);
    if (stays != nullptr && as_read(carrier, *stays) == one) continue;
    const Result<Json> removed = rpc.call("uac.reg_remove", {carrier});
    if (!removed.ok()) return removed.error();
  }
  for (const auto& [carrier, one] : *wanted->object()) {
    if (std::ranges::find(registered, as_read(carrier, one)) != registered.end()) continue;
    const std::string registrar = one.string_or("registrar", "");
    const std::string username = one.string_or("username", "");
    const std::string password = one.string_or("password", "");
    // Of one for the whole cluster the script says which member switches it on (scripts/switch.cfg, route ONE).
    const std::int64_t flags = one.boolean_or("one", false) ? 1 : 0;
    const Result<Json> added =
        rpc.call("uac.reg_add", {carrier, username, one.string_or("domain", ""), username, registrar, "", username,
                                 password, ".", "sip:" + registrar, 300, Json(flags), 0, "", "."});
    if (!added.ok()) return added.error();
  }
  return Done{};
}

Result<Answer> KamailioDriver::probe(Duration timeout) {
  return probe_sip(place_.address, kSipPort, timeout);
}

Result<Done> KamailioDriver::set_traffic(Traffic traffic) {
  Rpc rpc(run_folder(), kAnswerTime);
  const std::int64_t wanted = traffic == Traffic::kRefused ? 1 : 0;
  const Result<Json> set = rpc.call("cfg.set_now_int", {"sw", "drain", Json(wanted)});
  if (!set.ok()) return no_process(set.error());
  const Result<Json> now = rpc.call("cfg.get", {"sw"});
  if (!now.ok()) return no_process(now.error());
  if (now->integer_or("drain", -1) == wanted) return Done{};
  return Error{.code = ErrorCode::kRefused, .message = "Kamailio took the setting drain and does not show it"};
}

Result<std::string> KamailioDriver::installed() {
  struct stat file {};
  if (::stat(program().c_str(), &file) != 0) {
    return Error{.code = ErrorCode::kNotFound, .message = fmt::format("{} is not installed", program())};
  }
  // Its version alone does not tell one build of a package from the next.
  const std::string build =
      sha256_hex(fmt::format("{} {} {}", file.st_size, file.st_mtim.tv_sec, file.st_mtim.tv_nsec)).substr(0, 8);
  if (build == build_) return installed_;
  const Result<ProgramRun> run = run_program({program(), "-v"}, kCheckTime);
  if (!run.ok()) return run.error();
  std::string_view line = std::string_view(run->said).substr(0, run->said.find('\n'));
  if (line.starts_with("version: ")) line.remove_prefix(9);
  while (line.ends_with(' ')) line.remove_suffix(1);
  build_ = build;
  installed_ = fmt::format("{} build {}", line, build);
  return installed_;
}

}  // namespace switchyard
