// An engine with a hostile provider and hostile agents: it looks, plans and applies.
//
// Whatever they say, in whatever order, it ends, keeps an intent for every change that it sends, and leaves a state
// that is whole. Lines "KIND STATUS BODY": what the next call of this kind is answered. The last line of a kind stays
// its answer.
#include <algorithm>
#include <deque>
#include <map>

#include "providers/expect_currency.h"
#include "providers/sim/protocol.h"
#include "reconciler/core/plan.h"
#include "reconciler/engine/engine.h"
#include "reconciler/engine/runner.h"
#include "reconciler/render/listing.h"
#include "reconciler/render/plan_text.h"
#include "specs/base/digest.h"
#include "specs/load.h"
#include "tests/fuzz/scratch.h"
#include "tests/fuzz/target.h"

namespace switchyard::fuzz {
namespace {

constexpr std::string_view kFleet = R"(apiVersion: switchyard/v1
kind: Account
metadata: {name: main}
spec: {provider: sim, currency: USD, limits: {maxDestroy: 2}}
---
apiVersion: switchyard/v1
kind: Zone
metadata: {name: london}
spec: {account: main, region: lon1}
---
apiVersion: switchyard/v1
kind: Cluster
metadata: {name: core}
spec: {limits: {cps: 200, channels: 4000}, rollout: {drainTimeout: 5m}}
---
apiVersion: switchyard/v1
kind: ServerSet
metadata: {name: a}
spec:
  replicas: 2
  zones: [london]
  template: {spec: {type: switch, cluster: core, size: s-1vcpu-2gb, channels: 100, cps: 10}}
---
apiVersion: switchyard/v1
kind: Server
metadata: {name: front}
spec: {zone: london, type: dispatcher, size: s-1vcpu-2gb, balancer: {cluster: core}}
---
apiVersion: switchyard/v1
kind: RtpServer
metadata: {name: media}
spec: {zone: london, size: s-1vcpu-2gb, ports: {from: 30000, to: 40000}, maxSessions: 100}
)";

// Fixed, so that the same bytes always do the same: 2026-11-23T18:00:00Z.
Timestamp start_of_time() {
  return std::chrono::sys_days(std::chrono::year(2026) / 11 / 23) + std::chrono::hours(18);
}

// Made once: it is the same for every input.
const LoadedSpecs& specs() {
  static const LoadedSpecs loaded = [] {
    SpecSource source;
    source.files.push_back({.shown = "fleet.yaml",
                            .absolute = "/nowhere/fleet.yaml",
                            .hash = fast_hash_hex(kFleet),
                            .bytes = std::string(kFleet)});
    source.scope = {"/nowhere/fleet.yaml"};
    return load(std::move(source), {.now = start_of_time()});
  }();
  promise(loaded.ok(), "the target's own fleet is sound");
  return loaded;
}

Lock& lock() {
  static const std::unique_ptr<Lock> held =
      Lock::acquire(scratch_folder() + "/lock.db", "fuzzer", std::chrono::hours(24), Duration{}, start_of_time).value();
  return *held;
}

class Script {
 public:
  explicit Script(std::string_view bytes) {
    while (!bytes.empty()) {
      const std::string_view line = take_line(bytes);
      const std::size_t space = line.find(' ');
      if (space == std::string_view::npos) continue;
      answers_[std::string(line.substr(0, space))].push_back(line.substr(space + 1));
    }
  }

  Result<Answer> answer(const Call& call, const std::string& kind) {
    const auto found = answers_.find(kind);
    if (found == answers_.end()) return Error{ErrorCode::kNotSent, "nobody answers"};
    std::string_view text = found->second.front();
    if (found->second.size() > 1) found->second.pop_front();
    const std::string status(text.substr(0, text.find(' ')));
    text.remove_prefix(std::min(status.size() + 1, text.size()));
    return from_http(call, {.status = std::atoi(status.c_str()), .body = std::string(text), .headers = {}});
  }

 private:
  std::map<std::string, std::deque<std::string_view>, std::less<>> answers_;
};

template <class T, class What>
Result<T> ask(Script& script, What what, const CallLimits& limits, const std::string& kind) {
  const Call call{.account = "main", .limits = limits, .what = std::move(what)};
  auto answer = script.answer(call, kind);
  if (!answer.ok()) return answer.error();
  return std::get<T>(*std::move(answer));
}

class ScriptedProvider : public Provider {
 public:
  explicit ScriptedProvider(Script& script) : script_(script) {}
  Result<Catalogue> catalogue(const CallLimits& limits) override {
    return ask<Catalogue>(script_, CatalogueCall{}, limits, "catalogue");
  }
  Result<Balance> balance(const CallLimits& limits) override {
    return ask<Balance>(script_, BalanceCall{}, limits, "balance");
  }
  Result<ListPage> list(std::string_view page, const CallLimits& limits) override {
    auto answer = ask<ListPage>(script_, ListCall{.page = std::string(page)}, limits, "list");
    // The engine takes up to 100,000 pages; one that is the same for ever would take that long.
    if (answer.ok() && ++pages_ % 20 == 0) answer->next.clear();
    return answer;
  }
  Result<ObservedServer> get(std::string_view id, const CallLimits& limits) override {
    return ask<ObservedServer>(script_, GetCall{.id = std::string(id)}, limits, "get");
  }
  Result<Created> create(const CreateRequest& request, const CallLimits& limits) override {
    return ask<Created>(script_, CreateCall{.request = request}, limits, "create");
  }
  Result<Done> remove(std::string_view id, const CallLimits& limits) override {
    return ask<Done>(script_, RemoveCall{.id = std::string(id)}, limits, "remove");
  }
  Result<Accepted> act(std::string_view id, Action action, const Json& arguments, const CallLimits& limits) override {
    return ask<Accepted>(script_, ProviderActionCall{.id = std::string(id), .action = action, .arguments = arguments},
                         limits, "act");
  }
  Result<Done> mark(std::string_view id, const Mark& mark, const CallLimits& limits) override {
    return ask<Done>(script_, MarkCall{.id = std::string(id), .mark = mark}, limits, "mark");
  }

 private:
  Script& script_;
  int pages_ = 0;
};

class ScriptedAgent : public Agent {
 public:
  explicit ScriptedAgent(Script& script) : script_(script) {}
  Result<AgentReport> status(const ObservedServer& server, const CallLimits& limits) override {
    return ask<AgentReport>(script_, StatusCall{.server = server}, limits, "status");
  }
  Result<Done> configure(const ObservedServer& server, const Configuration& wanted, const CallLimits& limits) override {
    return ask<Done>(script_, ConfigureCall{.server = server, .wanted = wanted}, limits, "configure");
  }
  Result<Done> act(const ObservedServer& server, Action action, const CallLimits& limits) override {
    return ask<Done>(script_, AgentActionCall{.server = server, .action = action}, limits, "agent");
  }

 private:
  Script& script_;
};

// Answers at once and lets time jump, so that an apply that waits for ever is asked to stop soon.
class BoundedRunner : public Runner {
 public:
  BoundedRunner(Connection& connection, Store& store) : connection_(connection), store_(store) {}

  Timestamp now() override { return now_; }
  void start(CallId id, Call call) override {
    if (changes_the_world(call)) {
      const auto open = store_.open_intents();
      lawful_ = lawful_ && open.ok() && !open->empty();
    }
    ended_.push_back({id, perform(call, connection_)});
  }
  std::vector<Completion> wait(Timestamp due) override {
    ++waits_;
    if (ended_.empty() && due > now_) now_ = due;
    return std::exchange(ended_, {});
  }
  int stops() override { return waits_ > kFirstStop ? (waits_ > kSecondStop ? 2 : 1) : 0; }

  // No call changed the world without an intent (law 3).
  bool lawful() const { return lawful_; }
  bool patient() const { return waits_ <= kMost; }

 private:
  static constexpr int kFirstStop = 150;
  static constexpr int kSecondStop = 200;
  static constexpr int kMost = 300;
  Connection& connection_;
  Store& store_;
  Timestamp now_ = start_of_time();
  std::vector<Completion> ended_;
  int waits_ = 0;
  bool lawful_ = true;
};

void check_plan(const Plan& plan, const WorldView& view) {
  const Result<Plan> back = plan_from_json(to_json(plan));
  promise(back.ok(), "a plan can be read from its JSON");
  Plan same = *back;
  same.valid_until = plan.valid_until;  // it is not part of what is shown
  promise_same(to_string(to_json(same)), to_string(to_json(plan)), "a plan survives its JSON");
  promise(same == plan, "a plan survives its JSON as the same value");
  const bool observed =
      std::ranges::any_of(view.accounts, [](const auto& account) { return account.listed.has_value(); });
  for (const Change& change : plan.changes) {
    promise(observed || change.action != Action::kCreate, "an account that was never observed plans no create (law 4)");
  }
  promise_harmless(render_plan(view_of(plan, specs().fleet, view.accounts, {}), start_of_time(), Colour::kOff),
                   "a plan for people");
  const Known known{
      .desired = &specs().fleet, .observed = view.accounts, .overrides = view.overrides, .now = start_of_time()};
  for (const Kind kind : {Kind::kAccount, Kind::kServer, Kind::kRtpServer}) {
    const Listing listing = list_resources(known, kind, std::nullopt);
    promise_harmless(listing.text(Colour::kOff), "a listing");
    promise(parse_json(to_string(listing.json())).ok(), "a listing's JSON can be read");
  }
}

void check_store(Store& store, const WorldView& view) {
  const auto kept = store.observed();
  promise(kept.ok(), "what was observed can be read from the state");
  promise(kept->size() == view.accounts.size(), "every account is kept");
  const auto report = store.doctor();
  promise(report.ok() && report->healthy(), "the state is sound");
}

}  // namespace

void world_seen(std::string_view bytes) {
  Script script(bytes);
  Connection connection{
      .provider = expect_currency(std::make_unique<ScriptedProvider>(script), "main", *Currency::parse("USD")),
      .agent = std::make_unique<ScriptedAgent>(script)};
  const std::unique_ptr<Store> store = Store::open("", Store::Mode::kMemory).value();
  BoundedRunner runner(connection, *store);
  store->set_fence(lock().fence());
  Engine engine(
      *store, &lock(), runner,
      {.actor = "fuzzer", .reason = {}, .parallelism = {}, .timeout = {}, .seed = 7, .machine_clock = start_of_time});
  promise(engine.want(specs()).ok() && engine.recall().ok(), "an engine begins");
  promise(engine.observe().ok(), "looking fails for the store alone");
  const Plan plan = engine.plan({});
  check_plan(plan, engine.view());
  promise(engine.plan({}) == plan, "the same input gives the same plan (law 1)");
  const Result<ApplyReport> report = engine.apply(plan, {}, Engine::Scope::kFollowUp, [](const Progress&) {});
  promise(report.ok(), "an apply fails for the store alone");
  for (const std::string& text : report->failures) promise_harmless(text, "a failure");
  promise(runner.lawful(), "no call changes the world without an open intent (law 3)");
  promise(runner.patient(), "an engine that is asked to stop stops");
  check_plan(engine.plan({}), engine.view());
  check_store(*store, engine.view());
}

}  // namespace switchyard::fuzz
