#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "providers/agent/daemon/processes.h"

namespace switchyard {

// Keeps one real process: in its own session and process group, so that a signal reaches all of it and nothing else;
// noted in process.json of the server's folder before it runs, so that an agent that starts again finds it; free of any
// tie to the agent's life, so that an agent that ends takes no call along. What it says goes to process.log.
//
// A crash of the agent leaves the process running and noted. One between fork and note leaves nothing: the child runs
// the program only after it was told to, and ends when the agent's end of that pipe closes.
class Supervisor : public Processes {
 public:
  struct Options {
    std::string folder;                            // Place::folder, is there
    Duration patience = std::chrono::seconds(10);  // between asking and killing
    std::uint64_t largest_log = 8U << 20U;         // bytes; the newest eighth is kept as process.log.1
    std::function<Timestamp()> now;
  };

  explicit Supervisor(Options options);

  std::optional<RunningProcess> running() override;
  std::string death() override { return death_; }
  std::string held_by_others(const std::vector<Listens>& sockets) override;
  Result<Done> start(const Rendered& rendered, Json note) override;
  Result<Done> stop() override;
  std::string words() override;

 private:
  struct Noted {
    int pid = 0;
    std::uint64_t start = 0;  // clock ticks since boot
    Timestamp since{};
    Json note;
  };

  std::string path(const char* name) const { return options_.folder + "/" + name; }
  void read_note();
  bool alive();
  void bury();
  Result<Done> end_group(int signal);
  void shorten_log();

  Options options_;
  std::optional<Noted> noted_;
  std::uint64_t log_begins_ = 0;  // of the newest process, dead or alive
  std::string death_;
};

}  // namespace switchyard
