#include "reconciler/engine/runner.h"

#include <filesystem>

#include "specs/base/digest.h"
#include "specs/load.h"

namespace switchyard {

Result<std::vector<Override>> Runner::overrides(Store& store) {
  return store.overrides(now());
}

Result<std::string> Runner::secret(const SecretRef& ref) {
  return read_secret(ref);
}

std::string Runner::fingerprint(const SecretRef&, std::string_view salt, std::string_view secret) {
  return hmac_sha256_hex(salt, secret);
}

std::string Runner::absolute(const std::string& file) {
  std::error_code problem;
  const std::string path = std::filesystem::weakly_canonical(file, problem).string();
  return problem ? file : path;
}

void Runner::note(std::string_view, const Json&) {}

}  // namespace switchyard
