#include "tests/simulation/folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <sstream>
#include <vector>

#include "tests/reconciler/wish.h"

namespace switchyard::simulation {
namespace {

constexpr const char* kMainFile = "/fleet/main.yaml";
constexpr const char* kSpareFile = "/fleet/spare.yaml";

std::vector<std::string> lines_of(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

// "- this line + that line": what an edit did.
std::string difference(const std::string& before, const std::string& after) {
  const std::vector<std::string> old_lines = lines_of(before);
  const std::vector<std::string> new_lines = lines_of(after);
  std::string text;
  for (const std::string& line : old_lines) {
    if (std::ranges::find(new_lines, line) == new_lines.end()) text += " - " + line;
  }
  for (const std::string& line : new_lines) {
    if (std::ranges::find(old_lines, line) == old_lines.end()) text += " + " + line;
  }
  return text.empty() ? " nothing" : text;
}

}  // namespace

Folder::Folder(std::uint64_t seed) : main_(seed) {
  const LoadedSpecs specs = load();
  if (specs.ok()) return;
  fmt::print(stderr, "{}", testing::complaints_of(specs));
  std::abort();
}

std::string Folder::spare() const {
  std::string text =
      "Account spare {provider: sim, fleet: reserve-fleet, reserve: \"10.00\", limits: {maxDestroy: 2, concurrency: "
      "2}}\n"
      "Zone paris {account: spare, region: ams1}\n"
      "Zone madrid {account: spare, region: nyc1}\n"
      "Cluster pool {rollout: {maxUnavailable: 1, drainTimeout: 5m, onTimeout: keep}}\n";
  text += fmt::format(
      "ServerSet pool {{replicas: {}, zones: [{}], template: {{spec: {{size: {}, cluster: pool, channels: 400}}}}}}\n",
      replicas_, pool_zone_, pool_size_);
  if (vault_there_) {
    text += fmt::format("Server vault {{zone: paris, size: s-1vcpu-2gb, channels: 100, protect: {}}}\n",
                        vault_protected_ ? "true" : "false");
  }
  return text;
}

std::string Folder::text() const {
  return main_.lines() + spare();
}

std::string Folder::edit(std::uint64_t draw) {
  Folder edited = *this;
  Random random(draw);
  switch (random.below(14)) {
    case 0:
    case 1:
      edited.replicas_ = static_cast<int>(random.between(1, 4));
      break;
    case 2:
      edited.vault_there_ = !vault_there_;
      break;
    case 3:
      edited.vault_protected_ = !vault_protected_;
      break;
    case 4:
      edited.pool_zone_ = random.below(2) == 0 ? "paris" : "madrid";
      break;
    case 5:
      edited.pool_size_ = random.below(2) == 0 ? "s-1vcpu-2gb" : "s-2vcpu-4gb";
      break;
    default:
      edited.main_.edit(random);
      break;
  }
  const LoadedSpecs specs = edited.load();
  if (!specs.ok()) return " nothing: it would have errors";
  const std::string said = difference(text(), edited.text());
  *this = edited;
  return said;
}

LoadedSpecs Folder::load() const {
  return testing::load_lines({{kMainFile, main_.lines()}, {kSpareFile, spare()}}, {"/fleet"});
}

LoadedSpecs Folder::load_part() const {
  return testing::load_lines({{kSpareFile, spare()}}, {kSpareFile});
}

}  // namespace switchyard::simulation
