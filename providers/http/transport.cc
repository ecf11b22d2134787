// First: with Boost 1.74 in C++20, cpprestsdk's headers do not find std::exchange by themselves.
#include <utility>
//
#include <cpprest/containerstream.h>
#include <cpprest/http_client.h>
#include <fmt/core.h>
#include <pplx/threadpool.h>

#include <boost/asio/ssl/context.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cctype>
#include <condition_variable>
#include <mutex>

#include "providers/http/flood_guard.h"
#include "providers/http/pace.h"
#include "providers/http/tls_exchange.h"
#include "providers/http/tls_verdict.h"
#include "providers/http/transport.h"
#include "specs/base/secret_book.h"

namespace switchyard {
namespace {

using Clock = std::chrono::steady_clock;
using web::http::client::http_client;
using web::http::client::http_client_config;

// The library's own timeouts start anew at each step, so they are only a backstop behind the deadline of each call.
constexpr std::chrono::minutes kBackstop{30};

// The library's own pool of 40 threads is its bottleneck; two carry 16 connections best (measured).
void size_thread_pool() {
  static std::once_flag once;
  std::call_once(once, [] {
    try {
      crossplat::threadpool::initialize_with_threads(2);
    } catch (const std::exception&) {
      // Somebody in this process was first; then it is as it is.
    }
  });
}

// The verdict lives as long as the client that has it in its configuration.
http_client_config client_config(const std::shared_ptr<TlsVerdict>& verdict) {
  http_client_config config;
  config.set_timeout(kBackstop);
  config.set_max_redirects(0);  // a redirected request would be a second one, and carry the token elsewhere
  config.set_ssl_context_callback(
      [verdict](boost::asio::ssl::context& context) { verdict->listen_to(context.native_handle()); });
  return config;
}

bool is_read(const std::string& method) {
  return method == "GET" || method == "HEAD";
}

// How far a request came that never left.
enum class Obstacle { kName, kConnection, kTls };

// The library's error codes lie (refused is reported as 113, and so is a write that broke off), its words do not: these
// are said only before a byte of the request has left.
std::optional<Obstacle> obstacle_in(std::string_view words) {
  constexpr std::array<std::pair<std::string_view, Obstacle>, 4> kBeforeSending = {{
      {"Failed to connect to any resolved endpoint", Obstacle::kConnection},
      {"Error resolving address", Obstacle::kName},
      {"Failed to resolve address", Obstacle::kName},
      {"Error in SSL handshake", Obstacle::kTls},
  }};
  const auto found =
      std::ranges::find_if(kBeforeSending, [words](const auto& before) { return words.starts_with(before.first); });
  return found == kBeforeSending.end() ? std::nullopt : std::optional(found->second);
}

std::uint16_t port_of(const web::uri& endpoint) {
  if (!endpoint.is_port_default()) return static_cast<std::uint16_t>(endpoint.port());
  return endpoint.scheme() == "https" ? 443 : 80;
}

// An endpoint that is no URL is complained about when something is sent to it.
web::uri uri_or_none(const std::string& endpoint) {
  return web::uri::validate(endpoint) ? web::uri(endpoint) : web::uri();
}

// A line break in a header would begin another one.
bool fits_a_header(std::string_view token) {
  return std::ranges::all_of(token, [](char c) { return c >= 0x20 && c < 0x7f; });
}

// Thrown out of the library's own reading, which ends with it.
class TooLarge : public std::exception {};

// One request on its way. Shared by the caller, who may leave at the deadline, and the library's threads, which may
// still hold it then.
struct Exchange {
  explicit Exchange(std::shared_ptr<http_client> client_used) : client(std::move(client_used)) {}

  std::shared_ptr<http_client> client;  // as long as its tasks run
  pplx::cancellation_token_source cancel;
  concurrency::streams::container_buffer<std::vector<std::uint8_t>> body;
  std::atomic<bool> too_large = false;

  std::mutex mutex;
  std::condition_variable changed;
  bool ended = false;  // these are guarded by the mutex
  std::optional<int> status;
  std::map<std::string, std::string> headers;
  std::string failure;  // empty: the whole answer is there

  void end(std::string why) {
    {
      const std::scoped_lock lock(mutex);
      ended = true;
      failure = std::move(why);
    }
    changed.notify_all();
  }

  void take_head(const web::http::http_response& response) {
    const std::scoped_lock lock(mutex);
    status = response.status_code();
    for (const auto& [name, value] : response.headers()) {
      std::string lower = name;
      std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
      headers[lower] = value;
    }
  }
};

// Never throws: whatever the task ended with is looked at here, because a failed task that nobody observes ends the
// process.
void observe_end(const std::shared_ptr<Exchange>& exchange, const pplx::task<web::http::http_response>& task) {
  try {
    task.get();
    exchange->end({});
  } catch (const std::exception& failure) {
    const std::string words = failure.what();
    exchange->end(words.empty() ? "the connection failed" : words);
  } catch (...) {
    exchange->end("the connection failed");
  }
}

web::http::http_request to_library(const HttpRequest& request, const HttpTransport::Options& options,
                                   const std::shared_ptr<Exchange>& exchange) {
  web::http::http_request message(request.method);
  message.set_request_uri(web::uri(request.path));
  for (const auto& [name, value] : request.headers) message.headers().add(name, value);
  if (!options.bearer_token.empty()) message.headers().add("Authorization", "Bearer " + options.bearer_token);
  if (!request.body.empty()) message.set_body(request.body, "application/json");
  message.set_response_stream(exchange->body.create_ostream());
  const std::size_t limit = options.largest_answer;
  message.set_progress_handler(
      [exchange, limit, before = utility::size64_t{0}](web::http::message_direction::direction direction,
                                                       utility::size64_t so_far) mutable {
        if (direction != web::http::message_direction::download) return;
        // A chunk that says it has less than nothing counts backwards, and would end the process.
        if (so_far <= limit && so_far >= before) {
          before = so_far;
          return;
        }
        exchange->too_large = true;
        throw TooLarge();
      });
  return message;
}

}  // namespace

struct HttpTransport::Impl {
  explicit Impl(Options given)
      : options(std::move(given)),
        pace(options.concurrency, options.requests_per_minute),
        guard(port_of(uri_or_none(options.endpoint)), options.largest_answer),
        verdict(std::make_shared<TlsVerdict>(uri_or_none(options.endpoint).host())) {
    secrets.keep(options.bearer_token);
  }

  Options options;
  Pace pace;
  FloodGuard guard;
  SecretBook secrets;
  std::shared_ptr<TlsVerdict> verdict;  // shared with the clients, which may outlive their caller's wait
  std::mutex mutex;
  std::shared_ptr<http_client> reader;  // its connections are pooled; for GET and HEAD alone

  // The library repeats a request by itself when a pooled connection dies, so whatever changes the world gets a client,
  // and with it a connection, of its own. Throws what the library throws at an endpoint that is no URL.
  std::shared_ptr<http_client> client_for(const std::string& method) {
    if (!is_read(method)) return std::make_shared<http_client>(web::uri(options.endpoint), client_config(verdict));
    const std::scoped_lock lock(mutex);
    if (!reader) reader = std::make_shared<http_client>(web::uri(options.endpoint), client_config(verdict));
    return reader;
  }

  Result<HttpAnswer> exchange_with_far_end(const HttpRequest& request, Clock::time_point deadline);
  Result<HttpAnswer> outcome_of(Exchange& exchange, const std::string& method, bool in_time) const;
  std::string words_for(Obstacle obstacle) const;
};

HttpTransport::HttpTransport(Options options) : impl_(std::make_unique<Impl>(std::move(options))) {
  size_thread_pool();
}
HttpTransport::~HttpTransport() = default;

Result<HttpAnswer> HttpTransport::Impl::exchange_with_far_end(const HttpRequest& request, Clock::time_point deadline) {
  std::shared_ptr<Exchange> exchange;
  try {
    exchange = std::make_shared<Exchange>(client_for(request.method));
    exchange->client->request(to_library(request, options, exchange), exchange->cancel.get_token())
        .then([exchange](const web::http::http_response& response) {
          exchange->take_head(response);  // the status counts even if the body never comes
          return response.content_ready();
        })
        .then([exchange](const pplx::task<web::http::http_response>& task) { observe_end(exchange, task); });
  } catch (const std::exception& failure) {
    return Error{ErrorCode::kInvalid, fmt::format("\"{}\" cannot be asked for {} {}: {}; check the endpoint",
                                                  options.endpoint, request.method, request.path, failure.what())};
  }
  const std::int64_t shut_down_before = guard.shut_down();
  const auto ended = [&exchange] { return exchange->ended; };
  const auto over = [&] { return Clock::now() >= deadline || request.give_up.stop_requested(); };
  std::unique_lock lock(exchange->mutex);
  for (;;) {
    const Clock::time_point pause = std::min(deadline, Clock::now() + FloodGuard::kPause);
    if (exchange->changed.wait_until(lock, pause, ended) || over()) break;
    lock.unlock();
    guard.look();
    lock.lock();
  }
  const bool in_time = exchange->ended;
  if (!exchange->failure.empty() && guard.shut_down() != shut_down_before) exchange->too_large = true;
  lock.unlock();
  if (!in_time) exchange->cancel.cancel();
  return outcome_of(*exchange, request.method, in_time);
}

Result<HttpAnswer> HttpTransport::Impl::outcome_of(Exchange& exchange, const std::string& method, bool in_time) const {
  const std::scoped_lock lock(exchange.mutex);
  if (exchange.too_large) {
    return Error{ErrorCode::kUnreadable, fmt::format("\"{}\" sent an answer of more than {} bytes to a {}",
                                                     options.endpoint, options.largest_answer, method)};
  }
  // A refusal is a refusal, whatever became of its explanation.
  const bool refused = exchange.status && *exchange.status >= 400 && *exchange.status < 500;
  const bool whole = exchange.ended && exchange.failure.empty();
  if (whole || refused) {
    HttpAnswer answer{.status = exchange.status.value_or(0), .body = {}, .headers = exchange.headers};
    // The library still writes into the body of an exchange that has not ended.
    if (whole) answer.body.assign(exchange.body.collection().begin(), exchange.body.collection().end());
    return answer;
  }
  if (!in_time) {
    return Error{ErrorCode::kOutcomeUnknown, fmt::format("\"{}\" did not answer in time", options.endpoint)};
  }
  if (const auto obstacle = obstacle_in(exchange.failure); obstacle && !exchange.status) {
    return Error{ErrorCode::kNotSent, words_for(*obstacle)};
  }
  return Error{ErrorCode::kOutcomeUnknown,
               fmt::format("the connection to \"{}\" ended before its whole answer came", options.endpoint)};
}

// What stands in the way, and what lifts it.
std::string HttpTransport::Impl::words_for(Obstacle obstacle) const {
  switch (obstacle) {
    case Obstacle::kName:
      return fmt::format("the name \"{}\" cannot be resolved; check the endpoint \"{}\" and this machine's DNS",
                         uri_or_none(options.endpoint).host(), options.endpoint);
    case Obstacle::kConnection:
      return fmt::format("\"{}\" cannot be reached; check that it runs and that the network is up", options.endpoint);
    case Obstacle::kTls:
      break;
  }
  const std::string said = verdict->words();
  if (said.empty()) {
    return fmt::format("\"{}\" does not speak TLS as it should; check the endpoint and its port", options.endpoint);
  }
  return fmt::format("\"{}\" is not trusted: {}", options.endpoint, said);
}

void HttpTransport::keep_secret(std::string_view secret) {
  impl_->secrets.keep(secret);
}

std::string HttpTransport::without_secrets(std::string text) const {
  return impl_->secrets.without_secrets(std::move(text));
}

Result<HttpAnswer> HttpTransport::send(const HttpRequest& request) {
  if (!fits_a_header(impl_->options.bearer_token)) {
    return Error{
        ErrorCode::kInvalid,
        fmt::format("the token for \"{}\" has a line break, another control character or one outside of ASCII, "
                    "which no HTTP header can carry; check where it comes from",
                    impl_->options.endpoint)};
  }
  const Clock::time_point deadline = Clock::now() + request.timeout;
  if (auto entered = impl_->pace.enter(deadline, request.give_up); !entered) return entered.error();
  Result<HttpAnswer> answer = impl_->options.tls ? exchange_over_tls(impl_->options, request, deadline)
                                                 : impl_->exchange_with_far_end(request, deadline);
  impl_->pace.leave();
  if (answer) impl_->pace.heed(*answer);
  if (answer && answer->status >= 400) answer->body = impl_->secrets.body_without_secrets(answer->body);
  return answer;
}

}  // namespace switchyard
