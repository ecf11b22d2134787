#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "providers/local/addresses.h"
#include "providers/local/namespaces.h"
#include "providers/local/server_folder.h"
#include "providers/sim/sim_server.h"

namespace switchyard {

// What stands of one account's servers on this machine: a folder, an address and processes each, in one folder for the
// account. It remembers nothing: what the world says is compared with what is there, and the difference made good.
// One process and one thread at a time, between lock() and the end of what it returned.
class Rack {
 public:
  struct Options {
    std::string folder;  // the account's, absolute
    Addresses::Options addresses{};
    std::string agent;  // the program, an absolute path
    // With what the agent of a new server is enrolled.
    std::function<Result<Invitation>(const SimServer& server)> invitation;
  };
  explicit Rack(Options options)
      : options_(std::move(options)), addresses_(options_.addresses), namespaces_(options_.addresses.network) {}

  class Turn {
   public:
    explicit Turn(int file) : file_(file) {}
    ~Turn();
    Turn(Turn&& other) noexcept : file_(std::exchange(other.file_, -1)) {}
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    Turn& operator=(Turn&&) = delete;

   private:
    int file_;  // -1: there is no folder, and nobody to wait for
  };
  // Waits until nobody else is at it. kMake makes the account's folder when it is missing. Error: kStorage.
  enum class Missing { kMake, kLeave };
  Result<Turn> lock(Missing missing) const;

  ServerFolder folder_of(const SimServer& server) const;

  // A folder with its order and an address for a server that is about to be made: the address. It changes nothing that
  // make_true() would not take away again. Errors: kRefused (no address left), kNotFound (no program of an agent),
  // kStorage.
  Result<std::string> make_room(const SimServer& server, const Configuration& order);

  // Makes what `servers` (all of the world) say true on the machine. What could not be done for one server keeps no
  // other from its due, and is in trouble(). Error: kStorage, where not even that could be looked at.
  Result<Done> make_true(const std::vector<SimServer>& servers);
  std::string trouble(std::int64_t number) const;

  // Whether nothing of it runs.
  bool is_down(const SimServer& server) const;

 private:
  Result<Done> check_program() const;
  Result<Done> make_folder(const SimServer& server, const Configuration& order) const;
  Result<Done> make_one_true(const SimServer& server, bool agent_runs, bool anything_runs);
  void clear_away(const std::string& server_folder);

  const Options options_;
  Addresses addresses_;
  const Namespaces namespaces_;
  std::map<std::int64_t, std::string> trouble_;
};

// Whether its machine is to run: what its phase says, or the one it is on the way to.
bool wants_to_run(const SimServer& server);

}  // namespace switchyard
