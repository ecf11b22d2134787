#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "providers/agent/daemon/driver.h"

// What the kernel says about processes and sockets (proc(5)).
namespace switchyard {

// When a process was started, in clock ticks since the machine's boot: with the pid and the boot it names one process
// for ever. Nothing when there is no such process, or when it is dead and only waits for its parent to notice.
std::optional<std::uint64_t> start_of(pid_t pid);

// The living members of a process group that is a session of its own, as supervised processes are.
std::vector<pid_t> members_of(pid_t group);

// This boot of the machine.
std::string boot_id();

// Who else has one of `sockets`, for people: "udp 127.66.0.1:5060 is held by process 123 (kamailio)". Empty: nobody.
// Members of `group` do not count.
std::string held_by_others(const std::vector<Listens>& sockets, pid_t group);

}  // namespace switchyard
