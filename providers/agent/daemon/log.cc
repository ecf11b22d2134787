#include "providers/agent/daemon/log.h"

#include <spdlog/formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <memory>

#include "specs/base/json.h"
#include "specs/base/timestamp.h"

namespace switchyard {
namespace {

using Keys = std::initializer_list<std::pair<std::string_view, std::string>>;

std::string_view view_of(spdlog::string_view_t text) {
  return {text.data(), text.size()};
}

class JsonLines : public spdlog::formatter {
 public:
  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& into) override {
    const Json line = Json::Object{{"time", to_string(std::chrono::time_point_cast<Duration>(message.time))},
                                   {"level", view_of(spdlog::level::to_string_view(message.level))},
                                   {"message", view_of(message.payload)}};
    const std::string text = to_string(line) + "\n";
    into.append(text.data(), text.data() + text.size());
  }
  std::unique_ptr<spdlog::formatter> clone() const override { return std::make_unique<JsonLines>(); }
};

void write(spdlog::level::level_enum level, std::string_view sentence, Keys keys) {
  if (!spdlog::should_log(level)) return;
  std::string line(sentence);
  for (const auto& [key, value] : keys) {
    line += ' ';
    line += key;
    line += '=';
    line += to_string(Json(value));
  }
  spdlog::log(level, "{}", line);
}

}  // namespace

void set_up_agent_log(std::string_view level, std::string_view format) {
  auto sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  auto logger = std::make_shared<spdlog::logger>("switchyard-agent", std::move(sink));  // shared with spdlog's registry
  if (format == "json") {
    logger->set_formatter(std::make_unique<JsonLines>());
  } else {
    logger->set_pattern("%Y-%m-%dT%H:%M:%S.%e %l %v");
  }
  logger->set_level(spdlog::level::from_str(std::string(level)));
  spdlog::set_default_logger(std::move(logger));
}

void agent_log(std::string_view sentence, Keys keys) {
  write(spdlog::level::info, sentence, keys);
}

void agent_warning(std::string_view sentence, Keys keys) {
  write(spdlog::level::warn, sentence, keys);
}

}  // namespace switchyard
