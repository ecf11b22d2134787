#include "providers/local/rack.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <set>
#include <system_error>
#include <utility>

#include "providers/local/processes.h"

namespace switchyard {
namespace {

namespace fs = std::filesystem;

// How long a process that is asked to end may take: Kamailio was seen to need 1.7 s after traffic.
constexpr std::chrono::seconds kShutDown{5};

Error storage(const std::string& path) {
  return {ErrorCode::kStorage, fmt::format("\"{}\": {}", path, std::generic_category().message(errno))};
}

// The provider's action that takes its machine down and up again; nothing: none is under way.
std::optional<Action> reboot_of(const SimServer& server) {
  if (server.phase != Phase::kUpdating || !server.work || server.last_action.empty()) return std::nullopt;
  switch (server.work->action) {
    case Action::kRestart:
    case Action::kOsCycle:
    case Action::kPowerCycle:
    case Action::kInstall:
    case Action::kResize:
      return server.work->action;
    case Action::kStart:
    case Action::kStop:
    case Action::kReactivate:
    case Action::kCreate:
    case Action::kUpdate:
    case Action::kReplace:
    case Action::kDelete:
    case Action::kFlush:
    case Action::kUpgrade:
    case Action::kDrain:
    case Action::kUndrain:
      return std::nullopt;
  }
  return std::nullopt;
}

// What its create said, as far as the world knows it: secrets it never did.
Configuration known_order(const SimServer& server) {
  Configuration order{.fields = {}, .peers = server.configuration.peers, .secrets = {}};
  const Result<Json> applied = parse_json(server.configuration.applied);
  if (!applied) return order;
  if (Result<Fields> fields = fields_from_json(*applied)) order.fields = *std::move(fields);
  return order;
}

}  // namespace

bool wants_to_run(const SimServer& server) {
  switch (server.phase) {
    case Phase::kProvisioning:
    case Phase::kActive:
    case Phase::kDraining:
      return true;
    case Phase::kStopped:
    case Phase::kExpired:
    case Phase::kFailed:
      return false;
    case Phase::kUpdating:
      if (!server.work) return true;
      if (server.work->action == Action::kStop) return false;
      return server.work->action != Action::kResize || server.work->before != Phase::kStopped;
  }
  return false;
}

Rack::Turn::~Turn() {
  if (file_ >= 0) ::close(file_);
}

Result<Rack::Turn> Rack::lock(Missing missing) const {
  for (;;) {
    std::error_code error;
    if (missing == Missing::kMake && !fs::exists(options_.folder, error)) {
      fs::create_directories(fs::path(options_.folder).parent_path(), error);
      if (::mkdir(options_.folder.c_str(), 0700) != 0 && errno != EEXIST) return storage(options_.folder);
    }
    const int file = ::open(options_.folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (file < 0 && errno == ENOENT) {
      if (missing == Missing::kLeave) return Turn(-1);
      continue;
    }
    if (file < 0) return storage(options_.folder);
    Turn turn(file);
    while (::flock(file, LOCK_EX) != 0 && errno == EINTR) {
    }
    // Whoever was before us may have taken the folder away with its last server.
    struct stat held {};
    struct stat there {};
    const bool same = ::fstat(file, &held) == 0 && ::stat(options_.folder.c_str(), &there) == 0 &&
                      held.st_ino == there.st_ino && held.st_dev == there.st_dev;
    if (same) return turn;
  }
}

ServerFolder Rack::folder_of(const SimServer& server) const {
  return ServerFolder(fmt::format("{}/{}", options_.folder, sim_id(Machines::kReal, server.number)));
}

Result<std::string> Rack::make_room(const SimServer& server, const Configuration& order) {
  const ServerFolder folder = folder_of(server);
  if (auto there = check_program(); !there) return there.error();
  clear_away(folder.path());
  if (auto made = make_folder(server, order); !made) return made.error();
  auto address = addresses_.take(folder.path());
  if (!address) clear_away(folder.path());
  return address;
}

Result<Done> Rack::check_program() const {
  if (!options_.agent.empty() && ::access(options_.agent.c_str(), X_OK) == 0) return Done{};
  return Error{ErrorCode::kNotFound,
               fmt::format("there is no agent to start at \"{}\"; build switchyard-agent beside switchyard, or name it "
                           "in SWITCHYARD_AGENT",
                           options_.agent)};
}

Result<Done> Rack::make_folder(const SimServer& server, const Configuration& order) const {
  const auto invitation = options_.invitation(server);
  if (!invitation) return invitation.error();
  return folder_of(server).make(order, *invitation);
}

void Rack::clear_away(const std::string& server_folder) {
  // While anything of it runs its folder and its address stay: they are what the rest is found by.
  if (!end_processes(server_folder, {})) return;
  for (const std::string& address : addresses_.give_back(server_folder)) namespaces_.remove(address);
  ServerFolder(server_folder).remove();
}

Result<Done> Rack::make_true(const std::vector<SimServer>& servers) {
  trouble_.clear();
  const std::vector<ServerProcess> processes = processes_below(options_.folder);
  std::set<std::string> wanted;
  for (const SimServer& server : servers) wanted.insert(folder_of(server).path());

  std::set<std::string> unwanted;
  for (const ServerProcess& process : processes) {
    if (!wanted.contains(process.folder)) unwanted.insert(process.folder);
  }
  std::error_code error;
  if (fs::exists(options_.folder, error)) {
    for (auto entry = fs::directory_iterator(options_.folder, error); !error && entry != fs::directory_iterator();
         entry.increment(error)) {
      if (!wanted.contains(entry->path().string())) unwanted.insert(entry->path().string());
    }
    if (error) return Error{ErrorCode::kStorage, fmt::format("\"{}\": {}", options_.folder, error.message())};
  }
  for (const std::string& folder : unwanted) clear_away(folder);

  for (const SimServer& server : servers) {
    const std::string folder = folder_of(server).path();
    const auto mine = [&folder](const ServerProcess& process) { return process.folder == folder; };
    const bool anything = std::ranges::any_of(processes, mine);
    const bool agent = std::ranges::any_of(
        processes, [&](const ServerProcess& process) { return mine(process) && is_agent(process); });
    if (auto done = make_one_true(server, agent, anything); !done) trouble_[server.number] = done.error().message;
  }
  if (servers.empty()) ::rmdir(options_.folder.c_str());
  return Done{};
}

Result<Done> Rack::make_one_true(const SimServer& server, bool agent_runs, bool anything_runs) {
  const ServerFolder folder = folder_of(server);
  const Error stays{ErrorCode::kConflict, fmt::format("processes of \"{}\" do not end", server.name)};
  if (!folder.exists()) {
    // Somebody took it away: what runs has lost its ground.
    if (!end_processes(folder.path(), {})) return stays;
    agent_runs = anything_runs = false;
    if (auto made = make_folder(server, known_order(server)); !made) return made;
  }
  if (auto kept = addresses_.keep(server.address, folder.path()); !kept) return kept;
  if (!wants_to_run(server)) {
    const bool at_once = server.phase == Phase::kExpired;
    if (anything_runs && !end_processes(folder.path(), {.patience = at_once ? Duration{} : kShutDown})) return stays;
    return Done{};
  }
  if (const std::optional<Action> reboot = reboot_of(server); reboot && folder.rebooted_for() != server.last_action) {
    const bool at_once = *reboot == Action::kPowerCycle;
    if (!end_processes(folder.path(), {.patience = at_once ? Duration{} : kShutDown})) return stays;
    agent_runs = false;
    if (auto noted = folder.note_reboot(server.last_action); !noted) return noted;
  }
  if (agent_runs) return Done{};
  if (auto there = check_program(); !there) return there;
  if (auto made = namespaces_.make(server.address); !made) return made;
  std::vector<std::string> command = namespaces_.before(server.address);
  const std::string role(to_string(server.role.value_or(Role::kSwitch)));
  for (const std::string& word : {options_.agent, std::string("--folder"), folder.path(), std::string("--address"),
                                  server.address, std::string("--role"), role, std::string("--name"), server.name}) {
    command.push_back(word);
  }
  return start_detached({.command = std::move(command), .folder = folder.path(), .log = folder.log()});
}

std::string Rack::trouble(std::int64_t number) const {
  const auto found = trouble_.find(number);
  return found == trouble_.end() ? std::string() : found->second;
}

bool Rack::is_down(const SimServer& server) const {
  const std::string folder = folder_of(server).path();
  return std::ranges::none_of(processes_below(options_.folder),
                              [&folder](const ServerProcess& process) { return process.folder == folder; });
}

}  // namespace switchyard
