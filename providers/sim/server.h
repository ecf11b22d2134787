#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "providers/sim/faults.h"
#include "specs/base/result.h"

namespace switchyard {

// `switchyard sim`: the simulated provider served over HTTP (providers/sim/PROTOCOL.md).
struct ServeOptions {
  std::string world_file;  // made, with its folders, when it is missing; empty: a world in memory
  std::string address = "127.0.0.1";
  std::uint16_t port = 9180;            // 0: any free one
  std::int64_t speed = 1;               // how many times the wall clock the world's runs; 0: it stands still
  std::optional<std::uint64_t> seed{};  // counts only for a world without a history
  std::vector<Fault> faults{};
  std::string token{};  // SIM_TOKEN; empty: none is asked for
};

// Reads "127.0.0.1:9180", "[::1]:9180" or ":9180" into address and port. Error: kInvalid.
Result<Done> read_listen_address(std::string_view text, ServeOptions& options);

// A world that is being served, from open() until it is destroyed. Its time goes on at each request, and once a second;
// one that was not served for a while goes on from where it stood.
class ServedWorld {
 public:
  // Errors: those of the world's file, of the address and the port.
  static Result<std::unique_ptr<ServedWorld>> open(const ServeOptions& options);
  ~ServedWorld();

  std::uint16_t port() const;
  std::string endpoint() const;  // "http://127.0.0.1:9180"

 private:
  struct Impl;
  explicit ServedWorld(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Serves until `stop` is asked for. `announce` is called once with the endpoint, when requests are taken.
Result<Done> serve(const ServeOptions& options, std::stop_token stop,
                   const std::function<void(const std::string& endpoint)>& announce);

}  // namespace switchyard
