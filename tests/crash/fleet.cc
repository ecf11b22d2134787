#include "tests/crash/fleet.h"

#include <fmt/format.h>

namespace switchyard {
namespace {

constexpr int kMostReplicas = 4;
// Places: the set's members from 0, then the single servers, the media server and the dispatcher.
constexpr int kFirstSolo = 10;
constexpr int kMedia = 20;
constexpr int kFront = 21;

// No deposit is ever short and no removal is ever too many: a hold would be a fault of the program.
constexpr const char* kGround = R"(apiVersion: switchyard/v1
kind: Account
metadata: {{name: main}}
spec: {{provider: sim, endpoint: "{}", currency: USD, limits: {{maxDestroy: 100}}}}
---
apiVersion: switchyard/v1
kind: Zone
metadata: {{name: london}}
spec: {{account: main, region: lon1}}
---
apiVersion: switchyard/v1
kind: Zone
metadata: {{name: frankfurt}}
spec: {{account: main, region: fra1}}
---
apiVersion: switchyard/v1
kind: Cluster
metadata: {{name: core}}
spec: {{rollout: {{maxUnavailable: 2}}}}
---
apiVersion: switchyard/v1
kind: Server
metadata: {{name: front}}
spec: {{zone: london, type: dispatcher, size: s-1vcpu-2gb, channels: 500, cps: 50, balancer: {{cluster: core}}}}
)";

constexpr const char* kSet = R"(---
apiVersion: switchyard/v1
kind: ServerSet
metadata: {{name: core}}
spec:
  replicas: {}
  zones: [london, frankfurt]
  template:
    spec:
      type: switch
      cluster: core
      size: s-2vcpu-4gb
      channels: {}
      cps: 50
      options:
        uacPing: {}
        ports: {{udp: [{}]}}
{}{})";

constexpr const char* kSolo = R"(---
apiVersion: switchyard/v1
kind: Server
metadata: {{name: {}, formerly: [{}]}}
spec: {{zone: {}, type: switch, size: {}, channels: {}, cps: 20, power: {}}}
)";

constexpr const char* kMediaServer = R"(---
apiVersion: switchyard/v1
kind: RtpServer
metadata: {{name: media}}
spec: {{zone: london, size: s-2vcpu-4gb, ports: {{from: 30000, to: 40000}}, maxSessions: {}}}
)";

std::string solo_name(int index, bool renamed) {
  return fmt::format("{}-{}", renamed ? "single" : "solo", index);
}

}  // namespace

CrashFleet::CrashFleet(Random& random, std::string endpoint) : random_(random), endpoint_(std::move(endpoint)) {}

bool CrashFleet::flip(bool& what) {
  what = !what;
  return what;
}

void CrashFleet::change() {
  for (auto left = random_.between(1, 3); left > 0; --left) change_once();
}

void CrashFleet::change_once() {
  switch (random_.below(9)) {
    case 0:
    case 1: {
      const auto replicas = static_cast<int>(random_.between(1, kMostReplicas));
      for (int place = replicas; place < replicas_; ++place) broken_[place] = true;
      for (int place = replicas_; place < replicas; ++place) broken_[place] = true;
      replicas_ = replicas;
      return;
    }
    case 2:
      channels_ = 300 + 100 * static_cast<int>(random_.below(4));
      return;
    case 3:
      port_ = 5080 + static_cast<int>(random_.below(4));
      return;
    case 4:
      flip(random_.below(2) == 0 ? ping_ : trace_);
      return;
    case 5:
      sessions_ = 1000 + 100 * static_cast<int>(random_.below(5));
      if (random_.below(3) == 0) {
        flip(media_);
        broken_[kMedia] = true;
      }
      return;
    default:
      change_solo(static_cast<int>(random_.below(solos_.size())));
  }
}

void CrashFleet::change_solo(int index) {
  Solo& solo = solos_.at(static_cast<std::size_t>(index));
  switch (random_.below(6)) {
    case 0:
      flip(solo.there);
      broken_[kFirstSolo + index] = true;
      return;
    case 1:
      flip(solo.moved);
      // A server that is to stay down moves when it is started again.
      solo.moved_down = solo.moved_down || !solo.running;
      broken_[kFirstSolo + index] = true;
      return;
    case 2:
      flip(solo.renamed);
      return;
    case 3:
      flip(solo.running);
      if (solo.moved_down) broken_[kFirstSolo + index] = true;
      return;
    case 4:
      flip(solo.large);
      return;
    default:
      solo.channels = 100 + 100 * static_cast<int>(random_.below(5));
  }
}

std::string CrashFleet::yaml() const {
  auto text = fmt::format(kGround, endpoint_);
  text += fmt::format(kSet, replicas_, channels_, ping_, port_,
                      trace_ ? "        sipTrace: {transport: udp, collector: \"10.0.0.9:9060\"}\n" : "",
                      media_ ? "        rtp: [media]\n" : "");
  if (media_) text += fmt::format(kMediaServer, sessions_);
  for (int i = 0; i < static_cast<int>(solos_.size()); ++i) {
    const Solo& solo = solos_[static_cast<std::size_t>(i)];
    if (!solo.there) continue;
    text +=
        fmt::format(kSolo, solo_name(i, solo.renamed), solo_name(i, !solo.renamed), solo.moved ? "frankfurt" : "london",
                    solo.large ? "s-4vcpu-8gb" : "s-1vcpu-2gb", solo.channels, solo.running ? "running" : "stopped");
  }
  return text;
}

std::vector<CrashFleet::Wanted> CrashFleet::wanted() const {
  std::vector<Wanted> all{{.name = "front", .kind = "Server", .place = kFront}};
  for (int i = 0; i < replicas_; ++i)
    all.push_back({.name = fmt::format("core-{}", i + 1), .kind = "Server", .place = i});
  if (media_) all.push_back({.name = "media", .kind = "RtpServer", .place = kMedia});
  for (int i = 0; i < static_cast<int>(solos_.size()); ++i) {
    const Solo& solo = solos_[static_cast<std::size_t>(i)];
    if (!solo.there) continue;
    all.push_back(
        {.name = solo_name(i, solo.renamed), .kind = "Server", .running = solo.running, .place = kFirstSolo + i});
  }
  return all;
}

}  // namespace switchyard
