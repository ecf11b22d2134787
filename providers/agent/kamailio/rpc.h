#pragma once

#include <string>
#include <string_view>

#include "specs/base/json.h"
#include "specs/base/timestamp.h"

namespace switchyard::kamailio {

// Speaks JSONRPC with one Kamailio over its datagram socket, which lies in a folder that is ours alone. One datagram
// out, one in. Made new for each conversation, so that a process that was started anew is found.
class Rpc {
 public:
  // `folder` is the process's working folder; its socket there is "rpc.sock". Nothing is opened yet.
  Rpc(std::string folder, Duration timeout);
  ~Rpc();
  Rpc(const Rpc&) = delete;
  Rpc& operator=(const Rpc&) = delete;

  // What the process answered to it. Errors: kRefused, in its own words; kNotSent when nobody listens there;
  // kOutcomeUnknown when no answer came in time; kUnreadable.
  Result<Json> call(std::string_view method, Json::Array parameters = {});

 private:
  Result<Done> open();
  Result<Json> take(std::int64_t id);

  std::string folder_;
  Duration timeout_;
  int socket_ = -1;
  std::int64_t last_id_ = 0;
};

}  // namespace switchyard::kamailio
