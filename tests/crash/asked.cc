#include "tests/crash/asked.h"

#include <cstdlib>

namespace switchyard::testing {

std::optional<std::string> asked(const std::string& name) {
  const char* value =
      std::getenv(("SWITCHYARD_CRASH_" + name).c_str());  // NOLINT(concurrency-mt-unsafe): no thread yet
  if (value == nullptr || *value == '\0') return std::nullopt;
  return std::string(value);
}

std::optional<std::int64_t> asked_number(const std::string& name) {
  const auto text = asked(name);
  if (!text) return std::nullopt;
  return std::stoll(*text);
}

}  // namespace switchyard::testing
