#pragma once

#include <cstdint>
#include <string>

#include "providers/agent/daemon/driver.h"

namespace switchyard {

// A media server: rtpengine 10.5 or later, in user space. Its sessions are its channels; drained means that its limit
// of sessions is 0, which refuses new ones and keeps those that are there.
class RtpengineDriver : public Driver {
 public:
  static constexpr std::uint16_t kNgPort = 2223;   // where switches ask for media
  static constexpr std::uint16_t kCliPort = 9901;  // on a loopback address only

  explicit RtpengineDriver(Place place);

  Result<Rendered> render(const Configuration& wanted, Traffic traffic) const override;
  Result<Done> check(const Rendered& rendered, const std::string& generation) override;
  Result<Done> push(const Rendered& rendered) override;
  Result<Reading> read() override;
  Result<Answer> probe(Duration timeout) override;
  // Taking calls again needs the limit, which push() brings.
  Result<Done> set_traffic(Traffic traffic) override;
  Result<std::string> installed() override;

 private:
  Result<Done> set_limit(std::int64_t sessions) const;
  Result<std::string> cli(const std::string& line) const;

  Place place_;
  std::string cli_address_;
  std::string seen_program_;  // its identity when `installed_` was asked for
  std::string installed_;
};

}  // namespace switchyard
