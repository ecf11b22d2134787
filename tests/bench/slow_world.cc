#include "tests/bench/slow_world.h"

#include <memory>
#include <string>
#include <thread>
#include <utility>

namespace switchyard::bench {
namespace {

template <class T, class What>
Result<T> ask(SlowWorld& world, const CallLimits& limits, What what) {
  Result<Answer> answer = world.call({.account = "main", .limits = limits, .what = std::move(what)});
  if (!answer) return answer.error();
  if (T* held = std::get_if<T>(&*answer)) return std::move(*held);
  return Error{.code = ErrorCode::kUnreadable, .message = "an answer of another kind than was asked for"};
}

class SlowProvider : public Provider {
 public:
  explicit SlowProvider(SlowWorld& world) : world_(world) {}

  Result<Catalogue> catalogue(const CallLimits& limits) override {
    return ask<Catalogue>(world_, limits, CatalogueCall{});
  }
  Result<Balance> balance(const CallLimits& limits) override { return ask<Balance>(world_, limits, BalanceCall{}); }
  Result<ListPage> list(std::string_view page, const CallLimits& limits) override {
    return ask<ListPage>(world_, limits, ListCall{.page = std::string(page)});
  }
  Result<ObservedServer> get(std::string_view id, const CallLimits& limits) override {
    return ask<ObservedServer>(world_, limits, GetCall{.id = std::string(id)});
  }
  Result<Created> create(const CreateRequest& request, const CallLimits& limits) override {
    return ask<Created>(world_, limits, CreateCall{.request = request});
  }
  Result<Done> remove(std::string_view id, const CallLimits& limits) override {
    return ask<Done>(world_, limits, RemoveCall{.id = std::string(id)});
  }
  Result<Accepted> act(std::string_view id, Action action, const Json& arguments, const CallLimits& limits) override {
    return ask<Accepted>(world_, limits,
                         ProviderActionCall{.id = std::string(id), .action = action, .arguments = arguments});
  }
  Result<Done> mark(std::string_view id, const Mark& mark, const CallLimits& limits) override {
    return ask<Done>(world_, limits, MarkCall{.id = std::string(id), .mark = mark});
  }

 private:
  SlowWorld& world_;
};

class SlowAgents : public Agent {
 public:
  explicit SlowAgents(SlowWorld& world) : world_(world) {}

  Result<AgentReport> status(const ObservedServer& server, const CallLimits& limits) override {
    return ask<AgentReport>(world_, limits, StatusCall{.server = server});
  }
  Result<Done> configure(const ObservedServer& server, const Configuration& wanted, const CallLimits& limits) override {
    return ask<Done>(world_, limits, ConfigureCall{.server = server, .wanted = wanted});
  }
  Result<Done> act(const ObservedServer& server, Action action, const CallLimits& limits) override {
    return ask<Done>(world_, limits, AgentActionCall{.server = server, .action = action});
  }

 private:
  SlowWorld& world_;
};

SimTerms no_deposit() {
  return {.deposit_base = {}, .deposit_per_server = {}, .credit = {}};
}

}  // namespace

SlowWorld::SlowWorld(Options options)
    : options_(options), world_({.path = "", .terms = no_deposit()}), born_(world_.now()) {
  // Money never stops this account; what is measured is the engine.
  world_.by_hand(CtlBalance{"90000000.00"}).value();
}

Connection SlowWorld::connection() {
  return {.provider = std::make_unique<SlowProvider>(*this), .agent = std::make_unique<SlowAgents>(*this)};
}

Result<Answer> SlowWorld::call(const Call& call) {
  const Clock::time_point asked = Clock::now();
  const auto* create = std::get_if<CreateCall>(&call.what);
  const bool is_switch = create != nullptr && create->request.role == Role::kSwitch;
  ++calls_;
  if (std::holds_alternative<ListCall>(call.what)) ++lists_;
  if (create != nullptr) ++creates_;
  if (is_switch) {
    ++switches_;
    Clock::rep none = 0;
    first_create_.compare_exchange_strong(none, asked.time_since_epoch().count());
  }
  const auto passed = std::chrono::duration_cast<Duration>(asked - start_) * options_.speed;
  if (const Result<Done> moved = world_.advance_to(born_ + passed); !moved) return moved.error();
  SimReply reply = world_.call(call);
  std::this_thread::sleep_until(asked + options_.latency);
  if (is_switch) last_create_ = Clock::now().time_since_epoch().count();
  return std::move(reply.answer);
}

std::chrono::duration<double> SlowWorld::creating() const {
  return Clock::duration(last_create_ - first_create_);
}

}  // namespace switchyard::bench
