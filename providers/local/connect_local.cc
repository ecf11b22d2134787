#include "providers/local/connect_local.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <string>
#include <utility>

#include "providers/local/local_provider.h"

namespace switchyard {
namespace {

namespace fs = std::filesystem;

constexpr const char* kProgram = "switchyard-agent";

std::string variable(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nothing here sets variables
  return value == nullptr ? std::string() : std::string(value);
}

std::string agent_program() {
  std::error_code error;
  if (const std::string named = variable("SWITCHYARD_AGENT"); !named.empty())
    return fs::absolute(named, error).string();
  const fs::path beside = fs::read_symlink("/proc/self/exe", error).parent_path() / kProgram;
  if (::access(beside.c_str(), X_OK) == 0) return beside.string();
  std::istringstream folders(variable("PATH"));
  for (std::string folder; std::getline(folders, folder, ':');) {
    const fs::path there = fs::absolute(folder, error) / kProgram;
    if (!folder.empty() && ::access(there.c_str(), X_OK) == 0) return there.string();
  }
  return beside.string();
}

}  // namespace

Result<Connected> connect_local(const DesiredAccount& account, const ConnectOptions& options) {
  const SimTerms terms{.deposit_base = account.deposit_base,
                       .deposit_per_server = account.deposit_per_server,
                       .credit = account.credit_line.value_or(Money{.minor = 0, .currency = account.currency})};
  WorldSettings fresh;
  fresh.currency = account.currency;
  fresh.terms = terms;
  Addresses::Options addresses;
  if (std::string network = variable("SWITCHYARD_LOCAL_NETWORK"); !network.empty()) addresses.network = network;
  std::error_code error;
  const fs::path folder = fs::weakly_canonical(fs::absolute(options.world_folder, error), error);
  auto fleet = std::make_shared<LocalFleet>(LocalFleet::Options{
      .account = account.name,
      .state_folder = folder.string(),
      .agent_program = agent_program(),
      .addresses = addresses,
      .fresh = fresh,
      .terms = terms,
      .access = options.read_only ? LocalFleet::Options::Access::kRead : LocalFleet::Options::Access::kWrite,
      .concurrency = calls_at_once(account, options)});
  return Connected{.connection = local_connection(std::move(fleet)), .world = nullptr};
}

}  // namespace switchyard
