#pragma once

#include <algorithm>
#include <mutex>
#include <string>
#include <vector>

#include "providers/agent/daemon/keeper.h"
#include "specs/base/digest.h"
#include "tests/providers/agent/two_fleets.h"

namespace switchyard {

// A keeper with a server of no process: what it is told is in force at once.
class MemoryKeeper : public Keeper {
 public:
  explicit MemoryKeeper(std::string folder) : folder_(std::move(folder)) {}

  Result<Done> admit(std::int64_t fence) override {
    const std::scoped_lock lock(mutex_);
    if (fence < fence_) return Error{ErrorCode::kFenced, "a newer owner of the lock has been here"};
    fence_ = fence;
    return Done{};
  }
  Result<Done> configure(const Configuration& wanted, Duration patience) override {
    const std::scoped_lock lock(mutex_);
    patience_ = patience;
    ++configured_;
    if (const Json* refused = find_field(wanted.fields, "refuse"); refused != nullptr) {
      return Error{ErrorCode::kRefused, *refused->string()};
    }
    wanted_ = wanted;
    return Done{};
  }
  Result<Done> act(Action action, Duration /*patience*/) override {
    const std::scoped_lock lock(mutex_);
    if (action != Action::kDrain && action != Action::kUndrain) {
      return Error{ErrorCode::kInvalid, "this agent only drains"};
    }
    drained_ = action == Action::kDrain;
    return Done{};
  }
  AgentReport report() override {
    const std::scoped_lock lock(mutex_);
    AgentReport report{.at = machine_now(),
                       .applied = to_string(to_json(wanted_.fields)),
                       .applied_digest = digest_of(wanted_.fields),
                       .peers = wanted_.peers,
                       .channels = 0,
                       .cps = {},
                       .drained = drained_,
                       .booted = {},
                       .release = "1.0",
                       .pending_release = {},
                       .sip_latency_us = {},
                       .icmp_latency_us = {},
                       .salt = "salt",
                       .fingerprints = {}};
    for (const auto& [path, secret] : wanted_.secrets) {
      report.fingerprints.emplace_back(path, hmac_sha256_hex("salt", secret));
    }
    std::ranges::sort(report.fingerprints);
    return report;
  }
  const std::string& folder() const override { return folder_; }

  int configured() {
    const std::scoped_lock lock(mutex_);
    return configured_;
  }
  Configuration wanted() {
    const std::scoped_lock lock(mutex_);
    return wanted_;
  }
  Duration patience() {
    const std::scoped_lock lock(mutex_);
    return patience_;
  }

 private:
  const std::string folder_;
  std::mutex mutex_;
  std::int64_t fence_ = 0;
  int configured_ = 0;
  bool drained_ = false;
  Configuration wanted_{};
  Duration patience_{};
};

}  // namespace switchyard
