#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "providers/agent/daemon/clock.h"
#include "providers/agent/daemon/control.h"

// A server without a process: a small world that stands behind Driver, Processes and Clock at once. Its process knows
// the limit it was told, counts the calls the test gives it, and fails as the test says.
namespace switchyard::testing {

class SmallClock : public Clock {
 public:
  Timestamp now() override { return *parse_timestamp("2026-11-26T12:00:00Z") + passed_; }
  Duration running() override { return passed_; }
  void wait(Duration length) override { passed_ += length; }

 private:
  Duration passed_{};
};

// The SIP process as it stands in the small world.
struct SmallProcess {
  int pid;
  Json note;
  Timestamp since;
  std::int64_t limit;  // as its file said when it started, or as pushed since
  bool drained;
  std::string port;  // read at start only
  std::int64_t channels = 0;
};

// What goes wrong, until the test takes it back.
struct SmallTroubles {
  std::string check{};  // the words with which the program refuses its files
  bool dies_at_start = false;
  bool answers_nobody = false;                // runs, but neither OPTIONS nor readings
  bool takes_no_limit = false;                // says "ok" to a push and does nothing
  std::string held{};                         // who else has its port
  std::optional<std::string> only_of_port{};  // troubles touch only a process with this port
};

class SmallServer : public Driver, public Processes {
 public:
  explicit SmallServer(SmallClock& clock);
  ~SmallServer() override;
  SmallServer(const SmallServer&) = delete;
  SmallServer& operator=(const SmallServer&) = delete;

  const std::string& folder() const { return folder_; }
  Place place() const { return {.folder = folder_, .address = "127.0.0.1", .role = Role::kSwitch, .name = "sw-1"}; }
  void crash() { process_.reset(), death_ = "was ended by signal 9 (Killed)"; }

  SmallTroubles troubles;
  std::optional<SmallProcess> process_;
  std::string release = "1.0";
  int starts = 0;
  int pushes = 0;
  std::string rendering = "v1";  // of the agent: another one renders another file
  std::vector<std::string> diary;

  Diary keep_diary() {
    return [this](std::string_view sentence, auto) { diary.emplace_back(sentence); };
  }

  Result<Rendered> render(const Configuration& wanted, Traffic traffic) const override;
  Result<Done> check(const Rendered& rendered, const std::string& generation) override;
  Result<Done> push(const Rendered& rendered) override;
  Result<Reading> read() override;
  Result<Answer> probe(Duration timeout) override;
  Result<Done> set_traffic(Traffic traffic) override;
  Result<std::string> installed() override { return release; }

  std::optional<RunningProcess> running() override;
  std::string death() override { return death_; }
  std::string held_by_others(const std::vector<Listens>&) override { return troubles.held; }
  Result<Done> start(const Rendered& rendered, Json note) override;
  Result<Done> stop() override;
  std::string words() override { return "ERROR: bad port"; }

 private:
  bool in_trouble() const { return !troubles.only_of_port || (process_ && process_->port == *troubles.only_of_port); }

  SmallClock& clock_;
  std::string folder_;
  std::string death_;
};

// "port 5060, limit 100".
Configuration configured(std::int64_t port, std::int64_t limit);

}  // namespace switchyard::testing
