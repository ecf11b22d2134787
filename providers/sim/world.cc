#include "providers/sim/world.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "providers/sim/offer.h"
#include "providers/sim/sim_agent.h"
#include "specs/base/digest.h"
#include "specs/base/random.h"

namespace switchyard {
namespace {

constexpr std::int64_t kMicro = 1'000'000;

// What a random number is drawn for, so that no two draws of one server are alike.
constexpr std::uint64_t kForDelivery = 1;
constexpr std::uint64_t kForAction = 2;

// How long an action on a real machine may take before it counts as failed.
constexpr std::chrono::minutes kLongestRealAction{5};

Error speaks_for_itself() {
  return {ErrorCode::kInvalid, "this world's machines are real, and their agents are asked themselves"};
}

Error no_such_server(std::string_view id) {
  return {ErrorCode::kNotFound, fmt::format("there is no server \"{}\" here", id)};
}

}  // namespace

WorldRoot new_world(const WorldSettings& settings) {
  using std::chrono::January;
  std::int64_t minor = 500;
  for (int i = 0; i < settings.currency.exponent(); ++i) minor *= 10;
  return {.now = std::chrono::sys_days(std::chrono::year(2026) / January / 1),
          .balance_micro_minor = minor * kMicro,
          .settings = settings};
}

World::World(WorldRoot root, std::map<std::int64_t, SimServer> servers, std::map<std::int64_t, SimServer> removed)
    : root_(std::move(root)), servers_(std::move(servers)), removed_(std::move(removed)) {
  for (const auto& [number, server] : servers_) unscheduled_.insert(unscheduled_.end(), number);
}

std::uint64_t World::draw(std::uint64_t purpose, std::int64_t number) const {
  Random random(root_.settings.seed * 0x9e3779b97f4a7c15ULL + purpose * 0xc2b2ae3d27d4eb4fULL +
                static_cast<std::uint64_t>(number));
  return random.next();
}

std::string World::salt_of(std::int64_t number) const {
  // Fixed by seed and number, so that it need not be kept and survives everything but the world itself.
  return fast_hash_hex(fmt::format("salt {} {}", root_.settings.seed, number));
}

const SimServer* World::server(std::string_view id) const {
  const std::optional<std::int64_t> number = parse_sim_id(root_.settings.machines, id);
  if (!number) return nullptr;
  const auto found = servers_.find(*number);
  return found == servers_.end() ? nullptr : &found->second;
}

SimServer& World::edit(std::int64_t number) {
  SimServer& server = servers_.at(number);
  touched_.insert(number);
  unscheduled_.insert(number);
  if (keeps_history_) {
    std::vector<Past>& past = history_[number];
    std::erase_if(past, [this](const Past& entry) { return entry.until + root_.settings.settling < root_.now; });
    if (past.empty() || past.back().until < root_.now) past.push_back({.until = root_.now, .server = server});
  }
  return server;
}

void World::keep_history(bool keep) {
  keeps_history_ = keep;
  if (!keep) history_.clear();
}

Catalogue World::catalogue() const {
  return {.regions = sim_regions(),
          .sizes = sim_sizes(root_.settings.currency),
          .settling = root_.settings.settling,
          .delivery = real() ? std::chrono::minutes(1) : std::chrono::minutes(5),
          .delivery_failed = real() ? std::chrono::minutes(5) : std::chrono::minutes(15),
          .agents = true,
          .resize_is_live = false};
}

ObservedServer World::seen_at(const SimServer& server, Timestamp time) const {
  const SimServer* shown = &server;
  if (time < root_.now) {
    if (const auto past = history_.find(server.number); past != history_.end()) {
      const auto then = std::ranges::find_if(past->second, [time](const Past& entry) { return entry.until > time; });
      if (then != past->second.end()) shown = &then->server;
    }
  }
  return observe(*shown, root_.settings.currency, salt_of(server.number), time);
}

Result<ListPage> World::list(std::string_view page, Duration age) const {
  std::int64_t after = 0;
  if (!page.empty()) {
    const auto [end, error] = std::from_chars(page.data(), page.data() + page.size(), after);
    if (error != std::errc{} || end != page.data() + page.size()) {
      return Error{ErrorCode::kInvalid, fmt::format("\"{}\" is no page of a listing", page)};
    }
  }
  const Timestamp time = root_.now - age;
  ListPage listing{.servers = {}, .next = {}, .now = root_.now};
  const auto limit = static_cast<std::size_t>(root_.settings.page_size);
  listing.servers.reserve(std::min(limit, servers_.size()));

  auto living = servers_.upper_bound(after);
  auto gone = age > Duration::zero() ? removed_.upper_bound(after) : removed_.end();
  while (living != servers_.end() || gone != removed_.end()) {
    const bool take_living = gone == removed_.end() || (living != servers_.end() && living->first < gone->first);
    const SimServer& next = take_living ? living->second : gone->second;
    if (take_living) {
      ++living;
    } else {
      ++gone;
    }
    if (next.created > time || (next.removed && *next.removed <= time)) continue;
    if (listing.servers.size() == limit) {
      listing.next = std::to_string(after);
      break;
    }
    listing.servers.push_back(seen_at(next, time));
    listing.servers.back().seen = root_.now;
    after = next.number;
  }
  return listing;
}

Result<ObservedServer> World::get(std::string_view id) const {
  const SimServer* found = server(id);
  if (found == nullptr) return no_such_server(id);
  return seen_at(*found, root_.now);
}

Result<Created> World::create(const CreateRequest& request, CreateFate fate) {
  if (!sim_has_region(request.region)) {
    return Error{ErrorCode::kInvalid, fmt::format("no region \"{}\" is offered here", request.region)};
  }
  if (!sim_price(request.size, root_.settings.currency)) {
    return Error{ErrorCode::kInvalid, fmt::format("no size \"{}\" is sold here", request.size)};
  }
  const auto existing = static_cast<std::int64_t>(servers_.size());
  const SimTerms& terms = root_.settings.terms;
  if (!purse().affords_deploy(terms, existing)) {
    ++root_.refused_for_money;
    return Error{ErrorCode::kRefusedForMoney,
                 fmt::format("a balance of {} is needed to deploy beside {} other servers, and {} is there; top it up",
                             for_people(deposit_needed(terms, existing)), existing, for_people(purse().shown()))};
  }
  const std::int64_t number = ++root_.last_server;
  const std::string id = sim_id(root_.settings.machines, number);
  if (fate == CreateFate::kLost) return Created{.id = id, .now = root_.now};

  SimServer server{.number = number,
                   .mark = request.mark,
                   .name = request.mark.key.name,
                   .role = request.role,
                   .region = request.region,
                   .size = request.size,
                   .created = root_.now,
                   .configuration = configuration_of(request.fields, request.peers, request.secrets, salt_of(number)),
                   .release = root_.settings.release};
  if (fate == CreateFate::kSucceeds && !real()) {
    server.ready = root_.now + std::chrono::seconds(Random(draw(kForDelivery, number)).between(60, 240));
  }
  servers_.emplace_hint(servers_.end(), number, std::move(server));
  touched_.insert(number);
  unscheduled_.insert(number);
  return Created{.id = id, .now = root_.now};
}

Result<Done> World::remove(std::string_view id) {
  const std::optional<std::int64_t> number = parse_sim_id(root_.settings.machines, id);
  if (!number || !servers_.contains(*number)) return Done{};
  SimServer& leaving = edit(*number);
  root_.calls_cut += leaving.channels;
  leaving.removed = root_.now;
  removed_.insert(servers_.extract(*number));
  std::erase_if(removed_, [this](const auto& entry) {
    if (*entry.second.removed + root_.settings.settling >= root_.now) return false;
    touched_.insert(entry.first);
    history_.erase(entry.first);
    return true;
  });
  return Done{};
}

void World::vanish(std::int64_t number) {
  touched_.insert(number);
  unscheduled_.insert(number);
  servers_.erase(number);
  history_.erase(number);
}

Result<Accepted> World::act(std::string_view id, Action action, const Json& arguments, ActionFate fate) {
  const SimServer* found = server(id);
  if (found == nullptr) return no_such_server(id);
  if (action == Action::kReactivate && found->phase == Phase::kExpired && !(found->work && found->work->end)) {
    const std::optional<Rate> price = price_of(*found, root_.settings.currency);
    if (!price || !purse().affords_an_hour(root_.settings.terms, *price)) {
      ++root_.refused_for_money;
      return Error{ErrorCode::kRefusedForMoney,
                   fmt::format("\"{}\" cannot be reactivated: a balance for an hour of it ({}) is needed, and {} is "
                               "there; top it up",
                               found->name, price ? to_string(*price) : "unknown", for_people(purse().shown()))};
    }
  }
  const std::string action_id = fmt::format("act-{}", root_.last_action + 1);
  const std::uint64_t length = draw(kForAction, root_.last_action + 1);
  SimServer& told = edit(found->number);
  const auto started = start_action(told, action, arguments.string_or("size", ""), action_id, fate, length, root_.now);
  if (!started) return started.error();
  if (real() && told.work) {
    // Nobody sees it done until then: it has failed.
    told.work->end = root_.now + kLongestRealAction;
    told.work->fails = true;
  }
  ++root_.last_action;
  root_.calls_cut += started->calls_cut;
  return Accepted{.action_id = action_id, .now = root_.now};
}

Result<Done> World::mark(std::string_view id, const Mark& mark) {
  const SimServer* found = server(id);
  if (found == nullptr) return no_such_server(id);
  if (found->mark == mark) return Done{};
  // The same server under another name: its resource was renamed.
  const bool renamed = found->mark && found->mark->fleet == mark.fleet && found->mark->uid == mark.uid;
  if (found->mark && !renamed) {
    return Error{ErrorCode::kRefused, fmt::format("\"{}\" carries the mark of fleet \"{}\" already, as {}", id,
                                                  found->mark->fleet, to_string(found->mark->key))};
  }
  SimServer& marked = edit(found->number);
  marked.mark = mark;
  marked.name = mark.key.name;
  return Done{};
}

Result<AgentReport> World::status(std::string_view id) const {
  if (real()) return speaks_for_itself();
  const SimServer* found = server(id);
  if (found == nullptr) return no_such_server(id);
  if (auto reached = reach_agent(*found); !reached) return reached.error();
  return *seen_at(*found, root_.now).agent;
}

Result<Done> World::configure(std::string_view id, const Configuration& wanted, std::int64_t fence) {
  if (real()) return speaks_for_itself();
  const SimServer* found = server(id);
  if (found == nullptr) return no_such_server(id);
  SimServer& told = edit(found->number);
  const auto cut =
      configure_agent(told, configuration_of(wanted.fields, wanted.peers, wanted.secrets, salt_of(told.number)),
                      draw(kForAction, ++root_.last_action), root_.now);
  if (!cut) return cut.error();
  told.fence = std::max(told.fence, fence);
  root_.calls_cut += *cut;
  return Done{};
}

Result<Done> World::act_on_agent(std::string_view id, Action action, std::int64_t fence) {
  if (real()) return speaks_for_itself();
  const SimServer* found = server(id);
  if (found == nullptr) return no_such_server(id);
  SimServer& told = edit(found->number);
  const auto cut = switchyard::act_on_agent(told, action, draw(kForAction, ++root_.last_action), root_.now);
  if (!cut) return cut.error();
  told.fence = std::max(told.fence, fence);
  root_.calls_cut += *cut;
  return Done{};
}

Result<std::int64_t> World::find(std::string_view name_or_id) const {
  if (const SimServer* by_id = server(name_or_id)) return by_id->number;
  std::optional<std::int64_t> number;
  for (const auto& [candidate, server] : servers_) {
    if (server.name != name_or_id) continue;
    if (number) {
      return Error{ErrorCode::kInvalid, fmt::format("several servers are named \"{}\", such as {} and {}; give the id",
                                                    name_or_id, sim_id(servers_.at(*number)), sim_id(server))};
    }
    number = candidate;
  }
  if (!number) return no_such_server(name_or_id);
  return *number;
}

}  // namespace switchyard
