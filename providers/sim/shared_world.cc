#include "providers/sim/shared_world.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "providers/sim/by_hand.h"
#include "specs/base/overloaded.h"

namespace switchyard {
namespace {

// What a listing that stops half-way names as its next page (fault partial-list).
constexpr std::string_view kBrokenPage = "broken";

constexpr std::chrono::minutes kRateWindow{1};

template <class T>
Result<Answer> as_answer(Result<T> result) {
  if (!result) return result.error();
  return Answer(*std::move(result));
}

bool any_fault(const FaultBook& faults) {
  for (std::size_t i = 0; i < kFaultKinds; ++i) {
    if (faults.find(static_cast<FaultKind>(i)) != nullptr) return true;
  }
  return false;
}

}  // namespace

Result<Done> SharedWorld::open() {
  if (opened_) return Done{};
  if (!options_.path.empty()) {
    auto file = WorldFile::open(options_.path, may_write() ? WorldFile::Access::kWrite : WorldFile::Access::kRead);
    if (!file && file.error().code != ErrorCode::kNotFound) return file.error();
    if (file) file_ = *std::move(file);
  }
  opened_ = true;
  return Done{};
}

void SharedWorld::adopt(WorldFile::Root root, WorldFile::Servers servers) {
  if (options_.terms && !root.root.settings.terms_by_hand &&
      options_.terms->deposit_base.currency == root.root.settings.currency) {
    root.root.settings.terms = *options_.terms;
  }
  world_.emplace(std::move(root.root), std::move(servers.living), std::move(servers.removed));
  faults_ = root.faults;
}

Result<Done> SharedWorld::load() {
  std::optional<WorldFile::Root> root;
  WorldFile::Servers servers;
  if (file_) {
    auto stored = file_->load_root();
    if (!stored) return stored.error();
    root = *std::move(stored);
    auto stored_servers = file_->load_servers();
    if (!stored_servers) return stored_servers.error();
    servers = *std::move(stored_servers);
  }
  if (!root) {
    root = WorldFile::Root{.root = new_world(options_.fresh), .faults = FaultBook(options_.fresh.seed)};
    if (options_.fresh.machines == Machines::kReal) root->root.now = options_.clock();
  }
  adopt(*std::move(root), std::move(servers));
  return Done{};
}

Result<Done> SharedWorld::refresh() {
  if (auto opened = open(); !opened) return opened;
  if (world_ && (!file_ || !may_write())) return Done{};
  if (!file_) return load();
  if (world_) {
    const auto version = file_->version_of_others();
    if (!version) return version.error();
    if (version_ == *version) return Done{};
  }
  const auto snapshot = file_->begin(sqlite::Transaction::Kind::kRead);
  if (!snapshot) return snapshot.error();
  if (auto loaded = load(); !loaded) return loaded;
  const auto version = file_->version_of_others();
  if (!version) return version.error();
  version_ = *version;
  return Done{};
}

Result<SharedWorld::Change> SharedWorld::begin() {
  if (auto opened = open(); !opened) return opened.error();
  Change change;
  if (!file_ || !may_write()) {
    if (!world_) {
      if (auto loaded = load(); !loaded) return loaded.error();
    }
    return change;
  }
  auto transaction = file_->begin(sqlite::Transaction::Kind::kImmediate);
  if (!transaction) return transaction.error();
  change.transaction.emplace(*std::move(transaction));
  const auto version = file_->version_of_others();
  if (!version) return version.error();
  if (!world_ || version_ != *version) {
    if (auto loaded = load(); !loaded) return loaded.error();
    version_ = *version;
  }
  return change;
}

Result<Done> SharedWorld::finish(Change change) {
  const auto touched = world_->take_touched();
  if (!change.transaction) return Done{};
  const auto write = [&]() -> Result<Done> {
    for (const std::int64_t number : touched) {
      const auto living = world_->servers().find(number);
      const auto removed = world_->removed().find(number);
      Result<Done> written = Done{};
      if (living != world_->servers().end()) {
        written = file_->save_server(living->second);
      } else if (removed != world_->removed().end()) {
        written = file_->save_server(removed->second);
      } else {
        written = file_->erase_server(number);
      }
      if (!written) return written;
    }
    if (auto saved = file_->save_root(world_->root(), *faults_); !saved) return saved;
    return change.transaction->commit();
  };
  auto written = write();
  if (!written) forget();
  return written;
}

void SharedWorld::forget() {
  world_.reset();
  faults_.reset();
  version_.reset();
}

void SharedWorld::keep_time() {
  if (world_->root().settings.machines == Machines::kReal) world_->advance_to(options_.clock());
}

SimReply SharedWorld::call(const Call& call) {
  const std::scoped_lock lock(mutex_);
  if (!changes_the_world(call)) {
    if (auto fresh = refresh(); !fresh) return {.answer = fresh.error()};
    keep_time();
    // Faults and the rate limit count reads too.
    if (!any_fault(*faults_) && world_->root().settings.requests_per_minute == 0) return {.answer = carry_out(call)};
  }
  auto change = begin();
  if (!change) return {.answer = change.error()};
  keep_time();
  SimReply reply = answer(call);
  reply.rate = rate();
  if (std::exchange(made_no_room_, false)) {
    forget();
    return reply;
  }
  if (auto finished = finish(*std::move(change)); !finished) return {.answer = finished.error()};
  return reply;
}

std::optional<SimReply::Rate> SharedWorld::rate() const {
  const WorldRoot& root = world_->root();
  if (root.settings.requests_per_minute == 0) return std::nullopt;
  return SimReply::Rate{.left = std::max<std::int64_t>(0, root.settings.requests_per_minute - root.requests_in_window),
                        .reset = root.window + kRateWindow - root.now};
}

std::optional<Error> SharedWorld::over_rate_limit() {
  WorldRoot& root = world_->root();
  if (root.settings.requests_per_minute == 0) return std::nullopt;
  if (root.now >= root.window + kRateWindow) {
    root.window = root.now;
    root.requests_in_window = 0;
  }
  if (root.requests_in_window < root.settings.requests_per_minute) {
    ++root.requests_in_window;
    return std::nullopt;
  }
  return Error{ErrorCode::kRateLimited,
               fmt::format("more than {} requests a minute; wait and ask again", root.settings.requests_per_minute),
               root.window + kRateWindow - root.now};
}

SimReply SharedWorld::answer(const Call& call) {
  if (auto limited = over_rate_limit()) return {.answer = *limited};
  const bool mutating = changes_the_world(call);
  world_->keep_history(faults_->find(FaultKind::kLagList) != nullptr);
  if (mutating && faults_->strikes(FaultKind::kRefuse)) {
    return {.answer = Error{ErrorCode::kRefused, "the provider refuses this (fault refuse)"}};
  }
  if (mutating && faults_->strikes(FaultKind::kDropBeforeCommit)) {
    return {.answer = Error{ErrorCode::kOutcomeUnknown, "the connection ended before an answer came"}, .dropped = true};
  }
  SimReply reply{.answer = carry_out(call)};
  if (mutating && reply.answer.ok() && faults_->strikes(FaultKind::kDropAfterCommit)) reply.dropped = true;
  if (faults_->strikes(FaultKind::kDelay)) reply.delay = Duration(faults_->between(1000, 20000));
  return reply;
}

Result<Answer> SharedWorld::carry_out(const Call& call) {
  World& world = *world_;
  FaultBook& faults = *faults_;
  return std::visit(
      Overloaded{
          [&](const CatalogueCall&) -> Result<Answer> { return Answer(world.catalogue()); },
          [&](const BalanceCall&) -> Result<Answer> {
            return Answer(Balance{.amount = world.purse().shown(), .at = world.now()});
          },
          [&](const ListCall& list) -> Result<Answer> {
            if (list.page == kBrokenPage) {
              return Error{ErrorCode::kConflict, "the listing stopped half-way; ask again from its beginning"};
            }
            Duration age{};
            if (faults.strikes(FaultKind::kLagList)) {
              age =
                  Duration(faults.between(1000, std::max<std::int64_t>(1000, world.root().settings.settling.count())));
            }
            auto page = world.list(list.page, age);
            if (page && faults.strikes(FaultKind::kPartialList)) {
              page->servers.resize(page->servers.size() / 2);
              page->next = kBrokenPage;
            }
            return as_answer(std::move(page));
          },
          [&](const GetCall& get) { return as_answer(world.get(get.id)); },
          [&](const CreateCall& create) {
            CreateFate fate = CreateFate::kSucceeds;
            const bool affordable = world.purse().affords_deploy(world.root().settings.terms,
                                                                 static_cast<std::int64_t>(world.servers().size()));
            // A fault strikes only what would otherwise succeed, so that what it counts has happened.
            if (affordable && faults.strikes(FaultKind::kLoseCreate)) {
              fate = CreateFate::kLost;
            } else if (affordable && faults.strikes(FaultKind::kNeverFinish)) {
              fate = CreateFate::kNeverDelivered;
            }
            return as_answer(make_room(world.create(create.request, fate), create.request));
          },
          [&](const RemoveCall& remove) { return as_answer(world.remove(remove.id)); },
          [&](const ProviderActionCall& act) {
            ActionFate fate = ActionFate::kSucceeds;
            if (faults.strikes(FaultKind::kFailAction)) {
              fate = ActionFate::kFails;
            } else if (faults.strikes(FaultKind::kNeverFinish)) {
              fate = ActionFate::kNeverEnds;
            }
            return as_answer(world.act(act.id, act.action, act.arguments, fate));
          },
          [&](const MarkCall& mark) { return as_answer(world.mark(mark.id, mark.mark)); },
          [&](const StatusCall& status) { return as_answer(world.status(status.server.id)); },
          [&](const ConfigureCall& configure) {
            return as_answer(world.configure(configure.server.id, configure.wanted, call.limits.fence));
          },
          [&](const AgentActionCall& act) {
            return as_answer(world.act_on_agent(act.server.id, act.action, call.limits.fence));
          },
      },
      call.what);
}

Result<Created> SharedWorld::make_room(Result<Created> created, const CreateRequest& request) {
  if (!created || !options_.on_create) return created;
  const auto made = options_.on_create(*world_, world_->root().last_server, request);
  if (made) return created;
  made_no_room_ = true;
  return made.error();
}

Result<std::vector<SimServer>> SharedWorld::servers() {
  const std::scoped_lock lock(mutex_);
  if (auto fresh = refresh(); !fresh) return fresh.error();
  keep_time();
  std::vector<SimServer> servers;
  servers.reserve(world_->servers().size());
  for (const auto& [number, server] : world_->servers()) servers.push_back(server);
  return servers;
}

Result<Done> SharedWorld::change(const std::function<Result<Done>(World& world)>& what) {
  const std::scoped_lock lock(mutex_);
  auto change = begin();
  if (!change) return change.error();
  keep_time();
  if (auto done = what(*world_); !done) {
    forget();
    return done;
  }
  return finish(*std::move(change));
}

Result<Json> SharedWorld::by_hand(const CtlCommand& command) {
  const std::scoped_lock lock(mutex_);
  auto change = begin();
  if (!change) return change.error();
  keep_time();
  world_->keep_history(faults_->find(FaultKind::kLagList) != nullptr);
  Result<Json> done = do_by_hand(command, *world_, *faults_);
  if (auto finished = finish(*std::move(change)); !finished) return finished.error();
  return done;
}

Result<Done> SharedWorld::prepare(const std::vector<Fault>& faults, std::optional<std::uint64_t> seed) {
  const std::scoped_lock lock(mutex_);
  auto change = begin();
  if (!change) return change.error();
  if (world_->root().settings.machines == Machines::kReal) {
    return Error{ErrorCode::kInvalid, "this world's machines are real: it cannot be served as a simulated one"};
  }
  for (const Fault& fault : faults) faults_->set(fault);
  if (seed && world_->root().last_server == 0) world_->root().settings.seed = *seed;
  return finish(*std::move(change));
}

Timestamp SharedWorld::now() {
  const std::scoped_lock lock(mutex_);
  const Timestamp beginning = new_world(options_.fresh).now;
  if (world_) return refresh() ? world_->now() : beginning;
  if (!open()) return beginning;
  if (!file_) return load() ? world_->now() : beginning;
  // The servers of a large world take a while to read; its time alone does not.
  const auto root = file_->load_root();
  return root && *root ? (*root)->root.now : beginning;
}

std::optional<Timestamp> SharedWorld::next_event() {
  const std::scoped_lock lock(mutex_);
  if (!refresh()) return std::nullopt;
  return world_->next_event();
}

Result<Done> SharedWorld::advance_to(Timestamp time) {
  const std::scoped_lock lock(mutex_);
  auto change = begin();
  if (!change) return change.error();
  if (time > world_->now()) world_->advance_to(time);
  return finish(*std::move(change));
}

}  // namespace switchyard
