#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

// Whole processes, measured as a person at a terminal would: from the start to the exit.
namespace switchyard::bench {

using Milliseconds = std::chrono::duration<double, std::milli>;

struct Command {
  std::vector<std::string> words;     // the program first
  std::filesystem::path folder = {};  // where it runs; empty: here
  std::filesystem::path talk = {};    // where its stderr goes; empty: to ours. Its stdout goes nowhere
};

struct Usage {
  Milliseconds wall;
  Milliseconds cpu;  // user and system
  double peak_mb;    // resident, in 10^6 bytes
  int exit_code;     // 128 + signal when a signal ended it
};

// Runs a command to its end. Not being able to start it is exit code 127.
Usage run(const Command& command);

// The CPU time that a running process has used so far, from /proc.
Milliseconds cpu_of(int pid);

// Starts a command and leaves it running.
class Background {
 public:
  explicit Background(const Command& command);
  ~Background();  // SIGTERM, then waits for it
  Background(const Background&) = delete;
  Background& operator=(const Background&) = delete;
  int pid() const { return pid_; }
  bool runs() const;

 private:
  int pid_;
};

}  // namespace switchyard::bench
