#pragma once

#include <unistd.h>

#include <algorithm>
#include <memory>
#include <string>

#include "providers/local/local_provider.h"
#include "providers/local/processes.h"
#include "tests/providers/local/facts.h"
#include "tests/providers/small_world.h"

namespace switchyard {

// A fleet of fake agents in a folder of its own, with a clock that stands still unless it is moved: what takes time is
// the processes alone. Everything of it is ended with it.
class LocalSite {
 public:
  // Its network is drawn from the process number, so that runs beside each other seldom want the same addresses.
  LocalSite() : LocalSite("127.66." + std::to_string(::getpid() % 200 + 20) + ".0/24") {}
  explicit LocalSite(std::string network) : network_(std::move(network)) { open(); }
  ~LocalSite() {
    connection_ = {};
    for (const ServerProcess& process : processes_below(fleet_folder())) end_processes(process.folder, {});
    for (const std::string& address : Addresses(addresses()).give_back(fleet_folder())) {
      Namespaces(network_).remove(address);
    }
  }
  LocalSite(const LocalSite&) = delete;
  LocalSite& operator=(const LocalSite&) = delete;

  // As the next run of the program finds it.
  void open() { connection_ = connect(LocalFleet::Options::Access::kWrite); }
  Connection connect(LocalFleet::Options::Access access) {
    fleet_ = std::make_shared<LocalFleet>(LocalFleet::Options{.account = "main",
                                                              .state_folder = scratch_.path().string(),
                                                              .agent_program = fake_agent_program(),
                                                              .addresses = addresses(),
                                                              .fresh = {},
                                                              .terms = default_terms(Currency()),
                                                              .access = access,
                                                              .clock = [this] { return now_; }});
    return local_connection(fleet_);
  }

  Provider& provider() { return *connection_.provider; }
  Agent& agent() { return *connection_.agent; }
  Json ctl(const CtlCommand& command) {
    if (const auto* advance = std::get_if<CtlAdvance>(&command)) {
      now_ += advance->by;
      return {};
    }
    const auto done = fleet_->world().by_hand(command);
    return done ? *done : Json(done.error().message);
  }
  void advance(Duration by) { now_ += by; }
  Timestamp now() const { return now_; }

  // Listings bring it about.
  bool settles(const std::string& id) {
    return comes_true([&] {
      const auto page = provider().list("", kLimits);
      if (!page) return false;
      const auto found = std::ranges::find(page->servers, id, &ObservedServer::id);
      return found != page->servers.end() && found->phase != Phase::kProvisioning && found->phase != Phase::kUpdating;
    });
  }
  ObservedServer see(const std::string& id) {
    const auto server = provider().get(id, kLimits);
    return server ? *server : ObservedServer{};
  }
  std::string delivered(const CreateRequest& request) {
    const auto created = provider().create(request, kLimits);
    if (!created) return created.error().message;
    return settles(created->id) ? created->id : "was never delivered";
  }

  std::string fleet_folder() const { return scratch_.file("local-main"); }
  std::string server_folder(const std::string& id) const { return fleet_folder() + "/" + id; }
  std::vector<ServerProcess> processes() const { return processes_below(fleet_folder()); }
  const ScratchFolder& scratch() const { return scratch_; }

  // It lies beside the tests.
  static std::string fake_agent_program() {
    return (std::filesystem::read_symlink("/proc/self/exe").parent_path() / "fake_agent").string();
  }

 private:
  // The notes of the whole machine, so that no two tests have the same address.
  Addresses::Options addresses() const { return {.network = network_}; }

  const std::string network_;
  ScratchFolder scratch_;
  Timestamp now_ = *parse_timestamp(kBeginning);
  std::shared_ptr<LocalFleet> fleet_;  // shared with the connection
  Connection connection_;
};

}  // namespace switchyard
