#include "tests/reconciler/fleet_fixture.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "providers/sim/sim_provider.h"
#include "tests/reconciler/watched_runner.h"

namespace switchyard::testing {

std::unique_ptr<Lock> test_lock() {
  static int made = 0;
  const std::string folder = ::testing::TempDir() + fmt::format("reconciler-{}-{}", getpid(), ++made);
  std::filesystem::create_directories(folder);
  Result<std::unique_ptr<Lock>> lock =
      Lock::acquire(folder + "/state.db", "tester", std::chrono::hours(2), std::chrono::seconds(5));
  EXPECT_TRUE(lock.ok()) << (lock.ok() ? "" : lock.error().message);
  return lock.ok() ? std::move(*lock) : nullptr;
}

// One command: a runner and an engine over what the fleet keeps.
struct Fleet::Command {
  std::unique_ptr<Runner> runner;
  std::unique_ptr<Engine> engine;
};

Fleet::Fleet(std::string_view lines, Options options) : seed(options.seed), lock_(options.lock) {
  if (lock_ == nullptr) {
    own_lock_ = test_lock();
    lock_ = own_lock_.get();
  }
  lose_state();
  want(lines);
}

void Fleet::lose_state() {
  store_ = std::move(*Store::open("", Store::Mode::kMemory));
  store_->set_fence(lock_->fence());
}

void Fleet::take(LoadedSpecs specs) {
  specs_ = std::move(specs);
  for (const DesiredAccount& account : specs_.fleet.accounts) {
    if (worlds_.contains(account.name)) continue;
    const SimTerms terms{.deposit_base = account.deposit_base,
                         .deposit_per_server = account.deposit_per_server,
                         .credit = account.credit_line.value_or(Money{0, account.currency})};
    WorldSettings fresh;
    fresh.seed = seed;
    fresh.currency = account.currency;
    fresh.terms = terms;
    auto world = std::make_shared<SharedWorld>(SharedWorld::Options{.path = {}, .fresh = fresh, .terms = terms});
    worlds_.emplace(account.name, World{world, sim_connection(world)});
  }
}

bool Fleet::try_want(std::string_view lines) {
  LoadedSpecs specs = load_lines(lines);
  if (!specs.ok()) return false;
  take(std::move(specs));
  return true;
}

void Fleet::want(std::string_view lines) {
  want_files({{"/fleet/all.yaml", std::string(lines)}}, {"/fleet"});
}

void Fleet::want_files(const Files& files, const std::vector<std::string>& scope) {
  LoadedSpecs specs = load_lines(files, scope);
  EXPECT_TRUE(specs.ok()) << complaints_of(specs);
  if (specs.ok()) take(std::move(specs));
}

std::unique_ptr<Fleet::Command> Fleet::begin(bool writes) {
  auto command = std::make_unique<Command>();
  std::map<std::string, Connection*> connections;
  std::vector<SimulatedTime*> times;
  for (const DesiredAccount& account : specs_.fleet.accounts) {
    World& world = worlds_.at(account.name);
    connections[account.name] = &world.connection;
    times.push_back(world.shared.get());
  }
  command->runner = std::make_unique<WatchedRunner>(make_simulated_runner(std::move(connections), std::move(times), 0),
                                                    *store_, witness);
  command->engine = std::make_unique<Engine>(
      *store_, writes ? lock_ : nullptr, *command->runner,
      EngineOptions{
          .actor = "tester", .reason = {}, .parallelism = {}, .timeout = timeout, .seed = seed + 1000 * ++commands_});
  EXPECT_TRUE(command->engine->want(specs_).ok());
  EXPECT_TRUE(command->engine->recall().ok());
  return command;
}

Plan Fleet::plan(const PlanOptions& options) {
  const auto command = begin(false);
  EXPECT_TRUE(command->engine->observe().ok());
  Plan plan = command->engine->plan(options);
  said_ += to_string(to_json(plan)) + "\n";
  return plan;
}

Result<ApplyReport> Fleet::carry_out(const std::function<Result<ApplyReport>(Engine&)>& what) {
  const auto command = begin(true);
  Engine& engine = *command->engine;
  EXPECT_TRUE(engine.settle().ok());
  if (Result<Done> looked = engine.observe(); !looked.ok()) return looked.error();
  Result<ApplyReport> report = what(engine);
  if (!report.ok()) return report;
  for (const std::string& text : report->failures) said_ += text + "\n";
  for (const std::string& text : report->stale) said_ += text + "\n";
  for (const Hold& hold : report->holds) said_ += hold.reason + "\n";
  return report;
}

ApplyReport Fleet::done(const Result<ApplyReport>& report) {
  EXPECT_TRUE(report.ok()) << (report.ok() ? "" : report.error().message);
  return report.ok() ? *report : ApplyReport{};
}

ApplyReport Fleet::apply(const PlanOptions& options) {
  return done(try_apply(options));
}

Result<ApplyReport> Fleet::try_apply(const PlanOptions& options) {
  return carry_out([&](Engine& engine) {
    const Plan plan = engine.plan(options);
    said_ += to_string(to_json(plan)) + "\n";
    return engine.apply(plan, options, Engine::Scope::kFollowUp, [this](const Progress& step) {
      const std::string action = step.action ? std::string(to_string(*step.action)) + " " : "";
      const std::string next = step.next_try ? "; next try in " + for_people(*step.next_try - step.at) : "";
      progress.push_back(action + to_string(step.resource) + ": " + step.text + next);
    });
  });
}

ApplyReport Fleet::apply_file(const Plan& plan) {
  return done(carry_out(
      [&](Engine& engine) { return engine.apply(plan, {}, Engine::Scope::kStrict, [](const Progress&) {}); }));
}

ApplyReport Fleet::act(Action action, const Key& key, const PlanOptions& options) {
  return done(try_act(action, key, options));
}

Result<ApplyReport> Fleet::try_act(Action action, const Key& key, const PlanOptions& options) {
  return carry_out(
      [&](Engine& engine) { return engine.act(action, {key}, Json(Json::Object{}), options, [](const Progress&) {}); });
}

Result<Done> Fleet::import_server(const Key& key, const std::string& id) {
  const auto command = begin(true);
  EXPECT_TRUE(command->engine->observe().ok());
  return command->engine->import_server(key, "main", id);
}

ApplyReport Fleet::converge(const PlanOptions& options, int times) {
  ApplyReport report;
  for (int i = 0; i < times; ++i) {
    report = apply(options);
    if (report.exit_code() == 0 && report.changes_done == 0) break;
    if (report.exit_code() != 0) advance(std::chrono::hours(1));
  }
  return report;
}

void Fleet::override_as(Override::What what, const Key& resource) {
  Batch batch;
  batch.overrides.push_back(Override{.what = what,
                                     .resource = resource,
                                     .who = "ben@desk",
                                     .why = "looking into it",
                                     .since = worlds_.begin()->second.shared->now(),
                                     .until = std::nullopt});
  EXPECT_TRUE(store_->commit(batch, Durability::kSoon).ok());
}

void Fleet::lift(Override::What what, const Key& resource) {
  Batch batch;
  batch.lifted.emplace_back(resource, what);
  EXPECT_TRUE(store_->commit(batch, Durability::kSoon).ok());
}

Result<Json> Fleet::ctl(const CtlCommand& command, std::string_view account) {
  return worlds_.at(std::string(account)).shared->by_hand(command);
}

void Fleet::did(const Result<Json>& done) {
  EXPECT_TRUE(done.ok()) << (done.ok() ? "" : done.error().message);
}

std::vector<std::string> Fleet::accounts() const {
  std::vector<std::string> names;
  for (const auto& [account, world] : worlds_) names.push_back(account);
  return names;
}

void Fleet::balance(std::string_view amount) {
  for (const std::string& account : accounts()) did(ctl(CtlBalance{std::string(amount)}, account));
}

void Fleet::advance(Duration by) {
  for (const std::string& account : accounts()) did(ctl(CtlAdvance{by}, account));
}

void Fleet::fault(FaultKind kind, std::optional<std::int64_t> times, std::int64_t rate_ppm) {
  for (const std::string& account : accounts()) {
    did(ctl(CtlFault{Fault{.kind = kind, .rate_ppm = rate_ppm, .times = times}}, account));
  }
}

std::int64_t Fleet::number(std::string_view field) {
  std::int64_t sum = 0;
  for (const std::string& account : accounts()) sum += dump(account).integer_or(field, -1);
  return sum;
}

void Fleet::no_faults() {
  for (std::size_t i = 0; i < kFaultKinds; ++i) fault(static_cast<FaultKind>(i), 0, 0);
}

Json Fleet::dump(std::string_view account) {
  Result<Json> dumped = ctl(CtlDump{}, account);
  EXPECT_TRUE(dumped.ok());
  return dumped.ok() ? *dumped : Json();
}

std::vector<std::string> Fleet::world() {
  std::vector<std::string> names;
  for (const auto& [account, world] : worlds_) {
    const Json dumped = dump(account);
    for (const Json& server : *dumped.find("servers")->array()) {
      names.push_back(server.string_or("name", "") + " " + server.string_or("phase", ""));
    }
  }
  std::ranges::sort(names);
  return names;
}

Json Fleet::server_of(std::string_view name) {
  for (const std::string& account : accounts()) {
    const Json dumped = dump(account);
    for (const Json& server : *dumped.find("servers")->array()) {
      if (server.string_or("name", "") == name) return server;
    }
  }
  ADD_FAILURE() << "the world has no server " << name;
  return {};
}

std::string Fleet::everything_said() {
  std::string text = said_;
  for (const std::string& step : progress) text += step + "\n";
  for (const Event& event : value_of(store_->events({}))) text += event.type + ": " + event.message + "\n";
  for (const Condition& condition : value_of(store_->conditions(std::nullopt))) text += condition.message + "\n";
  for (const Attempts& attempts : value_of(store_->attempts())) text += attempts.message + "\n";
  for (const DesiredServer& server : specs_.fleet.servers) {
    for (const auto& [intent, outcome] : value_of(store_->intents_of(server.key, 0))) {
      text +=
          to_string(intent.request) + intent.reason + intent.proof_before + (outcome ? outcome->message : "") + "\n";
    }
  }
  for (const ObservedAccount& account : value_of(store_->observed())) {
    for (const ObservedServer& server : account.servers) text += to_string(to_json(server)) + "\n";
  }
  return text;
}

std::vector<std::string> acquaintances(Fleet& fleet, std::string_view name) {
  std::vector<std::string> names;
  for (const ObservedAccount& account : value_of(fleet.store().observed())) {
    for (const ObservedServer& machine : account.servers) {
      if (machine.name != name || machine.confirmed_gone || !machine.agent) continue;
      for (const Peer& peer : machine.agent->peers) names.push_back(peer.name);
    }
  }
  return names;
}

}  // namespace switchyard::testing
