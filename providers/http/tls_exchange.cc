#include "providers/http/tls_exchange.h"

#include <fmt/core.h>

#include <array>
#include <charconv>

#include "providers/http/answer_reader.h"
#include "providers/http/tls_context.h"
#include "providers/http/wire.h"

namespace switchyard {
namespace {

struct Place {
  std::string address;
  std::uint16_t port;
};

std::optional<Place> place_of(std::string_view endpoint) {
  constexpr std::string_view kScheme = "https://";
  if (!endpoint.starts_with(kScheme)) return std::nullopt;
  endpoint.remove_prefix(kScheme.size());
  const std::size_t colon = endpoint.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view address = endpoint.substr(0, colon);
  const std::string_view digits = endpoint.substr(colon + 1);
  if (address.starts_with('[') && address.ends_with(']')) address = address.substr(1, address.size() - 2);
  Place place{.address = std::string(address), .port = 0};
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), place.port);
  if (error != std::errc{} || end != digits.data() + digits.size() || place.port == 0) return std::nullopt;
  return place;
}

std::string on_the_wire(const HttpTransport::Options& options, const HttpRequest& request) {
  const std::string_view host = std::string_view(options.endpoint).substr(std::string_view("https://").size());
  std::string text =
      fmt::format("{} {} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n", request.method, request.path, host);
  for (const auto& [name, value] : request.headers) text += fmt::format("{}: {}\r\n", name, value);
  if (!options.bearer_token.empty()) text += fmt::format("Authorization: Bearer {}\r\n", options.bearer_token);
  if (!request.body.empty()) text += "Content-Type: application/json\r\n";
  if (!request.body.empty() || request.method != "GET")
    text += fmt::format("Content-Length: {}\r\n", request.body.size());
  return text + "\r\n" + request.body;
}

Error not_believed_there(const std::string& endpoint, const std::string& why) {
  return {ErrorCode::kUnauthorized, fmt::format("\"{}\" does not believe our certificate ({})", endpoint, why)};
}

// Why there is no connection that both ends believe; nothing was sent.
Error no_handshake(const std::string& endpoint, const Wire& wire, Wire::Step step) {
  if (step == Wire::Step::kLate) {
    return {ErrorCode::kNotSent, fmt::format("\"{}\" did not shake hands in time", endpoint)};
  }
  if (!wire.disbelief().empty()) {
    return {ErrorCode::kUnauthorized,
            fmt::format("what answers at \"{}\" is not believed: {}", endpoint, wire.disbelief())};
  }
  if (!wire.alert().empty()) return not_believed_there(endpoint, wire.alert());
  return {ErrorCode::kNotSent,
          fmt::format("\"{}\" does not speak TLS as an agent does ({}); check the port", endpoint, wire.refusal())};
}

Result<HttpAnswer> read_answer(const HttpTransport::Options& options, const std::string& method, Wire& wire,
                               SteadyClock::time_point deadline) {
  AnswerReader reader(options.largest_answer);
  AnswerReader::Progress progress = AnswerReader::Progress::kMore;
  Wire::Read got{.step = Wire::Step::kDone};
  std::array<char, 16384> chunk;
  while (progress == AnswerReader::Progress::kMore && got.step == Wire::Step::kDone) {
    got = wire.read(chunk, deadline);
    if (got.step == Wire::Step::kDone) progress = reader.add({chunk.data(), got.size});
  }
  const bool whole = progress == AnswerReader::Progress::kWhole;
  // A refusal is a refusal, whatever became of its explanation.
  if (whole || (reader.status() && *reader.status() >= 400 && *reader.status() < 500)) {
    return HttpAnswer{.status = *reader.status(),
                      .body = whole ? reader.take_body() : std::string(),
                      .headers = reader.headers(),
                      .certificate = wire.certificate()};
  }
  if (progress == AnswerReader::Progress::kTooLarge) {
    return Error{ErrorCode::kUnreadable, fmt::format("\"{}\" sent an answer of more than {} bytes to a {}",
                                                     options.endpoint, options.largest_answer, method)};
  }
  // With TLS 1.3 a far end that shuts us out says so after our handshake, and takes no request then.
  if (!reader.status() && !wire.alert().empty()) return not_believed_there(options.endpoint, wire.alert());
  if (got.step == Wire::Step::kLate) {
    return Error{ErrorCode::kOutcomeUnknown, fmt::format("\"{}\" did not answer in time", options.endpoint)};
  }
  return Error{ErrorCode::kOutcomeUnknown,
               fmt::format("the connection to \"{}\" ended before its whole answer came", options.endpoint)};
}

}  // namespace

Result<HttpAnswer> exchange_over_tls(const HttpTransport::Options& options, const HttpRequest& request,
                                     SteadyClock::time_point deadline) {
  const auto place = place_of(options.endpoint);
  if (!place) {
    return Error{ErrorCode::kInvalid,
                 fmt::format("\"{}\" is no endpoint such as https://127.0.0.1:7443", options.endpoint)};
  }
  const auto context = make_client_context(*options.tls);
  if (!context) return context.error();
  const auto socket = connect_to(place->address, place->port, deadline, request.give_up);
  if (!socket) return socket.error();
  const std::stop_callback leave(request.give_up, [handle = socket->handle()] { cut(handle); });
  const std::unique_ptr<Wire> wire = tls_client_wire(socket->handle(), **context);
  const Wire::Step step = wire->shake_hands(deadline);
  if (step != Wire::Step::kDone) return no_handshake(options.endpoint, *wire, step);
  // When this fails the far end may have left a word of why.
  [[maybe_unused]] const bool sent = wire->write(on_the_wire(options, request), deadline);
  return read_answer(options, request.method, *wire, deadline);
}

}  // namespace switchyard
