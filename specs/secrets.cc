#include <fmt/format.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>

#include "specs/load.h"
#include "specs/scalar.h"

namespace switchyard {
namespace {

constexpr std::size_t kLargestSecret = 1U << 20U;

}  // namespace

Result<std::string> read_secret(const SecretRef& ref) {
  if (ref.from == SecretRef::From::kEnvironment) {
    const char* value = std::getenv(ref.place.c_str());
    if (value == nullptr) {
      return Error{ErrorCode::kNotFound,
                   fmt::format("the variable \"{}\" is not set; set it and run again", shown(ref.place))};
    }
    if (*value == '\0')
      return Error{ErrorCode::kNotFound,
                   fmt::format("the variable \"{}\" is empty; set it and run again", shown(ref.place))};
    return std::string(value);
  }
  errno = 0;
  std::ifstream file(ref.place, std::ios::binary);
  if (!file) {
    const int reason = errno;
    const ErrorCode code = reason == ENOENT || reason == ENOTDIR ? ErrorCode::kNotFound : ErrorCode::kStorage;
    return Error{code, fmt::format("the file \"{}\" cannot be read: {}", shown(ref.place), std::strerror(reason))};
  }
  std::string value(kLargestSecret + 1, '\0');
  file.read(value.data(), static_cast<std::streamsize>(value.size()));
  if (file.bad())
    return Error{ErrorCode::kStorage,
                 fmt::format("the file \"{}\" cannot be read: {}", shown(ref.place), std::strerror(errno))};
  value.resize(static_cast<std::size_t>(file.gcount()));
  if (value.size() > kLargestSecret)
    return Error{ErrorCode::kStorage, fmt::format("the file \"{}\" is larger than 1 MB", shown(ref.place))};
  // Editors end a file with a line break that belongs to no password.
  while (value.ends_with('\n') || value.ends_with('\r')) value.pop_back();
  if (value.empty()) return Error{ErrorCode::kNotFound, fmt::format("the file \"{}\" is empty", shown(ref.place))};
  return value;
}

}  // namespace switchyard
