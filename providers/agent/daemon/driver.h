#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "providers/provider.h"

namespace switchyard {

// Where a server lives on its machine. `folder` belongs to it alone (0700):
//   current/   a symlink to the generation in force; what a process reads while it runs it reads through this path
//   run/       the working folder of its process: sockets, pid files. A relative name there keeps a socket's path short
//              (108 bytes at most, whatever the folder); a client reaches it through /proc/self/fd of the open folder
struct Place {
  std::string folder;   // absolute
  std::string address;  // that it listens on
  Role role;
  std::string name;  // metadata.name

  friend bool operator==(const Place&, const Place&) = default;
};

// A socket that a process will bind. The supervisor starts nothing while somebody else owns one of these: two processes
// that bind the same UDP port both succeed, and each gets some of the packets.
struct Listens {
  enum class Over { kUdp, kTcp };
  Over over;
  std::string address;  // numeric
  std::uint16_t port;

  friend bool operator==(const Listens&, const Listens&) = default;
};

// A whole configuration as its process takes it.
struct Rendered {
  std::map<std::string, std::string> files;  // name in the generation's folder -> text; written 0600
  std::vector<std::string> arguments;        // argv in the foreground, program first; it runs in Place::folder/run
  std::vector<Listens> listens;
  // Digest of everything that is read only at start: the files without what can be pushed, the arguments. Equal keys
  // mean that the one configuration can be brought into force over the other without a restart. The program's version
  // is not in it: a new one on the disk is a pending release, not a reason to restart.
  std::string restart_key;
  // What is pushed while it runs, an object. Its members are compared with Reading::hot one by one, so what cannot be
  // read back (a password) stands in it as its fingerprint, and the file holds the value.
  Json hot;

  friend bool operator==(const Rendered&, const Rendered&) = default;
};

// What a running process says of itself. Nothing means unknown, which is never zero.
struct Reading {
  std::optional<std::int64_t> channels;  // the process's own count; the keeper decides whether to believe it
  std::optional<std::int64_t> cps;
  std::optional<std::chrono::seconds> uptime;
  std::optional<bool> drained;
  std::string version;  // of the running process, in its own words; empty: it does not say
  Json hot;             // as Rendered::hot, as it is; a member that could not be read is missing
  // Fields of which the process itself says the value (spec.cps after somebody turned the limit by hand), sorted.
  Fields fields;
  // The rest, for people: {"listeners": [...], "destinations": [...], "registrations": [...], "bus": [...],
  // "media": {...}, "memory": {...}}; null is unknown. The keeper puts a time to each member.
  Json details;
};

// How long a process took to answer what its clients ask (OPTIONS; a ping of the NG protocol), and with which status.
struct Answer {
  int status;  // 200, or 503 from one that is drained
  std::chrono::microseconds took;
};

enum class Traffic { kTaken, kRefused };  // of new calls; those in progress go on either way

// Knows one kind of SIP or media process: how its files read, how it is spoken to. It holds no process: starting,
// stopping and adopting is the supervisor's. Made with its Place; called by the keeper's one thread; every call is
// bounded in time (some seconds), and no exception leaves it. Its errors carry the process's own words, no secret.
class Driver {
 public:
  virtual ~Driver() = default;

  // Pure: the same configuration gives the same bytes. `traffic` is written into the files, so that a process that
  // starts again while it is drained comes up drained; it changes no restart_key.
  // Error: kInvalid, with the reason, for what the platform cannot do.
  virtual Result<Rendered> render(const Configuration& wanted, Traffic traffic) const = 0;

  // Whether the program takes the files of a generation's folder, as far as it can say without being started.
  // Error: kRefused, in the program's own words.
  virtual Result<Done> check(const Rendered& rendered, const std::string& generation) = 0;

  // Brings what can be pushed into force. The files lie in current/ already. An answer of "ok" proves nothing: the
  // keeper reads back afterwards. Error: kRefused (its own words), kOutcomeUnknown (no answer).
  virtual Result<Done> push(const Rendered& rendered) = 0;

  // Error: kOutcomeUnknown when the process does not answer.
  virtual Result<Reading> read() = 0;
  virtual Result<Answer> probe(Duration timeout) = 0;

  // Refuses new calls, or takes them again. Never ends one.
  virtual Result<Done> set_traffic(Traffic traffic) = 0;

  // The release on the disk: version of the program, and whatever tells one build from another.
  virtual Result<std::string> installed() = 0;
};

}  // namespace switchyard
