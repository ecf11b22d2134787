#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "providers/agent/daemon/driver.h"
#include "providers/agent/kamailio/kamailio_driver.h"

// Real SIP processes for tests: on loopback addresses of their own, in a folder of their own, gone in the end.
namespace switchyard::live {

// Whether a program is there; a test that needs it is skipped, loudly, when it is not.
bool has_program(const std::string& path);
#define SWITCHYARD_NEEDS(path) \
  if (!switchyard::live::has_program(path)) GTEST_SKIP() << path << " is not installed: NOT TESTED"

// Waits for a fact, looking often, at most `patience`. False: it did not come true.
bool comes_true(const std::function<bool()>& fact, std::chrono::milliseconds patience = std::chrono::seconds(20));

// A process in a session of its own. The whole session is killed in the end.
class Process {
 public:
  Process(const std::vector<std::string>& arguments, const std::filesystem::path& folder,
          const std::filesystem::path& log);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t pid() const { return pid_; }
  bool runs();
  // Asks it to end and waits; kills it past `patience`.
  void stop(std::chrono::milliseconds patience = std::chrono::seconds(15));
  void wait();  // for its end by itself

 private:
  pid_t pid_ = -1;
  bool ended_ = false;
};

// Addresses that nobody uses, and a folder.
class Stand {
 public:
  Stand();
  ~Stand();
  Stand(const Stand&) = delete;
  Stand& operator=(const Stand&) = delete;

  std::string address();  // another one each time
  const std::filesystem::path& folder() const { return folder_; }

 private:
  std::filesystem::path folder_;
  int net_ = 0;
  int last_ = 0;
};

// One Kamailio under its driver: what the keeper does, without its care.
class Sip {
 public:
  Sip(Stand& stand, std::string name, Role role);

  const Place& place() const { return place_; }
  const std::string& address() const { return place_.address; }
  std::string log() const;
  KamailioDriver& driver() { return driver_; }
  bool runs() { return process_ != nullptr && process_->runs(); }
  pid_t pid() const { return process_->pid(); }

  // Writes the files and starts it; true when it answers OPTIONS.
  bool start(const Configuration& configuration, Traffic traffic = Traffic::kTaken);
  void stop() { process_.reset(); }
  // Writes the files and pushes. Fails the test when the restart key says that it needs a restart.
  Result<Done> push(const Configuration& configuration);
  // A new generation in current/, and nothing else.
  Result<Rendered> write(const Configuration& configuration, Traffic traffic);

 private:
  Place place_;
  KamailioDriver driver_;
  std::unique_ptr<Process> process_;
  std::string key_;
  int generation_ = 0;
};

// What sipp counted; never its exit code (SIPp/sipp#509).
struct Calls {
  std::int64_t made = 0;
  std::int64_t ok = 0;  // ended as the scenario wants: a refusal that it expects as well
  std::int64_t failed = 0;
  std::int64_t talked = 0;   // were answered 200 and hung up
  std::int64_t refused = 0;  // 503
  std::int64_t moved = 0;    // 302
};

struct Offer {
  std::string to;  // host:port
  int rate;
  int calls;
  int hold_ms = 200;
  std::string scenario = "caller.xml";
  std::vector<std::string> further{};  // arguments
};

// Callers, started; counts() waits for their end.
class Callers {
 public:
  Callers(Stand& stand, const Offer& offer);
  Calls counts();

 private:
  std::filesystem::path folder_;
  std::unique_ptr<Process> process_;
};

// Answers calls on an address, port 5060 unless told otherwise.
class Callee {
 public:
  Callee(Stand& stand, const std::string& address, std::vector<std::string> further = {},
         const std::string& scenario = "callee.xml");
  Calls counts();  // so far

 private:
  std::filesystem::path folder_;
  std::unique_ptr<Process> process_;
};

// Field paths and values.
Configuration configure(std::vector<std::pair<std::string, Json>> fields, std::vector<Peer> peers = {},
                        std::vector<std::pair<std::string, std::string>> secrets = {});

}  // namespace switchyard::live
