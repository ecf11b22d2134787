#pragma once

#include <string>

#include "providers/agent/daemon/driver.h"
#include "providers/agent/kamailio/rpc.h"

namespace switchyard {

// Kamailio as a switch or a dispatcher. It holds nothing but its place: what is true is asked of the process each time.
class KamailioDriver : public Driver {
 public:
  explicit KamailioDriver(Place place);

  Result<Rendered> render(const Configuration& wanted, Traffic traffic) const override;
  Result<Done> check(const Rendered& rendered, const std::string& generation) override;
  // Sends only what differs. A list of media servers that was changed less than ten seconds ago is refused with
  // kConflict and the time to wait, for Kamailio takes one no sooner. Taking the last destination from a dispatcher is
  // refused: every call would be lost.
  Result<Done> push(const Rendered& rendered) override;
  Result<Reading> read() override;
  Result<Answer> probe(Duration timeout) override;
  Result<Done> set_traffic(Traffic traffic) override;
  Result<std::string> installed() override;

 private:
  std::string run_folder() const { return place_.folder + "/run"; }
  Result<Json> read_hot(kamailio::Rpc& rpc, Reading* reading) const;
  Result<Done> push_settings(kamailio::Rpc& rpc, const Json& wanted, const Json& there) const;
  Result<Done> push_destinations(kamailio::Rpc& rpc, const Json& wanted, const Json& there) const;
  Result<Done> push_material(kamailio::Rpc& rpc, const Json& wanted, const Json& there) const;
  Result<Done> push_media(kamailio::Rpc& rpc, const Json& wanted, const Json& there) const;
  Result<Done> push_registrations(kamailio::Rpc& rpc, const Rendered& rendered, const Json& there) const;

  Place place_;
  std::string build_;      // that installed_ was read from
  std::string installed_;  // empty: not asked yet
};

}  // namespace switchyard
