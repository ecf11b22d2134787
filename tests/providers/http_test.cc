// The one transport, against servers that misbehave. Deadlines are the only place where real time passes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "providers/http/pace.h"
#include "providers/http/transport.h"
#include "tests/providers/raw_server.h"

namespace switchyard {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::Not;
using Clock = std::chrono::steady_clock;

HttpRequest request(const std::string& method, Duration timeout = seconds(10)) {
  return {.method = method,
          .path = "/v1/servers",
          .headers = {{"x-name", "value"}},
          .body = method == "GET" ? "" : "{}",
          .timeout = timeout};
}

HttpTransport to(const RawServer& server) {
  return HttpTransport({.endpoint = server.endpoint(), .bearer_token = {}});
}

TEST(Transport, BringsStatusHeadersAndBody) {
  RawServer server([](int socket, int) {
    return RawServer::answer(socket, "201 Created", R"({"id":"7"})", "X-Thing: Some Value\r\n");
  });
  HttpTransport transport = to(server);
  for (const char* method : {"GET", "POST", "PUT", "DELETE"}) {
    const auto answer = transport.send(request(method));
    ASSERT_TRUE(answer.ok()) << answer.error().message;
    EXPECT_EQ(answer->status, 201);
    EXPECT_EQ(answer->body, R"({"id":"7"})");
    EXPECT_EQ(answer->headers.at("x-thing"), "Some Value");
  }
}

TEST(Transport, SendsAMutationOnceThoughTheConnectionDiesBeforeTheStatusLine) {
  // The library repeats what it sent on a pooled connection that dies; a first good answer would have filled the pool.
  RawServer server([](int socket, int number) { return number == 1 && RawServer::answer(socket, "200 OK", "{}"); });
  HttpTransport transport = to(server);
  ASSERT_TRUE(transport.send(request("POST")).ok());
  for (const char* method : {"POST", "PUT", "DELETE"}) {
    const int before = server.requests();
    const auto answer = transport.send(request(method));
    ASSERT_FALSE(answer.ok());
    EXPECT_EQ(answer.error().code, ErrorCode::kOutcomeUnknown);
    EXPECT_EQ(server.requests(), before + 1) << method;
  }
}

TEST(Transport, ReusesConnectionsForReadsAlone) {
  RawServer server([](int socket, int) { return RawServer::answer(socket, "200 OK", "{}"); });
  HttpTransport transport = to(server);
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(transport.send(request("GET")).ok());
  // A connection is back in the pool a moment after its answer, so now and then there is a second one.
  const int for_reads = server.connections();
  EXPECT_LT(for_reads, 50);
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(transport.send(request("POST")).ok());
  EXPECT_EQ(server.connections(), for_reads + 5);
}

TEST(Transport, DoesNotFollowRedirects) {
  RawServer server([](int socket, int) {
    return RawServer::answer(socket, "307 Temporary Redirect", "", "Location: /elsewhere\r\n");
  });
  HttpTransport transport = to(server);
  const auto answer = transport.send(request("POST"));
  ASSERT_TRUE(answer.ok()) << answer.error().message;
  EXPECT_EQ(answer->status, 307);
  EXPECT_EQ(server.requests(), 1);
  EXPECT_EQ(error_of(*answer, true).code, ErrorCode::kOutcomeUnknown);
}

TEST(Transport, ARefusedConnectionWasNeverSent) {
  int port = 0;
  {
    RawServer server([](int, int) { return false; });
    port = std::stoi(server.endpoint().substr(17));
  }
  HttpTransport transport({.endpoint = "http://127.0.0.1:" + std::to_string(port), .bearer_token = "secret-token"});
  for (const char* method : {"GET", "POST"}) {
    const auto answer = transport.send(request(method));
    ASSERT_FALSE(answer.ok());
    EXPECT_EQ(answer.error().code, ErrorCode::kNotSent);
    EXPECT_THAT(answer.error().message, Not(HasSubstr("secret-token")));
  }
}

TEST(Transport, AnEndpointThatIsNoUrlIsInvalid) {
  HttpTransport transport({.endpoint = "not a url", .bearer_token = {}});
  const auto answer = transport.send(request("POST"));
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code, ErrorCode::kInvalid);
}

TEST(Transport, KeepsTheDeadlineOfTheWholeCall) {
  // A byte now and then keeps the library's own timeouts from ever striking.
  RawServer silent([](int socket, int) {
    RawServer::wait_for_end(socket);
    return false;
  });
  RawServer endless([](int socket, int) {
    RawServer::say(socket, "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n{");
    RawServer::wait_for_end(socket);
    return false;
  });
  for (RawServer* server : {&silent, &endless}) {
    HttpTransport transport = to(*server);
    for (const char* method : {"GET", "POST"}) {
      const Clock::time_point begin = Clock::now();
      const auto answer = transport.send(request(method, milliseconds(150)));
      ASSERT_FALSE(answer.ok());
      EXPECT_EQ(answer.error().code, ErrorCode::kOutcomeUnknown);
      EXPECT_GE(Clock::now() - begin, milliseconds(150));
      EXPECT_LT(Clock::now() - begin, seconds(5));
    }
  }
}

TEST(Transport, AnAnswerThatBreaksOffIsUnknownUnlessItsStatusRefused) {
  RawServer server([](int socket, int number) {
    const char* status = number == 1 ? "200 OK" : "422 Unprocessable Content";
    RawServer::say(socket, std::string("HTTP/1.1 ") + status + "\r\nContent-Length: 1000\r\n\r\n{\"half\":");
    return false;
  });
  HttpTransport transport = to(server);
  EXPECT_EQ(transport.send(request("POST")).error().code, ErrorCode::kOutcomeUnknown);
  const auto refused = transport.send(request("POST"));
  ASSERT_TRUE(refused.ok());
  EXPECT_EQ(error_of(*refused, true).code, ErrorCode::kRefused);
}

TEST(Transport, TakesNoMoreThanItsBoundOfTwoGigabytes) {
  RawServer with_length([](int socket, int) {
    std::string chunk(1U << 20U, 'x');
    RawServer::say(socket, "HTTP/1.1 200 OK\r\nContent-Length: 2147483648\r\n\r\n");
    while (RawServer::say(socket, chunk)) {
    }
    return false;
  });
  RawServer chunked([](int socket, int) {
    RawServer::say(socket, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    const std::string chunk = "10000\r\n" + std::string(0x10000, 'x') + "\r\n";
    while (RawServer::say(socket, chunk)) {
    }
    return false;
  });
  for (RawServer* server : {&with_length, &chunked}) {
    HttpTransport transport({.endpoint = server->endpoint(), .bearer_token = {}, .largest_answer = 1U << 20U});
    const auto answer = transport.send(request("GET"));
    ASSERT_FALSE(answer.ok());
    EXPECT_EQ(answer.error().code, ErrorCode::kUnreadable);
    EXPECT_THAT(answer.error().message, HasSubstr("1048576"));
  }
}

TEST(Transport, AnHtmlPageIsNoReasonToThrow) {
  RawServer server([](int socket, int) {
    return RawServer::answer(socket, "502 Bad Gateway", "<html>gateway</html>", "Content-Type: text/html\r\n");
  });
  HttpTransport transport = to(server);
  const auto answer = transport.send(request("POST"));
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->body, "<html>gateway</html>");
  EXPECT_EQ(error_of(*answer, true).code, ErrorCode::kOutcomeUnknown);
  EXPECT_EQ(error_of(*answer, false).code, ErrorCode::kConflict);
  EXPECT_THAT(error_of(*answer, true).message, HasSubstr("502"));
}

TEST(Transport, AnswersThatAreNoHttpAreUnknown) {
  RawServer server([](int socket, int) {
    RawServer::say(socket, "SSH-2.0-OpenSSH_9.2\r\n\r\n\r\n");
    return false;
  });
  HttpTransport transport = to(server);
  EXPECT_EQ(transport.send(request("GET")).error().code, ErrorCode::kOutcomeUnknown);
  EXPECT_EQ(transport.send(request("POST")).error().code, ErrorCode::kOutcomeUnknown);
}

TEST(Transport, After429LaterRequestsWait) {
  RawServer server([](int socket, int number) {
    if (number > 1) return RawServer::answer(socket, "200 OK", "{}");
    return RawServer::answer(socket, "429 Too Many Requests", R"({"message":"slow down"})", "Retry-After: 30\r\n");
  });
  HttpTransport transport = to(server);
  const auto limited = transport.send(request("GET"));
  ASSERT_TRUE(limited.ok());
  const Error error = error_of(*limited, false);
  EXPECT_EQ(error.code, ErrorCode::kRateLimited);
  EXPECT_EQ(error.retry_after, seconds(30));
  EXPECT_THAT(error.message, HasSubstr("slow down"));
  // The next one would have to wait beyond its deadline, so it is not even sent.
  const auto next = transport.send(request("POST", milliseconds(100)));
  ASSERT_FALSE(next.ok());
  EXPECT_EQ(next.error().code, ErrorCode::kRateLimited);
  EXPECT_GT(next.error().retry_after, seconds(20));
  EXPECT_EQ(server.requests(), 1);
}

TEST(Transport, KeepsItsBoundOnConcurrency) {
  std::atomic<int> at_once = 0;
  std::atomic<int> most = 0;
  RawServer server([&](int socket, int) {
    const int now = ++at_once;
    int seen = most;
    while (now > seen && !most.compare_exchange_weak(seen, now)) {
    }
    --at_once;
    return RawServer::answer(socket, "200 OK", "{}");
  });
  HttpTransport transport({.endpoint = server.endpoint(), .bearer_token = {}, .concurrency = 2});
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&transport] {
        for (int k = 0; k < 5; ++k) EXPECT_TRUE(transport.send(request("POST")).ok());
      });
    }
  }
  EXPECT_EQ(server.requests(), 40);
  EXPECT_LE(most, 2);
}

TEST(Pace, AFullHouseIsNotSent) {
  Pace pace(1, std::nullopt);
  ASSERT_TRUE(pace.enter(Clock::now() + seconds(1)).ok());
  const auto second = pace.enter(Clock::now() + milliseconds(20));
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, ErrorCode::kNotSent);
  pace.leave();
  EXPECT_TRUE(pace.enter(Clock::now() + seconds(1)).ok());
}

TEST(Pace, SendsNoMoreAMinuteThanAllowed) {
  Pace pace(16, 3);
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(pace.enter(Clock::now() + seconds(1)).ok());
    pace.leave();
  }
  const auto fourth = pace.enter(Clock::now() + seconds(30));
  ASSERT_FALSE(fourth.ok());
  EXPECT_EQ(fourth.error().code, ErrorCode::kRateLimited);
  EXPECT_GT(fourth.error().retry_after, seconds(55));
}

TEST(Pace, HeedsWhatTheHeadersSay) {
  const auto after = [](std::map<std::string, std::string> headers, int status = 200) {
    Pace pace(16, std::nullopt);
    pace.heed({.status = status, .body = {}, .headers = std::move(headers)});
    const auto entered = pace.enter(Clock::now() + milliseconds(1));
    return entered ? Duration::zero() : *entered.error().retry_after;
  };
  EXPECT_EQ(after({{"ratelimit-remaining", "7"}, {"ratelimit-reset", "60"}}), Duration::zero());
  EXPECT_GT(after({{"ratelimit-remaining", "0"}, {"ratelimit-reset", "60"}}), seconds(50));
  const auto in_a_minute = std::chrono::system_clock::now() + seconds(60);
  const auto since_1970 = std::chrono::duration_cast<seconds>(in_a_minute.time_since_epoch()).count();
  const Duration as_time = after({{"ratelimit-remaining", "0"}, {"ratelimit-reset", std::to_string(since_1970)}});
  EXPECT_GT(as_time, seconds(50));
  EXPECT_LT(as_time, seconds(62));
  EXPECT_GT(after({}, 429), seconds(3));
  EXPECT_LT(after({{"retry-after", "999999999"}}, 429), std::chrono::hours(2));
  EXPECT_EQ(after({{"retry-after", "soon"}}, 503), Duration::zero());
}

TEST(ErrorOf, SaysWhatTheCallerDoesNext) {
  const auto code = [](int status, bool mutating) {
    return error_of({.status = status, .body = "", .headers = {}}, mutating).code;
  };
  EXPECT_EQ(code(400, true), ErrorCode::kInvalid);
  EXPECT_EQ(code(401, true), ErrorCode::kUnauthorized);
  EXPECT_EQ(code(402, true), ErrorCode::kRefusedForMoney);
  EXPECT_EQ(code(404, false), ErrorCode::kNotFound);
  EXPECT_EQ(code(409, true), ErrorCode::kConflict);
  EXPECT_EQ(code(422, true), ErrorCode::kRefused);
  EXPECT_EQ(code(429, true), ErrorCode::kRateLimited);
  EXPECT_EQ(code(500, true), ErrorCode::kOutcomeUnknown);
  EXPECT_EQ(code(500, false), ErrorCode::kConflict);
  EXPECT_EQ(code(302, false), ErrorCode::kUnreadable);
  const Error long_one = error_of(
      {.status = 422, .body = R"({"error":{"message":")" + std::string(5000, 'x') + "\\n\"}}", .headers = {}}, true);
  EXPECT_LT(long_one.message.size(), 400U);
}

}  // namespace
}  // namespace switchyard
