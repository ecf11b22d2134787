#include "providers/http/refusal_log.h"

#include <utility>

namespace switchyard {

void RefusalLog::add(const std::string& peer, std::string why) {
  if (!tell_) return;
  const std::scoped_lock lock(mutex_);
  const auto now = std::chrono::steady_clock::now();
  if (told_ && now < *told_ + apart_) {
    ++untold_;
    return;
  }
  told_ = now;
  tell_({.peer = peer, .why = std::move(why), .others = std::exchange(untold_, 0)});
}

}  // namespace switchyard
