#include "providers/agent/kamailio/rpc.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <filesystem>
#include <functional>
#include <thread>

// The conversation over a datagram socket, with a far end that does as it likes.
namespace switchyard::kamailio {
namespace {

using Answers = std::vector<std::string>;

class FarEnd {
 public:
  explicit FarEnd(std::function<Answers(const Json& request)> answer) : answer_(std::move(answer)) {
    std::string path = (std::filesystem::temp_directory_path() / "switchyard-rpc-XXXXXX").string();
    folder_ = ::mkdtemp(path.data());
    socket_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string name = (folder_ / "rpc.sock").string();
    std::memcpy(address.sun_path, name.c_str(), name.size() + 1);
    EXPECT_EQ(::bind(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
    thread_ = std::jthread([this](const std::stop_token& stop) { serve(stop); });
  }
  ~FarEnd() {
    thread_.request_stop();
    thread_.join();
    ::close(socket_);
    std::filesystem::remove_all(folder_);
  }
  FarEnd(const FarEnd&) = delete;
  FarEnd& operator=(const FarEnd&) = delete;
  std::string folder() const { return folder_.string(); }

 private:
  void serve(const std::stop_token& stop) {
    std::array<char, 65536> bytes{};
    while (!stop.stop_requested()) {
      pollfd wait{.fd = socket_, .events = POLLIN, .revents = 0};
      if (::poll(&wait, 1, 10) <= 0) continue;
      sockaddr_un from{};
      socklen_t length = sizeof(from);
      const ssize_t got =
          ::recvfrom(socket_, bytes.data(), bytes.size(), 0, reinterpret_cast<sockaddr*>(&from), &length);
      const Result<Json> request = parse_json(std::string_view(bytes.data(), static_cast<std::size_t>(got)));
      for (const std::string& text : answer_(*request)) {
        ::sendto(socket_, text.data(), text.size(), 0, reinterpret_cast<const sockaddr*>(&from), length);
      }
    }
  }

  std::function<Answers(const Json&)> answer_;
  std::filesystem::path folder_;
  int socket_ = -1;
  std::jthread thread_;
};

std::string result(const Json& request, std::int64_t id_offset, const char* text) {
  return "{\"jsonrpc\":\"2.0\",\"result\":" + std::string(text) +
         ",\"id\":" + std::to_string(request.integer_or("id", 0) + id_offset) + "}";
}

TEST(Rpc, AsksAndIsAnswered) {
  FarEnd far([](const Json& request) {
    EXPECT_EQ(request.string_or("method", ""), "cfg.set_now_int");
    EXPECT_EQ(*request.find("params"), Json(Json::Array{"sw", "cps", 7}));
    return Answers{result(request, 0, "{\"all\":3}")};
  });
  Rpc rpc(far.folder(), std::chrono::seconds(5));
  const Result<Json> answer = rpc.call("cfg.set_now_int", {"sw", "cps", 7});
  ASSERT_TRUE(answer.ok()) << answer.error().message;
  EXPECT_EQ(answer->integer_or("all", 0), 3);
}

TEST(Rpc, ARefusalIsInItsOwnWords) {
  FarEnd far([](const Json& request) {
    return Answers{"{\"jsonrpc\":\"2.0\",\"error\":{\"code\":400,\"message\":\"Failed to set the variable\"},\"id\":" +
                   std::to_string(request.integer_or("id", 0)) + "}"};
  });
  Rpc rpc(far.folder(), std::chrono::seconds(5));
  const Result<Json> answer = rpc.call("cfg.set_now_int");
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code, ErrorCode::kRefused);
  EXPECT_EQ(answer.error().message, "cfg.set_now_int: Failed to set the variable");
}

TEST(Rpc, SilenceIsAnUnknownOutcomeInBoundedTime) {
  FarEnd far([](const Json&) { return Answers{}; });
  Rpc rpc(far.folder(), std::chrono::milliseconds(100));
  const Result<Json> answer = rpc.call("core.uptime");
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code, ErrorCode::kOutcomeUnknown);
}

TEST(Rpc, AnAnswerToAnEarlierQuestionIsPassedOver) {
  FarEnd far([](const Json& request) { return Answers{result(request, -1, "1"), result(request, 0, "2")}; });
  Rpc rpc(far.folder(), std::chrono::seconds(5));
  EXPECT_EQ(*rpc.call("core.uptime"), Json(2));
}

TEST(Rpc, RubbishIsUnreadable) {
  FarEnd far([](const Json&) { return Answers{"rubbish"}; });
  Rpc rpc(far.folder(), std::chrono::seconds(5));
  EXPECT_EQ(rpc.call("core.uptime").error().code, ErrorCode::kUnreadable);
}

TEST(Rpc, WhereNobodyListensNothingIsSent) {
  Rpc nowhere("/nonexistent", std::chrono::seconds(5));
  EXPECT_EQ(nowhere.call("core.uptime").error().code, ErrorCode::kNotSent);
  FarEnd far([](const Json&) { return Answers{}; });
  std::filesystem::remove(far.folder() + "/rpc.sock");
  Rpc gone(far.folder(), std::chrono::seconds(5));
  EXPECT_EQ(gone.call("core.uptime").error().code, ErrorCode::kNotSent);
}

}  // namespace
}  // namespace switchyard::kamailio
