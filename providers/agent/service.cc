#include "providers/agent/service.h"

#include <fmt/core.h>

#include <algorithm>
#include <mutex>
#include <utility>

#include "providers/agent/identity.h"
#include "specs/base/digest.h"

namespace switchyard {
namespace {

constexpr std::chrono::seconds kUsualPatience{5};
constexpr std::chrono::seconds kLongestPatience{60};
constexpr std::size_t kLargestHead = 8U << 10U;

ListenerAnswer to_listener(const Error& error) {
  return {.status = status_of(error.code), .body = to_string(error_body(error))};
}

ListenerAnswer to_listener(const Json& body) {
  return {.status = 200, .body = to_string(body)};
}

ListenerAnswer to_listener(const Result<Done>& done) {
  return done ? to_listener(done_body()) : to_listener(done.error());
}

// Said to everybody who does not get in, whatever was wrong.
Error forbidden() {
  return {ErrorCode::kUnauthorized, "the agent takes this from its own fleet's reconciler alone"};
}

std::optional<std::int64_t> number_in(const ListenerRequest& request, std::string_view header) {
  const auto found = request.headers.find(std::string(header));
  return found == request.headers.end() ? std::nullopt : number_of_header(found->second);
}

Duration patience_of(const ListenerRequest& request) {
  const auto said = number_in(request, kPatienceHeader);
  if (!said) return kUsualPatience;
  return Duration(std::min<std::int64_t>(*said, Duration(kLongestPatience).count()));
}

}  // namespace

struct Service::Impl {
  Impl(Keeper& kept, std::unique_ptr<AgentIdentity> own, const Options& options)
      : keeper(kept), identity(std::move(own)), refusals(options.on_refusal, options.refusals_apart) {}

  ListenerAnswer handle(const ListenerRequest& request);
  ListenerAnswer serve(const ListenerRequest& request);
  ListenerAnswer challenge(const ListenerRequest& request);
  ListenerAnswer prove(const ListenerRequest& request);
  ListenerAnswer take_identity(const ListenerRequest& request);
  Result<Done> check_giver(const ListenerRequest& request, const Json& body, const std::string& certificate,
                           const std::string& authority);
  EnrolmentParties parties(const ListenerRequest& request, std::string reconciler_nonce) const;
  std::string nonce_for(const ListenerRequest& request) const;
  ListenerAnswer refuse(const ListenerRequest& request, std::string why);
  Result<Done> admit(const ListenerRequest& request);

  Keeper& keeper;
  std::mutex mutex;  // guards the identity, and `listener` while it is made
  const std::unique_ptr<AgentIdentity> identity;
  // Of this life of the process. A nonce follows from it and from who asks, so that strangers fill no table.
  const std::string secret = random_hex(32);
  RefusalLog refusals;
  std::unique_ptr<Listener> listener;  // last: its threads use all of the above
};

ListenerAnswer Service::Impl::refuse(const ListenerRequest& request, std::string why) {
  refusals.add(request.peer.name, std::move(why));
  return to_listener(forbidden());
}

std::string Service::Impl::nonce_for(const ListenerRequest& request) const {
  return hmac_sha256_hex(secret, fingerprint_of(request.peer.certificate));
}

EnrolmentParties Service::Impl::parties(const ListenerRequest& request, std::string reconciler_nonce) const {
  return {.uid = identity->uid(),
          .reconciler_fingerprint = fingerprint_of(request.peer.certificate),
          .agent_fingerprint = fingerprint_of(identity->certificate()),
          .reconciler_nonce = std::move(reconciler_nonce),
          .agent_nonce = nonce_for(request)};
}

// GET /v1/enrol
ListenerAnswer Service::Impl::challenge(const ListenerRequest& request) {
  Json body;
  body.set("nonce", nonce_for(request));
  return to_listener(body);
}

// POST /v1/enrol
ListenerAnswer Service::Impl::prove(const ListenerRequest& request) {
  const auto body = parse_json(request.body);
  if (!body) return to_listener(Error{ErrorCode::kInvalid, "the body is no JSON"});
  std::string nonce = body->string_or("nonce", "");
  if (!is_nonce(nonce)) return to_listener(Error{ErrorCode::kInvalid, "\"nonce\" is missing or makes no sense"});
  const EnrolmentParties both = parties(request, std::move(nonce));
  if (!is_proof(body->string_or("proof", ""), reconciler_proof(identity->token(), both))) {
    return refuse(request, "its proof of the enrolment token is wrong");
  }
  Json answer;
  answer.set("proof", agent_proof(identity->token(), both));
  return to_listener(answer);
}

// Who gives an identity is the reconciler that this agent belongs to, or proves the token once more, over what it
// gives.
Result<Done> Service::Impl::check_giver(const ListenerRequest& request, const Json& body,
                                        const std::string& certificate, const std::string& authority) {
  if (identity->enrolled()) return Done{};  // else it was not let in
  std::string nonce = body.string_or("nonce", "");
  if (!is_nonce(nonce)) return Error{ErrorCode::kUnauthorized, "it gives no nonce with an identity"};
  const EnrolmentParties both = parties(request, std::move(nonce));
  if (!is_proof(body.string_or("proof", ""), identity_proof(identity->token(), both, certificate, authority))) {
    return Error{ErrorCode::kUnauthorized, "its proof of the enrolment token over an identity is wrong"};
  }
  // An authority that did not issue the giver's own certificate would shut the giver out.
  return check_issued(request.peer.certificate, authority, CertificateUse::kReconciler);
}

// PUT /v1/identity
ListenerAnswer Service::Impl::take_identity(const ListenerRequest& request) {
  const auto body = parse_json(request.body);
  if (!body) return to_listener(Error{ErrorCode::kInvalid, "the body is no JSON"});
  const std::string certificate = body->string_or("certificate", "");
  const std::string authority = body->string_or("authority", "");
  if (auto allowed = check_giver(request, *body, certificate, authority); !allowed) {
    return refuse(request, allowed.error().message);
  }
  if (auto taken = identity->install(certificate, authority); !taken) return to_listener(taken);
  return to_listener(listener->renew(identity->tls()));
}

Result<Done> Service::Impl::admit(const ListenerRequest& request) {
  const auto fence = number_in(request, kFenceHeader);
  if (!fence)
    return Error{ErrorCode::kInvalid, fmt::format("the header {} is missing or makes no sense", kFenceHeader)};
  return keeper.admit(*fence);
}

// What an enrolled agent does for its reconciler.
ListenerAnswer Service::Impl::serve(const ListenerRequest& request) {
  if (request.method == "GET" && request.target == kStatusPath) return to_listener(report_body(keeper.report()));
  if (request.method == "PUT" && request.target == kConfigurationPath) {
    const auto wanted = configuration_from_body(request.body);
    if (!wanted) return to_listener(wanted.error());
    if (auto admitted = admit(request); !admitted) return to_listener(admitted);
    return to_listener(keeper.configure(*wanted, patience_of(request)));
  }
  if (request.method == "POST" && request.target == kActionsPath) {
    const auto action = action_from_body(request.body);
    if (!action) return to_listener(action.error());
    if (auto admitted = admit(request); !admitted) return to_listener(admitted);
    return to_listener(keeper.act(*action, patience_of(request)));
  }
  return to_listener(
      Error{ErrorCode::kNotFound, fmt::format("there is nothing to {} at \"{}\"", request.method, request.target)});
}

ListenerAnswer Service::Impl::handle(const ListenerRequest& request) {
  {
    const std::scoped_lock lock(mutex);
    const bool enrols = request.target == kEnrolPath && (request.method == "GET" || request.method == "POST");
    const bool identifies = request.target == kIdentityPath && request.method == "PUT";
    if (identity->enrolled() ? !request.peer.authorised : !enrols && !identifies) {
      return refuse(request, "it asks before it is known here");
    }
    if (enrols && identity->enrolled()) {
      return to_listener(Error{ErrorCode::kConflict, "the agent is enrolled already"});
    }
    if (enrols) return request.method == "GET" ? challenge(request) : prove(request);
    if (identifies) return take_identity(request);
  }
  return serve(request);
}

Result<std::unique_ptr<Service>> Service::open(const Options& options, Keeper& keeper) {
  const auto now = std::chrono::floor<Duration>(std::chrono::system_clock::now());
  auto identity = AgentIdentity::open(keeper.folder(), now);
  if (!identity) return identity.error();
  const TlsOptions tls = (*identity)->tls();
  auto impl = std::make_unique<Impl>(keeper, *std::move(identity), options);
  Impl& running = *impl;
  // The first request may come before this has ended.
  const std::scoped_lock lock(running.mutex);
  auto listener = Listener::open({.address = options.address,
                                  .port = options.port,
                                  .connections = options.connections,
                                  .largest_head = kLargestHead,
                                  .largest_body = kLargestAgentBody,
                                  .request_time = options.request_time,
                                  .idle_time = options.idle_time,
                                  .tls = tls,
                                  .handshake_time = options.handshake_time,
                                  .on_refusal = options.on_refusal,
                                  .refusals_apart = options.refusals_apart},
                                 [&running](const ListenerRequest& request) { return running.handle(request); });
  if (!listener) return listener.error();
  impl->listener = *std::move(listener);
  return std::unique_ptr<Service>(new Service(std::move(impl)));
}

Service::Service(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Service::~Service() = default;

std::uint16_t Service::port() const {
  return impl_->listener->port();
}

}  // namespace switchyard
