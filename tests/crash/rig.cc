#include "tests/crash/rig.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "providers/sim/sim_provider.h"

namespace switchyard::testing {
namespace {

constexpr int kMostApplies = 12;
// A call that is late arrives well within the settling time (40 s) of the first look of the program after it.
constexpr Duration kLatest = std::chrono::seconds(25);

}  // namespace

Rig::Rig(const std::string& folder, Options options)
    : path_(folder + "/state.db"), options_(options), disk_(folder, options.seed) {
  disk_.set_on_effect([this](const DiskEffect& effect) {
    Points& points = counting_ ? points_ : uncounted_;
    return points.pass(to_text(effect)) ? DiskAnswer::kPowerOff : DiskAnswer::kDone;
  });
}

void Rig::want(std::string_view lines) {
  specs_ = load_lines(lines);
  ASSERT_TRUE(specs_.ok()) << complaints_of(specs_);
  for (const DesiredAccount& account : specs_.fleet.accounts) {
    if (worlds_.contains(account.name)) continue;
    const SimTerms terms{.deposit_base = account.deposit_base,
                         .deposit_per_server = account.deposit_per_server,
                         .credit = account.credit_line.value_or(Money{0, account.currency})};
    WorldSettings fresh;
    fresh.seed = options_.seed;
    fresh.currency = account.currency;
    fresh.terms = terms;
    auto world = std::make_shared<SharedWorld>(SharedWorld::Options{.path = {}, .fresh = fresh, .terms = terms});
    worlds_.emplace(account.name, World{world, sim_connection(world)});
  }
}

void Rig::check_alive() const {
  if (!disk_.is_on()) throw Died{};
}

void Rig::die(const Call* sending) {
  if (sending != nullptr && changes_the_world(*sending)) dying_call_ = *sending;
  disk_.power_off();
  throw Died{};
}

std::unique_ptr<Runner> Rig::make_runner(Store& store) {
  std::map<std::string, Connection*> connections;
  std::vector<SimulatedTime*> times;
  for (const DesiredAccount& account : specs_.fleet.accounts) {
    World& world = worlds_.at(account.name);
    connections[account.name] = &world.connection;
    times.push_back(world.shared.get());
  }
  return std::make_unique<PointRunner>(
      PointRunner::Parts{.connections = connections,
                         .inner = make_simulated_runner(connections, std::move(times), 0),
                         .store = store,
                         .points = counting_ ? points_ : uncounted_,
                         .deeds = deeds_,
                         .late = late_,
                         .die = [this](const Call* sending) { die(sending); },
                         .check_alive = [this] { check_alive(); },
                         .last_actions =
                             [this](const std::string& account) {
                               std::map<std::string, std::string> actions;
                               const Json dump = ctl(CtlDump{}, account);
                               for (const Json& server : *dump.find("servers")->array()) {
                                 actions[server.string_or("id", "")] = server.string_or("lastAction", "");
                               }
                               return actions;
                             }});
}

// Runs `work(store, lock)` as a command of its own. Whatever it says after the disk went off, nobody hears.
template <class Work>
void Rig::command(const Work& work) {
  ++commands_;
  auto lock = Lock::acquire(path_, "tester", options_.lease, std::chrono::seconds(5));
  check_alive();
  ASSERT_TRUE(lock.ok()) << lock.error().message;
  {
    auto store = Store::open(path_, Store::Mode::kReadWrite);
    check_alive();
    ASSERT_TRUE(store.ok()) << store.error().message;
    (*store)->set_fence((*lock)->fence());
    work(**store, **lock);
    check_alive();
  }
  check_alive();
  lock->reset();
  check_alive();
}

ApplyReport Rig::carry_out(const std::function<Result<ApplyReport>(Engine&)>& what) {
  ApplyReport report;
  command([&](Store& store, Lock& lock) {
    const auto runner = make_runner(store);
    Engine engine(store, &lock, *runner,
                  EngineOptions{.actor = "tester",
                                .reason = {},
                                .parallelism = {},
                                .timeout = {},
                                .seed = options_.seed + 1000 * commands_});
    ASSERT_TRUE(engine.want(specs_).ok());
    const auto run = [&]() -> Result<ApplyReport> {
      if (auto done = engine.recall(); !done) return done.error();
      if (auto done = engine.settle(); !done) return done.error();
      if (auto done = engine.observe(); !done) return done.error();
      return what(engine);
    };
    Result<ApplyReport> ended = run();
    check_alive();
    ASSERT_TRUE(ended.ok()) << ended.error().message;
    report = *std::move(ended);
  });
  return report;
}

ApplyReport Rig::apply(const PlanOptions& options) {
  return carry_out([&](Engine& engine) {
    return engine.apply(engine.plan(options), options, Engine::Scope::kFollowUp, [](const Progress&) {});
  });
}

ApplyReport Rig::apply_file(const Plan& plan) {
  return carry_out(
      [&](Engine& engine) { return engine.apply(plan, {}, Engine::Scope::kStrict, [](const Progress&) {}); });
}

ApplyReport Rig::act(Action action, const Key& key, const PlanOptions& options, const Json& arguments) {
  return carry_out(
      [&](Engine& engine) { return engine.act(action, {key}, arguments, options, [](const Progress&) {}); });
}

void Rig::import_server(const Key& key, const std::string& id) {
  carry_out([&](Engine& engine) -> Result<ApplyReport> {
    auto done = engine.import_server(key, "main", id);
    // Asked for again after it was done, it says so.
    const bool is_there = !done && done.error().message.find("already") != std::string::npos;
    if (!done && !is_there) return done.error();
    return ApplyReport{};
  });
}

void Rig::write(Batch batch) {
  command([&](Store& store, Lock& /*lock*/) {
    const auto written = store.commit(batch, Durability::kSynced);
    check_alive();
    ASSERT_TRUE(written.ok()) << written.error().message;
  });
}

void Rig::put_override(Override::What what, const Key& key) {
  Batch batch;
  batch.overrides.push_back(Override{.what = what,
                                     .resource = key,
                                     .who = "ben@desk",
                                     .why = "looking into it",
                                     .since = worlds_.begin()->second.shared->now(),
                                     .until = std::nullopt});
  write(std::move(batch));
}

void Rig::lift_override(Override::What what, const Key& key) {
  Batch batch;
  batch.lifted.emplace_back(key, what);
  write(std::move(batch));
}

Plan Rig::plan(const PlanOptions& options) {
  auto store = Store::open(path_, Store::Mode::kReadOnly);
  check_alive();
  EXPECT_TRUE(store.ok()) << (store.ok() ? "" : store.error().message);
  if (!store.ok()) return {};
  const auto runner = make_runner(**store);
  Engine engine(
      **store, nullptr, *runner,
      EngineOptions{.actor = "tester", .reason = {}, .parallelism = {}, .timeout = {}, .seed = options_.seed});
  EXPECT_TRUE(engine.want(specs_).ok());
  const auto look = [&]() -> Result<Done> {
    if (auto done = engine.recall(); !done) return done;
    return engine.observe();
  };
  const auto looked = look();
  check_alive();
  EXPECT_TRUE(looked.ok()) << (looked.ok() ? "" : looked.error().message);
  Plan planned = engine.plan(options);
  store->reset();
  check_alive();
  return planned;
}

ApplyReport Rig::converge(const PlanOptions& options) {
  ApplyReport report;
  for (int i = 0; i < kMostApplies; ++i) {
    report = apply(options);
    if (report.exit_code() == 0 && report.changes_done == 0) break;
    // A hold that no apply lifts stays.
    if (report.exit_code() == 3 && report.changes_done == 0 && i > 2) break;
    if (report.exit_code() != 0) {
      for (const auto& [account, world] : worlds_) ctl(CtlAdvance{std::chrono::hours(1)}, account);
    }
  }
  return report;
}

Json Rig::ctl(const CtlCommand& command, const std::string& account) {
  const Result<Json> done = worlds_.at(account).shared->by_hand(command);
  EXPECT_TRUE(done.ok()) << (done.ok() ? "" : done.error().message);
  return done.ok() ? *done : Json(Json::Object{});
}

void Rig::end_faults() {
  for (const auto& [account, world] : worlds_) {
    for (std::size_t i = 0; i < kFaultKinds; ++i) {
      ctl(CtlFault{Fault{.kind = static_cast<FaultKind>(i), .rate_ppm = 0, .times = 0}}, account);
    }
    ctl(CtlSet{"world", "requestsPerMinute", "0"}, account);
  }
}

std::string Rig::id_of(const std::string& name) {
  const Json dump = ctl(CtlDump{});
  for (const Json& server : *dump.find("servers")->array()) {
    if (server.string_or("name", "") == name) return server.string_or("id", "");
  }
  ADD_FAILURE() << "the world has no server " << name;
  return {};
}

std::string Rig::given_up_uid() {
  std::string uid;
  command([&](Store& store, Lock& /*lock*/) {
    const auto given_up = value_of(store.given_up(Timestamp{}));
    ASSERT_FALSE(given_up.empty());
    uid = given_up.front().uid;
  });
  return uid;
}

void Rig::count_points(std::optional<std::int64_t> fatal) {
  counting_ = true;
  points_ = Points{.passed = 0, .fatal = fatal, .died_at = {}};
}

void Rig::start_again(PowerLoss loss, std::optional<int> calls_before_late) {
  counting_ = false;
  disk_.power_on(loss);
  if (dying_call_ && calls_before_late) {
    late_ = LateCall{.call = *dying_call_,
                     .calls_before = *calls_before_late,
                     .at = worlds_.at(dying_call_->account).shared->now() + kLatest};
  }
  dying_call_.reset();
}

Rig::Picture Rig::picture(const PlanOptions& options) {
  Picture picture;
  for (const auto& [account, world] : worlds_) {
    const Json dump = ctl(CtlDump{}, account);
    for (const Json& server : *dump.find("servers")->array()) {
      const std::string name =
          fmt::format("{} {}/{}", account, server.string_or("kind", "unmarked"), server.string_or("name", ""));
      picture.servers.push_back(fmt::format("{} {} {} {} release {}{}{}", name, server.string_or("phase", ""),
                                            server.string_or("region", ""), server.string_or("size", ""),
                                            server.string_or("release", ""),
                                            server.boolean_or("drained", false) ? " drained" : "",
                                            server.string_or("uid", "").empty() ? " unmarked" : ""));
      picture.ids[name] = server.string_or("id", "");
    }
    picture.created += dump.integer_or("created", -1);
    picture.refused_for_money += dump.integer_or("refusedForMoney", -1);
    picture.calls_cut += dump.integer_or("callsCut", -1);
  }
  std::ranges::sort(picture.servers);
  const Plan next = plan(options);
  picture.changes = next.changes.size();
  for (const Hold& hold : next.holds) {
    picture.holds.push_back(
        fmt::format("{} {}: {}", to_string(hold.action), to_string(hold.resource), to_string(hold.gate)));
  }
  command([&](Store& store, Lock& /*lock*/) {
    for (const Override& one : value_of(store.overrides(worlds_.begin()->second.shared->now()))) {
      picture.overrides.push_back(fmt::format("{} {}", to_string(one.resource), to_string(one.what)));
    }
    for (const OpenIntent& open : value_of(store.open_intents())) {
      picture.open_intents.push_back(
          fmt::format("{} {}", to_string(open.intent.action), to_string(open.intent.resource)));
    }
    for (const DoctorReport::Line& line : value_of(store.doctor()).lines) {
      if (line.level == DoctorReport::Line::Level::kBad) picture.complaints.push_back(line.text);
    }
  });
  return picture;
}

std::string Rig::trail(std::int64_t lines) {
  std::string text;
  command([&](Store& store, Lock& /*lock*/) {
    for (const Event& event : value_of(store.events(EventFilter{.limit = lines}))) {
      text += fmt::format("\n  {} {} {}: {}", to_string(event.at), event.resource ? to_string(*event.resource) : "",
                          event.type, event.message);
    }
  });
  return text;
}

}  // namespace switchyard::testing
