#include "tests/providers/agent/daemon/small_server.h"

#include <unistd.h>

#include <array>
#include <sstream>

#include "providers/agent/daemon/durable_file.h"

namespace switchyard::testing {
namespace {

std::string text_of(const Fields& fields, std::string_view path) {
  const Json* value = find_field(fields, path);
  return value == nullptr ? "" : to_string(*value);
}

}  // namespace

SmallServer::SmallServer(SmallClock& clock) : clock_(clock) {
  std::string pattern = std::filesystem::temp_directory_path() / "small-server-XXXXXX";
  folder_ = ::mkdtemp(pattern.data());
}

SmallServer::~SmallServer() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

Result<Rendered> SmallServer::render(const Configuration& wanted, Traffic traffic) const {
  const std::string port = text_of(wanted.fields, "spec.port");
  const std::string limit = text_of(wanted.fields, "spec.cps");
  if (port == "99999") return Error{ErrorCode::kInvalid, "there is no port 99999"};
  const std::string drained = traffic == Traffic::kRefused ? "yes" : "no";
  return Rendered{.files = {{"server.conf", rendering + " " + port + " " + limit + " " + drained + "\n"}},
                  .arguments = {"small", folder_ + "/current/server.conf"},
                  .listens = {{.over = Listens::Over::kUdp, .address = "127.0.0.1", .port = 5060}},
                  .restart_key = rendering + " " + port,
                  .hot = Json::Object{{"limit", std::int64_t{std::stoll(limit)}}}};
}

Result<Done> SmallServer::check(const Rendered& rendered, const std::string& generation) {
  for (const auto& [name, text] : rendered.files) {
    const auto lying = read_text(generation + "/" + name);
    if (!lying || *lying != text) return Error{ErrorCode::kRefused, "the files do not lie there"};
  }
  if (!troubles.check.empty()) return Error{ErrorCode::kRefused, troubles.check};
  return Done{};
}

Result<Done> SmallServer::push(const Rendered& rendered) {
  if (!process_) return Error{ErrorCode::kOutcomeUnknown, "nobody answers"};
  ++pushes;
  if (!(troubles.takes_no_limit && in_trouble())) process_->limit = rendered.hot.integer_or("limit", -1);
  return Done{};
}

Result<Done> SmallServer::set_traffic(Traffic traffic) {
  if (!process_) return Error{ErrorCode::kOutcomeUnknown, "nobody answers"};
  process_->drained = traffic == Traffic::kRefused;
  return Done{};
}

Result<Reading> SmallServer::read() {
  if (!process_ || (troubles.answers_nobody && in_trouble())) return Error{ErrorCode::kOutcomeUnknown, "no answer"};
  return Reading{.channels = process_->channels,
                 .cps = 1,
                 .uptime = std::chrono::seconds(1),
                 .drained = process_->drained,
                 .version = "small 1",
                 .hot = Json::Object{{"limit", process_->limit}},
                 .fields = {{.path = "spec.cps", .value = process_->limit}},
                 .details = Json::Object{{"listeners", Json::Array{"udp:127.0.0.1:5060"}}}};
}

Result<Answer> SmallServer::probe(Duration timeout) {
  if (!process_ || (troubles.answers_nobody && in_trouble())) {
    clock_.wait(timeout);
    return Error{ErrorCode::kOutcomeUnknown, "no answer to OPTIONS"};
  }
  return Answer{.status = process_->drained ? 503 : 200, .took = std::chrono::microseconds(250)};
}

std::optional<RunningProcess> SmallServer::running() {
  if (!process_) return std::nullopt;
  return RunningProcess{.pid = process_->pid, .since = process_->since, .note = process_->note};
}

// It reads what lies in current/, as a real one would.
Result<Done> SmallServer::start(const Rendered& rendered, Json note) {
  if (!troubles.held.empty()) return Error{ErrorCode::kConflict, troubles.held};
  ++starts;
  const auto file = read_text(rendered.arguments.at(1));
  if (!file) return file.error();
  std::istringstream words(*file);
  std::string version, port, limit, drained;
  words >> version >> port >> limit >> drained;
  process_ = SmallProcess{.pid = 100 + starts,
                          .note = std::move(note),
                          .since = clock_.now(),
                          .limit = std::stoll(limit),
                          .drained = drained == "yes",
                          .port = port};
  death_.clear();
  if (troubles.dies_at_start && in_trouble()) {
    process_.reset();
    death_ = "ended with status 255";
  }
  return Done{};
}

Result<Done> SmallServer::stop() {
  process_.reset();
  death_.clear();
  return Done{};
}

Configuration configured(std::int64_t port, std::int64_t limit) {
  return {.fields = {{.path = "spec.cps", .value = limit}, {.path = "spec.port", .value = port}},
          .peers = {{.purpose = Peer::For::kMedia, .name = "rtp-1", .address = "127.0.0.9", .weight = 1}},
          .secrets = {{"certificates.main.key", "very secret"}}};
}

}  // namespace switchyard::testing
