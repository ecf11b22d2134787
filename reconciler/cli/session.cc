#include "reconciler/cli/session.h"

#include <algorithm>
#include <random>
#include <utility>

#include "specs/base/random.h"

namespace switchyard {

Result<std::unique_ptr<Session>> Session::open(const Context& context, LoadedSpecs specs, const Options& options) {
  auto session = std::unique_ptr<Session>(new Session);
  session->options_ = options;
  if (options.access == Access::kReadWrite) {
    auto lock = Lock::acquire(context.state_path(), context.actor(), kLease, context.lock_timeout());
    if (!lock) return lock.error();
    session->lock_ = *std::move(lock);
  }
  auto store = Store::open(context.state_path(),
                           options.access == Access::kReadWrite ? Store::Mode::kReadWrite : Store::Mode::kReadOnly);
  if (!store) return store.error();
  session->store_ = *std::move(store);
  if (session->lock_) session->store_->set_fence(session->lock_->fence());
  if (auto done = session->take_up(context, std::move(specs)); !done) return done.error();
  return session;
}

Result<Done> Session::take_up(const Context& context, LoadedSpecs specs) {
  auto links = connect_all(context, specs.fleet);
  if (!links) return links.error();
  engine_.reset();  // it refers to the specs
  specs_ = std::move(specs);
  return begin(*std::move(links));
}

Result<Done> Session::begin(Links links) {
  // The engine refers to the runner, and the runner to the connections.
  engine_.reset();
  runner_ = std::move(links.runner);
  connected_ = std::move(links.connected);
  embedded_ = links.embedded;
  pace_ = links.pace;
  // Another engine draws other uids.
  options_.engine.seed = Random(options_.engine.seed).next();
  if (options_.recorder) {
    if (auto done = options_.recorder->begin(*store_, options_.engine, runner_->now()); !done) return done;
    runner_ = options_.recorder->listen_to(std::move(runner_));
  }
  engine_ = std::make_unique<Engine>(*store_, lock_.get(), *runner_, options_.engine);
  if (auto done = engine_->want(specs_); !done) return done;
  return engine_->recall();
}

Result<Done> Session::recall(const Context& context) {
  // What others wrote is in no record but as the state that an engine begins with.
  if (!options_.recorder) return engine_->recall();
  auto links = connect_all(context, specs_.fleet);
  if (!links) return links.error();
  return begin(*std::move(links));
}

Result<Session::Links> Session::connect_all(const Context& context, const DesiredFleet& fleet) const {
  const ConnectOptions options{.world_folder = context.state_folder(),
                               .read_only = lock_ == nullptr,
                               .parallelism = options_.engine.parallelism};
  std::map<std::string, Connection*> connections;
  std::vector<SimulatedTime*> worlds;
  std::int64_t threads = 0;
  Links links;
  for (const auto& account : fleet.accounts) {
    auto connected = connect(account, options);
    if (!connected) {
      return Error{connected.error().code, "account \"" + account.name + "\": " + connected.error().message};
    }
    auto& kept = links.connected[account.name] = *std::move(connected);
    connections[account.name] = &kept.connection;
    threads += calls_at_once(account, options);
    if (kept.world == nullptr) continue;
    worlds.push_back(kept.world);
    // Several paces: the slowest walk that anybody asked for.
    if (account.sim_pace > 0) links.pace = links.pace == 0 ? account.sim_pace : std::min(links.pace, account.sim_pace);
  }
  links.embedded = !worlds.empty() && worlds.size() == connections.size();
  if (links.embedded) {
    links.runner = make_simulated_runner(std::move(connections), std::move(worlds), links.pace);
  } else {
    const auto wanted = std::clamp<std::int64_t>(options_.engine.parallelism.value_or(threads), 1, kMostCallsAtOnce);
    links.runner = make_thread_runner(std::move(connections), static_cast<int>(wanted));
  }
  return links;
}

EngineOptions engine_options(const Context& context) {
  std::random_device device;
  return {.actor = context.actor(),
          .reason = {},
          .parallelism = {},
          .timeout = {},
          .seed = (std::uint64_t{device()} << 32U) | device()};
}

EngineOptions engine_options(const Context& context, const Arguments& arguments) {
  auto options = engine_options(context);
  options.reason = arguments.text("reason").value_or("");
  options.parallelism = arguments.integer("parallelism");
  options.timeout = arguments.duration("timeout");
  return options;
}

Option record_option() {
  return {.name = "record",
          .help = "write down what is seen and decided, for `switchyard replay`",
          .takes = Takes::kPath,
          .value = "FILE"};
}

Result<std::shared_ptr<Recorder>> open_record(const Context&, const Arguments& arguments) {
  const auto path = arguments.text("record");
  if (!path) return std::shared_ptr<Recorder>();
  auto made = Recorder::create(*path, program_version());
  if (!made) return made.error();
  return std::shared_ptr<Recorder>(*std::move(made));
}

}  // namespace switchyard
