#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "providers/http/tls.h"
#include "specs/base/result.h"
#include "specs/base/timestamp.h"

namespace switchyard {

struct HttpRequest {
  std::string method;  // "GET"
  std::string path;    // "/v1/servers?page=2", already encoded
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;           // JSON; empty: none
  Duration timeout;           // for the whole call
  std::stop_token give_up{};  // from then on the deadline counts as over
};

struct HttpAnswer {
  int status;
  std::string body;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string certificate{};                   // DER of what the far end showed, where Options::tls is set
};

// The one way out to HTTP. Thread-safe. A mutating request (all but GET and HEAD) is sent exactly once: on a connection
// of its own, never repeated by the library. Errors: kNotSent (could not resolve or connect), kOutcomeUnknown (anything
// later), kUnreadable (an answer over the size bound), and with Options::tls kUnauthorized (one end does not believe
// the other's certificate; nothing has happened). A status is not an error here: see the caller. At most `concurrency`
// requests are under way at once; a 429 and the headers ratelimit-remaining / ratelimit-reset / retry-after slow all
// later ones down, as does `requests_per_minute` when it is set.
class HttpTransport {
 public:
  struct Options {
    std::string endpoint;      // "http://127.0.0.1:9180"
    std::string bearer_token;  // empty: none; never in a message
    int concurrency = 16;
    std::optional<std::int64_t> requests_per_minute{};
    std::size_t largest_answer = 64U << 20U;
    std::optional<TlsOptions> tls{};  // who we are and whom we believe (tls_exchange.h); none: as the library does it
  };
  explicit HttpTransport(Options options);
  ~HttpTransport();

  // Error beyond those above: kInvalid, for a token that no header can carry.
  Result<HttpAnswer> send(const HttpRequest& request);

  // What is sent in a body and must not come back in words for people. The token is kept by itself, and the bodies of
  // refusals and failures hold neither any more when send() gives them.
  void keep_secret(std::string_view secret);
  std::string without_secrets(std::string text) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// What an HTTP status means for the caller: the error for anything but 2xx, its message taken from a JSON body's
// {"error": {"message"}} or {"message"} when there is one. `mutating`: a 5xx then is kOutcomeUnknown.
Error error_of(const HttpAnswer& answer, bool mutating);

// The far end's own words about its error; empty when it gave none. What comes from there is made fit for people.
std::string words_of(const HttpAnswer& answer);
// Shortened, in one line, without control characters.
std::string fit_for_people(std::string words);
// Whoever asks for more is not believed.
inline constexpr std::chrono::hours kLongestRetryAfter{24};

}  // namespace switchyard
