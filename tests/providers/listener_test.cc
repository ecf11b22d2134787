// The way in: every bound of the listener, spoken to byte by byte.
#include "providers/http/listener.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "providers/http/request_reader.h"
#include "tests/providers/raw_server.h"

namespace switchyard {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class Client {
 public:
  explicit Client(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address);
  }
  ~Client() { ::close(socket_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void say(std::string_view text) { RawServer::say(socket_, text); }
  // All that comes until the listener ends the connection.
  std::string rest() {
    std::string text;
    char chunk[4096];
    for (ssize_t got = 0; (got = ::recv(socket_, chunk, sizeof chunk, 0)) > 0;)
      text.append(chunk, static_cast<std::size_t>(got));
    return text;
  }
  // One answer: head, and as much of the body as it announces.
  std::string answer() {
    std::string text;
    char byte = 0;
    std::size_t wanted = std::string::npos;
    while (text.size() < wanted && ::recv(socket_, &byte, 1, 0) > 0) {
      text += byte;
      const std::size_t head = text.find("\r\n\r\n");
      if (wanted == std::string::npos && head != std::string::npos) {
        const std::size_t length = text.find("Content-Length: ");
        wanted = head + 4 + (length == std::string::npos ? 0 : std::stoul(text.substr(length + 16)));
      }
    }
    return text;
  }

 private:
  int socket_;
};

ListenerAnswer echo(const ListenerRequest& request) {
  if (request.target == "/drop") return {.status = 200, .drop = true};
  return {.status = 200, .body = request.method + " " + request.target + " " + request.body};
}

std::unique_ptr<Listener> listener(Listener::Options options = {}) {
  return *Listener::open(options, echo);
}

TEST(Listener, AnswersOneRequestAfterTheOtherOnOneConnection) {
  const auto listening = listener();
  Client client(listening->port());
  client.say("GET /a?b=c HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(client.answer(), HasSubstr("GET /a?b=c "));
  client.say(
      "POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhelloGET /c HTTP/1.1\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(client.answer(), HasSubstr("POST /b hello"));
  EXPECT_THAT(client.rest(), HasSubstr("GET /c "));
}

TEST(Listener, EndsTheConnectionInsteadOfAnswering) {
  const auto listening = listener();
  Client client(listening->port());
  client.say("GET /drop HTTP/1.1\r\n\r\n");
  EXPECT_EQ(client.rest(), "");
}

TEST(Listener, RefusesWhatIsTooLarge) {
  const auto listening = listener({.largest_head = 1000, .largest_body = 1000});
  Client head(listening->port());
  head.say("GET / HTTP/1.1\r\nX: " + std::string(2000, 'x'));
  EXPECT_THAT(head.rest(), StartsWith("HTTP/1.1 431 "));
  Client body(listening->port());
  body.say("POST / HTTP/1.1\r\nContent-Length: 1001\r\n\r\n");
  EXPECT_THAT(body.rest(), StartsWith("HTTP/1.1 413 "));
  Client huge(listening->port());
  huge.say("POST / HTTP/1.1\r\nContent-Length: 99999999999999999999999\r\n\r\n");
  EXPECT_THAT(huge.rest(), StartsWith("HTTP/1.1 413 "));
}

TEST(Listener, SaysThatABodyIsTooLargeThoughItIsBeingSent) {
  const auto listening = listener({.largest_body = 1000});
  Client client(listening->port());
  client.say("POST / HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n" + std::string(1000000, 'x'));
  EXPECT_THAT(client.rest(), StartsWith("HTTP/1.1 413 "));
}

TEST(Listener, GivesARequestOnlySoMuchTime) {
  const auto listening = listener({.request_time = milliseconds(50), .idle_time = milliseconds(50)});
  Client slow(listening->port());
  slow.say("GET / HT");
  EXPECT_THAT(slow.rest(), StartsWith("HTTP/1.1 408 "));
  Client silent(listening->port());
  EXPECT_EQ(silent.rest(), "");
}

TEST(Listener, KeepsItsBoundOnConnections) {
  const auto listening = listener({.connections = 2});
  Client one(listening->port());
  one.say("GET /1 HTTP/1.1\r\n\r\n");
  EXPECT_THAT(one.answer(), HasSubstr("GET /1"));
  Client two(listening->port());
  two.say("GET /2 HTTP/1.1\r\n\r\n");
  EXPECT_THAT(two.answer(), HasSubstr("GET /2"));
  Client three(listening->port());
  EXPECT_THAT(three.rest(), StartsWith("HTTP/1.1 503 "));
}

TEST(Listener, SaysWhenThePortIsTakenOrTheAddressIsNone) {
  const auto listening = listener();
  const auto second = Listener::open({.port = listening->port()}, echo);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, ErrorCode::kConflict);
  EXPECT_THAT(second.error().message, HasSubstr(std::to_string(listening->port())));
  EXPECT_EQ(Listener::open({.address = "example.org"}, echo).error().code, ErrorCode::kInvalid);
}

TEST(Listener, EndsWhileConnectionsAreOpen) {
  auto listening = listener();
  Client client(listening->port());
  client.say("GET /1 HTTP/1.1\r\n\r\n");
  EXPECT_THAT(client.answer(), HasSubstr("GET /1"));
  listening.reset();
  EXPECT_EQ(client.rest(), "");
}

RequestReader::Outcome read(std::string_view text) {
  RequestReader reader(16384, 16384);
  reader.add(text);
  return reader.next();
}

TEST(RequestReader, TakesRequestsApartHoweverTheyArrive) {
  const std::string text = "PUT /v1/x HTTP/1.1\r\nX-One:  a b \r\ncontent-length: 3\r\n\r\nabcGET / HTTP/1.0\r\n\r\n";
  RequestReader reader(16384, 16384);
  std::vector<ListenerRequest> requests;
  for (const char c : text) {
    reader.add({&c, 1});
    auto outcome = reader.next();
    ASSERT_EQ(outcome.refusal, 0);
    if (outcome.request) requests.push_back(*outcome.request);
  }
  ASSERT_EQ(requests.size(), 2U);
  EXPECT_EQ(requests[0].method, "PUT");
  EXPECT_EQ(requests[0].headers.at("x-one"), "a b");
  EXPECT_EQ(requests[0].body, "abc");
  EXPECT_EQ(requests[1].target, "/");
  EXPECT_TRUE(reader.empty());
}

TEST(RequestReader, RefusesNonsense) {
  for (const char* wrong : {
           "\r\n\r\n",
           "GET\r\n\r\n",
           "GET /\r\n\r\n",
           "GET / HTTP/2.0\r\n\r\n",
           "GET x HTTP/1.1\r\n\r\n",
           "GET / / HTTP/1.1\r\n\r\n",
           "G(T / HTTP/1.1\r\n\r\n",
           "GET / HTTP/1.1\r\nno colon\r\n\r\n",
           "GET / HTTP/1.1\r\n: empty\r\n\r\n",
           "GET / HTTP/1.1\r\nspace : x\r\n\r\n",
           "GET / HTTP/1.1\r\nX: a\r\n folded\r\n\r\n",
           "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
           "POST / HTTP/1.1\r\nContent-Length: 1x\r\n\r\n",
           "POST / HTTP/1.1\r\nContent-Length:\r\n\r\n",
           "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
       }) {
    EXPECT_EQ(read(wrong).refusal, 400) << wrong;
  }
  EXPECT_EQ(read("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n").refusal, 501);
}

TEST(RequestReader, SaysOnceThatTheBodyMayCome) {
  RequestReader reader(16384, 16384);
  reader.add("POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_TRUE(reader.next().wants_continue);
  EXPECT_FALSE(reader.next().wants_continue);
  reader.add("ok");
  EXPECT_EQ(reader.next().request->body, "ok");
}

}  // namespace
}  // namespace switchyard
