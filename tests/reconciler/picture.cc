#include "tests/reconciler/picture.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <tuple>

#include "providers/sim/offer.h"
#include "reconciler/core/peers.h"

namespace switchyard::testing {
namespace {

bool by_name_and_id(const ObservedServer& a, const ObservedServer& b) {
  return std::tie(a.name, a.id) < std::tie(b.name, b.id);
}

}  // namespace

Picture::Picture(std::string_view lines) {
  take(load_lines(lines));
}

Picture::Picture(const Files& files, const std::vector<std::string>& scope) {
  take(load_lines(files, scope));
}

void Picture::take(LoadedSpecs specs) {
  EXPECT_TRUE(specs.ok()) << complaints_of(specs);
  specs_ = std::move(specs);
  observe_accounts();
}

void Picture::want(std::string_view lines) {
  take(load_lines(lines));
}

void Picture::observe_accounts() {
  for (const DesiredAccount& wanted : specs_.fleet.accounts) {
    if (std::ranges::find(observed, wanted.name, &ObservedAccount::name) != observed.end()) continue;
    ObservedAccount made;
    made.name = wanted.name;
    made.balance = Balance{.amount = {50000, wanted.currency}, .at = now};
    made.catalogue = Catalogue{.regions = sim_regions(),
                               .sizes = sim_sizes(wanted.currency),
                               .settling = std::chrono::seconds(40),
                               .delivery = std::chrono::minutes(5),
                               .delivery_failed = std::chrono::minutes(15)};
    made.listed = now;
    observed.push_back(std::move(made));
  }
  std::ranges::sort(observed, {}, &ObservedAccount::name);
}

ObservedAccount& Picture::account(std::string_view name) {
  return *std::ranges::find(observed, name, &ObservedAccount::name);
}

void Picture::has(const Key& key) {
  const DesiredServer* wanted = specs_.fleet.server(key);
  if (wanted == nullptr) {
    ADD_FAILURE() << to_string(key) << " is not wanted";
    return;
  }
  const Fields fields = specs_.field_source->fields(specs_.fleet.index_of(*wanted));
  const int number = ++made_;
  ObservedServer made;
  made.account = wanted->account;
  made.id = fmt::format("srv-{}", number);
  made.mark = Mark{.fleet = specs_.fleet.account(wanted->account)->fleet, .key = key, .uid = "u-" + key.name};
  made.name = key.name;
  made.role = wanted->role;
  made.region = wanted->region;
  made.size = wanted->size;
  made.phase = wanted->power == Power::kStopped ? Phase::kStopped : Phase::kActive;
  made.ipv4 = fmt::format("10.0.0.{}", number);
  made.created = now - std::chrono::hours(1);
  made.delivered = now - std::chrono::minutes(58);
  made.price = sim_price(wanted->size, specs_.fleet.account(wanted->account)->currency);
  AgentReport agent;
  agent.at = now;
  agent.applied = to_string(to_json(fields));
  agent.applied_digest = digest_of(fields);
  agent.channels = 0;
  agent.cps = 0;
  agent.release = "2.0";
  made.agent = std::move(agent);
  made.seen = now;
  ObservedAccount& in = account(wanted->account);
  in.servers.push_back(std::move(made));
  std::ranges::sort(in.servers, by_name_and_id);
}

void Picture::has_all() {
  for (const DesiredServer& wanted : specs_.fleet.servers) {
    has(wanted.key);
    declare(wanted.key, wanted.source.file, wanted.account);
  }
  acquaint();
}

ObservedServer& Picture::operator[](std::string_view name) {
  for (ObservedAccount& one : observed) {
    const auto at = std::ranges::find(one.servers, name, &ObservedServer::name);
    if (at != one.servers.end()) return *at;
  }
  ADD_FAILURE() << "there is no server " << name;
  return observed.front().servers.front();
}

void Picture::acquaint() {
  const FleetIndex fleet(specs_.fleet, observed, declarations, given_up);
  const PeerIndex peers(fleet);
  std::vector<std::pair<std::string, std::vector<Peer>>> known;
  for (const Member& member : fleet.wanted()) {
    if (member.current != nullptr) known.emplace_back(member.current->id, peers.peers_of(*member.desired));
  }
  for (ObservedAccount& one : observed) {
    for (ObservedServer& machine : one.servers) {
      const auto at = std::ranges::find(known, machine.id, &std::pair<std::string, std::vector<Peer>>::first);
      if (at != known.end() && machine.agent) machine.agent->peers = at->second;
    }
  }
}

void Picture::declare(const Key& key, std::string_view path, std::string_view account_name) {
  declarations.push_back(Declaration{.resource = key,
                                     .account = std::string(account_name),
                                     .uid = "u-" + key.name,
                                     .source_path = std::string(path),
                                     .protect = false});
  std::ranges::sort(declarations, {}, &Declaration::resource);
}

void Picture::applied(std::string_view name, std::string_view path, Json value) {
  AgentReport& agent = *(*this)[name].agent;
  Fields fields = *fields_from_json(*parse_json(agent.applied));
  set_field(fields, path, std::move(value));
  agent.applied = to_string(to_json(fields));
  agent.applied_digest = digest_of(fields);
}

void Picture::balance(std::string_view amount) {
  account().balance->amount = *parse_money(amount, Currency());
}

void Picture::say(Override::What what, const Key& resource) {
  overrides.push_back(Override{.what = what,
                               .resource = resource,
                               .who = "ben@desk",
                               .why = "looking into it",
                               .since = now - std::chrono::hours(2),
                               .until = std::nullopt});
  std::ranges::sort(overrides, [](const Override& a, const Override& b) {
    return std::tie(a.resource, a.what) < std::tie(b.resource, b.what);
  });
}

Plan Picture::plan() const {
  return diff(DiffInput{.desired = specs_.fleet,
                        .observed = observed,
                        .open_intents = open_intents,
                        .attempts = attempts,
                        .overrides = overrides,
                        .declarations = declarations,
                        .given_up = given_up,
                        .fingerprints = fingerprints,
                        .now = now,
                        .options = options,
                        .removed = removed});
}

}  // namespace switchyard::testing
