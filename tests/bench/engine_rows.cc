#include <fmt/core.h>

#include <chrono>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>

#include "reconciler/engine/engine.h"
#include "specs/load.h"
#include "state/lock.h"
#include "state/store.h"
#include "tests/bench/process.h"
#include "tests/bench/slow_world.h"
#include "tests/bench/trial.h"

namespace switchyard::bench {
namespace {

namespace fs = std::filesystem;

constexpr int kServers = 10'000;
constexpr int kAtOnce = 64;
constexpr std::chrono::milliseconds kLatency{50};

// Whether it went well; says what went wrong.
template <class T>
bool well(std::string_view what, const Result<T>& result) {
  if (!result) fmt::print(stderr, "{}: {}\n", what, result.error().message);
  return result.ok();
}

// Everything that an apply needs, on a state file of its own.
struct Bench {
  SlowWorld world;
  Connection connection;
  LoadedSpecs specs;
  std::unique_ptr<Lock> lock;
  std::unique_ptr<Store> store;
  std::unique_ptr<Runner> runner;
  std::unique_ptr<Engine> engine;

  Bench(const SlowWorld::Options& options, const fs::path& fleet)
      : world(options),
        connection(world.connection()),
        specs(load(read_source({fleet.string()}), {.missing_secret = LoadOptions::Missing::kError})) {}
};

// Whether the members of clusters know each other and share their limits.
enum class Clusters { kShareNothing, kShareAll };

bool share_all(const fs::path& base) {
  std::ifstream in(base);
  std::string text{std::istreambuf_iterator<char>(in), {}};
  constexpr std::string_view kNothing = "share: {dialogs: false, throughput: false, locations: false}";
  int shared = 0;
  for (auto at = text.find(kNothing); at != std::string::npos; at = text.find(kNothing, at), ++shared) {
    text.replace(at, kNothing.size(), "share: {}");  // shared is the default
  }
  std::ofstream(base) << text;
  return shared > 0;
}

std::unique_ptr<Bench> make_bench(const Setting& setting, std::chrono::milliseconds latency,
                                  Clusters clusters = Clusters::kShareNothing) {
  const fs::path folder = setting.scratch / "engine";
  fs::remove_all(folder);
  fs::create_directories(folder);
  const Usage generated = run({.words = {SWITCHYARD_SOURCE_DIR "/examples/large/generate.sh", std::to_string(kServers),
                                         "100", (folder / "fleet").string()}});
  if (generated.exit_code != 0) return nullptr;
  if (clusters == Clusters::kShareAll && !share_all(folder / "fleet" / "base.yaml")) return nullptr;
  auto bench = std::make_unique<Bench>(SlowWorld::Options{.latency = latency, .speed = 600}, folder / "fleet");
  if (!bench->specs.ok()) return nullptr;

  const std::string state = (folder / "state.db").string();
  Result<std::unique_ptr<Store>> store = Store::open(state, Store::Mode::kReadWrite);
  if (!well("state", store)) return nullptr;
  Result<std::unique_ptr<Lock>> lock = Lock::acquire(state, "bench", std::chrono::minutes(5), {});
  if (!well("lock", lock)) return nullptr;
  bench->store = std::move(*store);
  bench->lock = std::move(*lock);
  bench->store->set_fence(bench->lock->fence());
  bench->runner = make_thread_runner({{"main", &bench->connection}}, kAtOnce);
  bench->engine = std::make_unique<Engine>(
      *bench->store, bench->lock.get(), *bench->runner,
      EngineOptions{.actor = "bench", .reason = "", .parallelism = {}, .timeout = {}, .seed = 1});
  if (!well("want", bench->engine->want(bench->specs))) return nullptr;
  if (!well("recall", bench->engine->recall())) return nullptr;
  if (!well("observe", bench->engine->observe())) return nullptr;
  return bench;
}

// Brings the fleet up. Nothing when it did not converge.
bool apply_all(Bench& bench) {
  const PlanOptions options;
  const Plan plan = bench.engine->plan(options);
  const Result<ApplyReport> report =
      bench.engine->apply(plan, options, Engine::Scope::kFollowUp, [](const Progress&) {});
  if (!well("apply", report)) return false;
  if (report->exit_code() == 0 && bench.world.creates() == kServers) return true;
  fmt::print(stderr, "apply: exit code {}, {} creates\n", report->exit_code(), bench.world.creates());
  if (!report->holds.empty()) fmt::print(stderr, "  held, the first: {}\n", report->holds.front().reason);
  return false;
}

// Creates a second of the switches, and the seconds of the whole apply.
std::optional<std::vector<double>> create_all(const Setting& setting, Clusters clusters) {
  const std::unique_ptr<Bench> bench = make_bench(setting, kLatency, clusters);
  const auto start = std::chrono::steady_clock::now();
  if (!bench || !apply_all(*bench)) return std::nullopt;
  const std::chrono::duration<double> whole = std::chrono::steady_clock::now() - start;
  return std::vector{static_cast<double>(bench->world.switches()) / bench->world.creating().count(), whole.count()};
}

std::optional<Trial> apply_creates(const Setting& setting) {
  const double possible = kAtOnce / std::chrono::duration<double>(kLatency).count();
  const std::string what =
      fmt::format("creates/s, apply of {} at {} ms, {} at once", kServers, kLatency.count(), kAtOnce);
  return Trial{
      .rows = {{.what = what,
                .unit = "/s",
                .budget = possible * 0.95,
                .better = Better::kHigher,
                .note = fmt::format(
                    "possible: {:.0f}/s; of the switches, from the first one's start to the last one's end", possible)},
               {.what = "  the whole apply, deliveries seen", .unit = "s", .budget = std::nullopt}},
      .runs = 3,
      .once = [setting] { return create_all(setting, Clusters::kShareNothing); }};
}

// Each create tells the new server who its peers are, and who leaves them.
std::optional<Trial> apply_sharing_creates(const Setting& setting) {
  return Trial{.rows = {{.what = "creates/s, the same where clusters share everything",
                         .unit = "/s",
                         .budget = std::nullopt,
                         .better = Better::kHigher},
                        {.what = "  the whole apply, all peers told", .unit = "s", .budget = std::nullopt}},
               .runs = 3,
               .once = [setting] { return create_all(setting, Clusters::kShareAll); }};
}

std::optional<Trial> observe_calls(const Setting& setting) {
  constexpr int kPage = 200;
  return Trial{.rows = {{.what = fmt::format("listing calls to observe {} servers, page size {}", kServers, kPage),
                         .unit = "",
                         .budget = (kServers + kPage - 1) / kPage},
                        {.what = "  all calls of it (balance and catalogue too)", .unit = "", .budget = std::nullopt}},
               .runs = 1,
               .once = [setting]() -> std::optional<std::vector<double>> {
                 const std::unique_ptr<Bench> bench = make_bench(setting, {});
                 if (!bench || !apply_all(*bench)) return std::nullopt;
                 const std::int64_t lists = bench->world.lists();
                 const std::int64_t calls = bench->world.calls();
                 if (!well("observe", bench->engine->observe())) return std::nullopt;
                 return std::vector{static_cast<double>(bench->world.lists() - lists),
                                    static_cast<double>(bench->world.calls() - calls)};
               }};
}

}  // namespace

std::vector<Entry> engine_entries() {
  return {{.name = "apply-10k", .prepare = apply_creates},
          {.name = "apply-10k-sharing", .prepare = apply_sharing_creates},
          {.name = "observe-calls", .prepare = observe_calls}};
}

}  // namespace switchyard::bench
