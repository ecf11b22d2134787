#include <fcntl.h>
#include <fmt/core.h>
#include <sys/file.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "providers/agent/daemon/arguments.h"
#include "providers/agent/daemon/control.h"
#include "providers/agent/daemon/durable_file.h"
#include "providers/agent/daemon/log.h"
#include "providers/agent/daemon/supervisor.h"
#include "providers/agent/daemon/threaded_keeper.h"
#include "providers/agent/identity.h"
#include "providers/agent/kamailio/kamailio_driver.h"
#include "providers/agent/rtpengine/rtpengine_driver.h"
#include "providers/agent/service.h"

namespace switchyard {
namespace {

// Held while an agent lives, so that a folder has one. The process it runs does not inherit it.
class FolderLock {
 public:
  explicit FolderLock(const std::string& folder)
      : file_(::open((folder + "/agent.lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)),
        held_(file_ >= 0 && ::flock(file_, LOCK_EX | LOCK_NB) == 0) {}
  ~FolderLock() {
    if (file_ >= 0) ::close(file_);
  }
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;
  bool held() const { return held_; }

 private:
  int file_;
  bool held_;
};

std::unique_ptr<Driver> driver_for(const Place& place) {
  switch (place.role) {
    case Role::kMedia:
      return std::make_unique<RtpengineDriver>(place);
    case Role::kSwitch:
    case Role::kDispatcher:
      return std::make_unique<KamailioDriver>(place);
  }
  return nullptr;
}

int fail(const std::string& message) {
  agent_warning("the agent cannot go on", {{"why", message}});
  return 1;
}

// Lays the invitation where the identity is looked for, unless this server has one already.
Result<Done> take_token(const AgentArguments& arguments, Timestamp now) {
  if (arguments.token_file.empty()) return Done{};
  if (AgentIdentity::open(arguments.place.folder, now)) return Done{};
  const Result<std::string> text = read_text(arguments.token_file);
  if (!text) return text.error();
  const Result<Json> json = parse_json(*text);
  const Result<Invitation> invitation = json ? invitation_from_json(*json) : Result<Invitation>(json.error());
  if (!invitation) {
    return Error{ErrorCode::kUnreadable, fmt::format("\"{}\" holds no invitation", arguments.token_file)};
  }
  return invite(arguments.place.folder, *invitation);
}

int run(const AgentArguments& arguments) {
  set_up_agent_log(arguments.log_level, arguments.log_format);
  ::umask(077);
  // Taken by the main thread alone, once there is something to end.
  sigset_t ending;
  sigemptyset(&ending);
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&ending, number);
  ::pthread_sigmask(SIG_BLOCK, &ending, nullptr);
  ::signal(SIGPIPE, SIG_IGN);

  const Place& place = arguments.place;
  if (auto made = make_folder(place.folder); !made) return fail(made.error().message);
  const FolderLock lock(place.folder);
  if (!lock.held()) return fail(fmt::format("another agent has \"{}\"", place.folder));

  SystemClock clock;
  if (auto done = take_token(arguments, clock.now()); !done) return fail(done.error().message);
  const std::unique_ptr<Driver> driver = driver_for(place);
  Supervisor supervisor({.folder = place.folder, .now = [&clock] { return clock.now(); }});
  ControlTimes times;
  times.longest_call = arguments.longest_call;
  Control control(place, times, *driver, supervisor, clock, agent_log);
  if (auto done = control.open(); !done) return fail(done.error().message);
  ThreadedKeeper keeper(control, place.folder);

  Service::Options options{.address = place.address};
  if (arguments.port) options.port = *arguments.port;
  options.on_refusal = [](const Refusal& refusal) {
    agent_warning("turned somebody away",
                  {{"who", refusal.peer}, {"why", refusal.why}, {"othersBefore", std::to_string(refusal.others)}});
  };
  const auto service = Service::open(options, keeper);
  if (!service) return fail(service.error().message);
  agent_log("the agent serves", {{"name", place.name},
                                 {"role", std::string(to_string(place.role))},
                                 {"address", place.address},
                                 {"port", std::to_string((*service)->port())}});
  int number = 0;
  ::sigwait(&ending, &number);
  agent_log("the agent ends and leaves its process running", {{"signal", std::to_string(number)}});
  return 0;
}

}  // namespace
}  // namespace switchyard

int main(int count, char** words) {
  const auto read = switchyard::read_arguments(std::vector<std::string>(words + 1, words + count));
  if (const auto* answer = std::get_if<switchyard::AgentAnswer>(&read)) {
    std::fputs(answer->text.c_str(), answer->exit_code == 0 ? stdout : stderr);
    return answer->exit_code;
  }
  return switchyard::run(std::get<switchyard::AgentArguments>(read));
}
