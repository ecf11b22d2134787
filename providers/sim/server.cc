#include "providers/sim/server.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "providers/http/listener.h"
#include "providers/sim/protocol.h"
#include "providers/sim/shared_world.h"

namespace switchyard {
namespace {

using Clock = std::chrono::steady_clock;

// However slow the world's clock, an answer is not held back for longer.
constexpr std::chrono::seconds kLongestDelay{30};

// Compares without telling by its time how much was right.
bool same_secret(std::string_view a, std::string_view b) {
  unsigned difference = a.size() == b.size() ? 0 : 1;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const char other = b.empty() ? '\0' : b[i % b.size()];
    difference |= static_cast<unsigned>(static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(other));
  }
  return difference == 0;
}

}  // namespace

struct ServedWorld::Impl {
  explicit Impl(const ServeOptions& given)
      : options(given), world({.path = given.world_file, .fresh = fresh_settings(given)}) {}

  static WorldSettings fresh_settings(const ServeOptions& options) {
    WorldSettings settings;
    settings.seed = options.seed.value_or(1);
    return settings;
  }

  ListenerAnswer handle(const ListenerRequest& request);
  ListenerAnswer handle_ctl(const ListenerRequest& request);
  Result<Done> tick();
  bool wait(Clock::duration span);  // false: it is being ended
  bool hold(Duration span);
  Duration in_client_time(Duration span) const;
  Error in_client_time(Error error) const;

  const ServeOptions options;
  SharedWorld world;
  std::mutex mutex;
  Clock::time_point ticked = Clock::now();  // guarded: up to when wall time has become the world's
  std::condition_variable changed;
  bool ending = false;  // guarded
  std::thread ticker;
  std::unique_ptr<Listener> listener;
};

// Turns the wall time since the last tick into the world's.
Result<Done> ServedWorld::Impl::tick() {
  if (options.speed == 0) return Done{};
  const std::scoped_lock lock(mutex);
  const auto wall = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - ticked);
  const Duration passed(wall.count() * options.speed / 1000);
  if (passed <= Duration::zero()) return Done{};
  // Only what became whole milliseconds there is used up here.
  ticked += std::chrono::microseconds(passed.count() * 1000 / options.speed);
  return world.advance_to(world.now() + passed);
}

bool ServedWorld::Impl::wait(Clock::duration span) {
  std::unique_lock lock(mutex);
  return !changed.wait_for(lock, span, [this] { return ending; });
}

ListenerAnswer ServedWorld::Impl::handle_ctl(const ListenerRequest& request) {
  const auto body = parse_json(request.body);
  if (!body) return to_listener(Error{ErrorCode::kInvalid, "the body is no JSON"});
  const auto command = ctl_command_from_json(*body);
  if (!command) return to_listener(command.error());
  const auto done = world.by_hand(*command);
  if (!done) return to_listener(done.error());
  return {.status = 200, .body = to_string(*done)};
}

ListenerAnswer ServedWorld::Impl::handle(const ListenerRequest& request) {
  if (!options.token.empty()) {
    const auto given = request.headers.find("authorization");
    if (given == request.headers.end() || !same_secret(given->second, "Bearer " + options.token)) {
      return to_listener(Error{ErrorCode::kUnauthorized, "this simulator asks for the token in its SIM_TOKEN"});
    }
  }
  if (auto ticking = tick(); !ticking) return to_listener(ticking.error());
  if (request.target == "/ctl" && request.method == "POST") return handle_ctl(request);
  const auto call = call_of(request);
  if (!call) return to_listener(call.error());

  const SimReply reply = world.call(*call);
  if (reply.delay > Duration::zero() && !hold(reply.delay)) return {.drop = true};
  if (reply.dropped) return {.drop = true};
  ListenerAnswer answer = reply.answer ? to_listener(*reply.answer) : to_listener(in_client_time(reply.answer.error()));
  if (reply.rate) {
    answer.headers["RateLimit-Remaining"] = std::to_string(reply.rate->left);
    answer.headers["RateLimit-Reset"] =
        std::to_string(std::chrono::ceil<std::chrono::seconds>(in_client_time(reply.rate->reset)).count());
  }
  return answer;
}

// The world's minute passes faster than the client's.
Duration ServedWorld::Impl::in_client_time(Duration span) const {
  return span / std::max<std::int64_t>(1, options.speed);
}

Error ServedWorld::Impl::in_client_time(Error error) const {
  if (error.retry_after) error.retry_after = in_client_time(*error.retry_after);
  return error;
}

// Lets the world's time pass before the answer goes out. False: the world is being ended meanwhile.
bool ServedWorld::Impl::hold(Duration span) {
  if (options.speed > 0) return wait(std::min<Clock::duration>(in_client_time(span), kLongestDelay));
  return world.advance_to(world.now() + span).ok();
}

ServedWorld::ServedWorld(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<std::unique_ptr<ServedWorld>> ServedWorld::open(const ServeOptions& options) {
  if (options.speed < 0 || options.speed > 1'000'000) {
    return Error{ErrorCode::kInvalid, "the speed is a whole number from 0 to 1000000"};
  }
  auto impl = std::make_unique<Impl>(options);
  if (auto prepared = impl->world.prepare(options.faults, options.seed); !prepared) return prepared.error();
  Impl& running = *impl;
  running.ticked = Clock::now();  // reading a large world takes a while that is not the world's
  auto listener = Listener::open({.address = options.address, .port = options.port},
                                 [&running](const ListenerRequest& request) { return running.handle(request); });
  if (!listener) return listener.error();
  running.listener = *std::move(listener);
  running.ticker = std::thread([&running] {
    // What cannot be written now is tried again with the next request, which then says why.
    while (running.wait(std::chrono::seconds(1))) [[maybe_unused]] const auto ticked = running.tick();
  });
  return std::unique_ptr<ServedWorld>(new ServedWorld(std::move(impl)));
}

ServedWorld::~ServedWorld() {
  {
    const std::scoped_lock lock(impl_->mutex);
    impl_->ending = true;
  }
  impl_->changed.notify_all();
  impl_->listener.reset();  // waits for what is being answered
  impl_->ticker.join();
}

std::uint16_t ServedWorld::port() const {
  return impl_->listener->port();
}

std::string ServedWorld::endpoint() const {
  const std::string& address = impl_->options.address;
  const bool v6 = address.find(':') != std::string::npos;
  return fmt::format("http://{}{}{}:{}", v6 ? "[" : "", address, v6 ? "]" : "", port());
}

Result<Done> read_listen_address(std::string_view text, ServeOptions& options) {
  const Error wrong{ErrorCode::kInvalid,
                    fmt::format("\"{}\" is no address to listen on; write one such as 127.0.0.1:9180", text)};
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return wrong;
  std::string_view address = text.substr(0, colon);
  const std::string_view digits = text.substr(colon + 1);
  if (address.starts_with('[') && address.ends_with(']')) {
    address = address.substr(1, address.size() - 2);
  } else if (address.find(':') != std::string_view::npos) {
    return wrong;
  }
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (digits.empty() || error != std::errc{} || end != digits.data() + digits.size()) return wrong;
  if (!address.empty()) options.address = address == "localhost" ? "127.0.0.1" : std::string(address);
  options.port = port;
  return Done{};
}

Result<Done> serve(const ServeOptions& options, std::stop_token stop,
                   const std::function<void(const std::string& endpoint)>& announce) {
  const auto served = ServedWorld::open(options);
  if (!served) return served.error();
  announce((*served)->endpoint());
  std::mutex mutex;
  std::condition_variable_any changed;
  std::unique_lock lock(mutex);
  changed.wait(lock, std::move(stop), [] { return false; });
  return Done{};
}

}  // namespace switchyard
