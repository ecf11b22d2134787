#include "providers/local/server_folder.h"

#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "providers/agent/identity.h"
#include "providers/agent/private_file.h"
#include "providers/agent/protocol.h"

namespace switchyard {
namespace {

namespace fs = std::filesystem;

Error storage(const std::string& path) {
  return {ErrorCode::kStorage, fmt::format("\"{}\": {}", path, std::generic_category().message(errno))};
}

// Empty where there is none, or none that is only ours.
std::string text_of(const std::string& path) {
  Result<std::string> text = read_private_file(path);
  return text ? *std::move(text) : std::string();
}

}  // namespace

bool ServerFolder::exists() const {
  std::error_code error;
  return fs::is_directory(path_, error);
}

Result<Done> ServerFolder::make(const Configuration& order, const Invitation& invitation) const {
  remove();
  if (::mkdir(path_.c_str(), 0700) != 0) return storage(path_);
  if (auto invited = invite(path_, invitation); !invited) return invited;
  return replace_private_file(path_ + "/order.json", to_string(configuration_body(order)));
}

void ServerFolder::remove() const {
  std::error_code error;
  fs::remove_all(path_, error);
}

std::optional<Configuration> ServerFolder::order() const {
  Result<Configuration> order = configuration_from_body(text_of(path_ + "/order.json"));
  if (!order) return std::nullopt;
  return *std::move(order);
}

void ServerFolder::order_is_done() const {
  ::unlink((path_ + "/order.json").c_str());
}

std::optional<AgentReport> ServerFolder::report() const {
  Result<AgentReport> kept = report_from_body(text_of(path_ + "/report.json"));
  if (!kept) return std::nullopt;
  return *std::move(kept);
}

void ServerFolder::keep(const AgentReport& report) const {
  if (!exists()) return;
  // One that cannot be kept is only older than it might be.
  (void)replace_private_file(path_ + "/report.json", to_string(report_body(report))).ok();
}

std::string ServerFolder::rebooted_for() const {
  return text_of(path_ + "/rebooted");
}

Result<Done> ServerFolder::note_reboot(const std::string& action_id) const {
  return replace_private_file(path_ + "/rebooted", action_id);
}

}  // namespace switchyard
