// Certificates on both sides of HTTP: whom the listener lets in, what strangers can take from it, and what the
// transport says about the far end.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <mutex>
#include <thread>
#include <vector>

#include "providers/http/listener.h"
#include "providers/http/socket.h"
#include "providers/http/transport.h"
#include "tests/providers/agent/two_fleets.h"
#include "tests/providers/raw_server.h"
#include "tests/providers/tls_client.h"

namespace switchyard {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

Socket dial(std::uint16_t port) {
  Socket socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket.handle(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) return Socket(-1);
  return socket;
}

constexpr std::string_view kGet = "GET /x HTTP/1.1\r\nConnection: close\r\n\r\n";

const SmallAuthority& fleet() {
  static const SmallAuthority kFleet;
  return kFleet;
}

// A listener of the agent "u1" that counts what reaches its handler, and whom it turned away.
class Door {
 public:
  explicit Door(TlsTrust trust, Listener::Options options = {}) {
    options.tls = {.identity = fleet().agent("u1"), .trust = std::move(trust)};
    options.refusals_apart = milliseconds(0);
    if (!options.on_refusal) {
      options.on_refusal = [this](const Refusal& refusal) {
        const std::scoped_lock lock(mutex_);
        refusals_.push_back(refusal.why);
      };
    }
    listener_ = *Listener::open(options, [this](const ListenerRequest& request) {
      ++handled;
      return ListenerAnswer{.status = 200, .body = request.peer.authorised ? "authorised" : "stranger"};
    });
  }
  Door() : Door(TrustAnybody{}) { EXPECT_TRUE(listener_->renew(own()).ok()); }

  TlsOptions own() const { return {.identity = fleet().agent("u1"), .trust = fleet().trust()}; }
  std::uint16_t port() const { return listener_->port(); }
  std::string endpoint() const { return "https://127.0.0.1:" + std::to_string(port()); }
  Listener& listener() { return *listener_; }
  std::vector<std::string> refusals() {
    const std::scoped_lock lock(mutex_);
    return refusals_;
  }
  // What a peer with this certificate gets to read.
  std::string asked_by(const std::optional<TlsIdentity>& identity,
                       TlsClient::Version version = TlsClient::Version::kNewest) const {
    TlsClient client(port(), identity, version);
    if (!client.shaken() || !client.say(kGet)) return {};
    return client.rest();
  }
  // Everybody who was turned away has been told of: the listener has let go of all.
  void end() { listener_.reset(); }

  std::atomic<int> handled = 0;

 private:
  std::mutex mutex_;
  std::vector<std::string> refusals_;
  std::unique_ptr<Listener> listener_;  // last: its threads use the rest
};

TEST(TlsListener, LetsTheFleetsReconcilerIn) {
  Door door;
  EXPECT_THAT(door.asked_by(fleet().reconciler()), HasSubstr("authorised"));
  EXPECT_THAT(door.asked_by(fleet().reconciler(), TlsClient::Version::kTls12), HasSubstr("authorised"));
}

struct Stranger {
  std::string what;
  std::optional<TlsIdentity> (*identity)();
  std::string why;
};

class TlsStranger : public ::testing::TestWithParam<Stranger> {};

TEST_P(TlsStranger, IsRefusedBeforeAnyRequestIsRead) {
  for (const auto version : {TlsClient::Version::kNewest, TlsClient::Version::kTls12}) {
    Door door;
    EXPECT_EQ(door.asked_by(GetParam().identity(), version), "");
    door.end();
    EXPECT_EQ(door.handled, 0);
    EXPECT_THAT(door.refusals(), AllOf(SizeIs(1), ::testing::Each(HasSubstr(GetParam().why))));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, TlsStranger,
    ::testing::Values(Stranger{"NoCertificate", []() -> std::optional<TlsIdentity> { return std::nullopt; },
                               "peer did not return a certificate"},
                      Stranger{"Expired",
                               []() -> std::optional<TlsIdentity> { return fleet().reconciler(years_ago()); },
                               "has expired"},
                      Stranger{"OfAnotherFleet",
                               []() -> std::optional<TlsIdentity> { return SmallAuthority().reconciler(); },
                               "not issued by the authority"},
                      Stranger{"AnAgent", []() -> std::optional<TlsIdentity> { return fleet().agent("u2"); },
                               "not made for this end"},
                      Stranger{"OfItsOwnMaking",
                               []() -> std::optional<TlsIdentity> {
                                 TlsIdentity own{.chain = {}, .key = make_key()};
                                 own.chain = *self_signed({.name = std::string(kReconcilerName),
                                                           .address = {},
                                                           .use = CertificateUse::kReconciler,
                                                           .not_before = machine_now(),
                                                           .not_after = machine_now() + std::chrono::hours(1)},
                                                          own.key);
                                 return own;
                               },
                               "not issued by the authority"}),
    [](const ::testing::TestParamInfo<Stranger>& kind) { return kind.param.what; });

TEST(TlsListener, SpeaksNothingOlderThanTls12) {
  Door door;
  EXPECT_EQ(door.asked_by(fleet().reconciler(), TlsClient::Version::kTls11), "");
  door.end();
  EXPECT_THAT(door.refusals(), AllOf(SizeIs(1), ::testing::Each(HasSubstr("no handshake"))));
}

TEST(TlsListener, TurnsAwayWhoSpeaksNoTls) {
  Door door;
  EXPECT_EQ(HttpTransport({.endpoint = "http://127.0.0.1:" + std::to_string(door.port()), .bearer_token = {}})
                .send({.method = "GET", .path = "/", .headers = {}, .body = {}, .timeout = seconds(10)})
                .error()
                .code,
            ErrorCode::kOutcomeUnknown);
  door.end();
  EXPECT_EQ(door.handled, 0);
  EXPECT_THAT(door.refusals(), SizeIs(1));
}

TEST(TlsListener, GivesAHandshakeOnlySoMuchTime) {
  Door door(TrustAnybody{}, {.handshake_time = milliseconds(50)});
  const Socket slow = dial(door.port());
  ASSERT_TRUE(RawServer::say(slow.handle(), "\x16\x03\x01"));  // the beginning of a record, and no more
  RawServer::wait_for_end(slow.handle());
  door.end();
  EXPECT_THAT(door.refusals(), AllOf(SizeIs(1), ::testing::Each(HasSubstr("in time"))));
}

TEST(TlsListener, KeepsTheBoundsOfARequestUnderTls) {
  Door door(
      fleet().trust(),
      {.largest_head = 1000, .largest_body = 1000, .request_time = milliseconds(200), .idle_time = milliseconds(200)});
  const TlsIdentity ours = fleet().reconciler();
  TlsClient gigabyte(door.port(), ours);
  gigabyte.say("PUT /v1/configuration HTTP/1.1\r\nContent-Length: 1073741824\r\n\r\n");
  gigabyte.say(std::string(1U << 20U, 'x'));  // until the door ends it
  EXPECT_THAT(gigabyte.rest(), AnyOf(StartsWith("HTTP/1.1 413 "), IsEmpty()));
  TlsClient announced(door.port(), ours);
  announced.say("PUT /v1/configuration HTTP/1.1\r\nContent-Length: 1073741824\r\n\r\n");
  EXPECT_THAT(announced.rest(), StartsWith("HTTP/1.1 413 "));
  TlsClient head(door.port(), ours);
  head.say("GET / HTTP/1.1\r\nX: " + std::string(2000, 'x'));
  EXPECT_THAT(head.rest(), StartsWith("HTTP/1.1 431 "));
  TlsClient slow(door.port(), ours);
  slow.say("GET / HT");
  EXPECT_THAT(slow.rest(), StartsWith("HTTP/1.1 408 "));
  TlsClient silent(door.port(), ours);
  EXPECT_EQ(silent.rest(), "");
  door.end();
  EXPECT_EQ(door.handled, 0);
}

// A peer that sends a byte now and then, forever, holds a connection no longer than one that sends nothing.
TEST(TlsListener, ASlowLorisHasNoMoreTimeThanAnybody) {
  Door door(fleet().trust(), {.largest_head = 64U << 20U, .request_time = milliseconds(300)});
  TlsClient loris(door.port(), fleet().reconciler());
  ASSERT_TRUE(loris.say("GET / HTTP/1.1\r\nX: "));
  while (loris.say("x")) {
  }
  door.end();
  EXPECT_THAT(door.refusals(), AllOf(SizeIs(1), ::testing::Each(HasSubstr("Request Timeout"))));
  EXPECT_EQ(door.handled, 0);
}

TEST(TlsListener, ANewIdentityHoldsFromTheNextConnectionOn) {
  Door door(TrustAnybody{});
  const TlsIdentity ours = fleet().reconciler();
  TlsClient before(door.port(), ours);
  ASSERT_TRUE(before.say("GET /x HTTP/1.1\r\n\r\n"));
  ASSERT_TRUE(door.listener().renew(door.own()).ok());
  EXPECT_THAT(door.asked_by(ours), HasSubstr("authorised"));
  EXPECT_EQ(door.asked_by(SmallAuthority().reconciler()), "");
  ASSERT_TRUE(before.say(kGet));
  EXPECT_THAT(before.rest(), AllOf(HasSubstr("stranger"), ::testing::Not(HasSubstr("authorised"))));
  const TlsOptions nonsense{.identity = {.chain = "nonsense", .key = "nonsense"}, .trust = TrustAnybody{}};
  EXPECT_EQ(door.listener().renew(nonsense).error().code, ErrorCode::kInvalid);
  EXPECT_THAT(door.asked_by(ours), HasSubstr("authorised"));
}

// Connections of strangers that say nothing: as many as the machine's limit of open files allows, 10,000 at the most.
class Idlers {
 public:
  explicit Idlers(std::uint16_t port, int wanted) {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
    const int allowed = static_cast<int>(std::min<rlim_t>(limit.rlim_cur, 1'000'000)) - 500;
    if (allowed < wanted) std::printf("only %d idle connections: the limit of open files allows no more\n", allowed);
    for (int i = 0; i < std::min(wanted, allowed); ++i) {
      sockets_.push_back(dial(port));
      if (sockets_.back().handle() >= 0) continue;
      why_failed = errno;
      ++failed;
    }
  }

  std::size_t size() const { return sockets_.size(); }
  int failed = 0;
  int why_failed = 0;  // errno of the last one

 private:
  std::vector<Socket> sockets_;
};

// A snapshot of the kernel's: entries of /proc/self/task come and go while they are read, and some are seen twice.
int threads_of_this_process() {
  std::ifstream status("/proc/self/status");
  std::string word;
  int threads = 0;
  while (status >> word && word != "Threads:") {
  }
  status >> threads;
  return threads;
}

TEST(TlsListener, TenThousandIdleStrangersCostNoMoreThanItsBoundAndKeepNobodyOut) {
  constexpr int kBound = 32;
  Door door(fleet().trust(), {.connections = kBound, .handshake_time = std::chrono::minutes(5)});
  const int before = threads_of_this_process();
  const Idlers idlers(door.port(), 10'000);
  EXPECT_EQ(idlers.failed, 0) << std::strerror(idlers.why_failed);
  EXPECT_GE(idlers.size(), 1000U);
  // None of them has run out of time, and still there is room for whom the agent waits for.
  EXPECT_THAT(door.asked_by(fleet().reconciler()), HasSubstr("authorised"));
  // It came last, so that all of them have been let in by now. A thread that was joined is the kernel's for a moment.
  const auto patience = std::chrono::steady_clock::now() + seconds(20);
  while (threads_of_this_process() > before + kBound && std::chrono::steady_clock::now() < patience) {
    std::this_thread::yield();
  }
  EXPECT_LE(threads_of_this_process(), before + kBound);
}

TEST(TlsListener, StrangersDoNotPushOutWhoIsTrusted) {
  Door door(fleet().trust(), {.connections = 2});
  TlsClient first(door.port(), fleet().reconciler());
  ASSERT_TRUE(first.say("GET /x HTTP/1.1\r\n\r\n"));
  while (door.handled < 1) std::this_thread::yield();
  const Idlers idlers(door.port(), 20);
  EXPECT_THAT(door.asked_by(fleet().reconciler()), HasSubstr("authorised"));
  ASSERT_TRUE(first.say(kGet));
  EXPECT_THAT(first.rest(), HasSubstr("authorised"));
}

TEST(TlsListener, TellsOfAFloodOnceInAWhile) {
  std::atomic<int> told = 0;
  std::atomic<std::int64_t> others = 0;
  const auto count = [&](const Refusal& refusal) {
    ++told;
    others += refusal.others;
  };
  RefusalLog log(count, std::chrono::hours(1));
  for (int i = 0; i < 1000; ++i) log.add("127.0.0.1:1", "it knocks");
  EXPECT_EQ(told, 1);
  RefusalLog chatty(count, milliseconds(0));
  for (int i = 0; i < 10; ++i) chatty.add("127.0.0.1:1", "it knocks");
  EXPECT_EQ(told, 11);
  EXPECT_EQ(others, 0);
}

// The transport's side.

HttpRequest request(const std::string& method, Duration timeout = seconds(10)) {
  return {.method = method, .path = "/v1/x", .headers = {}, .body = method == "GET" ? "" : "{}", .timeout = timeout};
}

Result<HttpAnswer> ask(const std::string& endpoint, const std::string& method, TlsTrust trust,
                       const TlsIdentity& identity = fleet().reconciler()) {
  HttpTransport transport(
      {.endpoint = endpoint, .bearer_token = {}, .tls = TlsOptions{.identity = identity, .trust = std::move(trust)}});
  return transport.send(request(method));
}

TEST(TlsTransport, BringsTheAnswerAndWhoGaveIt) {
  Door door;
  for (const char* method : {"GET", "POST", "PUT"}) {
    const auto answer = ask(door.endpoint(), method, fleet().trust("u1"));
    ASSERT_TRUE(answer.ok()) << answer.error().message;
    EXPECT_EQ(answer->body, "authorised");
    EXPECT_EQ(read_certificate_der(answer->certificate)->name, "u1");
    const TrustPinned same{.fingerprint = fingerprint_of(answer->certificate)};
    EXPECT_TRUE(ask(door.endpoint(), method, same).ok());
  }
}

TEST(TlsTransport, SaysWhyItDoesNotBelieveTheFarEndAndSendsNothing) {
  Door door;
  const SmallAuthority other;
  for (const char* method : {"GET", "POST"}) {
    const auto expect_refusal = [&](TlsTrust trust, const char* words) {
      const auto answer = ask(door.endpoint(), method, std::move(trust));
      ASSERT_FALSE(answer.ok());
      EXPECT_EQ(answer.error().code, ErrorCode::kUnauthorized) << answer.error().message;
      EXPECT_THAT(answer.error().message, AllOf(HasSubstr(words), HasSubstr(door.endpoint())));
    };
    expect_refusal(other.trust("u1"), "not issued by the authority");
    expect_refusal(fleet().trust("u2"), "another name");
    expect_refusal(TrustPinned{.fingerprint = std::string(64, '0')}, "not the one that it showed before");
    ASSERT_TRUE(door.listener().renew({.identity = fleet().agent("u1", years_ago()), .trust = TrustAnybody{}}).ok());
    expect_refusal(fleet().trust("u1"), "has expired");
    ASSERT_TRUE(door.listener().renew({.identity = fleet().reconciler(), .trust = TrustAnybody{}}).ok());
    expect_refusal(fleet().trust(), "not made for this end");
    ASSERT_TRUE(door.listener().renew(door.own()).ok());
  }
  EXPECT_EQ(door.handled, 0);
}

TEST(TlsTransport, SaysThatTheFarEndDoesNotBelieveIt) {
  Door door;
  for (const char* method : {"GET", "POST"}) {
    const auto answer = ask(door.endpoint(), method, fleet().trust("u1"), SmallAuthority().reconciler());
    ASSERT_FALSE(answer.ok());
    // A reset can overtake the alert that says so; then it is unknown, and never called not sent.
    EXPECT_THAT(answer.error().code, AnyOf(ErrorCode::kUnauthorized, ErrorCode::kOutcomeUnknown));
    if (answer.error().code == ErrorCode::kUnauthorized) {
      EXPECT_THAT(answer.error().message, HasSubstr("does not believe our certificate"));
    }
  }
  EXPECT_EQ(door.handled, 0);
}

TEST(TlsTransport, SomethingThatSpeaksNoTlsGetsNothing) {
  RawServer server([](int socket, int) { return RawServer::answer(socket, "200 OK", "{}"); });
  HttpTransport transport({.endpoint = "https" + server.endpoint().substr(4),
                           .bearer_token = {},
                           .tls = TlsOptions{.identity = fleet().reconciler(), .trust = TrustAnybody{}}});
  const auto answer = transport.send(request("POST", milliseconds(300)));
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code, ErrorCode::kNotSent);
  EXPECT_EQ(server.requests(), 0);
}

TEST(TlsTransport, ARefusedConnectionWasNeverSent) {
  std::uint16_t port = 0;
  {
    Door door;
    port = door.port();
  }
  const auto answer = ask("https://127.0.0.1:" + std::to_string(port), "POST", fleet().trust("u1"));
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code, ErrorCode::kNotSent);
}

TEST(TlsTransport, SendsAMutationOnceThoughTheConnectionDiesUnderTls) {
  std::atomic<int> handled = 0;
  const auto listener = *Listener::open({.tls = TlsOptions{.identity = fleet().agent("u1"), .trust = fleet().trust()}},
                                        [&handled](const ListenerRequest&) {
                                          ++handled;
                                          return ListenerAnswer{.status = 200, .drop = true};
                                        });
  const std::string endpoint = "https://127.0.0.1:" + std::to_string(listener->port());
  for (const char* method : {"POST", "PUT", "DELETE"}) {
    handled = 0;
    const auto answer = ask(endpoint, method, fleet().trust("u1"));
    ASSERT_FALSE(answer.ok());
    EXPECT_EQ(answer.error().code, ErrorCode::kOutcomeUnknown) << answer.error().message;
    EXPECT_EQ(handled, 1) << method;
  }
}

TEST(TlsTransport, KeepsItsDeadlineThoughTheHandshakeNeverEnds) {
  RawServer silent([](int socket, int) {
    RawServer::wait_for_end(socket);
    return false;
  });
  const std::string endpoint = "https" + silent.endpoint().substr(4);
  HttpTransport transport({.endpoint = endpoint,
                           .bearer_token = {},
                           .tls = TlsOptions{.identity = fleet().reconciler(), .trust = TrustAnybody{}}});
  const auto begin = std::chrono::steady_clock::now();
  const auto answer = transport.send(request("POST", milliseconds(200)));
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code, ErrorCode::kNotSent);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, seconds(5));
}

TEST(TlsTransport, AnIdentityThatIsNoneIsInvalid) {
  Door door;
  const auto answer = ask(door.endpoint(), "POST", TrustAnybody{}, {.chain = "nonsense", .key = "nonsense"});
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code, ErrorCode::kInvalid);
}

}  // namespace
}  // namespace switchyard
