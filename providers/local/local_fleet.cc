#include "providers/local/local_fleet.h"

#include <fmt/core.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <thread>
#include <utility>

#include "providers/agent/authority.h"
#include "providers/agent/client.h"
#include "providers/sim/sim_provider.h"
#include "specs/base/digest.h"

namespace switchyard {
namespace {

// An agent on the same machine answers in milliseconds or hangs; nobody else is kept waiting by one that hangs.
constexpr std::chrono::seconds kOneAnswer{3};
// An agent that was started just now needs a moment, and its process another one, until calls find it.
constexpr std::chrono::seconds kComingUp{10};
constexpr std::chrono::milliseconds kAskAgain{100};
// After so long a last report is written down again even if it says the same.
constexpr std::chrono::minutes kReportAge{1};

// Does all of them, `most` at a time.
void side_by_side(std::size_t count, int most, const std::function<void(std::size_t)>& one) {
  std::atomic<std::size_t> next = 0;
  const auto work = [&] {
    for (std::size_t i = next++; i < count; i = next++) one(i);
  };
  std::vector<std::jthread> threads;
  const std::size_t helpers = std::min(count, static_cast<std::size_t>(std::max(most, 1)));
  for (std::size_t i = 1; i < helpers; ++i) threads.emplace_back(work);
  work();
}

// What the agent has read off the machine.
void show_size(AgentReport& report, const std::string& size) {
  const Result<Json> json = parse_json(report.applied);
  if (!json || json->string_or("spec.size", size) == size) return;
  Result<Fields> fields = fields_from_json(*json);
  if (!fields) return;
  set_field(*fields, "spec.size", size);
  report.applied = to_string(to_json(*fields));
  report.applied_digest = digest_of(*fields);
}

std::vector<Peer> sorted(std::vector<Peer> peers) {
  std::ranges::sort(peers, {}, [](const Peer& peer) { return std::pair(peer.purpose, peer.name); });
  return peers;
}

bool says_the_same(const AgentReport& a, const AgentReport& b) {
  return a.applied_digest == b.applied_digest && a.peers == b.peers && a.drained == b.drained && a.booted == b.booted &&
         a.release == b.release && a.pending_release == b.pending_release && a.fingerprints == b.fingerprints &&
         a.at + kReportAge > b.at;
}

// It was told what to be, does not answer as that yet, and nothing says that it will not.
bool is_coming_up(const AgentReport& report) {
  if (report.applied_digest.empty() || report.sip_latency_us) return false;
  const Result<Json> details = parse_json(report.details);
  return details && details->find("trouble") == nullptr;
}

}  // namespace

LocalFleet::LocalFleet(Options options)
    : options_(std::move(options)),
      agents_(std::make_unique<AgentClient>(
          AgentClient::Options{.folder = options_.state_folder,
                               .contact = may_write() ? AgentClient::Options::Contact::kEnrols
                                                      : AgentClient::Options::Contact::kOnlyLooks})),
      rack_(rack_options()) {
  WorldSettings fresh = options_.fresh;
  fresh.machines = Machines::kReal;
  fresh.settling = std::chrono::seconds(1);  // what was done on this machine shows at once
  world_ = std::make_shared<SharedWorld>(SharedWorld::Options{
      .path = fmt::format("{}/local-{}.db", options_.state_folder, options_.account),
      .access = may_write() ? SharedWorld::Options::Access::kWrite : SharedWorld::Options::Access::kRead,
      .fresh = fresh,
      .terms = options_.terms,
      .clock = options_.clock,
      .on_create = [this](World& world, std::int64_t number, const CreateRequest& request) {
        return make_room(world, number, request);
      }});
  account_ = sim_connection(world_).provider;
}

Rack::Options LocalFleet::rack_options() const {
  return {.folder = fmt::format("{}/local-{}", options_.state_folder, options_.account),
          .addresses = options_.addresses,
          .agent = options_.agent_program,
          .invitation = [this](const SimServer& server) { return invitation_of(server); }};
}

// An agent belongs to this server of this account, whose mark the server carries may change.
std::string LocalFleet::agent_uid(const std::string& id) const {
  return fast_hash_hex(fmt::format("{}/{}", options_.account, id));
}

Result<Invitation> LocalFleet::invitation_of(const SimServer& server) const {
  const auto authority = Authority::open_or_make(options_.state_folder, machine_now());
  if (!authority) return authority.error();
  const std::string uid = agent_uid(sim_id(Machines::kReal, server.number));
  return Invitation{.uid = uid, .token = authority->enrolment_token(uid)};
}

Result<LocalFleet::OneTurn> LocalFleet::take_turn(Rack::Missing missing) {
  if (!may_write()) return Error{ErrorCode::kRefused, "this was opened for reading only"};
  std::unique_lock guard(mutex_);
  auto turn = rack_.lock(missing);
  if (!turn) return turn.error();
  return OneTurn{.guard = std::move(guard), .turn = *std::move(turn)};
}

Result<Done> LocalFleet::make_room(World& world, std::int64_t number, const CreateRequest& request) {
  SimServer& server = world.edit(number);
  auto address =
      rack_.make_room(server, {.fields = request.fields, .peers = request.peers, .secrets = request.secrets});
  if (!address) return address.error();
  server.address = *std::move(address);
  return Done{};
}

Result<std::vector<SimServer>> LocalFleet::servers() {
  return world_->servers();
}

Result<Done> LocalFleet::make_true() {
  auto all = servers();
  if (!all) return all.error();
  return rack_.make_true(*all);
}

ObservedServer LocalFleet::to_dial(ObservedServer server) const {
  if (!server.mark) server.mark = Mark{.fleet = {}, .key = {.kind = Kind::kServer, .name = server.name}, .uid = {}};
  server.mark->uid = agent_uid(server.id);
  return server;
}

bool LocalFleet::has_come_about(const SimServer& server, const CallLimits& limits) {
  if (!wants_to_run(server)) return rack_.is_down(server);
  ObservedServer seen;
  seen.id = sim_id(server);
  seen.name = server.name;
  seen.role = server.role;
  seen.ipv4 = server.address;
  const ObservedServer dialled = to_dial(std::move(seen));
  const ServerFolder folder = rack_.folder_of(server);
  const auto report = agents_->status(dialled, limits);
  if (!report) return false;
  if (const std::optional<Configuration> order = folder.order()) {
    if (report->applied_digest != digest_of(order->fields) || sorted(report->peers) != sorted(order->peers)) {
      const auto told = agents_->configure(dialled, *order, limits);
      // What it cannot take the next plan will show, with its reason.
      const bool refused =
          !told && (told.error().code == ErrorCode::kInvalid || told.error().code == ErrorCode::kRefused);
      if (!refused) return false;
    }
    folder.order_is_done();
  }
  // It answers as a server does, or it was never told what to be.
  return report->sip_latency_us.has_value() || report->applied_digest.empty();
}

Result<Done> LocalFleet::bring_about(const CallLimits& limits) {
  if (!may_write()) return Done{};
  std::vector<SimServer> waiting;
  {
    const auto before = servers();
    if (!before) return before.error();
    auto turn = take_turn(before->empty() ? Rack::Missing::kLeave : Rack::Missing::kMake);
    if (!turn) return turn.error();
    auto all = servers();
    if (!all) return all.error();
    if (auto made = rack_.make_true(*all); !made) return made;
    std::ranges::copy_if(*all, std::back_inserter(waiting), [this](const SimServer& server) {
      return server.phase == Phase::kProvisioning || server.work || rack_.folder_of(server).order().has_value();
    });
  }
  if (waiting.empty()) return Done{};
  const CallLimits one{
      .timeout = std::min<Duration>(limits.timeout, kOneAnswer), .fence = limits.fence, .give_up = limits.give_up};
  std::vector<char> so(waiting.size(), 0);
  side_by_side(waiting.size(), options_.concurrency,
               [&](std::size_t i) { so[i] = has_come_about(waiting[i], one) ? 1 : 0; });
  if (std::ranges::find(so, 1) == so.end()) return Done{};
  return world_->change([&](World& world) -> Result<Done> {
    for (std::size_t i = 0; i < waiting.size(); ++i) {
      const std::int64_t number = waiting[i].number;
      // What has changed meanwhile waits for the next look.
      const auto now = world.servers().find(number);
      if (so[i] == 0 || now == world.servers().end()) continue;
      if (now->second.phase == Phase::kProvisioning) {
        world.deliver(number);
      } else if (now->second.work && now->second.last_action == waiting[i].last_action) {
        world.end_work(number);
      }
    }
    return Done{};
  });
}

AgentReport LocalFleet::as_shown(AgentReport report, const SimServer& server, Timestamp now) const {
  report.at = now;
  report.booted = server.booted;
  show_size(report, server.size);
  return report;
}

// What just comes up is waited for: nobody is told that a fleet is as it should be whose calls would fail.
Result<AgentReport> LocalFleet::answer_of(const ObservedServer& seen, const SimServer& server, const CallLimits& limits,
                                          std::chrono::steady_clock::time_point until) const {
  for (;;) {
    auto answered = agents_->status(to_dial(seen), limits);
    const bool starts =
        !answered && answered.error().code == ErrorCode::kNotSent && may_write() && !rack_.is_down(server);
    if (!(answered ? is_coming_up(*answered) : starts)) return answered;
    if (std::chrono::steady_clock::now() >= until || limits.give_up.stop_requested()) return answered;
    std::this_thread::sleep_for(kAskAgain);
  }
}

Result<Done> LocalFleet::ask_agents(std::vector<ObservedServer>& listed, const CallLimits& limits) {
  const auto all = servers();
  if (!all) return all.error();
  std::map<std::string, const SimServer*> known;
  for (const SimServer& server : *all) known.emplace(sim_id(server), &server);
  const CallLimits one{
      .timeout = std::min<Duration>(limits.timeout, kOneAnswer), .fence = limits.fence, .give_up = limits.give_up};
  // Not for longer than the look itself may take: its caller counts on that (law 11).
  const auto until =
      std::chrono::steady_clock::now() + std::clamp<Duration>(limits.timeout - kOneAnswer, Duration(0), kComingUp);
  side_by_side(listed.size(), options_.concurrency, [&](std::size_t i) {
    ObservedServer& seen = listed[i];
    const auto found = known.find(seen.id);
    if (found == known.end() || !seen.delivered) return;
    const SimServer& server = *found->second;
    const ServerFolder folder = rack_.folder_of(server);
    if (wants_to_run(server)) {
      if (auto answered = answer_of(seen, server, one, until)) {
        seen.agent = as_shown(*std::move(answered), server, seen.seen);
        const std::optional<AgentReport> before = may_write() ? folder.report() : std::nullopt;
        if (may_write() && !(before && says_the_same(*before, *seen.agent))) folder.keep(*seen.agent);
        return;
      }
    }
    seen.agent = folder.report();
    if (!seen.agent) return;
    seen.agent->booted = server.booted;
    seen.agent->channels.reset();
    seen.agent->cps.reset();
    show_size(*seen.agent, server.size);
  });
  const std::scoped_lock guard(mutex_);
  for (ObservedServer& seen : listed) {
    const auto found = known.find(seen.id);
    if (found == known.end() || seen.last_action_state == ObservedServer::ActionState::kFailed) continue;
    seen.last_action_message = rack_.trouble(found->second->number);
  }
  return Done{};
}

Result<AgentReport> LocalFleet::ask_agent(const ObservedServer& server, const CallLimits& limits) {
  auto report = agents_->status(to_dial(server), limits);
  if (!report) return report;
  const auto all = servers();
  if (!all) return all.error();
  for (const SimServer& known : *all) {
    if (sim_id(known) == server.id) return as_shown(*std::move(report), known, options_.clock());
  }
  return Error{ErrorCode::kNotFound, fmt::format("there is no server \"{}\" here", server.id)};
}

}  // namespace switchyard
