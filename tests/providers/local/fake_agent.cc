// A stand-in for switchyard-agent, for tests of the provider `local`: the agent's own service in front of a keeper
// whose "SIP process" is one that waits. It is a process as the real one is: it outlives who started it, finds what it
// ran after a crash, and obeys only its fleet.
#include <fcntl.h>
#include <fmt/core.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <map>
#include <mutex>
#include <optional>

#include "providers/agent/private_file.h"
#include "providers/agent/service.h"
#include "providers/local/processes.h"
#include "specs/base/digest.h"
#include "state/machine_clock.h"

namespace switchyard {
namespace {

class FakeKeeper : public Keeper {
 public:
  explicit FakeKeeper(std::string folder) : folder_(std::move(folder)) {
    if (const auto salt = read_private_file(folder_ + "/salt")) {
      salt_ = *salt;
    } else {
      salt_ = random_hex(8);
      keep("salt", salt_);
    }
    if (const auto kept = read_private_file(folder_ + "/configuration")) {
      if (auto configuration = configuration_from_body(*kept)) in_force_ = *std::move(configuration);
    }
    drained_ = read_private_file(folder_ + "/drained").ok();
    if (in_force_) run();
  }

  Result<Done> admit(std::int64_t fence) override {
    const std::scoped_lock lock(mutex_);
    if (fence < fence_) return Error{ErrorCode::kFenced, "a newer owner has been here"};
    fence_ = fence;
    return Done{};
  }

  Result<Done> configure(const Configuration& wanted, Duration) override {
    const std::scoped_lock lock(mutex_);
    if (find_field(wanted.fields, "metadata.labels.impossible") != nullptr) {
      return Error{ErrorCode::kInvalid, "this platform cannot do that"};
    }
    in_force_ = wanted;
    keep("configuration", to_string(configuration_body(wanted)));
    run();
    return Done{};
  }

  Result<Done> act(Action action, Duration) override {
    const std::scoped_lock lock(mutex_);
    if (action == Action::kDrain) {
      drained_ = true;
      keep("drained", "yes");
    }
    if (action == Action::kUndrain) {
      drained_ = false;
      (void)remove_private_file(folder_ + "/drained").ok();
    }
    const bool known = action == Action::kDrain || action == Action::kUndrain || action == Action::kFlush ||
                       action == Action::kUpgrade;
    return known ? Result<Done>(Done{}) : Error{ErrorCode::kInvalid, "no action of an agent"};
  }

  AgentReport report() override {
    const std::scoped_lock lock(mutex_);
    AgentReport report{.at = machine_now(),
                       .applied = {},
                       .applied_digest = {},
                       .peers = {},
                       .channels = {},
                       .cps = {},
                       .drained = drained_,
                       .booted = {},
                       .release = "fake 1",
                       .pending_release = {},
                       .sip_latency_us = {},
                       .icmp_latency_us = {},
                       .salt = salt_,
                       .fingerprints = {}};
    if (!in_force_) return report;
    report.applied = to_string(to_json(in_force_->fields));
    report.applied_digest = digest_of(in_force_->fields);
    report.peers = in_force_->peers;
    std::ranges::sort(report.peers, {}, [](const Peer& peer) { return std::pair(peer.purpose, peer.name); });
    for (const auto& [path, secret] : in_force_->secrets) {
      report.fingerprints.emplace_back(path, hmac_sha256_hex(salt_, secret));
    }
    report.channels = 0;
    report.cps = 0;
    report.sip_latency_us = 250;
    return report;
  }

  const std::string& folder() const override { return folder_; }

 private:
  void keep(const std::string& name, const std::string& text) const {
    (void)replace_private_file(folder_ + "/" + name, text).ok();
  }

  // One process as long as there is a configuration; one that runs already is ours.
  void run() const {
    const std::string above = folder_.substr(0, folder_.rfind('/'));
    const auto ours = [this](const ServerProcess& process) { return process.folder == folder_ && !is_agent(process); };
    if (std::ranges::any_of(processes_below(above), ours)) return;
    (void)start_detached({.command = {"/usr/bin/tail", "-f", "/dev/null"}, .folder = folder_, .log = "/dev/null"}).ok();
  }

  const std::string folder_;
  std::mutex mutex_;
  std::optional<Configuration> in_force_;
  std::string salt_;
  bool drained_ = false;
  std::int64_t fence_ = 0;
};

int run(const std::map<std::string, std::string>& words) {
  sigset_t ends;
  ::sigemptyset(&ends);
  ::sigaddset(&ends, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &ends, nullptr);
  FakeKeeper keeper(words.at("--folder"));
  const auto service = Service::open({.address = words.at("--address")}, keeper);
  if (!service) {
    fmt::print(stderr, "{}\n", service.error().message);
    return 1;
  }
  int signal = 0;
  ::sigwait(&ends, &signal);
  return 0;
}

}  // namespace
}  // namespace switchyard

int main(int argc, char** argv) {
  std::map<std::string, std::string> words;
  for (int i = 1; i + 1 < argc; i += 2) words[argv[i]] = argv[i + 1];
  return switchyard::run(words);
}
