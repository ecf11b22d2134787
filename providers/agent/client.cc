#include "providers/agent/client.h"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "providers/agent/authority.h"
#include "providers/agent/enrolment.h"
#include "providers/http/transport.h"

namespace switchyard {
namespace {

using Clock = std::chrono::steady_clock;

// The machine's clock, by which certificates are dated.
Timestamp now() {
  return std::chrono::floor<Duration>(std::chrono::system_clock::now());
}

// Whom to dial, and by when.
struct Dialled {
  std::string uid;
  std::string name;  // for messages
  std::string address;
  std::string endpoint;
  Clock::time_point deadline;
  std::int64_t fence;
  std::stop_token give_up;
  std::vector<std::string> secrets{};  // that are sent, and must not come back in words for people

  Duration left() const { return std::max(Duration(1), std::chrono::duration_cast<Duration>(deadline - Clock::now())); }
};

HttpRequest request_to(const Dialled& dialled, std::string method, std::string_view path, std::string body = {}) {
  const Duration left = dialled.left();
  return {.method = std::move(method),
          .path = std::string(path),
          // The answer has to come back in time as well.
          .headers = {{std::string(kFenceHeader), std::to_string(dialled.fence)},
                      {std::string(kPatienceHeader), std::to_string((left * 3 / 4).count())}},
          .body = std::move(body),
          .timeout = left,
          .give_up = dialled.give_up};
}

bool mutates(const HttpRequest& request) {
  return request.method != "GET";
}

// The answer of success, or what the far end has against the request.
Result<HttpAnswer> judged(const HttpRequest& request, Result<HttpAnswer> answer) {
  if (!answer) {
    Error error = answer.error();
    // An answer that was too large to take says nothing of what became of the call.
    if (error.code == ErrorCode::kUnreadable && mutates(request)) error.code = ErrorCode::kOutcomeUnknown;
    return error;
  }
  if (answer->status >= 200 && answer->status <= 299) return answer;
  if (auto said = error_from_body(answer->status, answer->body)) {
    said->message = fit_for_people(std::move(said->message));
    return *std::move(said);
  }
  return error_of(*answer, mutates(request));
}

Result<Done> expect_done(const Result<HttpAnswer>& answer) {
  if (!answer) return answer.error();
  if (is_done(answer->body)) return Done{};
  return Error{ErrorCode::kOutcomeUnknown, "the agent's answer makes no sense; look what became of the call"};
}

}  // namespace

struct AgentClient::Impl {
  explicit Impl(Options given) : options(std::move(given)) {}

  // What is shown and believed, made at first need.
  struct Credentials {
    Authority authority;
    TlsIdentity own;
    Timestamp not_after;
  };
  Result<Credentials> credentials();
  Result<Authority> authority() const;

  Result<HttpAnswer> send(const Dialled& dialled, const HttpRequest& request, const TlsOptions& tls) const;
  Result<HttpAnswer> call(const Dialled& dialled, const HttpRequest& request);
  Result<Done> enrol(const Dialled& dialled, const Credentials& ours) const;
  void renew_if_due(const Dialled& dialled, const Credentials& ours, const HttpAnswer& answer) const;

  const Options options;
  std::mutex mutex;
  std::optional<Credentials> held;  // guarded
};

Result<Authority> AgentClient::Impl::authority() const {
  if (options.contact == Options::Contact::kEnrols) return Authority::open_or_make(options.folder, now());
  auto found = Authority::open(options.folder);
  if (!found && found.error().code == ErrorCode::kNotFound) {
    return Error{ErrorCode::kUnauthorized, "no agent of this fleet has been enrolled yet; apply does it"};
  }
  return found;
}

Result<AgentClient::Impl::Credentials> AgentClient::Impl::credentials() {
  const std::scoped_lock lock(mutex);
  if (held && !reconciler_renewal_due(held->not_after, now())) return *held;
  auto found = held ? Result<Authority>(held->authority) : authority();
  if (!found) return found.error();
  auto own = found->issue_reconciler(now());
  if (!own) return own.error();
  const auto der = der_of_pem(own->chain);
  const auto reading = der ? read_certificate_der(*der) : Result<CertificateReading>(der.error());
  if (!reading) return reading.error();
  held = Credentials{.authority = *std::move(found), .own = *std::move(own), .not_after = reading->not_after};
  return *held;
}

Result<HttpAnswer> AgentClient::Impl::send(const Dialled& dialled, const HttpRequest& request,
                                           const TlsOptions& tls) const {
  // A transport a call: what a connection has shown of its other end is then this call's alone.
  HttpTransport transport({.endpoint = dialled.endpoint,
                           .bearer_token = {},
                           .concurrency = 1,
                           .largest_answer = kLargestAgentBody,
                           .tls = tls});
  for (const std::string& secret : dialled.secrets) transport.keep_secret(secret);
  return judged(request, transport.send(request));
}

// The three steps of README.md. Nothing is issued before the agent has proven the token.
Result<Done> AgentClient::Impl::enrol(const Dialled& dialled, const Credentials& ours) const {
  const auto unproven = [&dialled] {
    return Error{ErrorCode::kUnauthorized,
                 fmt::format("what answers at \"{}\" does not know the enrolment token of server \"{}\"; if it is that "
                             "server, install it anew",
                             dialled.endpoint, dialled.name)};
  };
  const auto challenge =
      send(dialled, request_to(dialled, "GET", kEnrolPath), {.identity = ours.own, .trust = TrustAnybody{}});
  if (!challenge) return challenge.error();
  const auto told = parse_json(challenge->body);
  std::string agent_nonce = told ? told->string_or("nonce", "") : "";
  const auto own_der = der_of_pem(ours.own.chain);
  if (!is_nonce(agent_nonce) || !own_der) return unproven();

  const std::string token = ours.authority.enrolment_token(dialled.uid);
  const EnrolmentParties parties{.uid = dialled.uid,
                                 .reconciler_fingerprint = fingerprint_of(*own_der),
                                 .agent_fingerprint = fingerprint_of(challenge->certificate),
                                 .reconciler_nonce = make_nonce(),
                                 .agent_nonce = std::move(agent_nonce)};
  const TlsOptions same_agent{.identity = ours.own, .trust = TrustPinned{.fingerprint = parties.agent_fingerprint}};
  Json proof;
  proof.set("nonce", parties.reconciler_nonce).set("proof", reconciler_proof(token, parties));
  const auto proven = send(dialled, request_to(dialled, "POST", kEnrolPath, to_string(proof)), same_agent);
  if (!proven) return proven.error();
  const auto given = parse_json(proven->body);
  if (!given || !is_proof(given->string_or("proof", ""), agent_proof(token, parties))) return unproven();

  auto certificate = ours.authority.issue_agent(dialled.uid, dialled.address, challenge->certificate, now());
  if (!certificate) return certificate.error();
  Json identity;
  identity.set("nonce", parties.reconciler_nonce)
      .set("certificate", *certificate)
      .set("authority", ours.authority.certificate())
      .set("proof", identity_proof(token, parties, *certificate, ours.authority.certificate()));
  return expect_done(send(dialled, request_to(dialled, "PUT", kIdentityPath, to_string(identity)), same_agent));
}

// What fails here is tried again at the next call: there are months left.
void AgentClient::Impl::renew_if_due(const Dialled& dialled, const Credentials& ours, const HttpAnswer& answer) const {
  if (options.contact != Options::Contact::kEnrols) return;
  const auto reading = read_certificate_der(answer.certificate);
  if (!reading) return;
  if (reading->address == dialled.address && !agent_renewal_due(reading->not_after, now())) return;
  const auto certificate = ours.authority.issue_agent(dialled.uid, dialled.address, answer.certificate, now());
  if (!certificate) return;
  Json identity;
  identity.set("certificate", *certificate).set("authority", ours.authority.certificate());
  [[maybe_unused]] const auto given =
      send(dialled, request_to(dialled, "PUT", kIdentityPath, to_string(identity)),
           {.identity = ours.own, .trust = TrustAuthority{.pem = ours.authority.certificate(), .name = dialled.uid}});
}

Result<HttpAnswer> AgentClient::Impl::call(const Dialled& dialled, const HttpRequest& request) {
  const auto ours = credentials();
  if (!ours) return ours.error();
  const TlsOptions tls{.identity = ours->own,
                       .trust = TrustAuthority{.pem = ours->authority.certificate(), .name = dialled.uid}};
  auto answer = send(dialled, request, tls);
  // One that is not enrolled yet shows a certificate of its own making.
  if (!answer && answer.error().code == ErrorCode::kUnauthorized && options.contact == Options::Contact::kEnrols) {
    const auto enrolled = enrol(dialled, *ours);
    HttpRequest again = request;
    again.timeout = dialled.left();
    auto second = send(dialled, again, tls);  // another call may have enrolled it meanwhile
    if (second || second.error().code != ErrorCode::kUnauthorized) {
      answer = std::move(second);
    } else if (!enrolled && enrolled.error().code != ErrorCode::kConflict &&
               enrolled.error().code != ErrorCode::kNotFound) {
      return enrolled.error();
    }  // else it is enrolled, or none of our agents: the first answer says best what is wrong
  }
  if (answer) renew_if_due(dialled, *ours, *answer);
  return answer;
}

AgentClient::AgentClient(Options options) : impl_(std::make_unique<Impl>(std::move(options))) {}
AgentClient::~AgentClient() = default;

namespace {

Result<Dialled> dial(const ObservedServer& server, std::uint16_t port, const CallLimits& limits) {
  if (!server.mark) {
    return Error{ErrorCode::kInvalid, fmt::format("server \"{}\" is not ours: it carries no mark", server.name)};
  }
  const std::string address = canonical_address(server.ipv4.empty() ? server.ipv6 : server.ipv4);
  if (address.empty()) {
    return Error{ErrorCode::kNotSent, fmt::format("server \"{}\" has no address yet", server.mark->key.name)};
  }
  return Dialled{.uid = server.mark->uid,
                 .name = server.mark->key.name,
                 .address = address,
                 .endpoint = server.ipv4.empty() ? fmt::format("https://[{}]:{}", address, port)
                                                 : fmt::format("https://{}:{}", address, port),
                 .deadline = Clock::now() + limits.timeout,
                 .fence = limits.fence,
                 .give_up = limits.give_up};
}

}  // namespace

Result<AgentReport> AgentClient::status(const ObservedServer& server, const CallLimits& limits) {
  const auto dialled = dial(server, impl_->options.port, limits);
  if (!dialled) return dialled.error();
  const auto answer = impl_->call(*dialled, request_to(*dialled, "GET", kStatusPath));
  if (!answer) return answer.error();
  return report_from_body(answer->body);
}

Result<Done> AgentClient::configure(const ObservedServer& server, const Configuration& wanted,
                                    const CallLimits& limits) {
  auto dialled = dial(server, impl_->options.port, limits);
  if (!dialled) return dialled.error();
  for (const auto& [path, secret] : wanted.secrets) dialled->secrets.push_back(secret);
  return expect_done(
      impl_->call(*dialled, request_to(*dialled, "PUT", kConfigurationPath, to_string(configuration_body(wanted)))));
}

Result<Done> AgentClient::act(const ObservedServer& server, Action action, const CallLimits& limits) {
  const auto dialled = dial(server, impl_->options.port, limits);
  if (!dialled) return dialled.error();
  return expect_done(impl_->call(*dialled, request_to(*dialled, "POST", kActionsPath, to_string(action_body(action)))));
}

}  // namespace switchyard
